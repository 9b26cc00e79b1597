"""The days on which everything must work as it does today: `pytest --day leap-day`, or `--day any` for one of them.

A name of DAYS, or an instant such as 2027-03-14T03:10-05:00. The clock of this process and of every process it starts
is moved by tests/moved/sitecustomize.py, for the moved time goes on as time does.
"""

import calendar
import os
import random
import runpy
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

AHEAD = "HUDDLE_TEST_AHEAD"
PATCH = Path(__file__).parent / "moved"
ZONE = ZoneInfo("America/Chicago")  # where the generated practice is
_SUNDAY = 6


def _next(today: date, day_of_year: Callable[[int], date | None]) -> date:
    """The first of these days that is still to come."""
    found = (day_of_year(year) for year in range(today.year, today.year + 9))
    return next(day for day in found if day and day > today)


def _sunday(year: int, month: int, number: int) -> date:
    days = calendar.Calendar().itermonthdates(year, month)
    return [day for day in days if day.month == month and day.weekday() == _SUNDAY][number - 1]


def _at(day: date, hour: int, minute: int = 0, *, second_time: bool = False) -> datetime:
    return datetime.combine(day, time(hour, minute, fold=int(second_time)), ZONE).astimezone(UTC)


DAYS: dict[str, Callable[[date], datetime]] = {
    "tomorrow": lambda today: _at(today + timedelta(days=1), 12),
    "in-90-days": lambda today: _at(today + timedelta(days=90), 12),
    "leap-day": lambda today: _at(
        _next(today, lambda year: date(year, 2, 29) if calendar.isleap(year) else None), 12
    ),
    # two o'clock is three o'clock
    "spring-forward": lambda today: _at(_next(today, lambda year: _sunday(year, 3, 2)), 3, 10),
    # half past one for the second time
    "fall-back": lambda today: _at(_next(today, lambda year: _sunday(year, 11, 1)), 1, 30, second_time=True),
    "new-year": lambda today: _at(_next(today, lambda year: date(year, 12, 31)), 23, 30),
}


def instant(asked: str) -> datetime:
    """What `--day` asks for, aware UTC. Raises ValueError for what is neither a name nor an instant with its offset."""
    today = datetime.now(ZONE).date()
    if asked == "any":
        asked = random.choice(list(DAYS))  # noqa: S311
    if asked in DAYS:
        return DAYS[asked](today)
    found = datetime.fromisoformat(asked)
    if found.tzinfo is None:
        raise ValueError(f"{asked} has no offset")
    return found.astimezone(UTC)


def move_clock(asked: str) -> None:
    """This process and all that it starts live at that time from here on."""
    ahead = (instant(asked) - datetime.now(UTC)).total_seconds()
    os.environ[AHEAD] = str(ahead)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PATCH), os.environ.get("PYTHONPATH")]))
    runpy.run_path(str(PATCH / "sitecustomize.py"))
