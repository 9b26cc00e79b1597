"""One sheet being read for one table of a profile: its columns by place, rows with what they are joined to, and the
readers of single columns in every spelling."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from core.integrations.ehr_exports import spellings as s
from core.integrations.ehr_exports.answers import chosen
from core.integrations.ehr_exports.context import Columns, Opened, Setting, plain
from core.integrations.ehr_exports.profile import Cell, Profile
from core.integrations.ehr_exports.spellings import Order, Unreadable
from core.integrations.ehr_exports.targets import Spelling
from core.money import decimal_text

ORDERS = {
    Order.DAY: ["dmy", "dd/mm/yyyy", "day", "european"],
    Order.MONTH: ["mdy", "mm/dd/yyyy", "month", "us"],
}


class RowAt:
    """One row of a sheet. memo: lets and joins, each worked out once. blanks: cells met that only say “n/a”."""

    __slots__ = ("bench", "blanks", "cells", "memo", "number")

    def __init__(self, bench: "Bench", number: int, cells: list[str]) -> None:
        self.bench, self.number, self.cells = bench, number, cells
        self.memo: dict[str, Any] = {}
        self.blanks = 0


Text = Callable[[RowAt], str]


class Bench:
    """See above. used: places of columns that the profile reads, in order. partners: joined rows by join, filled in
    by whoever reads the whole export. counts: how often each digest was made, over all sheets of the table."""

    def __init__(
        self,
        profile: Profile,
        opened: Opened,
        columns: Columns,
        setting: Setting,
        fallback: Order | None = None,
        counts: dict[str, int] | None = None,
    ) -> None:
        self.profile, self.opened, self.columns, self.setting = profile, opened, columns, setting
        self.places = opened.places
        self.used: dict[int, None] = {}
        self.partners: dict[str, Callable[[RowAt], RowAt | None]] = {}
        self.cache: dict[str, Any] = {}
        self.fallback = fallback
        self.counts: dict[str, int] = {} if counts is None else counts
        self.as_of = setting.as_of

    def place(self, names: Any) -> int | None:
        """Where the first of these columns is; None when the sheet has none of them."""
        for name in [names] if isinstance(names, str) else names:
            if (found := self.places.get(plain(name))) is not None:
                self.used.setdefault(found)
                return found
        return None

    def name(self, place: int) -> str:
        return self.opened.names[place]

    def text(self, names: Any) -> Text:
        """The cell of a column as it stands, "" where the sheet has no such column."""
        at = self.place(names)
        return (lambda _row: "") if at is None else lambda row: row.cells[at]

    def order_of(self, at: int) -> Order | None:
        """Day or month first in a column: its own values, else what a person said, else the other columns."""
        said = self.setting.answers.get(f"{self.name(at)} order", "dates", "date_order")
        if (own := self.columns.orders.get(at)) is not None:
            return own
        if said:
            return Order(chosen("dates", said, {str(k): v for k, v in ORDERS.items()}))
        return None if at in self.columns.contradicting else self.fallback

    def local(self, moment: datetime) -> datetime:
        """With its offset. Raises Unreadable when it has none and the zone is not known."""
        if moment.tzinfo is None and not self.setting.zone:
            raise Unreadable("whose wall clock it is cannot be told", ask="time_zone")
        return s.in_zone(moment, self.setting.zone) if moment.tzinfo is None else moment

    def moment_reader(self, at: int) -> Callable[[str], datetime]:
        order, utc = self.order_of(at), plain(self.name(at)).endswith("utc")

        @lru_cache(maxsize=20_000)
        def read(cell: str) -> datetime:
            found = s.moment(cell, order=order)
            return s.in_zone(found, "UTC") if utc else found

        return read

    def day_reader(self, at: int, *, birth: bool = False) -> Callable[[str], str]:
        order = self.order_of(at)
        latest = self.setting.as_of.year if birth else None
        moment = self.moment_reader(at)

        @lru_cache(maxsize=20_000)
        def read(cell: str) -> str:
            try:
                return s.day(cell, order=order, latest_year=latest).isoformat()
            except Unreadable as no_day:
                if birth or no_day.ask or ":" not in cell:
                    raise
                found = moment(cell)
            if found.tzinfo is not None and self.setting.zone:
                found = found.astimezone(ZoneInfo(self.setting.zone))
            return found.date().isoformat()

        return read

    def reader(self, at: int, spelling: Spelling | None, target: str = "") -> Callable[[str], str]:
        """How a column's cells are read into our spelling. Given text that is not empty."""
        if spelling is Spelling.DATE:
            return self.day_reader(at, birth=target == "birth_date")
        if spelling is Spelling.MOMENT:
            read = self.moment_reader(at)
            return lambda cell: read(cell).isoformat()
        if spelling is Spelling.MONEY:
            comma = at in self.columns.commas
            return lambda cell: decimal_text(s.money(cell, comma=comma))
        return _PLAIN.get(spelling, _as_it_is)

    def ends(self, at: Callable[[RowAt], str], names: Any) -> Callable[[RowAt], datetime | None]:
        """The instant a cell tells, None for an empty one."""
        place = self.place(names)
        if place is None:
            return lambda _row: None
        read = self.moment_reader(place)

        def when(row: RowAt) -> datetime | None:
            return self.local(read(cell)) if (cell := at(row)) else None

        return when


def _as_it_is(cell: str) -> str:
    return cell


def _yes_no(cell: str) -> str:
    return "true" if s.yes_no(cell) else "false"


_PLAIN: dict[Spelling | None, Callable[[str], str]] = {
    Spelling.ID: s.identifier,
    Spelling.YES_NO: _yes_no,
    Spelling.WHOLE: lambda cell: str(s.whole(cell)),
    Spelling.NAME: s.name,
    Spelling.ZONE: s.zone,
}


def end_of_day(day: str, zone: str) -> datetime:
    """The last instant of a local day, for exports that say in their name when they were made."""
    local = datetime.combine(datetime.fromisoformat(day), time(), ZoneInfo(zone or "UTC"))
    return local + timedelta(days=1) - timedelta(seconds=1)


def source_of(bench: Bench, cell: Cell) -> str:
    """The name of the column that a cell mainly comes from, in their words; "" for none. Used to say what is at fault."""
    if isinstance(cell, str) and cell.startswith("$"):
        return source_of(bench, bench.opened.table.let[cell[1:]])
    if isinstance(cell, str | list) and (
        isinstance(cell, str) or all(isinstance(each, str) for each in cell)
    ):
        at = bench.place(cell)
        return bench.name(at) if at is not None else (cell if isinstance(cell, str) else cell[0])
    inner = cell if isinstance(cell, list) else [
        each for name in ("of", "phone", "join", "minutes", "between", "sum", "moment", "then", "first", "cell") if name in cell
        for each in (cell[name] if isinstance(cell[name], list) else [cell[name]])
    ]  # fmt: skip
    found = (source_of(bench, each) for each in inner if each != "" and not _is_join(cell))
    return next((each for each in found if each), "")


def _is_join(cell: Cell) -> bool:
    return isinstance(cell, dict) and "at" in cell


def partner_of(row: RowAt, name: str) -> RowAt | None:
    """The row another one is joined to. Raises Unreadable when there must be one, or several might be meant."""
    key = f"at {name}"
    if key not in row.memo:
        find = row.bench.partners.get(name)
        row.memo[key] = find(row) if find else None
    if row.memo[key] is None and (must := row.bench.opened.table.joins[name].must):
        raise Unreadable(must, column=row.bench.opened.table.joins[name].on[0][0])
    return row.memo[key]
