"""Rows of cells to records ready to be stored, or rejected rows that say why."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from core.integrations.practice_files.cells import BadCell, Noted
from core.integrations.practice_files.columns import PracticeFile, Values
from core.integrations.practice_files.layout import Layout, layout_of, opened
from core.integrations.practice_files.rows import LONGEST_CELL, Row, rows
from core.integrations.records import Rejected
from core.secrets import mask_card_numbers


class Parsed(NamedTuple):
    """A row that can be used. values: by target, `external_id` among them; ids of other files are still their text.

    notes: (column, what is worth telling).
    """

    line: int
    external_id: str
    values: Values
    cells: list[str]
    places: Mapping[str, int]
    notes: tuple[tuple[str, str], ...] = ()

    def absent(self, file: PracticeFile) -> frozenset[str]:
        """Targets of the columns that the row did not have: what the store holds of them stays."""
        return absent(file, self.places)

    def rejected(self, column: str, reason: str) -> Rejected:
        """The same row, turned away for what only the store can know. reason follows the column's name."""
        return _turned_away(self.external_id, self.line, column, reason, raw_of(self.places, self.cells))


class Repeated(NamedTuple):
    """A row whose key stands on a later line too. The later line counts."""

    line: int
    external_id: str
    by_line: int


class OpenFile:
    """One practice file, looked at and ready to be read. Raises BadInput on opening when it is no file of its kind.

    unknown: header names we do not know. absent: targets of columns the file does not have: what is held of them
    stays as it is. blank: empty rows met so far; they are no rows.
    """

    def __init__(self, path: Path, file: PracticeFile) -> None:
        self.path = path
        self.file = file
        self.layout: Layout = layout_of(path, file)
        self.blank = 0

    @property
    def unknown(self) -> tuple[str, ...]:
        return self.layout.unknown

    @property
    def absent(self) -> frozenset[str]:
        return absent(self.file, self.layout.places)

    def records(self) -> Iterator[Parsed | Rejected | Repeated]:
        """Every row of the file, in order, as one of three."""
        layout, key = self.layout, self.layout.places[self.file.columns[0].name]
        parse = RowParser(self.file, layout.places)
        with opened(self.path, layout.encoding) as lines:
            for row in rows(lines, layout.delimiter, layout.width):
                if row.line <= layout.header_line:
                    continue
                if row.fault:
                    yield _rejected(self.file, layout.places, row)
                elif not any(row.cells):
                    self.blank += 1
                elif (by := layout.repeated.get(row.cells[key].strip(), row.line)) != row.line:
                    yield Repeated(row.line, row.cells[key].strip(), by)
                else:
                    yield parse(row.line, row.cells)


_PLACED = ("patients", "appointments")


def absent(file: PracticeFile, given: Mapping[str, Any]) -> frozenset[str]:
    """Targets of the columns that are not among `given`. The place of a patient and of a visit is worked out in any case."""
    missing = {column.target for column in file.columns if column.name not in given}
    return frozenset(missing - {"location_id"} if file.name in _PLACED else missing)


def parse_raw(file: PracticeFile, line: int | None, raw: Mapping[str, str]) -> Parsed | Rejected:
    """Parse a row that was kept in quarantine, as `raw_of` wrote it."""
    names = [column.name for column in file.columns if column.name in raw]
    parse = RowParser(file, {name: index for index, name in enumerate(names)})
    return parse(line or 0, [raw[name] for name in names])


class RowParser:
    """parse(line, cells) for one file and one order of columns."""

    def __init__(self, file: PracticeFile, places: Mapping[str, int]) -> None:
        self.file = file
        self.places = places
        self.plan = [
            (places[c.name], c.name, c.read, c.target, c.required, c.default)
            for c in file.columns
            if c.name in places
        ]
        self.defaults = {
            column.target: column.default for column in file.columns if column.name not in places
        }

    def __call__(self, line: int, cells: list[str]) -> Parsed | Rejected:
        values: Values = dict(self.defaults)
        notes: list[tuple[str, str]] = []
        name = ""
        try:
            for index, name, read, target, required, default in self.plan:
                if cell := cells[index].strip():
                    try:
                        values[target] = read(cell)
                    except Noted as noted:
                        values[target] = noted.value
                        notes.append((name, noted.note))
                elif required:
                    _refuse_empty()
                else:
                    values[target] = default
            self._whole_row(values, notes)
        except BadCell as bad:
            column = bad.column or name
            key = str(values.get("external_id") or "")
            return _turned_away(key, line, column, bad.sentence, raw_of(self.places, cells))
        return Parsed(line, values["external_id"], values, cells, self.places, tuple(notes))

    def _whole_row(self, values: Values, notes: list[tuple[str, str]]) -> None:
        for start, end in self.file.ranges:
            if (first := values[start]) and (last := values[end]) and last < first:
                raise BadCell(f"{last} is before {start} {first}", end)
        if self.file.finish is not None and (note := self.file.finish(values)):
            notes.append(note)


def _turned_away(key: str, line: int, column: str, reason: str, raw: dict[str, str]) -> Rejected:
    """The reason may quote the cell, so it is masked like everything that is kept (DOMAIN §13)."""
    return Rejected(key, line, column, mask_card_numbers(f"{column} {reason}"), raw)


def _refuse_empty() -> NoReturn:
    raise BadCell("is empty")


def raw_of(places: Mapping[str, int], cells: list[str]) -> dict[str, str]:
    """The row by column name, known columns only; of a cell beyond all measure only its beginning."""
    return {name: cells[index][:LONGEST_CELL] for name, index in places.items() if index < len(cells)}


def _rejected(file: PracticeFile, places: Mapping[str, int], row: Row) -> Rejected:
    key = places[file.columns[0].name]
    ragged = row.fault.startswith("has ")
    external_id = row.cells[key].strip()[:200] if ragged and key < len(row.cells) else ""
    raw: dict[str, Any] = {"cells": [cell[:LONGEST_CELL] for cell in row.cells]}
    return Rejected(external_id, row.line, "", f"the line {row.fault}" if ragged else row.fault, raw)
