"""Counting a membership's visits into its periods, and what each period allows (DOMAIN §5)."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from core import clock
from core.memberships.facts import ExtraFacts, MembershipPlanFacts
from core.memberships.periods import Period, Terms
from core.memberships.rollover import NEVER, Lot, Lots, carried, carry_on
from core.memberships.weeks import SUNDAY
from core.schedule.rules import IN_START_ORDER, VisitFacts, VisitStanding, standing

Key = tuple[Period, str]
Bases = Mapping[str, int | None]
Counted = Mapping[Key, list[VisitFacts]]


class Reading(NamedTuple):
    """The instant a membership is read at, and where. today is the local date of as_of; weeks begin on first_weekday."""

    as_of: datetime
    time_zone: str
    today: date
    first_weekday: int = SUNDAY


@dataclass(slots=True)
class Bookings:
    """Visits by (period, service class), each list in start order.

    counted: done and open ones; used: how many of them are done. after_end, while_frozen: open ones that a
    membership of that class would cover on another day.
    """

    counted: dict[Key, list[VisitFacts]] = field(default_factory=dict)
    used: dict[Key, int] = field(default_factory=dict)
    after_end: dict[Key, list[VisitFacts]] = field(default_factory=dict)
    while_frozen: dict[Key, list[VisitFacts]] = field(default_factory=dict)

    def of_class(self, service_class: str) -> list[VisitFacts]:
        """All counted visits of a class, in start order: a week may reach into the next period."""
        found = [visit for key, visits in self.counted.items() if key[1] == service_class for visit in visits]
        return sorted(found, key=IN_START_ORDER)


class Seen(NamedTuple):
    """Visits as they stand at an instant, in start order.

    standing: open and done ones and no-shows; the others count nowhere. coming: open ones that start strictly after the
    visit at hand, or after the instant (DOMAIN §0). last_done: start of the latest done one up to the instant.
    """

    standing: Sequence[tuple[VisitFacts, VisitStanding]]
    coming: Sequence[VisitFacts]
    last_done: datetime | None


def look_at(visits: Iterable[VisitFacts], as_of: datetime, after: datetime) -> Seen:
    """Sort out visits given in any order. as_of, after: aware UTC."""
    stand: list[tuple[VisitFacts, VisitStanding]] = []
    coming: list[VisitFacts] = []
    last_done: datetime | None = None
    for visit in sorted(visits, key=IN_START_ORDER):
        stands = standing(visit, as_of)
        if stands is VisitStanding.OPEN:
            if visit.starts_at > after:
                coming.append(visit)
        elif stands is VisitStanding.DONE:
            if visit.starts_at <= as_of:
                last_done = visit.starts_at
        elif visit.status != "no_show":
            continue
        stand.append((visit, stands))
    return Seen(stand, coming, last_done)


def count(
    seen: Seen,
    classes: Collection[str],
    terms: Terms,
    reading: Reading,
    *,
    since: date,
    forfeits: bool,
    elsewhere: Collection[int],
    admitted: Collection[int] = frozenset(),
) -> Bookings:
    """Count the covered visits from the local date `since` on. A visit belongs to its local start date.

    admitted: ids of visits that the dates of another membership of the pool admit. Presumed missed and dead visits are nowhere; a no-show is used only where the plan forfeits it.
    """
    found = Bookings()
    long_ago = _a_day_before(since)  # a day of slack spares turning years of old visits into local dates
    zone = clock.zone(reading.time_zone)
    freezes = terms.frozen_from is not None
    for visit, stands in seen.standing:
        if visit.starts_at < long_ago or visit.service_class not in classes or visit.id in elsewhere:
            continue
        is_open = stands is VisitStanding.OPEN
        if not (is_open or forfeits or stands is VisitStanding.DONE):
            continue
        day = visit.starts_at.astimezone(zone).date()
        key = (terms.period(day), visit.service_class or "")
        inside = terms.start <= day <= terms.end and not (freezes and terms.frozen(day))
        if inside or visit.id in admitted:
            counted = found.counted.get(key)
            if counted is None:
                found.counted[key] = [visit]
            else:
                counted.append(visit)
            if not is_open:
                found.used[key] = found.used.get(key, 0) + 1
        elif is_open and day > terms.end:
            found.after_end.setdefault(key, []).append(visit)
        elif is_open and day >= terms.start:
            found.while_frozen.setdefault(key, []).append(visit)
    return found


@lru_cache(maxsize=4_096)
def _a_day_before(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.EPOCH.tzinfo) - timedelta(days=1)


class Allowance(NamedTuple):
    """base None = unlimited. carries_on: how many of the unused would roll over into the next period."""

    base: int | None = 0
    rollover: int = 0
    add_ons: int = 0
    carries_on: int = 0

    @property
    def visits(self) -> int | None:
        return None if self.base is None else self.base + self.rollover + self.add_ons


@dataclass(slots=True)
class Allowances:
    """What each period allows. Rollover given in extras is taken as it stands; else it is computed from `since` on
    where the plan has a cap (CONTRACTS §3)."""

    terms: Terms
    plan: MembershipPlanFacts
    bases: Bases
    add_ons: dict[Key, int] = field(default_factory=dict)
    rollovers: dict[Key, int] = field(default_factory=dict)
    stated: set[Period] = field(default_factory=set)
    chained: dict[Key, Allowance] = field(default_factory=dict)
    unsure: bool = False

    def take(self, extras: Iterable[ExtraFacts]) -> None:
        for extra in extras:
            period = self.terms.period(extra.period_start)
            amounts = self.add_ons
            if extra.kind == "rollover":
                amounts = self.rollovers
                self.stated.add(period)
            key = (period, extra.service_class)
            amounts[key] = amounts.get(key, 0) + extra.visits

    def roll_over(
        self, since: date, first: Period, through: Period, counted: Counted, *, whole: bool = True
    ) -> None:
        """Compute what each period from `first` through `through` is handed; `since`: start of the first whose
        visits are known. A period frozen from end to end neither gives nor lets lapse.

        whole=False: visits before `since` are not known. More visits handed on never leave fewer, so where nothing and
        the whole cap handed to the first known period come to the same, anything does; else this is `unsure`.
        """
        giving = [period for period in self.terms.periods(since, through.start) if self.terms.gives(period)]
        for service_class, base in self.bases.items():
            if base is not None:
                begin = self._begin(service_class, base, giving, first, counted)
                least = self._chain(service_class, base, giving[begin:], first, counted, ())
                self.chained |= least
                if not (whole or begin or self.unsure):
                    most = self._chain(service_class, base, giving, first, counted, self._most())
                    self.unsure = most != least

    def _most(self) -> Lots:
        """The most that a first period can be handed: the whole cap, lasting as long as may be."""
        lifetime = self.plan.rollover_periods
        return (Lot(NEVER if lifetime is None else lifetime - 1, self.plan.rollover_cap or 0),)

    def _begin(
        self, service_class: str, base: int, giving: Sequence[Period], first: Period, counted: Counted
    ) -> int:
        """Place of the period to begin with: nothing from before it can show in `first` or later.

        That is one with a stated rollover, or whose own visits left the whole cap unused, else the oldest known.
        """
        cap = self.plan.rollover_cap or 0
        for place in range(bisect_left(giving, first) - 1, 0, -1):
            period = giving[place]
            key = (period, service_class)
            unused = base + self.add_ons.get(key, 0) - len(counted.get(key, ()))
            if period in self.stated or unused >= cap:
                return place
        return 0

    def _chain(
        self,
        service_class: str,
        base: int,
        path: Sequence[Period],
        first: Period,
        counted: Counted,
        lots: Lots,
    ) -> dict[Key, Allowance]:
        """The allowances from `first` on, when the first period of the path is handed `lots`."""
        found: dict[Key, Allowance] = {}
        cap, lifetime = self.plan.rollover_cap, self.plan.rollover_periods
        for number, period in enumerate(path):
            key = (period, service_class)
            if period in self.stated:
                last = NEVER if lifetime is None else number - 1 + lifetime
                lots = (Lot(last, self.rollovers.get(key, 0)),)
            add_ons = self.add_ons.get(key, 0)
            handed_on = carry_on(lots, number, base + add_ons, len(counted.get(key, ())), cap, lifetime)
            if period >= first:
                goes_on = carried(handed_on) if self.terms.end >= period.next_start else 0
                found[key] = Allowance(base, carried(lots), add_ons, goes_on)
            lots = handed_on
        return found

    def of(self, key: Key) -> Allowance:
        if self.chained and key in self.chained:
            return self.chained[key]
        if not self.terms.gives(key[0]):
            return Allowance()
        if not (self.rollovers or self.add_ons):
            return Allowance(self.bases[key[1]])
        return Allowance(self.bases[key[1]], self.rollovers.get(key, 0), self.add_ons.get(key, 0))
