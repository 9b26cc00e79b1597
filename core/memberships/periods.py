"""The calendar of a membership: its billing periods, its term and its freeze. Local dates only (DOMAIN §5)."""

import functools
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

ONE_DAY = timedelta(days=1)


class Period(NamedTuple):
    """start ≤ local date < next_start."""

    start: date
    next_start: date

    @property
    def last_day(self) -> date:
        return self.next_start if self.next_start == date.max else self.next_start - ONE_DAY

    @property
    def days(self) -> int:
        return (self.next_start - self.start).days


@functools.lru_cache(maxsize=65_536)
def anchored(anchor: int, day: date) -> Period:
    """The period that holds `day`, billed on day `anchor` (1–31) of the month; 1 is the calendar month.

    An anchor the month does not have falls on its last day and returns to itself in the next one.
    """
    here = _in_month(day.year, day.month, anchor)
    if day >= here:
        return Period(here, _in_month(day.year + day.month // 12, day.month % 12 + 1, anchor))
    return Period(_in_month(day.year - (day.month == 1), (day.month - 2) % 12 + 1, anchor), here)


def _in_month(year: int, month: int, anchor: int) -> date:
    """The billing day of a month; the calendar's own ends where it has no such month (a mistyped year 9999)."""
    if year > date.max.year:
        return date.max
    if year < date.min.year:
        return date.min
    return date(year, month, min(anchor, monthrange(year, month)[1]))


class Terms(NamedTuple):
    """Every date of one membership. anchor None = a prepaid package, whose only period is its term.

    end is the last day of the term, date.max = open. frozen_from None = not frozen; both frozen days belong to it.
    """

    anchor: int | None
    start: date
    end: date
    frozen_from: date | None = None
    frozen_to: date = date.max

    def period(self, day: date) -> Period:
        if self.anchor is not None:
            return anchored(self.anchor, day)
        return Period(self.start, self.end if self.end == date.max else self.end + ONE_DAY)

    def periods(self, first: date, last: date) -> Iterator[Period]:
        """The periods from the one that holds `first` through the one that holds `last`."""
        period = self.period(first)
        while period.start <= last:
            yield period
            if self.anchor is None or period.next_start == date.max:
                return
            period = anchored(self.anchor, period.next_start)

    def runs(self, day: date) -> bool:
        return self.start <= day <= self.end

    def frozen(self, day: date) -> bool:
        return self.frozen_from is not None and self.frozen_from <= day <= self.frozen_to

    def gives(self, period: Period) -> bool:
        """Whether a period has a single day that is in the term and not frozen: otherwise it has no allowance."""
        if period.next_start <= self.start or period.start > self.end:
            return False
        if self.frozen_from is None:
            return True
        first, last = max(period.start, self.start), min(period.last_day, self.end)
        return not (self.frozen(first) and self.frozen(last))
