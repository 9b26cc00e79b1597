"""Which months of a location are to be counted (anew), and putting a counted one into the store."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlmodel import Session, SQLModel

from core import clock
from core.dates import month_on
from core.ledger.models import LedgerEntry
from core.memberships.models import (
    Membership,
    MembershipBenefit,
    MembershipExtra,
    MembershipPlan,
)
from core.overview.count_month import Month, Note, days_between
from core.overview.models import RollUpDay, RollUpMoney, RollUpMonth, RollUpState
from core.overview.month_reads import CountedLocation
from core.overview.recovered import first_sent_since, recovered_by_day
from core.payments.models import Payment
from core.plans.models import Instalment, Plan
from core.schedule.models import Appointment
from core.store.base import table_of
from core.store.types import UtcInstant
from core.store.version import data_version

YEARS_BACK = 2
ALWAYS_DAYS = (
    10  # counted anew at every change: what is joined to a patient lately carries no stamp of its own
)
TERMS_EVERY = timedelta(hours=1)
OVERLAP = timedelta(hours=1)  # rows are stamped before they are committed

_DAY, _MONEY, _MONTH, _STATE = (
    table_of(RollUpDay),
    table_of(RollUpMoney),
    table_of(RollUpMonth),
    table_of(RollUpState),
)
COLUMNS = [c.name for c in _DAY.c if c.name not in ("location_id", "day", "recovered_cents")]


def state_of(session: Session, place: CountedLocation) -> RollUpState | None:
    """How far the roll-up of a location has come; None before its first run."""
    return session.get(RollUpState, place.id)


def first_look(session: Session, place: CountedLocation, as_of: datetime) -> RollUpState:
    """Begin a location's roll-up: every month of up to two years back is to be counted."""
    today = clock.local_date(as_of, place.time_zone)
    state = RollUpState(
        location_id=place.id,
        first_day=_first_day(session, today, place),
        today=today,
        data_version=data_version(session),
        looked_until=as_of,
        terms_until=as_of,
    )
    session.add(state)
    session.flush()
    _mark(session, place, state.first_day, today)
    return state


def look_again(session: Session, place: CountedLocation, state: RollUpState, as_of: datetime) -> None:
    """Mark the months that news touched: of rows synced since the last look, and always the last weeks.

    On a new day everything is marked: what was joined to a patient or a plan meanwhile carries no stamp of its own.
    """
    today = clock.local_date(as_of, place.time_zone)
    version = data_version(session)
    sent_at = first_sent_since(session, state.looked_until)
    if version == state.data_version and today == state.today and sent_at is None:
        return
    if today != state.today:
        since = state.first_day = _first_day(session, today, place)
        state.looked_until = state.terms_until = as_of
    else:
        touched = _touched(session, state, as_of, place.time_zone)
        since = min(touched or today, today - timedelta(days=ALWAYS_DAYS))
        since = min(since, _as_day(sent_at, place.time_zone)) if sent_at else since
    _mark(session, place, max(since, state.first_day), today)
    state.today, state.data_version = today, version
    session.add(state)
    session.flush()


def next_month(session: Session, place: CountedLocation) -> tuple[date, int] | None:
    """The newest month to be counted and how often it was marked; None when all is counted.

    Months never counted come first, so that an owner sees the whole two years before small news.
    """
    query = (
        select(_MONTH.c.month, _MONTH.c.marked)
        .where(_MONTH.c.location_id == place.id, _MONTH.c.stale)
        .order_by(_MONTH.c.counted_at.is_not(None), _MONTH.c.month.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return (row[0], row[1]) if row else None


def count_days(month: Month, notes: Iterable[Note]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of RollUpDay and RollUpMoney of a month: one row for each of its days, also where nothing happened."""
    sums: Counter[tuple[date, str]] = Counter()
    money: Counter[tuple[date, str, str]] = Counter()
    for note in notes:
        if note.column == "money":
            money[note.day, note.method, note.part] += note.amount
        else:
            sums[note.day, note.column] += note.amount
    days = [
        {"location_id": month.place.id, "day": day, **{name: sums[day, name] for name in COLUMNS}}
        for day in days_between(month.first, month.last)
    ]
    received = [
        {"location_id": month.place.id, "day": day, "method": method, "part": part, "cents": cents}
        for (day, method, part), cents in sorted(money.items())
        if cents
    ]
    return days, received


def keep_month(
    session: Session, month: Month, marked: int, days: list[dict[str, Any]], money: list[dict[str, Any]]
) -> None:
    """Put a counted month in place of what was there, whole. It stays to be counted where news came meanwhile."""
    recovered = recovered_by_day(session, month.place, month.first, month.last)
    for row in days:
        row["recovered_cents"] = None if recovered is None else recovered.get(row["day"], 0)
    after = month_on(month.first, 1)
    for table, rows in ((_DAY, days), (_MONEY, money)):
        of_month = (
            table.c.location_id == month.place.id,
            table.c.day >= month.first,
            table.c.day < after,
        )
        session.execute(delete(table).where(*of_month))
        if rows:
            session.execute(insert(table), rows)
    this = (_MONTH.c.location_id == month.place.id, _MONTH.c.month == month.first)
    session.execute(update(_MONTH).where(*this).values(counted_at=month.as_of))
    session.execute(update(_MONTH).where(*this, _MONTH.c.marked == marked).values(stale=False))


def _mark(session: Session, place: CountedLocation, since: date, today: date) -> None:
    """Every month from `since` through today's is to be counted."""
    month, wanted = since.replace(day=1), []
    while month <= today:
        wanted.append(month)
        month = month_on(month, 1)
    session.execute(
        update(_MONTH)
        .where(_MONTH.c.location_id == place.id, _MONTH.c.month >= wanted[0])
        .values(stale=True, marked=_MONTH.c.marked + 1)
    )
    there = set(session.execute(select(_MONTH.c.month).where(_MONTH.c.location_id == place.id)).scalars())
    new = [
        {"location_id": place.id, "month": one, "stale": True, "marked": 1}
        for one in wanted
        if one not in there
    ]
    if new:
        session.execute(insert(_MONTH), new)


# the day from which on a row of this table can change what was counted: a local date, or an instant
_MONEY_ROWS: tuple[tuple[type[SQLModel], str], ...] = (
    (Payment, "happened_at"),
    (LedgerEntry, "posted_on"),
    (Appointment, "starts_at"),
    (Instalment, "due_date"),
)
# these change with every draft that runs, and each could mean years: looked at hourly
_TERMS: tuple[tuple[type[SQLModel], str], ...] = (
    (Plan, "start_date"),
    (Membership, "start_date"),
    (MembershipExtra, "period_start"),
)
_WHAT_IS_SOLD: tuple[type[SQLModel], ...] = (MembershipPlan, MembershipBenefit)  # any day may differ


def _touched(session: Session, state: RollUpState, as_of: datetime, time_zone: str) -> date | None:
    """The earliest local day that rows synced or gone since the last look may have changed; None: none did.

    Moves the state's marks forward.
    """
    found = [_earliest(session, _MONEY_ROWS, state.looked_until - OVERLAP, time_zone)]
    state.looked_until = as_of
    if as_of - state.terms_until >= TERMS_EVERY:
        since = state.terms_until - OVERLAP
        found.append(_earliest(session, _TERMS, since, time_zone))
        if any(_any_news(session, model, since) for model in _WHAT_IS_SOLD):
            found.append(date.min)
        state.terms_until = as_of
    return min((day for day in found if day is not None), default=None)


def _earliest(
    session: Session, tables: Iterable[tuple[type[SQLModel], str]], since: datetime, time_zone: str
) -> date | None:
    days = []
    for model, column in tables:
        table = table_of(model)
        field = table.c[column]
        found = session.execute(select(func.min(field, type_=field.type)).where(_news(table, since))).scalar()
        if found is not None:
            days.append(_as_day(found, time_zone))
    return min(days, default=None)


def _any_news(session: Session, model: type[SQLModel], since: datetime) -> bool:
    table = table_of(model)
    return session.execute(select(table.c.id).where(_news(table, since)).limit(1)).first() is not None


def _news(table: Any, since: datetime) -> Any:
    return (table.c.synced_at >= since) | (table.c.gone_at >= since)


def _first_day(session: Session, today: date, place: CountedLocation) -> date:
    """The first day of payments, postings, instalments or visits, at most two years back; today where there is none."""
    back = month_on(today.replace(day=1), -12 * YEARS_BACK)
    found = [today]
    for model, column in _MONEY_ROWS:
        table = table_of(model)
        field = table.c[column]
        since = clock.day_bounds(back, place.time_zone)[0] if isinstance(field.type, UtcInstant) else back
        first = session.execute(
            select(func.min(field, type_=field.type)).where(field >= since, table.c.gone_at.is_(None))
        ).scalar()
        if first is not None:
            found.append(_as_day(first, place.time_zone))
    return min(found)


def _as_day(found: date | datetime, time_zone: str) -> date:
    return clock.local_date(found, time_zone) if isinstance(found, datetime) else found
