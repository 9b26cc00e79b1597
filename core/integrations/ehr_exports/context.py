"""What one table of an export is read with: its header, what is decided for whole columns (day or month first, comma or
point), and of the run its clock, its zone and the answers people gave."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from core.integrations.ehr_exports.answers import Answers
from core.integrations.ehr_exports.profile import Table
from core.integrations.ehr_exports.sheets import Line, Sheet
from core.integrations.ehr_exports.spellings import Order, bare, has_comma_cents, numeric_parts
from core.integrations.practice_files.ends import is_footer
from core.integrations.practice_files.records import FOOTER, HEADER_AGAIN

_FEW = 3  # filled cells: a total has hardly more


@lru_cache(maxsize=20_000)
def plain(name: str) -> str:
    """A column's name as names are compared: no case, spaces, punctuation; `Paid?` is not `Paid`, `Invoice #` is not `Invoice`."""
    return re.sub(r"[^0-9a-z#?\u0080-\uffff]+", "", name.casefold())


@dataclass(slots=True)
class Setting:
    """The run. as_of: aware. zone: IANA, "" when nobody knows. names: folded names of patients known already.
    places: locations the store knows, folded name → id."""

    as_of: datetime
    answers: Answers
    zone: str = ""
    zone_from: str = ""
    names: set[str] = field(default_factory=set)
    places: dict[str, str] = field(default_factory=dict)


class Opened(NamedTuple):
    """One sheet taken for one table. header: the line of the names. width: cells of a whole row."""

    number: int
    sheet: Sheet
    table: Table
    header: int
    names: list[str]

    @property
    def places(self) -> dict[str, int]:
        """Where each column is; of two with one name the first."""
        found: dict[str, int] = {}
        for index, name in enumerate(self.names):
            found.setdefault(plain(name), index)
        return found

    def lines(self) -> Iterator[Line]:
        """The rows below the header, each as wide as it. Empty lines are no rows; one too wide has a fault; a total, a
        footer and the header once more are told apart."""
        width = len(self.names)
        header = [plain(name) for name in self.names]
        for line in self.sheet.lines():
            if line.number <= self.header or not any(line.cells):
                continue
            cells = [bare(cell) for cell in line.cells]
            if line.fault:
                yield Line(line.number, cells, line.fault)
            elif sum(map(bool, cells)) <= _FEW and is_footer(cells):
                yield Line(line.number, cells, aside=FOOTER)
            elif plain(cells[0]) == header[0] and [plain(cell) for cell in cells[:width]] == header:
                yield Line(line.number, cells, aside=HEADER_AGAIN)
            elif any(cells[width:]):
                yield Line(line.number, cells, f"has {len(cells)} cells where the header has {width}")
            else:
                yield Line(line.number, cells[:width] + [""] * (width - len(cells)))


class Columns(NamedTuple):
    """What whole columns tell, by place. orders: day or month first. commas: places of amounts with decimal commas."""

    orders: dict[int, Order]
    commas: frozenset[int]
    contradicting: frozenset[int]


def columns_of(opened: Opened) -> Columns:
    """Read a table once for what no single cell tells: a value over 12 settles its whole column."""
    day_first: set[int] = set()
    month_first: set[int] = set()
    commas: set[int] = set()
    for line in opened.lines():
        for place, cell in enumerate(line.cells if line.is_row else ()):
            if not cell or not cell[0].isdigit():
                if cell and has_comma_cents(cell):
                    commas.add(place)
                continue
            if parts := numeric_parts(cell):
                if min(parts) > 12:
                    continue  # a typing error settles nothing
                if parts[0] > 12:
                    day_first.add(place)
                elif parts[1] > 12:
                    month_first.add(place)
            elif "," in cell and has_comma_cents(cell):
                commas.add(place)
    both = day_first & month_first
    orders = dict.fromkeys(day_first - both, Order.DAY) | dict.fromkeys(month_first - both, Order.MONTH)
    return Columns(orders, frozenset(commas), frozenset(both))


def together(found: Sequence[tuple[Opened, Columns]]) -> list[tuple[Opened, Columns]]:
    """The batches of a table are one: what a column shows in one of them holds for the same column of the others."""
    shown: dict[tuple[str, str], set[Order]] = {}
    commas: set[tuple[str, str]] = set()
    for opened, columns in found:
        for at, order in columns.orders.items():
            shown.setdefault(_place(opened, at), set()).add(order)
        commas |= {_place(opened, at) for at in columns.commas}
    merged: list[tuple[Opened, Columns]] = []
    for opened, columns in found:
        orders: dict[int, Order] = {}
        both = set(columns.contradicting)
        for at in range(len(opened.names)):
            seen = shown.get(_place(opened, at), set())
            if len(seen) > 1:
                both.add(at)
            elif seen and at not in both:
                orders[at] = next(iter(seen))
        points = frozenset(at for at in range(len(opened.names)) if _place(opened, at) in commas)
        merged.append((opened, Columns(orders, points, frozenset(both))))
    return merged


def _place(opened: Opened, at: int) -> tuple[str, str]:
    return opened.table.table, plain(opened.names[at]) if at < len(opened.names) else ""
