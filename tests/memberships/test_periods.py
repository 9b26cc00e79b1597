"""Billing periods: months, anchors, ends of February."""

from datetime import date

import pytest

from core.memberships.periods import Period
from core.memberships.terms import period_of, periods
from tests.memberships.wellness import MEMBER, PLAN

ANCHOR = PLAN._replace(period="anchor")


def anchored(anchor: int | None, day: date) -> Period | None:
    return period_of(MEMBER._replace(anchor_day=anchor, start_date=date(2026, 1, 15)), ANCHOR, day)


def test_a_calendar_month_ignores_the_anchor():
    member = MEMBER._replace(anchor_day=15)
    assert period_of(member, PLAN, date(2026, 11, 21)) == Period(date(2026, 11, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("day", "start", "next_start"),
    [
        ("2026-02-27", "2026-01-31", "2026-02-28"),
        ("2026-02-28", "2026-02-28", "2026-03-31"),
        ("2026-03-30", "2026-02-28", "2026-03-31"),
        ("2026-04-30", "2026-04-30", "2026-05-31"),
        ("2028-02-29", "2028-02-29", "2028-03-31"),
        ("2026-12-31", "2026-12-31", "2027-01-31"),
        ("2027-01-01", "2026-12-31", "2027-01-31"),
    ],
)
def test_the_31st_clamps_to_the_month_end_and_returns(day: str, start: str, next_start: str):
    expected = Period(date.fromisoformat(start), date.fromisoformat(next_start))
    assert anchored(31, date.fromisoformat(day)) == expected


def test_without_an_anchor_day_the_start_day_is_the_anchor():
    assert anchored(None, date(2026, 11, 21)) == Period(date(2026, 11, 15), date(2026, 12, 15))


@pytest.mark.parametrize("anchor", [0, 32, -1])
def test_an_anchor_no_month_has_gives_no_period(anchor: int):
    assert anchored(anchor, date(2026, 11, 21)) is None


def test_periods_run_from_today_through_the_last_booking():
    found = periods(MEMBER, PLAN, date(2026, 11, 21), date(2027, 1, 4))
    assert [period.start for period in found] == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]
    assert found[1].last_day == date(2026, 12, 31)
