"""The list a practice gets when its cards move to another processor: a table with its old ids and the new ones."""

from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz import fuzz

from core.errors import BadInput
from core.integrations.ehr_exports.sheets import Found, Line
from core.integrations.ehr_exports.spellings import Unreadable, bare, identifier, word

_OLD = ("old id", "old token", "old customer id", "legacy id", "previous id", "source id", "gateway id", "vault id",
        "existing token", "from")  # fmt: skip
_NEW = ("fortis id", "new id", "new token", "fortis contact id", "fortis token id", "account vault id", "token id", "contact id",
        "to")  # fmt: skip


class IdTable(NamedTuple):
    """names: the columns. rows: cells of the rows below them. old, new: the columns that are likeliest which."""

    name: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    old: int
    new: int

    def pairs(self, old: int, new: int) -> tuple[list[tuple[str, str]], int]:
        """(old id, new id) of every row that has both, and how many rows do not, or only as a spreadsheet damaged them."""
        found: list[tuple[str, str]] = []
        for row in self.rows:
            try:
                both = identifier(row[old]), identifier(row[new])
            except Unreadable:
                continue
            if all(both):
                found.append(both)
        return found, len(self.rows) - len(found)


def id_table(found: Found) -> IdTable:
    """The first table of these files that has two columns. Raises BadInput when there is none."""
    for sheet in found.sheets:
        lines = [line for line in sheet.lines() if sum(bool(cell) for cell in line.cells) >= 2]
        if len(lines) >= 2:
            return _table(sheet.shown, lines)
    why = " ".join(found.left_out)
    raise BadInput(f"No table with two columns of ids is in this file. {why}".strip())


def _table(name: str, lines: Sequence[Line]) -> IdTable:
    names = tuple(cell.strip() for cell in lines[0].cells)
    width = len(names)
    rows = tuple(
        tuple(bare(cell) for cell in (line.cells + [""] * width)[:width])
        for line in lines[1:]
        if not line.fault
    )
    new = max(range(width), key=lambda at: (_like(names[at], _NEW), at))
    old = max((at for at in range(width) if at != new), key=lambda at: (_like(names[at], _OLD), -at))
    return IdTable(name, names, rows, old, new)


def _like(name: str, likes: Sequence[str]) -> float:
    return max(fuzz.token_sort_ratio(like, word(name)) for like in likes)
