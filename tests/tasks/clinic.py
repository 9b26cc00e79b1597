"""One patient who is behind, written as practice files; days pass, files change, and tasks follow."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.jobs.tasks.refresh import Looked, refresh_tasks_now
from core.permissions import Identity
from core.practice.models import Practice
from core.staff.commands import add_staff
from core.store.engine import reader, transaction
from core.tasks.models import Task, TaskEvent, TaskLook
from tests.reports.practice import CARD, load, visit

EIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 8:00 in Denver, a Monday
PLAN = {
    "plan_id": "N1",
    "patient_id": "P1",
    "payer_id": "",
    "kind": "treatment",
    "name": "Spring plan",
    "start_date": "2026-09-01",
    "end_date": "2027-02-28",
    "total": "1200.00",
    "visits": "24",
    "status": "active",
    "card_id": "K1",
}
GOOD_CARD = {**CARD, "expiry": "12/29"}


def instalment(number: int, due: str) -> dict[str, str]:
    return {"instalment_id": f"I{number}", "plan_id": "N1", "due_date": due, "amount": "200.00"}


def payment(number: int, on: str, status: str = "approved", amount: str = "200.00") -> dict[str, str]:
    reason = {"reason_code": "1530"} if status == "declined" else {}
    return {
        "payment_id": f"Y{number}",
        "patient_id": "P1",
        "plan_id": "N1",
        "happened_at": f"{on}T10:00:00",
        "amount": amount,
        "status": status,
        "method": "card",
        "order_id": f"O{number}",
        **reason,
    }


FAR = visit("A1", "P1", "2027-02-15T09:00")
DUE = [instalment(1, "2026-11-10"), instalment(2, "2026-12-10")]
DECLINE = payment(1, "2026-11-10", "declined")
PAID = payment(2, "2026-11-23")


def behind(engine: Engine, folder: Path, **files: list[dict[str, str]]) -> None:
    """The declined instalment as the EHR's export has it, with these files in place of its own. It arrives a minute
    after the last look."""
    known = {
        "plans": [PLAN],
        "instalments": DUE,
        "cards": [GOOD_CARD],
        "payments": [DECLINE],
        "appointments": [FAR],
    }
    with clock.frozen(_last_look(engine) + timedelta(minutes=1)):
        load(engine, folder, **{**known, **files})


def _last_look(engine: Engine) -> datetime:
    with reader(engine) as session:
        return session.exec(select(TaskLook.looked_at)).first() or EIGHT - timedelta(days=1)


def look(engine: Engine, at: datetime = EIGHT) -> Looked:
    """What the job does, at an instant."""
    with clock.frozen(at):
        return refresh_tasks_now(engine)


def tasks(engine: Engine) -> list[Task]:
    """Every task there ever was, oldest first."""
    with reader(engine) as session:
        found = list(session.exec(select(Task).order_by(col(Task.id))))
        session.expunge_all()
    return found


def steps(engine: Engine, task_id: int | None) -> list[str]:
    with reader(engine) as session:
        rows = session.exec(select(TaskEvent).where(TaskEvent.task_id == task_id).order_by(col(TaskEvent.id)))
        return [row.did for row in rows]


def person(engine: Engine, role: str = "front desk", name: str = "dana") -> Identity:
    with transaction(engine) as session:
        _practice(session)
        made = add_staff(
            session, None, username=name, display_name=name.capitalize(), role=role, password_hash="x"
        )
        return Identity(0, made.id or 0, made.username, made.display_name, role)


def _practice(session: Session) -> None:
    if session.get(Practice, 1) is None:
        session.add(Practice(id=1))
        session.flush()


def later(days: int = 0, hours: int = 0) -> datetime:
    return EIGHT + timedelta(days=days, hours=hours)
