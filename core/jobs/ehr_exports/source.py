"""Rows made from an export, handed to the practice-files loader as if a practice file had been opened."""

from collections.abc import Iterator, Sequence
from typing import Any

from core.integrations.ehr_exports.apply import Fault, Made, MadeRow
from core.integrations.practice_files.columns import FILES, PracticeFile
from core.integrations.practice_files.records import Parsed, RowParsing, absent
from core.integrations.records import Rejected, SetAside


class MadeFile:
    """What an export holds of one practice file. The loader reads it like an OpenFile."""

    unknown: tuple[str, ...] = ()
    blank = 0

    def __init__(self, name: str, rows: Sequence[MadeRow], faults: Sequence[Fault], made: Made) -> None:
        self.rows, self.faults, self.made = rows, faults, made
        given = {column for row in rows for column in row.theirs} | _worked_out(name, rows)
        self.file: PracticeFile = FILES[name]
        self.places = {
            column.name: at for at, column in enumerate(FILES[name].columns)
            if column.name in given or at == 0
        }  # fmt: skip

    @property
    def absent(self) -> frozenset[str]:
        return absent(self.file, self.places)

    def records(self) -> Iterator[Parsed | Rejected | SetAside]:
        """Every row, then every line that cannot be used."""
        parse = RowParsing(self.file, self.places, printed=False)
        for row in self.rows:
            yield parse(row.origin.line, row.cells)
        for fault in self.faults:
            sheet = self.made.opened[fault.origin.sheet].sheet
            where = f"{sheet.shown}: {fault.column}" if fault.column else sheet.shown
            # apart from our own columns, whose names some of theirs bear
            raw: dict[str, Any] = {"cells": fault.raw}
            said = f"{fault.column} {fault.reason}".strip()
            yield Rejected(fault.key[:200], fault.origin.line, where, said, raw)


def _worked_out(name: str, rows: Sequence[MadeRow]) -> set[str]:
    """Columns that the export's lines do not have and that were filled in for all of them (zones, places)."""
    columns = [column.name for column in FILES[name].columns]
    return {columns[at] for row in rows for at, cell in enumerate(row.cells) if cell}
