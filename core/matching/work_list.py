"""The linking work list (DOMAIN §11): processor records that are nobody's, by the money that rests on them. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlmodel import Session, col, select

from core.cards.models import Card
from core.connections.models import Connection
from core.errors import NotFound
from core.matching.rules import Compared, PersonFacts, Verdict, compare
from core.patients.models import LinkProposal, LinkState, Patient, ProcessorContact
from core.patients.reports import called
from core.payments.models import Payment, PaymentStatus, Recurring, RecurringStatus
from core.permissions import Identity, Permission, require

LOOK_BACK = timedelta(days=90)
_COUNTED = (PaymentStatus.APPROVED, PaymentStatus.PENDING)
_MOST = 8  # candidates and families that one record shows


class Resting(NamedTuple):
    """What rests on a record. paid_cents: payments of the last 90 days less what went back. draft_cents: the next run
    of every draft, the first of them on draft_on (local date). Cents."""

    paid_cents: int = 0
    draft_cents: int = 0
    draft_on: date | None = None
    cards: int = 0

    @property
    def cents(self) -> int:
        return self.paid_cents + self.draft_cents


class Likely(NamedTuple):
    """The patient a record probably is, the first of `patients` many. evidence: what agreed ("name and e-mail")."""

    patients: int
    patient: str
    evidence: str


@dataclass(frozen=True, slots=True)
class WaitingRecord:
    """A processor record without a patient."""

    contact_id: int
    connection: str
    name: str
    email: str | None
    mobile_phone: str | None
    resting: Resting
    likely: Likely | None
    aside: bool


@dataclass(frozen=True, slots=True)
class WorkList:
    """records: money first, then those with a likely patient, then by name. aside: set aside as not ours.
    nameless_cents: paid in the last 90 days without any record at the processor, which nobody can link."""

    records: tuple[WaitingRecord, ...]
    aside: tuple[WaitingRecord, ...]
    nameless_cents: int

    @property
    def cents(self) -> int:
        return sum(record.resting.cents for record in self.records)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A patient beside a record. proposal_id None: nothing is proposed (a family member, or found by search)."""

    patient_id: int
    patient: str
    proposal_id: int | None
    facts: tuple[Compared, ...]

    @property
    def shared_alone(self) -> bool:
        """An e-mail or phone agrees and the name does not: families share them, which never links."""
        agreed = {fact.what for fact in self.facts if fact.verdict == Verdict.AGREES}
        return "name" not in agreed and bool(agreed & {"e-mail", "mobile"})


@dataclass(frozen=True, slots=True)
class RecordSideBySide:
    """One record with the patients it may be: proposed ones first, then those who only share an e-mail or phone."""

    record: WaitingRecord
    patients: tuple[SideBySide, ...]


def work_list(session: Session, actor: Identity, *, as_of: datetime) -> WorkList:
    """Every record of the practice without a patient. as_of: aware. Raises NotAllowed."""
    require(actor.role, Permission.LINK_RECORDS)
    resting = _resting(session, as_of)
    likely = _likely(session, actor)
    found = [
        _record(contact, connection, resting, likely) for contact, connection in _contacts(session, actor)
    ]
    found.sort(key=lambda one: (-one.resting.cents, one.likely is None, one.name.casefold(), one.contact_id))
    return WorkList(
        tuple(one for one in found if not one.aside),
        tuple(one for one in found if one.aside),
        _nameless(session, actor, as_of),
    )


def side_by_side(session: Session, actor: Identity, contact_id: int, *, as_of: datetime) -> RecordSideBySide:
    """One waiting record with its evidence. Raises NotAllowed; NotFound when it is linked meanwhile or not there."""
    require(actor.role, Permission.LINK_RECORDS)
    found = next(iter(_contacts(session, actor, contact_id)), None)
    if found is None:
        raise NotFound("This record is linked or gone meanwhile.")
    contact, connection = found
    facts = _facts(contact)
    proposed = {
        patient_id: proposal_id
        for proposal_id, patient_id in session.exec(
            select(LinkProposal.id, LinkProposal.patient_id).where(
                LinkProposal.contact_id == contact_id, LinkProposal.state == "open"
            )
        )
    }
    people = _patients(session, actor, col(Patient.id).in_(proposed)) + _sharing(session, actor, facts)
    beside = {each.id: _beside(facts, each, proposed.get(each.id or 0)) for each in people}
    record = _record(contact, connection, _resting(session, as_of), _likely(session, actor))
    ordered = sorted(beside.values(), key=lambda each: (each.proposal_id is None, each.patient.casefold()))
    return RecordSideBySide(record, tuple(ordered))


def search_patients(session: Session, actor: Identity, contact_id: int, words: str) -> list[SideBySide]:
    """Patients by name or the last four of the mobile, each beside the record; at most eight. Raises NotAllowed."""
    require(actor.role, Permission.LINK_RECORDS)
    contact = session.get(ProcessorContact, contact_id)
    if contact is None or not (fits := called(words)):
        return []
    return [_beside(_facts(contact), each, None) for each in _patients(session, actor, and_(*fits))]


def _contacts(session: Session, actor: Identity, only: int | None = None) -> Any:
    wanted = (
        select(ProcessorContact, Connection.name)
        .join(Connection, col(Connection.id) == col(ProcessorContact.connection_id))
        .where(
            Connection.practice_id == actor.practice_id,
            ProcessorContact.link_state != LinkState.LINKED,
            col(ProcessorContact.gone_at).is_(None),
        )
    )
    return session.exec(wanted if only is None else wanted.where(ProcessorContact.id == only)).all()


def _record(
    contact: ProcessorContact,
    connection: str,
    resting: Mapping[tuple[int, str], Resting],
    likely: Mapping[int, Likely],
) -> WaitingRecord:
    return WaitingRecord(
        contact_id=contact.id or 0,
        connection=connection,
        name=f"{contact.first_name} {contact.last_name}".strip(),
        email=contact.email,
        mobile_phone=contact.mobile_phone,
        resting=resting.get((contact.connection_id, contact.external_id), Resting()),
        likely=likely.get(contact.id or 0),
        aside=contact.link_state == LinkState.NOT_OURS,
    )


def _resting(session: Session, as_of: datetime) -> dict[tuple[int, str], Resting]:
    """By connection and the record's id there; only of records without a patient."""
    net = func.sum(
        case((col(Payment.refund_ref).is_(None), Payment.amount_cents), else_=-Payment.amount_cents)
    )
    paid = _per_record(session, Payment, net, _recent(as_of))
    runs = (Recurring.status == RecurringStatus.ACTIVE, col(Recurring.next_run_on).is_not(None))
    drafts = _per_record(session, Recurring, func.sum(Recurring.amount_cents), runs)
    first = _per_record(session, Recurring, func.min(Recurring.next_run_on), runs)
    cards = _per_record(session, Card, func.count(), (col(Card.active).is_(True),))
    return {
        key: Resting(int(paid.get(key, 0)), int(drafts.get(key, 0)), first.get(key), int(cards.get(key, 0)))
        for key in paid.keys() | drafts.keys() | cards.keys()
    }


def _recent(as_of: datetime) -> tuple[Any, ...]:
    return (col(Payment.happened_at) >= as_of - LOOK_BACK, col(Payment.status).in_(_COUNTED))


def _per_record(session: Session, model: Any, measure: Any, which: tuple[Any, ...]) -> dict[Any, Any]:
    rows = session.execute(
        select(model.connection_id, model.contact_ref, measure)
        .where(model.patient_id.is_(None), model.contact_ref.is_not(None), model.gone_at.is_(None), *which)
        .group_by(model.connection_id, model.contact_ref)
    )
    return {(connection_id, ref): value for connection_id, ref, value in rows}


def _nameless(session: Session, actor: Identity, as_of: datetime) -> int:
    mine = select(Connection.id).where(Connection.practice_id == actor.practice_id)
    total = session.exec(
        select(func.sum(Payment.amount_cents)).where(
            col(Payment.patient_id).is_(None),
            col(Payment.contact_ref).is_(None),
            col(Payment.refund_ref).is_(None),
            col(Payment.gone_at).is_(None),
            col(Payment.connection_id).in_(mine),
            *_recent(as_of),
        )
    ).one()
    return int(total or 0)


def _likely(session: Session, actor: Identity) -> dict[int, Likely]:
    rows = session.exec(
        select(LinkProposal.contact_id, LinkProposal.evidence, Patient.first_name, Patient.last_name)
        .join(Patient, col(Patient.id) == LinkProposal.patient_id)
        .where(LinkProposal.state == "open", *_visible(actor))
        .order_by(col(LinkProposal.id))
    )
    found: dict[int, Likely] = {}
    for contact_id, evidence, first, last in rows:
        so_far = found.get(contact_id) or Likely(0, f"{first} {last}".strip(), evidence)
        found[contact_id] = so_far._replace(patients=so_far.patients + 1)
    return found


def _visible(actor: Identity) -> tuple[Any, ...]:
    mine = select(Connection.id).where(Connection.practice_id == actor.practice_id)
    visible: tuple[Any, ...] = (col(Patient.connection_id).in_(mine), col(Patient.gone_at).is_(None))
    if actor.location_id is not None:
        here = or_(col(Patient.location_id) == actor.location_id, col(Patient.location_id).is_(None))
        visible = (*visible, here)
    return visible


def _patients(session: Session, actor: Identity, which: ColumnElement[bool]) -> list[Patient]:
    ordered = select(Patient).where(which, *_visible(actor)).order_by(Patient.last_name, Patient.first_name)
    return list(session.exec(ordered.limit(_MOST)))


def _sharing(session: Session, actor: Identity, contact: PersonFacts) -> list[Patient]:
    """Patients with the same e-mail or mobile, whatever their name: perhaps family."""
    same: list[ColumnElement[bool]] = []
    if contact.email:
        same.append(func.lower(Patient.email) == contact.email.lower())
    if contact.mobile_phone:
        same.append(col(Patient.mobile_phone) == contact.mobile_phone)
    return _patients(session, actor, or_(*same)) if same else []


def _beside(contact: PersonFacts, patient: Patient, proposal_id: int | None) -> SideBySide:
    ours = _facts(patient)
    name = f"{patient.first_name} {patient.last_name}".strip()
    return SideBySide(patient.id or 0, name, proposal_id, compare(contact, ours))


def _facts(row: Patient | ProcessorContact) -> PersonFacts:
    return PersonFacts(
        row.id or 0, row.first_name, row.last_name, row.email, row.mobile_phone, row.birth_date
    )
