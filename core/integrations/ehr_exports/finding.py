"""Which system an export is of, and which of its sheets is which table: by the names of columns first, then of files.

The narrowest signature counts: the table with most columns found. A sheet that no table claims is left out with a word.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from core.integrations.ehr_exports.context import Opened, plain
from core.integrations.ehr_exports.profile import Profile, Table
from core.integrations.ehr_exports.sheets import Line, Sheet

_Taken = tuple[int, int, Sheet, Table, Line]


class Match(NamedTuple):
    """A profile and the sheets it takes, in the order its tables are read. left_out: sheets it does not know."""

    profile: Profile
    opened: list[Opened]
    left_out: list[Sheet]

    @property
    def score(self) -> tuple[int, int]:
        """More sheets taken is better; of two equal ones, more columns asked for by their signatures."""
        return len(self.opened), sum(len(each.table.has) for each in self.opened)


def match(profile: Profile, sheets: Sequence[Sheet], tops: Sequence[list[Line]] | None = None) -> Match:
    """Give each sheet to the table of this profile that knows it best. tops: the first lines of each, when they are
    read already."""
    taken: list[_Taken] = []
    left: list[Sheet] = []
    for number, sheet in enumerate(sheets):
        found = _claim(profile, sheet, tops[number] if tops else sheet.top())
        if found is None:
            left.append(sheet)
        else:
            taken.append((profile.tables.index(found[0]), number, sheet, *found))
    taken, strange = _true_to_name(taken)
    left += strange
    taken.sort(key=lambda each: each[:2])
    opened = [
        Opened(n, sheet, table, top.number, top.cells) for n, (_, _, sheet, table, top) in enumerate(taken)
    ]
    return Match(profile, opened, left)


def best(profiles: Iterable[Profile], sheets: Sequence[Sheet]) -> Match | None:
    """The profile that knows these sheets best; None when none of them knows a single one."""
    tops = [sheet.top() for sheet in sheets]
    matches = [match(profile, sheets, tops) for profile in profiles]
    found = max(matches, key=lambda each: each.score, default=None)
    return found if found is not None and found.opened else None


def _true_to_name(taken: list[_Taken]) -> tuple[list[_Taken], list[Sheet]]:
    """Of a table some of whose files are called as they are meant to be, no other file with other columns: a list of
    guarantors has a patient's id, name and birth date too, and is not the list of patients."""
    headers: dict[str, set[tuple[str, ...]]] = {}
    for _order, _number, sheet, table, line in taken:
        if _named(table, sheet):
            headers.setdefault(table.table, set()).add(tuple(map(plain, line.cells)))
    kept, strange = [], []
    for each in taken:
        _order, _number, sheet, table, line = each
        known = headers.get(table.table)
        if known is None or _named(table, sheet) or tuple(map(plain, line.cells)) in known:
            kept.append(each)
        else:
            strange.append(sheet)
    return kept, strange


def _claim(profile: Profile, sheet: Sheet, top: Sequence[Line]) -> tuple[Table, Line] | None:
    tops = [line for line in top if sum(bool(cell.strip()) for cell in line.cells) >= 2]
    claims = [
        (_named(table, sheet), len(table.has), -line.number, table, line)
        for table in profile.tables
        for line in tops
        if _signed(table, line.cells)
    ]
    if not claims:
        return None
    _, _, _, table, line = max(claims, key=lambda each: each[:3])
    return table, line._replace(cells=_trimmed(line.cells))


def _trimmed(names: list[str]) -> list[str]:
    while names and not names[-1].strip():
        names = names[:-1]
    return [" ".join(name.split()) for name in names]


def _signed(table: Table, header: Iterable[str]) -> bool:
    names = {plain(name) for name in header}
    wanted = all(any(plain(each) in names for each in one.split("|")) for one in table.has)
    return wanted and not any(plain(each) in names for each in table.has_not)


def _named(table: Table, sheet: Sheet) -> bool:
    """Whether the file is called as this table's files are; decides between two tables that the columns allow."""
    return any(fnmatchcase(sheet.shown.casefold(), pattern) for pattern in table.names)
