"""The stretches of time an owner looks at, what came before each, and how finely a chart draws them. Pure."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.dates import ONE_DAY, month_on

BY_DAY, BY_WEEK = 100, 400  # a chart of up to so many days draws each day, each week; above, each month
MONTHS_IN_QUARTER = 3


class Period(StrEnum):
    DAYS_30 = "30 days"
    THIS_MONTH = "this month"
    LAST_MONTH = "last month"
    QUARTER = "quarter"
    YEAR = "year"
    TWO_YEARS = "two years"
    CUSTOM = "custom"


class Span(NamedTuple):
    """Local days, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def span_of(period: Period, today: date, custom: Span | None = None) -> Span:
    """The days of a period as of `today`. Months, quarter and years end today; a quarter is the calendar's."""
    month = today.replace(day=1)
    if period is Period.CUSTOM and custom is not None:
        first, last = sorted(custom)
        return Span(min(first, today), min(last, today))
    if period is Period.THIS_MONTH:
        return Span(month, today)
    if period is Period.LAST_MONTH:
        return Span(month_on(month, -1), month - ONE_DAY)
    if period is Period.QUARTER:
        return Span(month_on(month, -((month.month - 1) % MONTHS_IN_QUARTER)), today)
    if period is Period.YEAR:
        return Span(month_on(today, -12) + ONE_DAY, today)
    if period is Period.TWO_YEARS:
        return Span(month_on(today, -24) + ONE_DAY, today)
    return Span(today - timedelta(days=29), today)


def before(period: Period, span: Span) -> Span:
    """What a period is compared with: the same days of the month or quarter before, else as many days just before."""
    if period is Period.LAST_MONTH:
        return Span(month_on(span.first, -1), span.first - ONE_DAY)
    months = {Period.THIS_MONTH: 1, Period.QUARTER: MONTHS_IN_QUARTER, Period.YEAR: 12}.get(period)
    if months is None:
        return Span(span.first - timedelta(days=span.days), span.first - ONE_DAY)
    first = month_on(span.first, -months)
    return Span(first, min(month_on(span.last, -months), span.first - ONE_DAY))


def steps(span: Span) -> Iterator[Span]:
    """The span in days, in weeks from Monday on, or in months, so that a chart stays readable; none beyond the span."""
    start = span.first
    while start <= span.last:
        if span.days <= BY_DAY:
            end = start
        elif span.days <= BY_WEEK:
            end = start + timedelta(days=6 - start.weekday())
        else:
            end = month_on(start.replace(day=1), 1) - ONE_DAY
        yield Span(start, min(end, span.last))
        start = end + ONE_DAY


def step_word(span: Span) -> str:
    """`day`, `week` or `month`."""
    return "day" if span.days <= BY_DAY else "week" if span.days <= BY_WEEK else "month"
