"""Reading the roll-ups: sums of all chosen locations by day, nothing else (DESIGN §2.5). No other table is read here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session

from core.dates import ONE_DAY, month_on
from core.overview.models import (
    DraftForecast,
    RollUpDay,
    RollUpMoney,
    RollUpMonth,
    RollUpState,
    SeenCards,
    SeenDay,
)
from core.overview.periods import Span
from core.store.base import table_of

_DAY, _MONEY, _MONTH = table_of(RollUpDay), table_of(RollUpMoney), table_of(RollUpMonth)
_SEEN, _CARDS, _COMING = table_of(SeenDay), table_of(SeenCards), table_of(DraftForecast)
_STATE = table_of(RollUpState)
_SUMMED = [c.name for c in _DAY.c if c.name not in ("location_id", "day")]


@dataclass(slots=True)
class Counted:
    """One day of all chosen locations. Cents and visits as in RollUpDay; money: net cents by method and part,
    methods: by method alone, collected_cents: their sum.

    recovered_cents None: no link was sent by then.
    """

    day: date
    expected_plans_cents: int = 0
    expected_memberships_cents: int = 0
    expected_visits_cents: int = 0
    service_due_cents: int = 0
    service_collected_cents: int = 0
    arrears_1_30_cents: int = 0
    arrears_31_60_cents: int = 0
    arrears_61_90_cents: int = 0
    arrears_over_90_cents: int = 0
    allowance: int = 0
    used: int = 0
    unlimited_used: int = 0
    recovered_cents: int | None = None
    money: dict[tuple[str, str], int] = field(default_factory=dict)
    methods: Counter[str] = field(default_factory=Counter)
    collected_cents: int = 0

    def on_part(self, part: str) -> int:
        return sum(cents for (_, what), cents in self.money.items() if what == part)

    @property
    def expected_cents(self) -> int:
        return self.expected_plans_cents + self.expected_memberships_cents + self.expected_visits_cents

    @property
    def ages(self) -> tuple[int, int, int, int]:
        """Arrears by age, youngest first."""
        return (
            self.arrears_1_30_cents,
            self.arrears_31_60_cents,
            self.arrears_61_90_cents,
            self.arrears_over_90_cents,
        )


class Seen(NamedTuple):
    members: int
    booked: int
    over: int


class Coming(NamedTuple):
    """Drafts of one coming day: all, what will probably fail, and of what nobody can say. Cents."""

    day: date
    cents: int
    failing_cents: int
    unknown_cents: int


class Progress(NamedTuple):
    """How much is counted. first_day: of the practice's history, None before the first count; started_on: first day seen."""

    counted_days: int
    all_days: int
    first_day: date | None
    started_on: date | None

    @property
    def done(self) -> bool:
        return self.first_day is not None and self.counted_days >= self.all_days

    @property
    def sentence(self) -> str:
        """Empty when everything is counted."""
        if self.first_day is None:
            return "The overview is not counted yet; the first days appear within a minute or two."
        if self.done:
            return ""
        return f"Still being counted ({self.counted_days:,} of {self.all_days:,} days). The charts fill up by themselves."


def counted(session: Session, places: Sequence[int], span: Span) -> dict[date, Counted]:
    """The counted days of a span, summed over the locations. Days that are not counted yet are not there."""
    inside = (_DAY.c.location_id.in_(places), _DAY.c.day >= span.first, _DAY.c.day <= span.last)
    rows = session.execute(
        select(_DAY.c.day, *(func.sum(_DAY.c[name]) for name in _SUMMED)).where(*inside).group_by(_DAY.c.day)
    )
    days: dict[date, Counted] = {}
    for day, *sums in rows.all():  # a driver's sums may be decimals
        whole = [None if value is None else int(value) for value in sums]
        days[day] = Counted(day, **dict(zip(_SUMMED, whole, strict=True)))  # type: ignore[arg-type]  # only recovered may be None
    for day, money in received(session, places, span).items():
        if day in days:
            one = days[day]
            one.money, one.collected_cents = money, sum(money.values())
            for (method, _), cents in money.items():
                one.methods[method] += cents
    return days


def received(session: Session, places: Sequence[int], span: Span) -> dict[date, dict[tuple[str, str], int]]:
    """Net cents of each day by method and by what they were for (words of receipts.py)."""
    inside = (_MONEY.c.location_id.in_(places), _MONEY.c.day >= span.first, _MONEY.c.day <= span.last)
    columns = (_MONEY.c.day, _MONEY.c.method, _MONEY.c.part)
    days: dict[date, dict[tuple[str, str], int]] = {}
    for day, method, part, cents in session.execute(
        select(*columns, func.sum(_MONEY.c.cents)).where(*inside).group_by(*columns)
    ).all():
        days.setdefault(day, {})[method, part] = int(cents)
    return days


def seen_days(session: Session, places: Sequence[int], span: Span) -> dict[date, Seen]:
    """Members, their booked visits and those beyond the allowance, on the days that were seen."""
    inside = (_SEEN.c.location_id.in_(places), _SEEN.c.day >= span.first, _SEEN.c.day <= span.last)
    columns = [func.sum(_SEEN.c[name]) for name in Seen._fields]
    rows = session.execute(select(_SEEN.c.day, *columns).where(*inside).group_by(_SEEN.c.day))
    return {day: Seen(int(members), int(booked), int(over)) for day, members, booked, over in rows}


def seen_cards(session: Session, places: Sequence[int], span: Span) -> dict[date, dict[str, tuple[int, int]]]:
    """Day → state of DOMAIN §1 or §2 → patients and cents at risk."""
    inside = (_CARDS.c.location_id.in_(places), _CARDS.c.day >= span.first, _CARDS.c.day <= span.last)
    rows = session.execute(
        select(_CARDS.c.day, _CARDS.c.state, func.sum(_CARDS.c.patients), func.sum(_CARDS.c.at_risk_cents))
        .where(*inside)
        .group_by(_CARDS.c.day, _CARDS.c.state)
    )
    days: dict[date, dict[str, tuple[int, int]]] = {}
    for day, state, patients, cents in rows:
        days.setdefault(day, {})[state] = (int(patients), int(cents))
    return days


def coming(session: Session, places: Sequence[int], today: date) -> list[Coming]:
    """The drafts of the next 30 days as last seen, day by day."""
    rows = session.execute(
        select(
            _COMING.c.day,
            func.sum(_COMING.c.cents),
            func.sum(_COMING.c.failing_cents),
            func.sum(_COMING.c.unknown_cents),
        )
        .where(_COMING.c.location_id.in_(places), _COMING.c.day >= today)
        .group_by(_COMING.c.day)
        .order_by(_COMING.c.day)
    )
    return [Coming(day, int(cents), int(failing), int(unknown)) for day, cents, failing, unknown in rows]


def progress(session: Session, places: Sequence[int], today: date) -> Progress:
    """How many of the days since each location's first one are counted, added up over the locations' calendar."""
    states = session.execute(
        select(_STATE.c.first_day, _STATE.c.started_on).where(_STATE.c.location_id.in_(places))
    ).all()
    if not states or len(states) < len(places):
        return Progress(0, 0, None, None)
    first = min(row[0] for row in states)
    started = [row[1] for row in states if row[1] is not None]
    waiting: set[Any] = set(
        session.execute(
            select(_MONTH.c.month).where(_MONTH.c.location_id.in_(places), _MONTH.c.counted_at.is_(None))
        ).scalars()
    )
    missing = sum(_days_of(month, first, today) for month in waiting)
    days = (today - first).days + 1
    return Progress(days - missing, days, first, min(started, default=None))


def count_version(session: Session) -> tuple[int, object]:
    """Differs after every count and every look: for caches."""
    counted_at, seen_at = func.max(_MONTH.c.counted_at), func.max(_STATE.c.seen_at)
    months = session.execute(select(func.count(), counted_at).select_from(_MONTH)).one()
    return months[0], (months[1], session.execute(select(seen_at)).scalar())


def _days_of(month: date, first: date, today: date) -> int:
    start, end = max(month, first), min(month_on(month, 1) - ONE_DAY, today)
    return max(0, (end - start).days + 1)
