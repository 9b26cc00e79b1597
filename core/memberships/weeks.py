"""The second limit of a benefit: so many visits a week, counted from the practice's first weekday (DOMAIN §5). Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

from core.clock import local_date
from core.schedule.rules import VisitFacts

SUNDAY = 6  # as date.weekday() counts


def week_of(day: date, first_weekday: int = SUNDAY) -> date:
    """The first day of the week that holds `day`. first_weekday: 0 Monday … 6 Sunday."""
    return day - timedelta(days=(day.weekday() - first_weekday) % 7)


def beyond_weeks(
    visits: Iterable[VisitFacts],
    per_week: int,
    time_zone: str,
    first_weekday: int = SUNDAY,
    spared: Collection[int] = frozenset(),
) -> frozenset[int]:
    """Ids of the visits (in start order, of one class, of any period) that are too many in their week: the last ones.

    spared: ids that take none of any week.
    """
    weeks: defaultdict[date, int] = defaultdict(int)
    found = set()
    for visit in visits:
        if visit.id in spared:
            continue
        week = week_of(local_date(visit.starts_at, time_zone), first_weekday)
        weeks[week] += 1
        if weeks[week] > per_week:
            found.add(visit.id)
    return frozenset(found)


def place_in_week(
    visit: VisitFacts, visits: Sequence[VisitFacts], time_zone: str, first_weekday: int = SUNDAY
) -> int:
    """Which visit of its week it is, counted from 1, among those in start order."""
    week = week_of(local_date(visit.starts_at, time_zone), first_weekday)
    here = [one.id for one in visits if week_of(local_date(one.starts_at, time_zone), first_weekday) == week]
    return here.index(visit.id) + 1 if visit.id in here else len(here) + 1
