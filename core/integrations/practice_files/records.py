"""Rows of cells to records ready to be stored, or rejected rows that say why."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from core.integrations.practice_files.cells import BadCell, Refused, is_damaged
from core.integrations.practice_files.columns import PracticeFile, Values
from core.integrations.practice_files.ends import is_footer, is_total, may_be_total
from core.integrations.practice_files.layout import Layout, layout_of, opened, plain
from core.integrations.practice_files.parsing import RowParser
from core.integrations.practice_files.rows import LONGEST_CELL, Row, rows
from core.integrations.practice_files.spellings import plain_cell
from core.integrations.records import Rejected, SetAside
from core.secrets import mask_card_numbers


class Parsed(NamedTuple):
    """A row that can be used. values: by target, `external_id` among them; ids of other files are still their text.

    notes: (column, what is worth telling). unknown: (column, why) of cells that nothing could be made of.
    """

    line: int
    external_id: str
    values: Values
    cells: list[str]
    places: Mapping[str, int]
    notes: tuple[tuple[str, str], ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()

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


Record = Parsed | Rejected | Repeated | SetAside


class OpenFile:
    """One practice file, looked at and ready to be read. Raises BadInput on opening when it is no file of its kind.

    unknown: header names we do not know. absent: targets of columns the file does not have: what is held of them
    stays as it is. blank: empty rows met so far; they are no rows. short, long: rows with empty cells missing at their
    end, or with empty ones too many: used all the same.
    """

    def __init__(self, path: Path, file: PracticeFile) -> None:
        self.path = path
        self.file = file
        self.layout: Layout = layout_of(path, file)
        self.blank = self.short = self.long = 0
        self._key = self.layout.places[file.columns[0].name]
        self._parse = RowParsing(file, self.layout.places)

    @property
    def unknown(self) -> tuple[str, ...]:
        return self.layout.unknown

    @property
    def absent(self) -> frozenset[str]:
        return absent(self.file, self.layout.places)

    def records(self) -> Iterator[Record]:
        """Every row of the file, in order."""
        layout, key, parse = self.layout, self._key, self._parse
        width, header_line = layout.width, layout.header_line
        careful = bool(layout.repeated or layout.doubled or layout.cut)
        with opened(self.path, layout.encoding, nul=layout.nul) as lines:
            for row in rows(lines, layout.delimiter, width):
                cells = row.cells
                if row.line <= header_line:
                    continue
                if row.fault:
                    at_the_end = layout.cut is not None and row.line == layout.cut[0]
                    why = _BREAKS_OFF.format(layout.cut[1]) if layout.cut and at_the_end else row.fault
                    yield _rejected(self.file, layout.places, row, why)
                elif len(cells) == width and not careful and cells[key].strip():
                    yield parse(row.line, cells)
                elif not any(map(str.strip, cells)):
                    self.blank += 1
                else:
                    yield self._looked_at(row)

    def _looked_at(self, row: Row) -> Record:
        """A row that something is special about: its width, its key, its place at the end of the file."""
        layout, cells = self.layout, row.cells
        if layout.cut and row.line == layout.cut[0]:
            return _rejected(self.file, layout.places, row, _BREAKS_OFF.format(layout.cut[1]))
        if len(cells) > layout.width:
            if any(map(str.strip, cells[layout.width :])):
                ragged = f"the line has {len(cells)} cells where the header has {layout.width}"
                if is_footer(cells):
                    return SetAside(row.line, FOOTER)
                return _rejected(self.file, layout.places, row, ragged)
            self.long += 1
            del cells[layout.width :]
        found = len(cells)
        if found < layout.width:
            self.short += 1
            cells += [""] * (layout.width - found)
        name = plain_cell(cells[self._key])
        if (lines := layout.doubled.get(name)) and not is_damaged(name):
            return self._doubled(row, name, lines)
        if (by := layout.repeated.get(name, row.line)) != row.line:
            return Repeated(row.line, name, by)
        made = self._parse(row.line, cells)
        if found < layout.width and isinstance(made, Rejected) and made.reason.endswith(" is empty"):
            ragged = f"the line has {found} cells where the header has {layout.width}"
            return made._replace(column="", reason=ragged)
        return made

    def _doubled(self, row: Row, name: str, lines: tuple[int, ...]) -> Rejected:
        """A key that stands for several people or things: which one is meant, nobody can tell (DOMAIN §0)."""
        shown = ", ".join(f"{line}" for line in lines[:5]) + (" and more" if len(lines) > 5 else "")
        reason = f"stands on lines {shown} for different {_PEOPLE.get(self.file.name, 'rows')}: it is a doubled key"
        raw = raw_of(self.layout.places, row.cells)
        return _turned_away(name[:200], row.line, self.file.columns[0].name, reason, raw)


_PEOPLE = {"patients": "people (name or birth date)", "providers": "people (name)"}
_BREAKS_OFF = "the file breaks off here: nothing ends its last line, and it {}. Export the file again"
_FEW = 3  # filled cells: a total has hardly more
FOOTER = "is a total or a footer of the report, not a row"
HEADER_AGAIN = "is the header once more, not a row"


_OF_A_PATIENT = ("birth_date", "email", "mobile_phone", "guarantor_ref", "text_consent", "email_consent")


class RowParsing:
    """parse(line, cells): a record, or what is no record set aside.

    printed: the rows may come of a printed report, so a patient needs more than a key, and a total is no row.
    """

    def __init__(self, file: PracticeFile, places: Mapping[str, int], *, printed: bool = True) -> None:
        self.file = file
        self.places = places
        self.printed = printed
        self._parse = RowParser(file, places)
        self._key = places.get(file.columns[0].name, 0)
        self._names = {column.name: {plain(name) for name in column.names()} for column in file.columns}

    def __call__(self, line: int, cells: list[str]) -> Parsed | Rejected | SetAside:
        notes: list[tuple[str, str]] = []
        unknown: list[tuple[str, str]] = []
        values: Values = {}
        try:
            self._parse(cells, values, notes, unknown)
            if self.printed and self.file.name == "patients":
                _refuse_nobody(values)
        except BadCell as bad:
            sure = self._is_few(cells) or not isinstance(
                bad, Refused
            )  # a damaged id with a row behind it is no rule
            if self.printed and (aside := self._no_record(cells, sure=sure)):
                return SetAside(line, aside)
            key = str(values.get("external_id") or "")
            return _turned_away(key, line, bad.column, bad.sentence, raw_of(self.places, cells))
        few = self._is_few(cells)
        doubtful = few or unknown or may_be_total(cells[self._key])
        if self.printed and doubtful and (aside := self._no_record(cells, sure=few)):
            return SetAside(line, aside)
        if notes or unknown:
            return Parsed(
                line, values["external_id"], values, cells, self.places, tuple(notes), tuple(unknown)
            )
        return Parsed(line, values["external_id"], values, cells, self.places)

    @staticmethod
    def _is_few(cells: list[str]) -> bool:
        return len(cells) - cells.count("") <= _FEW

    def _no_record(self, cells: list[str], *, sure: bool = True) -> str:
        """Why a row is no record of anything, "" when it is one. sure: a total may be told by its words alone."""
        if all(plain(cells[place]) in self._names[name] for name, place in self.places.items()):
            return HEADER_AGAIN
        return FOOTER if (sure and is_footer(cells)) or is_total(cells, self._key) else ""


def _refuse_nobody(values: Values) -> None:
    named = values["first_name"] or values["last_name"]
    if not named and all(values[name] is None for name in _OF_A_PATIENT):
        raise BadCell(
            "the row has a key and nothing else: neither a name nor anything that tells whose it is"
        )


_PLACED = ("patients", "appointments")


def absent(file: PracticeFile, given: Mapping[str, Any]) -> frozenset[str]:
    """Targets of the columns that are not among `given`. The place of a patient and of a visit is worked out in any case."""
    missing = {column.target for column in file.columns if column.name not in given}
    return frozenset(missing - {"location_id"} if file.name in _PLACED else missing)


def parse_raw(file: PracticeFile, line: int | None, raw: Mapping[str, str]) -> Parsed | Rejected | SetAside:
    """Parse a row that was kept in quarantine, as `raw_of` wrote it."""
    names = [column.name for column in file.columns if column.name in raw]
    parse = RowParsing(file, {name: index for index, name in enumerate(names)})
    return parse(line or 0, [raw[name] for name in names])


def _turned_away(key: str, line: int, column: str, reason: str, raw: dict[str, str]) -> Rejected:
    """The reason may quote the cell, so it is masked like everything that is kept (DOMAIN §13)."""
    return Rejected(key, line, column, mask_card_numbers(f"{column} {reason}".lstrip()), raw)


def raw_of(places: Mapping[str, int], cells: list[str]) -> dict[str, str]:
    """The row by column name, known columns only; of a cell beyond all measure only its beginning."""
    return {name: cells[index][:LONGEST_CELL] for name, index in places.items() if index < len(cells)}


def _rejected(file: PracticeFile, places: Mapping[str, int], row: Row, fault: str) -> Rejected:
    key = places[file.columns[0].name]
    whole = not row.fault and key < len(row.cells)
    external_id = plain_cell(row.cells[key])[:200] if whole else ""
    raw: dict[str, Any] = {"cells": [cell[:LONGEST_CELL] for cell in row.cells]}
    return Rejected(external_id, row.line, "", mask_card_numbers(fault), raw)
