"""Whether a wall-clock time is within a person's login times, and how one says that it is not. Pure."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import NamedTuple

from core.errors import BadInput
from core.staff.models import Access

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MIDNIGHT = time(0)


class DayTimes(NamedTuple):
    """One weekday (0 = Monday). from_time, until_time: local; until 00:00 = the midnight that ends the day."""

    weekday: int
    kind: str = Access.ALWAYS
    from_time: time | None = None
    until_time: time | None = None


def day_times(
    weekday: int, kind: str, from_time: time | None = None, until_time: time | None = None
) -> DayTimes:
    """A weekday's times as they may be kept. Raises BadInput: no such day or kind, no times, the end before the start.

    Hours that run past midnight are refused: they are two days' hours.
    """
    if weekday not in range(7):
        raise BadInput("A weekday is 0 for Monday to 6 for Sunday.")
    if kind not in set(Access):
        raise BadInput(f"Login times are one of: {', '.join(Access)}.")
    if kind != Access.HOURS:
        return DayTimes(weekday, kind)
    if from_time is None or until_time is None:
        raise BadInput(f"Say from when until when on {WEEKDAYS[weekday]}s.")
    if until_time not in {MIDNIGHT} and until_time <= from_time:
        raise BadInput(
            f"On {WEEKDAYS[weekday]}s the hours end before they begin. "
            "Hours cannot run past midnight: end them at 12:00 am, or choose 24 hours."
        )
    return DayTimes(weekday, kind, from_time.replace(tzinfo=None), until_time.replace(tzinfo=None))


def refusal_at(times: Iterable[DayTimes], local: datetime) -> str | None:
    """Why these times keep a person out at this local time; None when they do not. A day without times is open."""
    today = next((each for each in times if each.weekday == local.weekday()), None)
    if today is None or today.kind == Access.ALWAYS:
        return None
    on = f"on {WEEKDAYS[local.weekday()]}s"
    if today.kind == Access.NONE or today.from_time is None or today.until_time is None:
        return f"You have no access {on}. Ask the owner."
    hours = f"{said(today.from_time)} to {said(today.until_time)}"
    wall = local.time()
    if wall < today.from_time:
        return f"Your login hours {on} have not begun ({hours}). Ask the owner."
    if today.until_time != MIDNIGHT and wall >= today.until_time:
        return f"Your login hours {on} have ended ({hours}). Ask the owner."
    return None


def said(at: time) -> str:
    """`8:00 am`, `12:00 am` for midnight."""
    return f"{at.hour % 12 or 12}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"
