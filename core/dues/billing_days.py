"""On which days a membership was drafted, also before its billing day was moved (DOMAIN §3, §5).

The EHR and the processor know the next draft only. What was due before follows from it while the payments we hold keep
step with it; where the earlier ones keep step with another day, the billing day was moved, and they tell what it was.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import takewhile

from core.dates import month_on
from core.payments.allocation import EARLY_DAYS

LATE_DAYS = timedelta(days=5)  # a draft runs at most this long after its day
SHORTEST_MONTH = timedelta(days=28)


def draft_days(
    anchor_day: int | None, known_draft: date, since: date, until: date, payments_on: Sequence[date] = ()
) -> list[date]:
    """Monthly draft days from `since` through `until`, in step with a draft day we know.

    payments_on: days of the payments and attempts, in time order. When the first two or more of them keep step with
    each other and not with the known draft, the days before the move are theirs. A month that a move made longer is
    one month, not two: a former day less than a month before the first new one is not due.
    """
    anchored = anchor_day is not None and month_on(known_draft, 0, anchor_day).day == known_draft.day
    day = anchor_day if anchored and anchor_day else known_draft.day
    before = list(takewhile(lambda on: not _in_step(on, day), payments_on))
    former = next((on.day for on in before if all(_in_step(other, on.day) for other in before)), None)
    if former is None or len(before) < 2:
        return list(_monthly(day, since, until))
    if len(before) < len(payments_on):
        first_new = next(_monthly(day, payments_on[len(before)] - LATE_DAYS, date.max))
    else:
        first_new = max(known_draft, before[-1])
    old = (
        on
        for on in _monthly(former, before[0] - LATE_DAYS, until)
        if on <= before[-1] + EARLY_DAYS or on + SHORTEST_MONTH <= first_new
    )
    return [*takewhile(lambda on: on < first_new, old), *_monthly(day, first_new, until)]


def _in_step(on: date, day: int) -> bool:
    """Whether a payment of that day is the draft of billing day `day`: a little early, or a few days late."""
    return next(_monthly(day, on - LATE_DAYS, date.max)) <= on + EARLY_DAYS


def _monthly(day: int, since: date, until: date) -> Iterator[date]:
    """Billing days from `since` through `until`: the 31st falls on the 30th in June and returns to the 31st in July."""
    months, on = 0, month_on(since, 0, day)
    while on <= until:
        if on >= since:
            yield on
        months += 1
        on = month_on(since, months, day)
