"""Counting a membership's visits into its periods, and what each period allows (DOMAIN §5)."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from core.clock import local_date
from core.memberships.facts import ExtraFacts, MembershipPlanFacts
from core.memberships.periods import Period, Terms
from core.memberships.rollover import NEVER, Lot, Lots, carried, carry_on
from core.schedule.rules import IN_START_ORDER, VisitFacts, VisitStanding, standing

Key = tuple[Period, str]
Bases = Mapping[str, int | None]
Counted = Mapping[Key, list[VisitFacts]]


class Reading(NamedTuple):
    """The instant a membership is read at, and where. today is the local date of as_of."""

    as_of: datetime
    time_zone: str
    today: date


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


def count(
    visits: Iterable[VisitFacts],
    classes: Collection[str],
    terms: Terms,
    reading: Reading,
    *,
    since: date,
    forfeits: bool,
    elsewhere: Collection[int],
) -> Bookings:
    """Sort the covered visits from the local date `since` on. A visit belongs to its local start date.

    Presumed missed and dead visits are nowhere; a no-show is used only where the plan forfeits it.
    """
    found = Bookings()
    # a day of slack spares turning years of old visits into local dates
    long_ago = datetime.combine(since, time.min, reading.as_of.tzinfo) - timedelta(days=1)
    covered = [
        v for v in visits if v.starts_at >= long_ago and v.service_class in classes and v.id not in elsewhere
    ]
    covered.sort(key=IN_START_ORDER)
    for visit in covered:
        stands = standing(visit, reading.as_of)
        is_open = stands is VisitStanding.OPEN
        if not (is_open or stands is VisitStanding.DONE or (forfeits and visit.status == "no_show")):
            continue
        day = local_date(visit.starts_at, reading.time_zone)
        key = (terms.period(day), visit.service_class or "")
        if terms.runs(day) and not terms.frozen(day):
            found.counted.setdefault(key, []).append(visit)
            if not is_open:
                found.used[key] = found.used.get(key, 0) + 1
        elif is_open and day > terms.end:
            found.after_end.setdefault(key, []).append(visit)
        elif is_open and terms.runs(day):
            found.while_frozen.setdefault(key, []).append(visit)
    return found


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

    def take(self, extras: Iterable[ExtraFacts]) -> None:
        for extra in extras:
            period = self.terms.period(extra.period_start)
            amounts = self.add_ons
            if extra.kind == "rollover":
                amounts = self.rollovers
                self.stated.add(period)
            key = (period, extra.service_class)
            amounts[key] = amounts.get(key, 0) + extra.visits

    def roll_over(self, since: date, first: Period, through: Period, counted: Counted) -> None:
        """Compute what each period from `first` through `through` is handed; `since`: start of the first whose
        visits are known. A period frozen from end to end neither gives nor lets lapse."""
        giving = [period for period in self.terms.periods(since, through.start) if self.terms.gives(period)]
        for service_class, base in self.bases.items():
            if base is not None:
                begin = self._begin(service_class, base, giving, first, counted)
                self._chain(service_class, base, giving[begin:], first, counted)

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
        self, service_class: str, base: int, path: Sequence[Period], first: Period, counted: Counted
    ) -> None:
        lots: Lots = ()
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
                self.chained[key] = Allowance(base, carried(lots), add_ons, goes_on)
            lots = handed_on

    def of(self, key: Key) -> Allowance:
        if key in self.chained:
            return self.chained[key]
        if not self.terms.gives(key[0]):
            return Allowance()
        return Allowance(self.bases[key[1]], self.rollovers.get(key, 0), self.add_ons.get(key, 0))
