"""What the changes of a practice are made with."""

from datetime import date, timedelta
from random import Random

from data.sandbox.practice.columns import COLUMNS
from tests.oracle.reading import Row


def some(rows: list[Row], rng: Random, share: float) -> list[Row]:
    return [row for row in rows if rng.random() < share]


def moved(text: str, rng: Random, days: int) -> str:
    return (date.fromisoformat(text) + timedelta(days=rng.randint(-days, days))).isoformat()


def dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def new(file: str, **cells: str) -> Row:
    return {**dict.fromkeys(COLUMNS[file], ""), **cells}
