"""Local calendar dates: month ends that clamp and return, business days, and how a date is said at the desk."""

from calendar import monthrange
from datetime import date, datetime, timedelta

ONE_DAY = timedelta(days=1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NEAR_DAYS = 180  # within half a year nobody needs the year said
_SATURDAY = 5


def month_on(start: date, months: int, day: int | None = None) -> date:
    """`start` moved by whole months, on `day` (default its own): the 31st is the 30th in June and the 31st in July."""
    place = start.year * 12 + start.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day or start.day, monthrange(year, month)[1]))


def next_business_day(day: date) -> date:
    """The first Monday-to-Friday day after `day`."""
    following = day + ONE_DAY
    while following.weekday() >= _SATURDAY:
        following += ONE_DAY
    return following


def clock_words(moment: datetime) -> str:
    """`9:05 am`, of a moment on the wall."""
    return f"{moment.hour % 12 or 12}:{moment:%M} {'am' if moment.hour < 12 else 'pm'}"


def short_day(day: date, today: date) -> str:
    """`Dec 3`; with its year when it is more than half a year away: `Dec 3, 2024`."""
    words = f"{_MONTHS[day.month - 1]} {day.day}"
    return words if abs((day - today).days) <= _NEAR_DAYS else f"{words}, {day.year}"
