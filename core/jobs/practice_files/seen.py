"""What a watched file was when it was last read to its end: the same bytes need not be read again.

Kept in the store beside the rows, so a store that was restored from a backup remembers what it holds, no more.
"""

import hashlib
import json

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from core.connections.models import QuarantinedRow, SyncRun
from core.connections.quarantine import open_rows
from core.connections.runs import place_of
from core.jobs.practice_files.result import FileCounts
from core.jobs.practice_files.rows import table_of

_READING = 2  # grows when the same bytes would be stored differently

# what else decides how a row is stored: time zones and locations (see practice_rows)
_RESTS_ON = {
    "patients": ("locations",),
    "appointments": ("locations", "providers", "patients"),
    "payments": ("locations", "patients"),
}
_DECIDING = {"locations": "time_zone", "providers": "location_id", "patients": "location_id"}


def remember(
    session: Session,
    connection_id: int,
    file: str,
    digest: str,
    counts: FileCounts,
    run_id: int = 0,
    *,
    whole: bool = False,
    clean: bool = False,
) -> None:
    """Note that the file with these bytes was read to its end in a run. whole: and what it does not hold was looked for.
    clean: there was nothing to tell about it."""
    place_of(session, connection_id, file).cursor = json.dumps(
        {
            "file": digest,
            "rests_on": _surroundings(session, connection_id, file),
            "rows": counts.rows,
            "quarantined": counts.quarantined,
            "set_aside": counts.set_aside,
            "whole": whole,
            "run": run_id if clean else 0,
        }
    )
    session.flush()


def same_as_before(
    session: Session, connection_id: int, file: str, digest: str, *, whole: bool = False, clean: bool = False
) -> FileCounts | None:
    """The counts of a file that would change nothing, or None when it has to be read.

    Quarantined are those of its bad rows that still are; the others have been mended since. clean: only a file that
    had nothing to tell, and since when nothing of its kind has been stored from elsewhere.
    """
    try:
        seen = json.loads(place_of(session, connection_id, file).cursor or "{}")
        rows, quarantined = int(seen["rows"]), int(seen["quarantined"])
        aside, run_id = int(seen.get("set_aside", 0)), int(seen.get("run", 0))
    except (ValueError, KeyError, TypeError):
        return None
    if seen.get("file") != digest or seen.get("rests_on") != _surroundings(session, connection_id, file):
        return None
    if whole and not seen.get("whole"):
        return None
    if clean and (not run_id or _stored_since(session, connection_id, file, run_id)):
        return None
    still = session.execute(
        select(func.count()).select_from(QuarantinedRow).where(*open_rows(connection_id, file))
    ).scalar_one()
    bad = min(quarantined, still)
    return FileCounts(rows, 0, rows - bad - aside, bad, aside)


def _stored_since(session: Session, connection_id: int, file: str, run_id: int) -> bool:
    """Whether another file, or an export, has changed rows of this kind after a run."""
    changed = select(col(SyncRun.id)).where(
        col(SyncRun.connection_id) == connection_id,
        col(SyncRun.resource) == file,
        col(SyncRun.id) > run_id,
        or_(col(SyncRun.stored) > 0, col(SyncRun.gone) > 0),
    )
    return session.execute(changed.limit(1)).first() is not None


def _surroundings(session: Session, connection_id: int, file: str) -> str:
    digest = hashlib.blake2b(str(_READING).encode(), digest_size=16)
    for other in _RESTS_ON.get(file, ()):
        columns = table_of(other).c
        rows = session.execute(
            select(columns.id, columns[_DECIDING[other]])
            .where(columns.connection_id == connection_id)
            .order_by(columns.id)
            .execution_options(yield_per=10_000)
        )
        for row in rows:
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()
