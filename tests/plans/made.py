"""Plans as rows of practice files, loaded the way a clinic loads them."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from core.permissions import Identity
from core.plans.models import Plan
from core.reports.arrears import arrears
from core.reports.as_file import as_json
from core.store.engine import reader
from tests.reports.practice import BASE, load
from tests.web.running import staff_with_role

NOON = datetime(2026, 4, 15, 18, tzinfo=UTC)  # in Denver
ANA = BASE["patients"][0]
BEN = {**ANA, "patient_id": "P2", "first_name": "Ben"}


def plan(plan_id: str = "N1", patient_id: str = "P1", **other: str) -> dict[str, str]:
    return {
        "plan_id": plan_id,
        "patient_id": patient_id,
        "kind": "treatment",
        "name": "Corrective care",
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
        "total": "2400.00",
        "visits": "24",
        "status": "active",
        **other,
    }


def monthly(plan_id: str = "N1", count: int = 12, amount: str = "200.00") -> list[dict[str, str]]:
    """On the first of each month of 2026."""
    return [
        {"instalment_id": f"{plan_id}-{n:02}", "plan_id": plan_id, "due_date": f"2026-{n:02}-01", "amount": amount}
        for n in range(1, count + 1)
    ]  # fmt: skip


def paid(payment_id: str, on: str, amount: str, plan_id: str = "N1", **other: str) -> dict[str, str]:
    return {
        "payment_id": payment_id,
        "patient_id": "P1",
        "plan_id": plan_id,
        "happened_at": f"{on}T10:00",
        "amount": amount,
        "status": "approved",
        "method": "card",
        **other,
    }


VECTOR = [
    paid("Y1", "2026-01-01", "200.00"),
    paid("Y2", "2026-02-01", "200.00"),
    paid("Y3", "2026-03-02", "120.00"),
]


def the_vector(engine: Engine, folder: Path, **files: list[dict[str, str]]) -> None:
    """The plan of DOMAIN §4: twelve of $200, January and February paid, $120 in March."""
    given = {"plans": [plan()], "instalments": monthly(), "payments": VECTOR}
    load(engine, folder, **{**given, **files})


def rows(engine: Engine, as_of: datetime = NOON, location_id: int | None = None) -> list[dict[str, Any]]:
    """The report as the command prints it."""
    with reader(engine) as session:
        return as_json(arrears(session, location_id=location_id, as_of=as_of))["rows"]


def key_of(engine: Engine, plan_id: str = "N1") -> int:
    """The plan's store id."""
    with reader(engine) as session:
        return session.execute(select(Plan.id).where(Plan.external_id == plan_id)).scalar_one()  # type: ignore[arg-type, call-overload]


def day(text: str) -> date:
    return date.fromisoformat(text)


def someone(engine: Engine, role: str = "front desk", location_id: int | None = None) -> Identity:
    """A member of staff with an account."""
    staff = staff_with_role(engine, role)
    assert staff.id is not None
    return Identity(1, staff.id, staff.username, staff.display_name, role, location_id)
