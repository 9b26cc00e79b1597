"""Login times, every minute of every weekday and around every change of the clocks from 2024 to 2030."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.staff.rules import DayTimes, day_times, refusal_at

DENVER = ZoneInfo("America/Denver")
MINUTES = [time(minute // 60, minute % 60) for minute in range(24 * 60)]
times_of_day = st.sampled_from(MINUTES)


@st.composite
def weeks(draw: st.DrawFn) -> list[DayTimes]:
    """Any week that may be kept, some weekdays left out."""
    found = []
    for day in draw(st.sets(st.integers(0, 6))):
        kind = draw(st.sampled_from(["hours", "none", "always"]))
        one, other = sorted([draw(times_of_day), draw(times_of_day)])
        until = time(0) if one == other else other
        found.append(day_times(day, kind, one, until))
    return found


def minute_of(at: time) -> int:
    return at.hour * 60 + at.minute


def open_minutes(week: list[DayTimes]) -> set[tuple[int, int]]:
    """The oracle: (weekday, minute) pairs that are open, spelled out one by one."""
    told = {day.weekday: day for day in week}
    found = set()
    for weekday in range(7):
        day = told.get(weekday, DayTimes(weekday, "always"))
        if day.kind == "always":
            found |= {(weekday, minute) for minute in range(24 * 60)}
        elif day.kind == "hours" and day.from_time is not None and day.until_time is not None:
            last = minute_of(day.until_time) or 24 * 60
            found |= {(weekday, minute) for minute in range(minute_of(day.from_time), last)}
    return found


@settings(derandomize=True, max_examples=15, deadline=None, database=None)
@given(week=weeks())
def test_every_minute_of_the_week_is_open_or_closed_as_written(week: list[DayTimes]) -> None:
    monday, wanted = datetime(2026, 11, 23, tzinfo=UTC), open_minutes(week)
    for number in range(7 * 24 * 60):
        local = monday + timedelta(minutes=number, seconds=59)
        is_open = refusal_at(week, local) is None
        assert is_open is ((local.weekday(), number % (24 * 60)) in wanted), local


def changes_of_the_clock() -> Iterator[date]:
    """The days in Denver from 2024 to 2030 that have 23 or 25 hours."""
    day = date(2024, 1, 1)
    while day.year <= 2030:
        start, end = (datetime.combine(one, time(), DENVER) for one in (day, day + timedelta(1)))
        if end.astimezone(UTC) - start.astimezone(UTC) != timedelta(hours=24):
            yield day
        day += timedelta(1)


CHANGES = list(changes_of_the_clock())


def test_there_are_two_changes_a_year() -> None:
    assert len(CHANGES) == 14


@pytest.mark.parametrize("day", CHANGES, ids=str)
def test_the_wall_clock_decides_when_the_clocks_change(day: date) -> None:
    week = [day_times(weekday, "hours", time(1, 30), time(3, 15)) for weekday in range(7)]
    instant = datetime.combine(day - timedelta(1), time(), DENVER).astimezone(UTC)
    open_of = dict.fromkeys((day - timedelta(1), day, day + timedelta(1)), 0)
    for _ in range(3 * 25 * 60):
        local = instant.astimezone(DENVER)
        expected = time(1, 30) <= local.time() < time(3, 15)
        assert (refusal_at(week, local) is None) is expected
        if expected and local.date() in open_of:
            open_of[local.date()] += 1
        instant += timedelta(minutes=1)
    ordinary, changed, after = open_of.values()
    assert (ordinary, after) == (105, 105)
    assert changed in {45, 135}  # 2:00 to 3:00 is left out in spring, 1:00 to 2:00 comes twice in autumn


@settings(derandomize=True, max_examples=200, deadline=None, database=None)
@given(one=times_of_day, other=times_of_day)
def test_hours_are_kept_only_when_they_end_after_they_begin_or_at_midnight(one: time, other: time) -> None:
    if other == time(0) or other > one:
        assert day_times(0, "hours", one, other) == DayTimes(0, "hours", one, other)
    else:
        with pytest.raises(BadInput, match="end before they begin"):
            day_times(0, "hours", one, other)
