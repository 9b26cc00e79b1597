"""A front desk for tests: the EHR's files and a sandbox processor that know the same patients, and somebody at the desk."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.invoices.commands import create_invoice
from core.invoices.reports import Proposal, propose_lines
from core.invoices.rules import Choice
from core.jobs.outbox.send_and_settle import work_outbox
from core.jobs.sync import sync_connection
from core.links.models import Link, LinkStep
from core.links.pay_links import create_pay_link
from core.patients.models import Patient
from core.permissions import Identity, Role
from core.staff.models import Staff
from core.store.engine import reader, transaction
from tests.jobs.connecting import connect_sandbox
from tests.reports.practice import load
from tests.sandbox.records import ANA, ANAS_CARD, BEN, LOCATION_ID, contact, small_practice
from tests.sandbox.running import Sandbox

ZONE = "America/Denver"
Row = dict[str, str]


def days_ago(days: int) -> str:
    return (clock.today(ZONE) - timedelta(days=days)).isoformat()


def charge(entry_id: str, dollars: str, days: int, *, patient: str = "P1", **also: str) -> Row:
    """A posted charge of a service, so many days ago."""
    return {
        "entry_id": entry_id, "patient_id": patient, "posted_on": days_ago(days), "kind": "charge",
        "part": "patient", "amount": dollars, "service_id": "S1", "description": "", **also,
    }  # fmt: skip


SERVICES = [
    {"service_id": "S1", "code": "98941", "name": "Adjustment", "price": "65.00"},
    {"service_id": "S2", "code": "", "name": "Massage, 60 minutes", "price": "90.00"},
    {"service_id": "S3", "code": "", "name": "Orthotics", "price": ""},
]
PATIENTS = [
    {"patient_id": "P1", "location_id": "L1", "first_name": "Ana", "last_name": "Alvarez", "active": "yes",
     "email": "ana@example.com", "mobile_phone": "+16145550101", "text_consent": "yes", "email_consent": "yes"},
    {"patient_id": "P2", "location_id": "L1", "first_name": "Ben", "last_name": "Brown", "active": "yes"},
    {"patient_id": "P3", "location_id": "L1", "first_name": "Cleo", "last_name": "Cash", "active": "yes"},
]  # fmt: skip
LEDGER = [
    charge("G1", "65.00", 20),
    charge("G2", "40.00", 6, service_id="S2"),
    charge("G3", "200.00", 6, part="insurer"),
]


class Desk:
    """engine: the store. actor: Dana of the front desk. work(): one pass of the outbox; sync(): one sync."""

    def __init__(self, engine: Engine, sandbox: Sandbox, connection_id: int, actor: Identity) -> None:
        self.engine, self.sandbox, self.connection_id, self.actor = engine, sandbox, connection_id, actor

    def patient(self, external_id: str = "P1") -> int:
        with reader(self.engine) as session:
            return session.exec(select(Patient.id).where(Patient.external_id == external_id)).one() or 0

    def sync(self) -> None:
        results = sync_connection(self.engine, self.connection_id)
        assert [result.error for result in results if result.error] == []

    def work(self, *, later: timedelta = timedelta(0)) -> None:
        """One pass of the outbox, as if it were so much later."""
        with clock.frozen(clock.now() + later):
            work_outbox(self.engine)

    def proposal(self, patient: str = "P1") -> Proposal:
        with reader(self.engine) as session:
            return propose_lines(session, self.actor, self.patient(patient), clock.now())

    def invoice(self, *choices: Choice, form: str = "f1", patient: str = "P1", **also: Any) -> int:
        """Make an invoice (default: of everything open) and have it sent to the processor. Returns the link's id."""
        ticked = choices or tuple(Choice(charge.entry_id) for charge in self.proposal(patient).charges)
        with transaction(self.engine) as session:
            link = create_invoice(
                session, self.actor, patient_id=self.patient(patient), choices=ticked, form=form, **also
            )
        self.work()
        return link.id or 0

    def pay_link(self, due: tuple[str, str], *, form: str = "p1", patient: str = "P1", **also: Any) -> int:
        with transaction(self.engine) as session:
            link = create_pay_link(
                session, self.actor, patient_id=self.patient(patient), due=due, form=form, **also
            )
        self.work()
        return link.id or 0

    def link(self, link_id: int) -> Link:
        with reader(self.engine) as session:
            found = session.get_one(Link, link_id)
            session.expunge(found)
            return found

    def state(self, link_id: int) -> str:
        return self.link(link_id).state

    def steps(self, link_id: int) -> list[str]:
        with reader(self.engine) as session:
            rows = session.exec(select(LinkStep).where(LinkStep.link_id == link_id).order_by(LinkStep.id))  # type: ignore[arg-type]
            return [row.kind for row in rows]

    def do(self, command: Any, *args: Any, **also: Any) -> Any:
        """Run one command in a transaction of its own, as the edge does."""
        with transaction(self.engine) as session:
            return command(session, self.actor, *args, **also)

    def at_processor(self, resource: str) -> list[dict[str, Any]]:
        return self.sandbox.request("GET", f"/v1/{resource}", params={"expand[0]": "transactions"}).json()[
            "list"
        ]

    def press_pay(self, link_id: int, card: str = "visa", **form: Any) -> str:
        """Open the processor's page as the patient does and press Pay: what the page then says."""
        url = self.link(link_id).url or ""
        page = self.sandbox.client.get(url)
        found = re.search(r'name="press" value="(\w+)"', page.text)
        body = {"press": found[1] if found else "", "card": card, **form}
        return self.sandbox.client.post(url, data=body, follow_redirects=True).text


def make_actor(session: Session, role: Role = Role.FRONT_DESK, name: str = "dana") -> Identity:
    staff = Staff(username=name, role=role, password_hash="x", created_at=clock.now())
    session.add(staff)
    session.flush()
    return Identity(1, staff.id or 0, name, name.title(), role)


def good_until_year() -> str:
    """Two digits: until December of that year Ana's card is good."""
    return f"{(clock.today(ZONE).year + 2) % 100:02}"


def processor() -> dict[str, list[dict[str, Any]]]:
    """The small practice with Ana and Ben known by their EHR ids, and no old payments; as of today.

    The next drafts run in a week, and Ana's card is good until December of the year after next.
    """
    records = small_practice()
    for plan in records["recurrings"]:
        plan |= {"start_date": days_ago(23), "next_run_date": days_ago(-7)}
    good_until = f"12{good_until_year()}"
    records["tokens"] = [
        token | {"exp_date": good_until} if token["id"] == ANAS_CARD else token for token in records["tokens"]
    ]
    records["contacts"] = [
        contact(ANA, "Ana", "Alvarez", contact_api_id="P1", cell_phone="6145550101"),
        contact(BEN, "Ben", "Brown", contact_api_id="P2"),
    ]
    records["transactions"] = []
    return records


def open_desk(engine: Engine, sandbox: Sandbox, folder: Path, **files: list[Row]) -> Desk:
    """Load the EHR's files (some replaced), connect the sandbox, sync once."""
    given = {"patients": PATIENTS, "services": SERVICES, "ledger": LEDGER, "appointments": [], **files}
    load(engine, folder / "ehr", **given)
    connection_id = connect_sandbox(engine, sandbox)
    with transaction(engine) as session:
        actor = make_actor(session)
    desk = Desk(engine, sandbox, connection_id, actor)
    desk.sync()
    return desk


@contextmanager
def quiet_faults(sandbox: Sandbox, *faults: dict[str, Any]) -> Iterator[None]:
    """These faults inside the block, none after it."""
    sandbox.control({"faults": list(faults)})
    try:
        yield
    finally:
        sandbox.control({"clear": True})


__all__ = [
    "ANA",
    "ANAS_CARD",
    "BEN",
    "LOCATION_ID",
    "Choice",
    "Desk",
    "charge",
    "days_ago",
    "open_desk",
    "processor",
]
