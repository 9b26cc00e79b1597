"""Accounts in credit, the longest first: since when, last contact, and when they fall to the state (CONTRACTS §2).

A patient's credit is theirs: it is given back or used up, never written off; unclaimed it goes to the state, usually
after three years (HUDDLE_CREDIT_YEARS).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import bindparam, case, func, or_, select
from sqlmodel import Session

from core import clock
from core.dates import month_on
from core.findings import queries
from core.ledger.facts import EntryFacts, raises_cents
from core.ledger.models import EntryKind, LedgerEntry, Part
from core.messages.models import Message
from core.names import folded
from core.patients.models import Patient
from core.patients.person import Person
from core.plans.records import AT_ONCE, rows_of
from core.practice.models import Location
from core.practice.reports import first_of, locations
from core.reports.head import Report, make_report
from core.settings import settings
from core.store.base import table_of
from core.store.statements import IDS
from core.store.types import UtcInstant

ASK_FROM_DAYS = 30  # a credit this old wants a letter or a refund
_entry, _patient, _message = table_of(LedgerEntry), table_of(Patient), table_of(Message)
_signed = case(
    (_entry.c.kind.in_([EntryKind.CHARGE.value, EntryKind.REFUND.value]), _entry.c.amount_cents),
    else_=-_entry.c.amount_cents,
)
_LAST_MESSAGE = (
    select(_message.c.patient_id, func.max(_message.c.sent_at, type_=UtcInstant))
    .where(
        _message.c.patient_id.in_(IDS),
        _message.c.sent_at <= bindparam("until", type_=UtcInstant),
    )
    .group_by(_message.c.patient_id)
)


@dataclass(frozen=True, slots=True)
class CreditRow:
    """One account in credit. since: the local day from which on it has been in credit without a break; days: since then.
    last_contact: the last visit or message, a local day, None = none known. falls_to_state_on: so many years after the
    later of the two."""

    key: int
    name_key: str
    patient_id: str
    patient: str
    initials: str
    mobile_last_four: str | None
    credit_cents: int
    since: date
    days: int
    last_contact: date | None
    falls_to_state_on: date


def credits_report(session: Session, *, location_id: int | None, as_of: datetime) -> Report:
    """Accounts in credit at `as_of` (aware UTC), the longest first. Patients of no location stand with the first one."""
    places = locations(session, location_id)
    rows = [row for place in places for row in _rows(session, place, as_of)]
    rows.sort(key=lambda row: (row.since, -row.credit_cents, row.name_key))
    return make_report(session, "credits", places, location_id, as_of, rows)


def _rows(session: Session, place: Location, as_of: datetime) -> Iterator[CreditRow]:
    today = clock.local_date(as_of, place.time_zone)
    here = _patient.c.location_id == place.id
    if place.id == first_of(session):
        here = or_(here, _patient.c.location_id.is_(None))
    ids = list(
        session.execute(
            select(_entry.c.patient_id)
            .join_from(_entry, _patient, _entry.c.patient_id == _patient.c.id)
            .where(
                _entry.c.gone_at.is_(None),
                _entry.c.part == Part.PATIENT.value,
                _entry.c.posted_on <= today,
                _patient.c.gone_at.is_(None),
                here,
            )
            .group_by(_entry.c.patient_id)
            .having(func.sum(_signed) < 0)
            .order_by(_entry.c.patient_id)
        ).scalars()
    )
    for start in range(0, len(ids), AT_ONCE):
        yield from _of(session, ids[start : start + AT_ONCE], today, place.time_zone, as_of)


def _of(
    session: Session, ids: list[int], today: date, time_zone: str, as_of: datetime
) -> Iterator[CreditRow]:
    people = {row[0]: Person._make(row) for row in rows_of(session, queries.PERSONS, ids=ids)}
    ledgers: dict[int, list[EntryFacts]] = {}
    for key, *row in rows_of(session, queries.LEDGER, ids=ids):
        ledgers.setdefault(key, []).append(EntryFacts._make(row))
    met = [
        *rows_of(session, queries.LAST_DONE, ids=ids, until=as_of),
        *rows_of(session, _LAST_MESSAGE, ids=ids, until=as_of),
    ]
    last: dict[int, date] = {}
    for key, at in met:
        day = clock.local_date(at, time_zone)
        last[key] = max(day, last.get(key, day))
    for key in ids:
        cents, since = credit_of(ledgers.get(key, []), today)
        if since is not None and key in people:
            yield _row(people[key], cents, since, last.get(key), today)


def credit_of(entries: Sequence[EntryFacts], today: date) -> tuple[int, date | None]:
    """The credit of an account on a local day (cents), and since which day it has been in credit without a break."""
    rows = sorted(
        (e for e in entries if e.part == "patient" and e.posted_on <= today), key=lambda e: e.posted_on
    )
    owes, since = 0, None
    for day, posted in groupby(rows, key=lambda e: e.posted_on):
        owes += sum(map(raises_cents, posted))
        since = (since or day) if owes < 0 else None
    return max(0, -owes), since


def _row(person: Person, cents: int, since: date, last: date | None, today: date) -> CreditRow:
    return CreditRow(
        key=person.id,
        name_key=folded(f"{person.last_name} {person.first_name}"),
        patient_id=person.external_id,
        patient=person.name,
        initials=person.initials,
        mobile_last_four=person.mobile_last_four,
        credit_cents=cents,
        since=since,
        days=(today - since).days,
        last_contact=last,
        falls_to_state_on=month_on(max(since, last or since), 12 * settings().credit_years),
    )
