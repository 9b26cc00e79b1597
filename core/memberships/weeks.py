"""The second limit of a benefit: so many visits a week, counted from the practice's first weekday (DOMAIN §5). Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable
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
) -> dict[int, int]:
    """Of the visits (in start order, of one class, of any period) those that are too many in their week, the last ones:
    id → which visit of its week it is, counted from 1.

    spared: ids that take none of any week.
    """
    weeks: defaultdict[date, int] = defaultdict(int)
    found = {}
    for visit in visits:
        if visit.id in spared:
            continue
        week = week_of(local_date(visit.starts_at, time_zone), first_weekday)
        weeks[week] += 1
        if weeks[week] > per_week:
            found[visit.id] = weeks[week]
    return found
