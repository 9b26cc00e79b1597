"""Cells of practice files as values, and the few words every part of the oracle needs. Nothing of core is used."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, str]


class Unsure:
    """Where DOMAIN.md does not decide: the value is left out of the comparison."""

    def __repr__(self) -> str:
        return "UNSURE"


UNSURE = Unsure()


def cents(text: str) -> int:
    """“149.00” → 14900, “-3.50” → -350; an empty cell is 0."""
    if not text:
        return 0
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return sign * (int(whole) * 100 + int((part + "00")[:2]))


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def number(text: str) -> int | None:
    return int(text) if text else None


def yes(text: str) -> bool:
    return text in ("true", "yes", "1")


def month_end(day_in_it: date) -> date:
    following = date(day_in_it.year + day_in_it.month // 12, day_in_it.month % 12 + 1, 1)
    return following - timedelta(days=1)


def months_later(start: date, count: int, wanted_day: int) -> date:
    """The day `wanted_day` of the month `count` months after `start`'s, or that month's last."""
    months = start.year * 12 + start.month - 1 + count
    first = date(months // 12, months % 12 + 1, 1)
    return first.replace(day=min(wanted_day, month_end(first).day))


def run_day(start: date, count: int, every: int, unit: str, wanted_day: int) -> date:
    """The day of the draft so many drafts after (below 0: before) the one of `start`."""
    if unit == "month":
        return months_later(start, count * every, wanted_day)
    return start + timedelta(days=count * every * (7 if unit == "week" else 1))


class Clinic:
    """The rows of one location's practice files, with the instant the questions are asked at."""

    def __init__(self, files: dict[str, list[Row]], as_of: datetime) -> None:
        self.files = files
        self.zone = ZoneInfo(files["locations"][0]["time_zone"])
        self.as_of = as_of
        self.today = as_of.astimezone(self.zone).date()
        self.grouped: dict[tuple[str, str], dict[str, list[Row]]] = {}

    def rows(self, file: str, **wanted: str) -> list[Row]:
        """The rows of a file whose cells are those wanted, in file order."""
        name, cell = next(iter(wanted.items()))
        if (file, name) not in self.grouped:  # only so that a second question is faster
            groups: dict[str, list[Row]] = {}
            for row in self.files[file]:
                groups.setdefault(row[name], []).append(row)
            self.grouped[file, name] = groups
        same = self.grouped[file, name].get(cell, [])
        return [row for row in same if all(row[other] == text for other, text in wanted.items())]

    def one(self, file: str, **wanted: str) -> Row | None:
        found = self.rows(file, **wanted)
        return found[0] if found else None

    def instant(self, text: str) -> datetime:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.zone)
        return moment.astimezone(UTC)

    def local_day(self, text: str) -> date:
        return self.instant(text).astimezone(self.zone).date()

    def shown(self, instant: datetime | None) -> str | None:
        """As reports write an instant: ISO 8601, in the location's zone."""
        return instant.astimezone(self.zone).isoformat(timespec="seconds") if instant else None

    def starts(self, visit: Row) -> datetime:
        return self.instant(visit["starts_at"])

    def is_open(self, visit: Row) -> bool:
        """Scheduled, confirmed, arrived; not presumed missed (§0)."""
        if visit["status"] == "arrived":
            return True
        waiting = self.starts(visit) + timedelta(minutes=30) >= self.as_of
        return visit["status"] in ("scheduled", "confirmed") and waiting

    def midnight(self, local: date) -> datetime:
        return datetime.combine(local, time.min, self.zone).astimezone(UTC)


def add(*values: Any) -> Any:
    """A sum that is unsure when one of its parts is."""
    return UNSURE if any(value is UNSURE for value in values) else sum(values)
