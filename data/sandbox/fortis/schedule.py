"""When a recurring runs: every `interval` days, weeks or months from its start."""

import calendar
from datetime import date, timedelta
from typing import Any

Record = dict[str, Any]


def after(record: Record, run: date, steps: int = 1) -> date:
    """The run that follows `run` by `steps` intervals. A plan of the 31st runs on the last day of shorter months."""
    count = max(record["interval"], 1) * steps
    if record["interval_type"] != "m":
        return run + timedelta(days=count * (7 if record["interval_type"] == "w" else 1))
    start = date.fromisoformat(record["start_date"])
    anchor = start.day if run.day == _clipped(run.year, run.month, start.day).day else run.day
    months = run.year * 12 + run.month - 1 + count
    return _clipped(months // 12, months % 12 + 1, anchor)


def _clipped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def not_before(record: Record, run: date, today: date) -> date:
    """The first run on or after today."""
    while run < today:
        run = after(record, run)
    return run


def ends_before(record: Record, run: date) -> bool:
    return bool(record["end_date"]) and run > date.fromisoformat(record["end_date"])


def coming_runs(record: Record, *, count: int) -> list[date]:
    """The next runs of a recurring that is active, at most `count`."""
    if record["status"] != "active" or not record["next_run_date"]:
        return []
    runs = [date.fromisoformat(record["next_run_date"])]
    while len(runs) < count:
        runs.append(after(record, runs[-1]))
    return [run for run in runs if not ends_before(record, run)]
