"""Two locations with one of everything at the first: what somebody of the second must not reach."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

import core.tables  # noqa: F401
from core.booking.models import Booking, DayOff, OnlineType
from core.connections.models import Connection
from core.links.models import Link
from core.memberships.models import Membership, MembershipChoice, MembershipPlan
from core.messages.models import Batch, InboundMessage, Message, Template, TemplateVersion
from core.outbox.models import OutboxRow
from core.patients.models import LinkProposal, Patient, ProcessorContact
from core.payments.card_on_file import CardAuthorization
from core.payments.models import DeclinedDraft, Payment
from core.permissions import Role
from core.plans.models import Plan, PlanPromise
from core.postings.models import LedgerPosting, PostingSwitch
from core.practice.models import Location, Practice
from core.schedule.models import Appointment, AppointmentType, Provider
from core.staff.models import Staff
from core.store.engine import transaction
from core.tasks.models import Task, TaskEvent

NOW = datetime(2026, 6, 1, 15, tzinfo=UTC)


def add(session: Session, row: SQLModel) -> Any:
    session.add(row)
    session.flush()
    return row.id  # type: ignore[attr-defined]


def _places(session: Session, made: SimpleNamespace) -> None:
    """The practice, two connections, two locations; a patient of the first one, with a visit there."""
    session.merge(Practice(id=1))
    session.flush()
    made.ehr = add(session, Connection(kind="practice_files", name="EHR", created_at=NOW))
    made.pays = add(session, Connection(kind="fortis", name="Fortis", created_at=NOW))
    made.first, made.second = (
        add(session, Location(connection_id=made.ehr, external_id=name, name=name, time_zone="UTC"))
        for name in ("First", "Second")
    )
    made.patient = add(
        session,
        Patient(connection_id=made.ehr, external_id="P1", first_name="Ana", last_name="A", search_name="ana a", location_id=made.first,
                mobile_phone="+16145550101", text_consent=True),
    )  # fmt: skip
    made.provider = add(session, Provider(connection_id=made.ehr, external_id="D1", name="Dr"))
    made.kind = add(session, AppointmentType(connection_id=made.ehr, external_id="T1", name="Visit"))
    made.visit = add(
        session,
        Appointment(
            connection_id=made.ehr,
            external_id="A1",
            starts_at=NOW,
            appointment_type_id=made.kind,
            status="booked",
            patient_id=made.patient,
            location_id=made.first,
        ),
    )


def _promised(session: Session, made: SimpleNamespace) -> None:
    """A plan with a promise, and a membership with a choice."""
    made.plan = add(session, Plan(connection_id=made.ehr, external_id="N1", patient_id=made.patient))
    made.promise = add(
        session,
        PlanPromise(
            plan_id=made.plan,
            amount_cents=1,
            due_on=date(2026, 6, 2),
            said_by="Ana",
            recorded_at=NOW,
            recorded_by="d",
        ),
    )
    made.offer = add(
        session, MembershipPlan(connection_id=made.ehr, external_id="M", name="Gold", price_cents=100)
    )
    made.member = add(
        session,
        Membership(
            connection_id=made.ehr,
            external_id="M1",
            patient_id=made.patient,
            membership_plan_id=made.offer,
            start_date=date(2026, 1, 1),
        ),
    )
    made.choice = add(
        session,
        MembershipChoice(
            membership_id=made.member,
            appointment_id=made.visit,
            kind="charge",
            starts_at=NOW,
            reason="asked",
            chosen_at=NOW,
            chosen_by="d",
        ),
    )


def _paid(session: Session, made: SimpleNamespace) -> None:
    """A payment, a declined draft, its posting, a link, and contacts at the processor."""
    made.payment = add(
        session,
        Payment(
            connection_id=made.pays,
            external_id="Y1",
            patient_id=made.patient,
            happened_at=NOW,
            amount_cents=100,
            status="declined",
            method="card",
        ),
    )
    made.declined = add(
        session, DeclinedDraft(connection_id=made.pays, external_id="X1", declined_payment_ref="Y1")
    )
    made.authorization = add(
        session,
        CardAuthorization(
            patient_id=made.patient, connection_id=made.pays, card_ref="K1", wording="yes", scope="missed", cap_cents=1,
            signed="signed form", signed_by="Ana", signed_on=date(2026, 6, 1), recorded_at=NOW,
        ),
    )  # fmt: skip
    made.posting = add(
        session,
        LedgerPosting(
            connection_id=made.pays,
            payment_id=made.payment,
            key="k",
            patient_id=made.patient,
            amount_cents=100,
            happened_at=NOW,
            posted_on=date(2026, 6, 1),
            order_id="o",
            created_at=NOW,
            not_before=NOW,
        ),
    )
    session.add(
        PostingSwitch(connection_id=made.pays, is_on=True, date_start=date(2026, 1, 1), changed_at=NOW)
    )
    made.link = add(
        session,
        Link(
            kind="pay",
            key="key",
            form="form",
            state="sent",
            created_at=NOW,
            connection_id=made.pays,
            patient_id=made.patient,
            location_id=made.first,
        ),
    )
    made.contact = add(
        session,
        ProcessorContact(
            connection_id=made.pays, external_id="C1", patient_id=made.patient, link_state="linked"
        ),
    )
    made.free = add(session, ProcessorContact(connection_id=made.pays, external_id="C2"))
    made.proposal = add(
        session, LinkProposal(contact_id=made.free, patient_id=made.patient, evidence="name", created_at=NOW)
    )


def _written(session: Session, made: SimpleNamespace) -> None:
    """A text, a blast under way, and a message of it in doubt."""
    made.text = add(session, Template(name="Card", use="card_link", channel="text", purpose="billing"))
    made.version = add(
        session, TemplateVersion(template_id=made.text, number=1, body="Hello", created_at=NOW)
    )
    made.batch = add(
        session,
        Batch(
            location_id=made.first,
            token="t",
            name="b",
            channel="text",
            purpose="billing",
            template_version_id=made.version,
            state="running",
            created_at=NOW,
        ),
    )
    row = OutboxRow(
        id="o1", kind="text", state="unknown", not_before=NOW, created_at=NOW, location_id=made.first
    )
    add(session, row)
    text = InboundMessage(
        patient_id=made.patient, channel="text", from_address="+13035550177", body="Hi", provider_id="SM177", received_at=NOW
    )  # fmt: skip
    add(session, text)
    made.message = add(
        session,
        Message(
            outbox_id="o1",
            channel="text",
            purpose="billing",
            to_address="+16145550101",
            state="unknown",
            created_at=NOW,
            patient_id=made.patient,
            location_id=made.first,
        ),
    )


def _at_work(session: Session, made: SimpleNamespace) -> None:
    """A task, what is offered online, a booking, a day off."""
    made.task = add(
        session,
        Task(
            kind="card",
            source_kind="card",
            source_id="1",
            flag="x",
            severity="note",
            sentence="s",
            opened_at=NOW,
            changed_at=NOW,
            patient_id=made.patient,
            location_id=made.first,
        ),
    )
    made.step = add(session, TaskEvent(task_id=made.task, at=NOW, did="took"))
    made.online = add(session, OnlineType(appointment_type_id=made.kind, slug="visit", changed_at=NOW))
    made.booking = add(
        session,
        Booking(
            location_id=made.first,
            online_type_id=made.online,
            provider_id=made.provider,
            key="b",
            starts_at=NOW,
            minutes=20,
            hold_until=NOW,
            created_at=NOW,
        ),
    )
    made.day_off = add(
        session, DayOff(location_id=made.first, first_on=date(2026, 7, 1), last_on=date(2026, 7, 2))
    )


def _people(session: Session, made: SimpleNamespace) -> None:
    """Somebody at the first location, an owner of both, an owner of the second."""
    person = Staff(
        username="ana", role=Role.FRONT_DESK, password_hash="x", created_at=NOW, location_id=made.first
    )
    made.staff = add(session, person)
    made.boss = add(session, Staff(username="boss", role=Role.OWNER, password_hash="x", created_at=NOW))
    made.other = add(
        session,
        Staff(username="omar", role=Role.OWNER, password_hash="x", created_at=NOW, location_id=made.second),
    )


def fill(engine: Engine) -> SimpleNamespace:
    """Fill an empty store. Returns the id of each row under its name."""
    made = SimpleNamespace()
    with transaction(engine) as session:
        for step in (_places, _promised, _paid, _written, _at_work, _people):
            step(session, made)
    return made
