"""Whether an export still has the shape it had when its profile was kept: the same files with the same columns."""

from collections.abc import Mapping, Sequence

from core.integrations.ehr_exports.context import plain
from core.integrations.ehr_exports.finding import Match
from core.integrations.ehr_exports.sheets import Sheet


def changes_of_shape(taken: Match, shape: Mapping[str, list[str]]) -> list[str]:
    """What is different from the shape that was kept, in sentences; none when nothing is.

    A column that was there and is not any more, or a new one, is a change. A kind of file that was not exported this time
    is none: practices export what they need.
    """
    said: list[str] = []
    for opened in taken.opened:
        if before := shape.get(opened.table.table):
            said += _differences(opened.sheet.shown, before, opened.names)
    missing = {
        table: names
        for table, names in shape.items()
        if not any(o.table.table == table for o in taken.opened)
    }
    for sheet in taken.left_out:
        said += _renamed(sheet, missing)
    return list(dict.fromkeys(said))


def _differences(file: str, before: Sequence[str], names: Sequence[str]) -> list[str]:
    now = {plain(name): name for name in names if name}
    then = {plain(name): name for name in before if name}
    gone = [name for key, name in then.items() if key not in now]
    new = [name for key, name in now.items() if key not in then]
    said = [f"{file} has no column {_listed(gone)} any more."] if gone else []
    return said + ([f"{file} has a new column {_listed(new)}."] if new else [])


def _renamed(sheet: Sheet, missing: Mapping[str, list[str]]) -> list[str]:
    """A file that no table takes any more, but that has most columns of one it took: what is different."""
    for before in missing.values():
        wanted = {plain(name) for name in before if name}
        for line in sheet.top():
            if wanted and len(wanted & {plain(cell) for cell in line.cells}) * 2 > len(wanted):
                return _differences(sheet.shown, before, line.cells)
    return []


def _listed(names: list[str]) -> str:
    quoted = [f"“{name[:40]}”" for name in names[:5]]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(quoted) + more
