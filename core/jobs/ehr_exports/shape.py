"""Whether an export still has the shape it had when its profile was kept: the same files with the same columns."""

from collections.abc import Mapping

from core.integrations.ehr_exports.context import plain
from core.integrations.ehr_exports.finding import Match


def changes_of_shape(taken: Match, shape: Mapping[str, list[str]]) -> list[str]:
    """What is different from the shape that was kept, in sentences; none when nothing is.

    A column that was there and is not any more, or a new one, is a change. A kind of file that was not exported this time
    is none: practices export what they need.
    """
    said: list[str] = []
    for opened in taken.opened:
        before = shape.get(opened.table.table)
        if before is None:
            continue
        now = {plain(name): name for name in opened.names if name}
        then = {plain(name): name for name in before if name}
        gone = [name for key, name in then.items() if key not in now]
        new = [name for key, name in now.items() if key not in then]
        if gone:
            said.append(f"{opened.sheet.shown} has no column {_listed(gone)} any more.")
        if new:
            said.append(f"{opened.sheet.shown} has a new column {_listed(new)}.")
    return list(dict.fromkeys(said))


def _listed(names: list[str]) -> str:
    quoted = [f"“{name[:40]}”" for name in names[:5]]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(quoted) + more
