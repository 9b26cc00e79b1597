"""On which days a membership was drafted, also before its billing day or its interval was changed (DOMAIN §3, §5).

The EHR and the processor know the next draft only. What was due before follows from it, one interval after the other
backwards, while the payments we hold keep step with it; where the earlier ones keep step with another day or another
interval, the billing was changed, and they tell what it was.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise, takewhile
from typing import NamedTuple

from core.dates import ONE_DAY, month_on
from core.payments.allocation import EARLY_DAYS

LATE_DAYS = timedelta(days=5)  # a draft runs at most this long after its day
REACH_DAYS = timedelta(days=25)  # the first payment we hold belongs to a draft at most this long before it
_STEP = {"day": ONE_DAY, "week": timedelta(weeks=1)}
_SHORTEST_MONTH, _LONGEST_MONTH = timedelta(days=28), timedelta(days=31)
_SLACK = timedelta(days=4)


class Rhythm(NamedTuple):
    """Every so many days, weeks or months, in step with a day that is known. day: of the month, where it is months.

    An interval nobody can repeat (0, an unknown unit) has the known day only.
    """

    every: int
    unit: str
    known: date
    day: int = 0

    @property
    def shortest(self) -> timedelta:
        """The fewest days from one draft to the next."""
        return max(1, self.every) * _STEP.get(self.unit, _SHORTEST_MONTH)

    @property
    def longest(self) -> timedelta:
        return max(1, self.every) * _STEP.get(self.unit, _LONGEST_MONTH)

    @property
    def early(self) -> timedelta:
        """What runs at most this long before its day is meant for it."""
        return min(EARLY_DAYS, timedelta(days=(self.shortest.days - 1) // 2))

    @property
    def late(self) -> timedelta:
        return min(LATE_DAYS, self.shortest - self.early - ONE_DAY)

    @property
    def reach(self) -> timedelta:
        return min(REACH_DAYS, self.shortest - max(self.early, ONE_DAY))

    def moved_to(self, known: date) -> "Rhythm":
        return self._replace(known=known, day=known.day)

    def days(self, since: date, until: date) -> Iterator[date]:
        """Its days from `since` through `until`: the 31st falls on the 30th in June and returns to the 31st in July."""
        if self.every < 1 or (self.unit != "month" and self.unit not in _STEP):
            if since <= self.known <= until:
                yield self.known
            return
        count = self._count_before(since)
        on = self._nth(count)
        while on <= until:
            if on >= since:
                yield on
            count += 1
            on = self._nth(count)

    def _count_before(self, day: date) -> int:
        """How many intervals from the known day (below 0: back) to one at or before `day`."""
        if self.unit == "month":
            months = (day.year - self.known.year) * 12 + day.month - self.known.month
            return months // self.every - 1
        return (day - self.known) // (self.every * _STEP[self.unit])

    def _nth(self, count: int) -> date:
        if self.unit == "month":
            return month_on(self.known, count * self.every, self.day or None)
        return self.known + count * self.every * _STEP[self.unit]

    def holds(self, on: date) -> bool:
        """Whether a payment of that day is one of its drafts: a little early, or a few days late."""
        nearest = next(self.days(on - self.late, on + self.longest), None)
        return nearest is not None and nearest <= on + self.early


def monthly_day(anchor_day: int | None, known: date) -> int:
    """The day of the month that is meant: the anchor where the known day is that month's, else the known day's own."""
    anchored = anchor_day is not None and month_on(known, 0, anchor_day).day == known.day
    return anchor_day if anchored and anchor_day else known.day


def draft_days(rhythm: Rhythm, since: date, until: date, run_on: Sequence[date] = ()) -> list[date]:
    """Draft days from `since` through `until`.

    run_on: days of the payments and attempts, in time order. When the first two or more of them keep step with
    each other and not with the rhythm, the days before the move are theirs. An interval that a move made longer is
    one, not two: a former day less than an interval before the first new one is not due.
    """
    before = list(takewhile(lambda on: not rhythm.holds(on), run_on))
    moved = (rhythm.moved_to(on) for on in before)
    former = next((one for one in moved if all(one.holds(on) for on in before)), None)
    if former is None or len(before) < 2:
        return list(rhythm.days(since, until))
    if len(before) < len(run_on):
        after_move = run_on[len(before)] - rhythm.late
        first_new = next(rhythm.days(after_move, after_move + 2 * rhythm.longest))
    else:
        first_new = max(rhythm.known, before[-1])
    old = (
        on
        for on in former.days(before[0] - former.late, until)
        if on <= before[-1] + former.early or on + rhythm.shortest <= first_new
    )
    return [*takewhile(lambda on: on < first_new, old), *rhythm.days(first_new, until)]


def former_runs(rhythm: Rhythm, charges: Sequence[tuple[date, int]]) -> int:
    """How many of the first charges (day, cents) ran at another interval: three or more of one amount that lie equally
    far apart, and not as far as the rhythm's."""
    gaps = [after[0] - before[0] for before, after in pairwise(charges)]
    if len(gaps) < 2 or not gaps[0]:
        return 0
    slack = min(_SLACK, max(ONE_DAY, gaps[0] // 9))
    if rhythm.shortest - slack <= gaps[0] <= rhythm.longest + slack:
        return 0
    alike = 0
    for gap, (_, cents) in zip(gaps, charges[1:], strict=True):
        if abs(gap - gaps[0]) > slack or cents != charges[0][1]:
            break
        alike += 1
    return alike + 1 if alike >= 2 else 0
