"""A practice at Cliniko for tests: its records, the sandbox that serves them, and what the store must then hold."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import Engine, select

from core.connections.commands import connect
from core.jobs.one_sync import RunResult
from core.jobs.practice_files.rows import table_of
from core.jobs.sync import sync_connection
from core.store.engine import reader, transaction
from data.sandbox.cliniko import records
from tests.sandbox.running import Sandbox

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
ZONE = "America/Denver"
US1 = "https://api.us1.cliniko.com/v1"
Record = dict[str, Any]


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def link(kind: str, its_id: str | int) -> Record:
    return {"links": {"self": f"{US1}/{kind}/{its_id}"}}


def made(its_id: str | int, changed: datetime = NOW - timedelta(days=30), **fields: Any) -> Record:
    return {"id": str(its_id), "created_at": stamp(changed), "updated_at": stamp(changed), **fields}


def patient(number: int, **also: Any) -> Record:
    fields = {
        "first_name": f"Ana{number}",
        "last_name": "Ray",
        "date_of_birth": "1980-02-03",
        "email": f"ana{number}@example.com",
        "patient_phone_numbers": [
            {"phone_type": "Home", "number": "303 555 0100", "normalized_number": "13035550100"},
            {"phone_type": "Mobile", "number": "(303) 555-0142", "normalized_number": "13035550142"},
        ],
        "accepted_sms_marketing": None,
        "accepted_email_marketing": None,
        "reminder_type": "SMS & Email",
        "archived_at": None,
        "merged_with_patient": None,
        "notes": "never to be kept",
    }
    changed = also.pop("changed", NOW - timedelta(days=20, minutes=6 * number))
    return made(pid(number), changed) | fields | also


def pid(number: int) -> str:
    return str(1690000000000000000 + number)


def visit(number: int, who: int, starts: datetime, **also: Any) -> Record:
    fields = {
        "starts_at": stamp(starts),
        "ends_at": stamp(starts + timedelta(minutes=15)),
        "patient_arrived": False,
        "did_not_arrive": False,
        "cancelled_at": None,
        "archived_at": None,
        "deleted_at": None,
        "patient": link("patients", pid(who)),
        "practitioner": link("practitioners", 2),
        "business": link("businesses", 1),
        "appointment_type": link("appointment_types", 7),
    }
    changed = also.pop("changed", NOW - timedelta(days=10, minutes=6 * number))
    return made(5000 + number, changed) | fields | also


def invoice(number: int, who: int, total: str, status: int, **also: Any) -> Record:
    closed = stamp(NOW - timedelta(days=3)) if status in (20, 30) else None
    fields = {
        "number": number,
        "issue_date": "2026-11-16",
        "total_amount": total,
        "status": status,
        "status_description": {10: "Open", 20: "Paid", 30: "Closed", 40: "Open (credit)"}.get(status, "New"),
        "closed_at": closed,
        "deleted_at": None,
        "patient": link("patients", pid(who)),
        "business": link("businesses", 1),
        "appointment": None,
    }
    changed = also.pop("changed", NOW - timedelta(days=3, minutes=6 * number))
    return made(9000 + number, changed) | fields | also


def practice(patients: int = 12) -> dict[str, list[Record]]:
    """A small practice with one of everything Cliniko can say."""
    today = NOW.replace(hour=17)
    marks = {"patient_arrived": {"patient_arrived": True}, "did_not_arrive": {"did_not_arrive": True}}
    visits = [visit(n, n % patients, today + timedelta(minutes=15 * n)) for n in range(12)]
    visits += [
        visit(20, 1, NOW - timedelta(days=1), **marks["patient_arrived"]),
        visit(21, 2, NOW - timedelta(days=1), **marks["did_not_arrive"]),
        visit(22, 3, today, cancelled_at=stamp(NOW - timedelta(days=2))),
        visit(23, 4, today, archived_at=stamp(NOW - timedelta(days=2))),
        visit(24, 5, today, deleted_at=stamp(NOW - timedelta(days=2))),
        visit(25, 6, NOW - timedelta(minutes=5), **marks["patient_arrived"]),
    ]
    return {
        "businesses": [
            made(1, business_name="Clinic Ltd", display_name="Maple Street", time_zone_identifier=ZONE)
        ],
        "practitioners": [
            made(
                2, title="Dr", first_name="Grace", last_name="Lee", display_name="Dr Grace Lee", active=True
            ),
            made(3, first_name="Old", last_name="Hand", display_name="Old Hand", active=False),
        ],
        "appointment_types": [
            made(7, name="Adjustment", duration_in_minutes=15, category="adjustment", archived_at=None),
            made(8, name="Class", duration_in_minutes=45, category="class", archived_at=None),
            made(9, name="Former", duration_in_minutes=30, archived_at=stamp(NOW - timedelta(days=99))),
        ],
        "billable_items": [
            made(31, item_code="98940", name="Adjustment", price="65.0"),
            made(32, item_code="97010", name="Heat", price="12.5"),
        ],
        "appointment_type_billable_items": [
            made(41, appointment_type=link("appointment_types", 7), billable_item=link("billable_items", 31)),
            made(42, appointment_type=link("appointment_types", 7), billable_item=link("billable_items", 32)),
        ],
        "patients": [patient(n) for n in range(patients - 1)]
        + [patient(patients - 1, archived_at=stamp(NOW - timedelta(days=9)))],
        "individual_appointments": visits,
        "group_appointments": [
            made(
                70,
                starts_at=stamp(today),
                ends_at=stamp(today + timedelta(minutes=45)),
                appointment_type=link("appointment_types", 8),
                business=link("businesses", 1),
                practitioner=link("practitioners", 2),
                archived_at=None,
                cancelled_at=None,
            )
        ],
        "attendees": [
            made(81, booking=link("group_appointments", 70), patient=link("patients", pid(1)), arrived=False),
            made(
                82,
                booking=link("group_appointments", 70),
                patient=link("patients", pid(2)),
                arrived=False,
                cancelled_at=stamp(NOW - timedelta(days=1)),
            ),
        ],
        "invoices": [
            invoice(1, 0, "65.0", 10),
            invoice(2, 1, "65.0", 20),
            invoice(3, 2, "40.25", 30),
            invoice(4, 3, "-20.0", 40),
            invoice(5, 4, "0.0", 20),
            *(invoice(n, n % patients, "30.0", 10) for n in range(10, 20)),
        ],
    }


def serve(sandbox: Sandbox, kept: dict[str, list[Record]]) -> None:
    """Have the sandbox keep these records, its clock standing at NOW."""
    sandbox.control({"now": NOW.isoformat(), "freeze": True})
    records.load(sandbox.state, kept)


def fields_of(sandbox: Sandbox) -> tuple[dict[str, str], dict[str, str]]:
    known = sandbox.client.get(f"{sandbox.root_url}/control").json()["cliniko"]
    secrets = {"api_key": known.pop("api_key")}
    return known, secrets


def connect_cliniko(engine: Engine, sandbox: Sandbox, name: str = "Cliniko", **also: str) -> int:
    settings, secrets = fields_of(sandbox)
    with transaction(engine) as session:
        found = connect(session, kind="cliniko", name=name, settings=settings | also, secrets=secrets)
        return found.id or 0


class Clockwork:
    """A clock of the client that moves only when it waits, and the sandbox's with it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.now, self.asked = sandbox, 0.0, list[float]()
        self.start = NOW
        self.inner = httpx.HTTPTransport()

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.sandbox.state.remember("frozen_at", (self.start + timedelta(seconds=self.now)).timestamp())

    def ask(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(self.now)
        answer = self.inner.handle_request(request)
        answer.read()
        return answer

    def wire(self) -> dict[str, Any]:
        return {
            "sleep": self.sleep,
            "monotonic": lambda: self.now,
            "transport": httpx.MockTransport(self.ask),
        }


def sync(engine: Engine, connection_id: int, sandbox: Sandbox, *, full: bool = False) -> list[RunResult]:
    """A sync that waits for nobody: its clock jumps."""
    return sync_connection(engine, connection_id, full=full, wire=Clockwork(sandbox).wire())


def held(engine: Engine, file: str, *columns: str) -> dict[str, tuple[Any, ...]]:
    """External id → columns of the rows that are not gone."""
    table = table_of(file)
    with reader(engine) as session:
        chosen = [table.c[name] for name in ("external_id", *columns)]
        rows = session.execute(select(*chosen).where(table.c.gone_at.is_(None))).all()
    assert len({row[0] for row in rows}) == len(rows), "a row is doubled"
    return {row[0]: tuple(row[1:]) for row in rows}


def expected(sandbox: Sandbox, now: datetime = NOW) -> dict[str, dict[str, Any]]:
    """What the store must hold, worked out from the sandbox's records and the facts alone."""
    patients = {r["id"]: r for r in records.every(sandbox.state, "patients")}

    def owner(row: Record) -> str:
        its_id = row["patient"]["links"]["self"].rpartition("/")[2]
        while into := patients[its_id].get("merged_with_patient"):
            its_id = into["links"]["self"].rpartition("/")[2]
        return its_id

    visits = {
        r["id"]: (owner(r), _status(r, r, now))
        for r in records.every(sandbox.state, "individual_appointments")
        if not r["deleted_at"]  # no list of Cliniko's has these any more
    }
    groups = {r["id"]: r for r in records.every(sandbox.state, "group_appointments")}
    for row in records.every(sandbox.state, "attendees"):
        group = groups[row["booking"]["links"]["self"].rpartition("/")[2]]
        visits[f"attendee/{row['id']}"] = (owner(row), _status(row, group, now))
    ledger: dict[str, tuple[str, str, int]] = {}
    for row in records.every(sandbox.state, "invoices"):
        cents = round(float(row["total_amount"]) * 100)
        if row.get("deleted_at") or not cents:
            continue
        ledger[row["id"]] = (owner(row), "charge" if cents > 0 else "adjustment", abs(cents))
        if row["status"] == 20:
            settled = "payment" if cents > 0 else "refund"
            ledger[f"{row['id']}/settled"] = (owner(row), settled, abs(cents))
    people = {
        key: (row["first_name"], row["last_name"], row["archived_at"] is None)
        for key, row in patients.items()
        if not row.get("merged_with_patient")
    }
    return {"patients": people, "appointments": visits, "ledger": ledger}


def _status(row: Record, at: Record, now: datetime) -> str:
    for each in (row, at):
        if each.get("archived_at") or each.get("deleted_at") or each.get("cancelled_at"):
            return "cancelled"
    if row.get("did_not_arrive"):
        return "no_show"
    if row.get("patient_arrived") or row.get("arrived"):
        return "completed" if datetime.fromisoformat(at["ends_at"]) <= now else "arrived"
    return "scheduled"


def stored(engine: Engine) -> dict[str, dict[str, Any]]:
    """The same of the store."""
    patients = table_of("patients")
    with reader(engine) as session:
        names = {row[0]: row[1] for row in session.execute(select(patients.c.id, patients.c.external_id))}
    visits = held(engine, "appointments", "patient_id", "status")
    ledger = held(engine, "ledger", "patient_id", "kind", "amount_cents")
    return {
        "patients": held(engine, "patients", "first_name", "last_name", "active"),
        "appointments": {key: (names[who], *rest) for key, (who, *rest) in visits.items()},
        "ledger": {key: (names[who], *rest) for key, (who, *rest) in ledger.items()},
    }


def local_day(at: datetime) -> str:
    return at.astimezone(ZoneInfo(ZONE)).date().isoformat()


def new_sandbox(folder: Path) -> Sandbox:
    return Sandbox(folder / "sandbox", {}, own_process=False)


def errors(results: list[RunResult]) -> list[str]:
    assert all(r.rows_in == r.stored + r.unchanged + r.quarantined + r.set_aside for r in results)
    return [result.error for result in results if result.error]
