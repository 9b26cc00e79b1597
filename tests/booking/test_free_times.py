"""Free times against a second reading that goes minute by minute over the wall: none is taken, and none is missing."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.booking.free_times import Busy, Offer, Stretch, free_times

MINUTE = timedelta(minutes=1)
# both changes of the clocks in zones that have them, a plain day, and zones that have none
DAYS = (
    (date(2026, 3, 8), "America/New_York"),
    (date(2026, 11, 1), "America/New_York"),
    (date(2026, 3, 8), "America/Los_Angeles"),
    (date(2026, 11, 1), "America/Anchorage"),
    (date(2026, 10, 4), "Australia/Lord_Howe"),
    (date(2026, 7, 15), "America/Chicago"),
    (date(2026, 3, 8), "America/Phoenix"),
    (date(2028, 2, 29), "Pacific/Honolulu"),
)
FIVES = st.integers(0, 287).map(lambda n: n * 5)


@lru_cache(maxsize=64)
def wall_minutes(day: date, zone: str) -> list[tuple[datetime, datetime]]:
    """Every minute of three days as (UTC, what the wall shows)."""
    first = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=1)
    there = ZoneInfo(zone)
    found = []
    for n in range(3 * 1440 + 60):
        at = first + n * MINUTE
        found.append((at, at.astimezone(there).replace(tzinfo=None)))
    return found


@lru_cache(maxsize=100_000)
def first_shown(day: date, minute: int, zone: str) -> datetime:
    """When the wall first shows this minute of the day, or a later one."""
    wanted = datetime.combine(day, datetime.min.time()) + minute * MINUTE
    return next(at for at, shown in wall_minutes(day, zone) if shown >= wanted)


def slow(
    day: date, offer: Offer, week: list[Stretch], busy: list[Busy], now: datetime, zone: str
) -> list[datetime]:
    """The same, minute by minute."""
    if day > now.astimezone(ZoneInfo(zone)).date() + timedelta(days=offer.days_ahead):
        return []
    here = [
        (first_shown(day, s.starts_minute, zone), first_shown(day, s.ends_minute, zone), s.is_break)
        for s in week
        if s.weekday == day.weekday()
    ]
    found = set()
    for opens, closes, is_break in here:
        at = opens
        while not is_break and at < closes:
            if at >= now + offer.notice_minutes * MINUTE and _all_free(
                at, offer, opens, closes, [each[:2] for each in here if each[2]], busy
            ):
                found.add(at)
            at += offer.step_minutes * MINUTE
    return sorted(found)


def _all_free(
    at: datetime,
    offer: Offer,
    opens: datetime,
    closes: datetime,
    breaks: list[tuple[datetime, datetime]],
    busy: list[Busy],
) -> bool:
    minute = at - offer.prep_minutes * MINUTE
    while minute < at + offer.minutes * MINUTE:
        if not opens <= minute < closes or any(a <= minute < b for a, b in breaks):
            return False
        now_on = [each for each in busy if each.starts_at <= minute < each.ends_at]
        if any(each.group != offer.group for each in now_on) or len(now_on) >= offer.capacity:
            return False
        minute += MINUTE
    return True


@st.composite
def cases(draw: st.DrawFn) -> tuple[date, Offer, list[Stretch], list[Busy], datetime, str]:
    day, zone = draw(st.sampled_from(DAYS))
    offer = Offer(
        minutes=draw(st.sampled_from((5, 15, 30, 45, 60, 90))),
        step_minutes=draw(st.sampled_from((5, 15, 20, 30, 60))),
        prep_minutes=draw(st.sampled_from((0, 0, 5, 15))),
        notice_minutes=draw(st.sampled_from((0, 60, 1440))),
        days_ahead=draw(st.sampled_from((0, 1, 30))),
        capacity=draw(st.integers(1, 3)),
        group=draw(st.sampled_from(("a", "b"))),
    )
    week = []
    for _ in range(draw(st.integers(0, 4))):
        start, end = sorted((draw(FIVES), draw(FIVES) + 5))
        if start < end:
            week.append(Stretch(day.weekday(), start, end, draw(st.sampled_from((False, False, True)))))
    midnight = first_shown(day, 0, zone)
    busy = []
    for _ in range(draw(st.integers(0, 6))):
        start = midnight + draw(st.integers(-60, 1500)) * MINUTE
        end = start + draw(st.integers(1, 120)) * MINUTE
        busy.append(Busy(start, end, draw(st.sampled_from(("a", "b", "")))))
    now = midnight + draw(st.integers(-2000, 1400)) * MINUTE
    return day, offer, week, busy, now, zone


def agrees(case: tuple[date, Offer, list[Stretch], list[Busy], datetime, str]) -> None:
    day, offer, week, busy, now, zone = case
    assert free_times(day, offer, week, busy, now=now, zone=zone) == slow(day, offer, week, busy, now, zone)


@given(cases())
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_offered_time_is_taken_and_no_free_time_is_missing(
    case: tuple[date, Offer, list[Stretch], list[Busy], datetime, str],
) -> None:
    agrees(case)


@pytest.mark.night
@given(cases())
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_ten_thousand_days_agree(
    case: tuple[date, Offer, list[Stretch], list[Busy], datetime, str],
) -> None:
    agrees(case)


def test_the_hour_that_is_skipped_has_no_times_and_the_hour_that_comes_twice_has_both() -> None:
    offer = Offer(30, 30, 0, 0, 365, 1, "a")
    week = [Stretch(6, 60, 240)]  # Sunday, 1:00 to 4:00

    def shown(day: date) -> list[str]:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        times = free_times(day, offer, week, [], now=now, zone="America/New_York")
        return [f"{at.astimezone(ZoneInfo('America/New_York')):%H:%M}" for at in times]

    assert shown(date(2026, 3, 8)) == ["01:00", "01:30", "03:00", "03:30"]
    assert shown(date(2026, 11, 1)) == [
        "01:00",
        "01:30",
        "01:00",
        "01:30",
        "02:00",
        "02:30",
        "03:00",
        "03:30",
    ]
