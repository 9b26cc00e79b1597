"""What the overview answers: six charts, each as numbers, as a table and in one sentence. Frozen rows (CONTRACTS §2).

Amounts are cents, rates whole percent; None = nobody can say, which is not nought.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from core.overview.periods import Span
from core.overview.roll_ups import Progress


class Key(StrEnum):
    COLLECTED = "collected"
    ARREARS = "arrears"
    CARDS = "cards"
    DRAFTS = "drafts"
    USE = "use"
    SERVICE = "service"
    RECOVERED = "recovered"
    METHODS = "methods"


class Unit(StrEnum):
    CENTS = "cents"
    COUNT = "count"
    PERCENT = "percent"


class Head(NamedTuple):
    """A column of numbers. key: also what a click on it asks for."""

    key: str
    label: str
    unit: Unit


class Step(NamedTuple):
    """One point of a chart: its days, and a number for each head (None = nobody can say)."""

    span: Span
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """sentence: what it says, in words. compared: the period before, "" where there is none. note: what to know about
    its beginning or its definition. empty: said instead of the chart when there is nothing to draw."""

    key: Key
    title: str
    sentence: str
    compared: str
    note: str
    heads: tuple[Head, ...]
    steps: tuple[Step, ...]
    empty: tuple[str, str] | None = None

    def total(self, key: str) -> int:
        """The sum of a column; unknown counts as nothing."""
        place = [head.key for head in self.heads].index(key)
        return sum(step.values[place] or 0 for step in self.steps)


@dataclass(frozen=True, slots=True)
class Overview:
    """location None = all. today: local; as_of: aware UTC. compared_with None: the books do not reach that far back."""

    as_of: datetime
    today: date
    location: str | None
    location_name: str
    span: Span
    compared_with: Span | None
    progress: Progress
    charts: tuple[Chart, ...]

    def chart(self, key: Key) -> Chart:
        return next(chart for chart in self.charts if chart.key is key)
