"""Reading what posting and reconciliation compare: the processors' payments and the patients' side of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import Session

from core import clock
from core.connections.models import PROCESSORS, Connection
from core.ledger.facts import EntryFacts
from core.ledger.models import EntryKind, LedgerEntry, Part
from core.patients.models import Patient
from core.payments.facts import PaymentFacts
from core.payments.models import Payment
from core.postings.models import PostedEntry
from core.practice.models import Location
from core.store.base import table_of

_AT_ONCE = 500
_payment, _patient, _entry, _posted, _connection, _location = (
    table_of(Payment),
    table_of(Patient),
    table_of(LedgerEntry),
    table_of(PostedEntry),
    table_of(Connection),
    table_of(Location),
)


def first_zone(session: Session, practice_id: int) -> str:
    """The zone of the practice's first location: for payments nobody is linked to. UTC where there is none."""
    found = select(_location.c.time_zone).where(_location.c.practice_id == practice_id)
    return session.execute(found.order_by(_location.c.id).limit(1)).scalar() or "UTC"


def payments_between(
    session: Session, practice_id: int, first: date, last: date | None = None
) -> list[PaymentFacts]:
    """The processors' payments whose local day lies from `first` to `last` (None: no end), declined ones left out."""
    zone = first_zone(session, practice_id)
    margin = clock.zone(zone)  # a day's margin on both sides, then by each payment's own zone
    where = [_payment.c.happened_at >= _midnight(date.fromordinal(first.toordinal() - 1), margin)]
    if last is not None:
        where.append(_payment.c.happened_at < _midnight(date.fromordinal(last.toordinal() + 2), margin))
    where.append(_payment.c.status != "declined")
    found = _payments(session, practice_id, zone, and_(*where))
    return [p for p in found if first <= p.happened_on and (last is None or p.happened_on <= last)]


def originals_of(session: Session, practice_id: int, payments: Sequence[PaymentFacts]) -> list[PaymentFacts]:
    """The payments that refunds among these give back, where they are not among them."""
    here = {(p.connection_id, p.external_id) for p in payments}
    wanted = {(p.connection_id, p.refund_ref) for p in payments if p.refund_ref} - here
    zone, found = first_zone(session, practice_id), []
    for chunk in _chunks(sorted({ref for _, ref in wanted if ref})):
        rows = _payments(session, practice_id, zone, _payment.c.external_id.in_(chunk))
        found += [p for p in rows if (p.connection_id, p.external_id) in wanted]
    return found


def _payments(session: Session, practice_id: int, zone: str, where: Any) -> list[PaymentFacts]:
    columns = [_payment.c[name] for name in PaymentFacts._fields if name != "happened_on"]
    place = PaymentFacts._fields.index("happened_on")
    rows = session.execute(
        select(_location.c.time_zone, *columns)
        .select_from(
            _payment.join(_connection, _connection.c.id == _payment.c.connection_id)
            .outerjoin(_patient, _patient.c.id == _payment.c.patient_id)
            .outerjoin(_location, _location.c.id == _patient.c.location_id)
        )
        .where(
            _connection.c.kind.in_(PROCESSORS),
            _connection.c.practice_id == practice_id,
            _payment.c.gone_at.is_(None),
            where,
        )
        .order_by(_payment.c.happened_at, _payment.c.id)
    )
    at = PaymentFacts._fields.index("happened_at")
    return [
        PaymentFacts._make(
            (*row[1 : place + 1], clock.local_date(row[at + 1], row[0] or zone), *row[place + 1 :])
        )
        for row in rows
    ]


def entries_between(
    session: Session, practice_id: int, first: date, last: date | None = None
) -> list[EntryFacts]:
    """Payments and refunds on the patients' side of the ledger in these days (posting days).

    What the EHR's files show, and what Genesis was read back to hold; an entry that both know stands once.
    """
    columns = [_entry.c[name] for name in EntryFacts._fields]
    query = (
        select(*columns)
        .select_from(_entry.join(_connection, _connection.c.id == _entry.c.connection_id))
        .where(
            _connection.c.practice_id == practice_id,
            _entry.c.kind.in_((EntryKind.PAYMENT, EntryKind.REFUND)),
            _entry.c.part == Part.PATIENT,
            _entry.c.gone_at.is_(None),
            _entry.c.posted_on >= first,
        )
    )
    if last is not None:
        query = query.where(_entry.c.posted_on <= last)
    files = [EntryFacts(*row) for row in session.execute(query)]
    return _merged(files, _read_back(session, practice_id, first, last))


def ledger_is_known(session: Session, practice_id: int) -> bool:
    """Whether any ledger ever reached us: without one nothing can be compared."""
    found = select(_entry.c.id).join(_connection, _connection.c.id == _entry.c.connection_id)
    return session.execute(found.where(_connection.c.practice_id == practice_id).limit(1)).first() is not None


def _read_back(session: Session, practice_id: int, first: date, last: date | None) -> list[EntryFacts]:
    query = (
        select(
            _posted.c.id,
            _posted.c.external_id,
            _posted.c.posted_on,
            _posted.c.kind,
            _posted.c.amount_cents,
            _posted.c.order_id,
            _patient.c.id,
        )
        .select_from(
            _posted.join(_connection, _connection.c.id == _posted.c.connection_id).outerjoin(
                _patient, and_(_patient.c.external_id == _posted.c.patient_ref, _patient.c.gone_at.is_(None))
            )
        )
        .where(
            _connection.c.practice_id == practice_id,
            _posted.c.gone_at.is_(None),
            _posted.c.posted_on >= first,
        )
    )
    if last is not None:
        query = query.where(_posted.c.posted_on <= last)
    rows = {row[0]: row for row in session.execute(query)}  # a patient id may be known to two sources
    return [
        EntryFacts(
            -row[0], row[1], row[2], row[3], "patient", abs(row[4]), None, None, row[5] or None, row[6]
        )
        for row in rows.values()
    ]


def _merged(files: list[EntryFacts], read_back: list[EntryFacts]) -> list[EntryFacts]:
    """Both sources, each entry once: the same number is the same entry; of one order the source with more rows holds."""
    numbers = {entry.external_id for entry in files}
    orders: dict[tuple[str, str], int] = {}
    for entry in files:
        if entry.order_id:
            orders[entry.kind, entry.order_id] = orders.get((entry.kind, entry.order_id), 0) + 1
    added = []
    for entry in read_back:
        place = (entry.kind, entry.order_id or "")
        if entry.external_id in numbers:
            if place in orders:
                orders[place] -= 1
        elif orders.get(place, 0) > 0:
            orders[place] -= 1  # the files show it under a number of their own
        else:
            added.append(entry)
    return [*files, *added]


def located(session: Session, location_id: int) -> set[int]:
    """Ids of the patients of one location."""
    return set(session.execute(select(_patient.c.id).where(_patient.c.location_id == location_id)).scalars())


def patient_refs(session: Session, ids: Iterable[int]) -> Mapping[int, tuple[str, str, str]]:
    """Patient id → the EHR's id, first and last name."""
    found: dict[int, tuple[str, str, str]] = {}
    for chunk in _chunks(sorted(set(ids))):
        rows = session.execute(
            select(_patient.c.id, _patient.c.external_id, _patient.c.first_name, _patient.c.last_name).where(
                _patient.c.id.in_(chunk)
            )
        )
        found |= {row[0]: (row[1], row[2], row[3]) for row in rows}
    return found


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _midnight(day: date, zone: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(clock.EPOCH.tzinfo)
