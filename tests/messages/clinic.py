"""A clinic that writes to its patients: a store with people, a mailbox and a text gateway over real wires."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.connections.commands import connect, split_secrets
from core.connections.models import Connection, Kind
from core.jobs.outbox.send_and_settle import OutboxPass, work_outbox
from core.messages.commands import edited
from core.messages.models import Channel, Message
from core.messages.templates import Words, template_for
from core.patients.models import Patient
from core.permissions import Identity, Role
from core.practice.models import Location, Practice
from core.staff.models import Staff
from core.store.engine import reader, transaction
from data.sandbox.mail import mailbox
from data.sandbox.sms import texts
from tests.sandbox.running import Sandbox


class Clinic(NamedTuple):
    engine: Engine
    desk: Identity
    manager: Identity
    patients: list[int]

    def work(self) -> OutboxPass:
        """One pass over the outbox; what came of it in all."""
        whole = OutboxPass()
        for did in work_outbox(self.engine).values():
            for name in ("settled", "refused", "later", "unknown", "cancelled"):
                setattr(whole, name, getattr(whole, name) + getattr(did, name))
        return whole

    def messages(self) -> list[Message]:
        with reader(self.engine) as session:
            found = list(session.exec(select(Message).order_by(Message.id)))  # type: ignore[arg-type]
            session.expunge_all()  # they are read after the session has ended
            return found

    def said(self, patient: int = 0) -> tuple[str, str]:
        """State and reason of the last message to a patient."""
        last = [m for m in self.messages() if m.patient_id == self.patients[patient]][-1]
        return last.state, last.reason


def open_clinic(
    engine: Engine, people: Sequence[dict[str, Any]] = ({},), *, zone: str = "America/Denver"
) -> Clinic:
    """Patients agree to texts and e-mails and have a phone and mailbox of their own, unless said otherwise."""
    with transaction(engine) as session:
        session.merge(Practice(id=1, name="Maple Street"))
        session.flush()
        source = Connection(kind=Kind.PRACTICE_FILES, name="EHR", created_at=clock.now())
        session.add(source)
        session.flush()
        place = Location(connection_id=source.id or 0, external_id="L1", name="Maple Street", time_zone=zone)
        session.add(place)
        session.flush()
        patients = [
            _patient(number, each, source.id or 0, place.id or 0) for number, each in enumerate(people)
        ]
        session.add_all(patients)
        staff = {
            role: Staff(username=role.split()[0], role=role, password_hash="x", created_at=clock.now())
            for role in (Role.FRONT_DESK, Role.OFFICE_MANAGER)
        }
        session.add_all(staff.values())
        session.flush()
        desk, manager = (
            Identity(1, each.id or 0, each.username, each.username, each.role) for each in staff.values()
        )
        return Clinic(engine, desk, manager, [each.id or 0 for each in patients])


def _patient(number: int, said: dict[str, Any], connection_id: int, location_id: int) -> Patient:
    phone = said.get("mobile_phone", f"+1303555{number + 1000:04d}")
    usual = {
        "connection_id": connection_id,
        "location_id": location_id,
        "external_id": f"P{number}",
        "first_name": "Zoë",
        "last_name": f"Number {number}",
        "email": f"patient{number}@mail.example",
        "text_consent": True,
        "email_consent": True,
    }
    return Patient(**{**usual, **said, "mobile_phone": phone, "mobile_last_four": phone and phone[-4:]})


def connect_wires(engine: Engine, sandbox: Sandbox, **settings: dict[str, str]) -> None:
    """The sandbox's mailbox and gateway. settings: further ones, email={"per_second": "5"}."""
    with sandbox.client.stream("GET", f"{sandbox.root_url}/control") as answer:
        answer.read()
        control = answer.json()
    smtp = control["smtp"]
    given = {
        "email": {
            "host": smtp["host"],
            "port": str(smtp["port"]),
            "security": "none",
            "sender": "desk@maple.example",
        },
        "sms": dict(control["sms"]),
    }
    with transaction(engine) as session:
        for kind, fields in given.items():
            plain, secret = split_secrets(kind, {**fields, **settings.get(kind, {})})
            connect(session, kind=kind, name=kind, settings=plain, secrets=secret)


def words(engine: Engine, use: str = "pay link", channel: str = Channel.TEXT, body: str = "") -> Words:
    """The practice's text for a use; body: other words instead."""
    with transaction(engine) as session:
        found = template_for(session, use, channel)
    return edited(found, subject=found.subject, body=body) if body else found


def texted(sandbox: Sandbox) -> list[texts.Text]:
    """Every text the gateway took from us, oldest first."""
    return texts.found(sandbox.state, "direction = ?", [texts.OUT])[::-1]


def mailed(sandbox: Sandbox) -> list[Any]:
    """Every mail the server took, parsed, oldest first."""
    listed = mailbox.listed(sandbox.state, most=100_000)[::-1]
    return [mailbox.parsed(mailbox.raw_of(sandbox.state, mail.number) or b"") for mail in listed]
