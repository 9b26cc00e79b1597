"""The stretches of time an owner chooses, and what each is compared with."""

from datetime import date
from itertools import pairwise

import pytest

from core.overview.periods import Period, Span, before, span_of, step_word, steps
from core.overview.wording import rate_words

TODAY = date(2026, 11, 21)
SPANS = {
    Period.DAYS_30: ("2026-10-23", "2026-11-21", "2026-09-23", "2026-10-22"),
    Period.THIS_MONTH: ("2026-11-01", "2026-11-21", "2026-10-01", "2026-10-21"),
    Period.LAST_MONTH: ("2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30"),
    Period.QUARTER: ("2026-10-01", "2026-11-21", "2026-07-01", "2026-08-21"),
    Period.YEAR: ("2025-11-22", "2026-11-21", "2024-11-22", "2025-11-21"),
    Period.TWO_YEARS: ("2024-11-22", "2026-11-21", "2022-11-23", "2024-11-21"),
}


@pytest.mark.parametrize("period", list(SPANS))
def test_each_period_and_the_one_before(period: Period) -> None:
    span = span_of(period, TODAY)
    earlier = before(period, span)
    assert tuple(day.isoformat() for day in (*span, *earlier)) == SPANS[period]


def test_other_days_may_be_given_in_any_order_and_end_today() -> None:
    custom = Span(date(2027, 1, 5), date(2026, 11, 1))
    assert span_of(Period.CUSTOM, TODAY, custom) == Span(date(2026, 11, 1), TODAY)


@pytest.mark.parametrize("days", [1, 30, 100, 101, 365, 400, 401, 731])
def test_steps_cover_every_day_once(days: int) -> None:
    span = Span(date.fromordinal(TODAY.toordinal() - days + 1), TODAY)
    found = list(steps(span))
    assert sum(step.days for step in found) == days == span.days
    assert all(after.first.toordinal() - step.last.toordinal() == 1 for step, after in pairwise(found))
    assert len(found) <= 100, step_word(span)


def test_a_rate_is_100_only_when_all_of_it_came() -> None:
    assert (rate_words(9_999, 10_000), rate_words(10_000, 10_000), rate_words(5, 0)) == ("99%", "100%", "–")
