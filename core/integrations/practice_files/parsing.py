"""The cells of a row to its values: what cannot be read costs the row only where it means nothing without (DOMAIN §0)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.integrations.practice_files.cells import BadCell, Noted, Nothing, Refused, quoted
from core.integrations.practice_files.columns import Column, PracticeFile, Values
from core.integrations.practice_files.spellings import LONGEST_NOTHING, is_nothing, plain_cell

_REMEMBERED = (
    20_000  # cells of one column whose value is remembered: dates, amounts and words come again and again
)
_NEW = object()


class _Place(NamedTuple):
    """One column of the file at hand. known: values of cells that had nothing to tell."""

    at: int
    column: Column
    target: str
    known: dict[str, Any]


class RowParser:
    """parse(cells, values, notes, unknown) for one file and one order of columns; fills the last three.

    Raises BadCell, with the column at fault, for a row that cannot be used.
    """

    def __init__(self, file: PracticeFile, places: Mapping[str, int]) -> None:
        self.file = file
        self.plan = [_Place(places[c.name], c, c.target, {}) for c in file.columns if c.name in places]
        self.defaults = {
            column.target: column.default for column in file.columns if column.name not in places
        }

    def __call__(
        self,
        cells: list[str],
        values: Values,
        notes: list[tuple[str, str]],
        unknown: list[tuple[str, str]],
    ) -> None:
        values.update(self.defaults)
        for index, column, target, known in self.plan:
            if (value := known.get(cell := cells[index], _NEW)) is _NEW:
                told = len(notes) + len(unknown)
                try:
                    value = _value(column, cell, notes, unknown)
                except BadCell as bad:
                    bad.column = column.name
                    raise
                if len(known) < _REMEMBERED and len(notes) + len(unknown) == told:
                    known[cell] = value
            values[target] = value
        for start, end in self.file.ranges:
            if (first := values[start]) and (last := values[end]) and last < first:
                raise BadCell(f"{last} is before {start} {first}", end)
        if self.file.finish is not None and (note := self.file.finish(values)):
            notes.append(note)


def _value(column: Column, cell: str, notes: list[tuple[str, str]], unknown: list[tuple[str, str]]) -> Any:
    """What one cell holds. Raises BadCell when the row means nothing without it."""
    text = cell.strip()
    if text and (text[0] in "='" or not text.isascii()):
        text = plain_cell(text, column.read)
    if text and len(text) <= LONGEST_NOTHING and is_nothing(text, column.read):
        notes.append((column.name, f"{quoted(text)} is read as empty"))
        text = ""
    if not text:
        if column.required:
            raise BadCell("is empty")
        return column.default
    try:
        return column.read(text)
    except Nothing:
        if column.required:
            raise BadCell(f"{quoted(text)} stands for no date") from None
        notes.append((column.name, f"{quoted(text)} is read as empty"))
        return column.default
    except Noted as noted:
        notes.append((column.name, noted.note))
        if noted.unknown:
            unknown.append((column.name, ""))
        return noted.value
    except Refused:
        raise
    except BadCell as bad:
        if column.required or column.matters:
            raise
        unknown.append((column.name, bad.sentence))
        return column.default
