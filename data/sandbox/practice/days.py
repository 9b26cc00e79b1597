"""Calendar arithmetic of a practice: months that clamp, weekdays, and the processor's epoch seconds."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

text = lru_cache(maxsize=4096)(date.isoformat)
"""`2026-11-23`, cached: a big practice writes the same thousand dates a million times."""


def add_months(day: date, months: int, anchor: int | None = None) -> date:
    """The same day of another month; `anchor` (default the day itself) clamps to the month's end and returns."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor or day.day, monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def period_around(day: date, anchor: int) -> tuple[date, date]:
    """First day of the billing period that holds `day`, and first day of the next one (DOMAIN §5)."""
    start = add_months(day, 0, anchor)
    if start > day:
        start = add_months(day, -1, anchor)
    return start, add_months(start, 1, anchor)


def is_weekday(day: date) -> bool:
    return day.weekday() < 5


def to_weekday(day: date, step: int = 1) -> date:
    """The day itself, or the nearest weekday in the direction of `step` (1 or -1)."""
    while day.weekday() >= 5:
        day += timedelta(days=step)
    return day


@lru_cache(maxsize=8192)
def _offset_seconds(day: date, zone: str) -> int:
    offset = datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def epoch(day: date, zone: str, hour: int, minute: int = 0) -> int:
    """Epoch seconds of a wall-clock time from 3:00 on (after any clock change) in an IANA zone."""
    return (day.toordinal() - 719163) * 86400 + hour * 3600 + minute * 60 - _offset_seconds(day, zone)
