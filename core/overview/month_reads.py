"""What the counting of a month reads, patients by the thousand, through the indexes that are there. Nothing is judged."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlmodel import Session

from core import clock
from core.ledger.facts import EntryFacts
from core.ledger.models import EntryKind, LedgerEntry, Part
from core.overview.service import DoneVisit
from core.patients.models import Patient
from core.payments.facts import GIVEN_BACK, PaymentFacts, net_by_payment
from core.payments.models import TAKEN_BACK, Payment
from core.plans.models import Plan
from core.practice.models import Location
from core.schedule.models import Appointment, AppointmentStatus
from core.store.base import table_of
from core.store.statements import IDS, ids_of, refs_of
from core.store.types import UtcInstant

AT_ONCE = 1_000
NEAR = timedelta(days=3)  # payments around a month, to match with postings at its edges
AROUND = timedelta(days=31)  # postings around a month: a visit may be charged weeks later

_payment, _entry, _visit = table_of(Payment), table_of(LedgerEntry), table_of(Appointment)
_patient, _plan, _place = table_of(Patient), table_of(Plan), table_of(Location)
_AT = PaymentFacts._fields.index("happened_at")
PAYMENT_COLUMNS = [_payment.c[name] for name in PaymentFacts._fields if name != "happened_on"]
_SINCE, _UNTIL = bindparam("since", type_=UtcInstant), bindparam("until", type_=UtcInstant)
_PAYMENTS = select(*PAYMENT_COLUMNS).where(_payment.c.gone_at.is_(None))
_IN_TIME = _PAYMENTS.where(_payment.c.happened_at >= _SINCE, _payment.c.happened_at < _UNTIL)
PAYMENTS_OF_PATIENTS = _IN_TIME.where(_payment.c.patient_id.in_(IDS))
PAYMENTS_OF_NOBODY = _IN_TIME.where(_payment.c.patient_id.is_(None))
_REFS = refs_of("refs")
ORIGINALS = _PAYMENTS.where(
    _payment.c.connection_id.in_(ids_of("connections")), _payment.c.external_id.in_(_REFS)
)
REFUNDS = _PAYMENTS.where(_payment.c.refund_ref.in_(_REFS))
KNOWN_ORDERS = select(_payment.c.order_id).where(
    _payment.c.order_id.in_(refs_of("orders")), _payment.c.gone_at.is_(None)
)
ENTRIES = (
    select(*[_entry.c[name] for name in EntryFacts._fields])
    .where(
        _entry.c.patient_id.in_(IDS),
        _entry.c.gone_at.is_(None),
        _entry.c.part == Part.PATIENT.value,
        _entry.c.posted_on >= bindparam("first"),
        _entry.c.posted_on <= bindparam("last"),
    )
    .order_by(_entry.c.patient_id, _entry.c.posted_on, _entry.c.id)
)
# money that went back, however long ago: the EHR may have posted it months later
TAKEN_BACK_OF_PATIENTS = _PAYMENTS.where(_payment.c.patient_id.in_(IDS), TAKEN_BACK)
REFUND_ENTRIES = select(*[_entry.c[name] for name in EntryFacts._fields]).where(
    _entry.c.patient_id.in_(IDS),
    _entry.c.gone_at.is_(None),
    _entry.c.part == Part.PATIENT.value,
    _entry.c.kind == EntryKind.REFUND.value,
)
_done = select(_visit.c.id, _visit.c.patient_id, _visit.c.location_id, _visit.c.starts_at).where(
    _visit.c.status == AppointmentStatus.COMPLETED.value,
    _visit.c.gone_at.is_(None),
    _visit.c.starts_at >= _SINCE,
    _visit.c.starts_at < _UNTIL,
)
DONE_OF_PATIENTS = _done.where(_visit.c.patient_id.in_(IDS)).order_by(_visit.c.starts_at, _visit.c.id)
VISITORS = (
    select(_visit.c.patient_id)
    .where(
        _visit.c.location_id == bindparam("place"),
        _visit.c.gone_at.is_(None),
        _visit.c.starts_at >= _SINCE,
        _visit.c.starts_at < _UNTIL,
    )
    .distinct()
)
# whoever paid, was charged or came in a stretch of time: each reads its table once
PAID_BETWEEN = (
    select(_payment.c.patient_id)
    .where(_payment.c.happened_at >= _SINCE, _payment.c.happened_at < _UNTIL)
    .distinct()
)
CAME_BETWEEN = (
    select(_visit.c.patient_id).where(_visit.c.starts_at >= _SINCE, _visit.c.starts_at < _UNTIL).distinct()
)
POSTED_BETWEEN = (
    select(_entry.c.patient_id)
    .where(_entry.c.posted_on >= bindparam("first"), _entry.c.posted_on <= bindparam("last"))
    .distinct()
)
PLAN_IDS = (
    select(_plan.c.id).where(
        _plan.c.patient_id.in_(IDS), _plan.c.payer_id.is_(None), _plan.c.gone_at.is_(None)
    ),
    select(_plan.c.id).where(_plan.c.payer_id.in_(IDS), _plan.c.gone_at.is_(None)),
)


class CountedLocation(NamedTuple):
    """A location being counted. first: patients and payments of no location stand with it."""

    id: int
    time_zone: str
    first: bool


class Money(NamedTuple):
    """Payments by patient around a month, net cents of each payment, postings by patient, order ids that some payment
    has, and visits done in the month by patient."""

    payments: dict[int, list[PaymentFacts]]
    nets: dict[int, int]
    entries: dict[int, list[EntryFacts]]
    known_orders: set[str]
    visits: dict[int, list[DoneVisit]]


def all_of(session: Session, query: Any, **parameters: Any) -> Sequence[Any]:
    """Every row at once: fetched one by one they cost three times as much."""
    return session.connection().execute(query, parameters).all()


def counted_places(session: Session) -> list[CountedLocation]:
    """The practice's locations by name, as every report orders them."""
    rows = session.execute(
        select(_place.c.id, _place.c.time_zone)
        .where(_place.c.gone_at.is_(None))
        .order_by(_place.c.name, _place.c.id)
    )
    return [CountedLocation(key, zone, place == 0) for place, (key, zone) in enumerate(rows)]


def patients_of(session: Session, place: CountedLocation) -> list[int]:
    """Everybody of a location, inactive ones too: what they paid and owe is the practice's."""
    where = _patient.c.location_id == place.id
    if place.first:
        where = or_(where, _patient.c.location_id.is_(None))
    return list(session.execute(select(_patient.c.id).where(where).order_by(_patient.c.id)).scalars())


def visitors_of(session: Session, place: CountedLocation, first: date, last: date) -> list[int]:
    """Patients with a visit at a location from `first` through `last`, wherever they belong."""
    since, until = _instants(first, last, place.time_zone)
    return [row[0] for row in all_of(session, VISITORS, place=place.id, since=since, until=until)]


def patients_in_money(session: Session, first: date, last: date, time_zone: str) -> set[int | None]:
    """Everybody whose money or visits of these days could be counted, and nobody (None)."""
    since, until = _instants(first, last, time_zone)
    rows = list(all_of(session, PAID_BETWEEN, since=since, until=until))
    rows += all_of(session, CAME_BETWEEN, since=since, until=until)
    rows += all_of(session, POSTED_BETWEEN, first=first, last=last)
    return {None, *(row[0] for row in rows)}


def chunks(ids: Sequence[int], size: int = AT_ONCE) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])


def money_of(session: Session, ids: Sequence[int], first: date, last: date, time_zone: str) -> Money:
    """What these patients paid, were charged and came for, from `first` through `last` and what is needed around."""
    since, until = _instants(first - NEAR, last + NEAR, time_zone)
    rows = list(all_of(session, PAYMENTS_OF_PATIENTS, ids=list(ids), since=since, until=until))
    rows += all_of(session, TAKEN_BACK_OF_PATIENTS, ids=list(ids))
    payments = [local_payment(row, time_zone) for row in {row[0]: row for row in rows}.values()]
    entries = _entries(session, ids, first, last, payments)
    orders = sorted({e.order_id for e in entries if e.order_id})
    known = {row[0] for some in _lots(orders) for row in all_of(session, KNOWN_ORDERS, orders=some)}
    money = Money({}, _nets(session, payments, time_zone), {}, known, {})
    for payment in sorted(payments, key=lambda p: (p.happened_at, p.id)):
        money.payments.setdefault(payment.patient_id or 0, []).append(payment)
    for entry in entries:
        money.entries.setdefault(entry.patient_id or 0, []).append(entry)
    since, until = _instants(first, last, time_zone)
    for key, patient_id, location_id, starts_at in all_of(
        session, DONE_OF_PATIENTS, ids=list(ids), since=since, until=until
    ):
        visit = DoneVisit(key, patient_id, location_id, clock.local_date(starts_at, time_zone))
        money.visits.setdefault(patient_id, []).append(visit)
    return money


def _entries(
    session: Session, ids: Sequence[int], first: date, last: date, payments: Iterable[PaymentFacts]
) -> list[EntryFacts]:
    """Postings around the days; of patients to whom money went back also every refund that was ever posted, so that
    each of them is known for what the processor gave back only once."""
    rows = list(all_of(session, ENTRIES, ids=list(ids), first=first - AROUND, last=last + AROUND))
    back = {p.patient_id or 0 for p in payments if p.refund_ref is not None or p.status in GIVEN_BACK}
    if back:
        rows += all_of(session, REFUND_ENTRIES, ids=sorted(back))
    found = {row[0]: EntryFacts._make(row) for row in rows}
    return sorted(found.values(), key=lambda entry: (entry.posted_on, entry.id))


def money_of_nobody(
    session: Session, first: date, last: date, time_zone: str
) -> list[tuple[PaymentFacts, int]]:
    """Payments that are linked to no patient, each with its net."""
    since, until = _instants(first, last, time_zone)
    payments = [
        local_payment(row, time_zone) for row in all_of(session, PAYMENTS_OF_NOBODY, since=since, until=until)
    ]
    nets = _nets(session, payments, time_zone)
    return [(payment, nets[payment.id]) for payment in payments]


def plans_paid_by(session: Session, ids: Sequence[int]) -> list[int]:
    """Store ids of the plans these patients pay: their own, and a family's (DOMAIN §4: one arrears, at the payer)."""
    return sorted({row[0] for query in PLAN_IDS for row in all_of(session, query, ids=list(ids))})


def with_refunds(session: Session, payments: list[PaymentFacts], time_zone: str) -> list[PaymentFacts]:
    """These payments, what they give back, and what gives them back, wherever it stands: what net_by_payment needs."""
    found = {p.id: p for p in payments}
    refs = sorted({p.refund_ref or p.external_id for p in payments})
    connections = sorted({p.connection_id for p in payments})
    given = sorted({p.refund_ref for p in payments if p.refund_ref})
    for query, wanted, more in ((ORIGINALS, given, {"connections": connections}), (REFUNDS, refs, {})):
        for some in _lots(wanted):
            for row in all_of(session, query, refs=some, **more):
                found.setdefault(row[0], local_payment(row, time_zone))
    return sorted(found.values(), key=lambda p: (p.happened_at, p.id))


def _nets(session: Session, payments: list[PaymentFacts], time_zone: str) -> dict[int, int]:
    return net_by_payment(with_refunds(session, payments, time_zone))


def local_payment(row: Sequence[Any], time_zone: str) -> PaymentFacts:
    """The facts of a row of PAYMENT_COLUMNS, with its date on the location's wall."""
    return PaymentFacts._make((*row[: _AT + 1], clock.local_date(row[_AT], time_zone), *row[_AT + 1 :]))


def _instants(first: date, last: date, time_zone: str) -> tuple[datetime, datetime]:
    return clock.day_bounds(first, time_zone)[0], clock.day_bounds(last, time_zone)[1]


def _lots(values: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(values), 5_000):
        yield list(values[start : start + 5_000])
