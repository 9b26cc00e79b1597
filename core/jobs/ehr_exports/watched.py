"""A watched folder that holds an EHR's own export: taken when it is whole, remembered by what is in it, moved nowhere.

A changed shape stops it, with the difference: a person looks at it once on the integrations page.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from core.connections.runs import add_counts, finish_run, place_of, start_run
from core.errors import BadInput
from core.integrations.cash_practice.report_files import report_of
from core.integrations.ehr_exports.finding import Match, match
from core.integrations.ehr_exports.profile import built_in
from core.integrations.ehr_exports.sheets import Found, sheets_in
from core.integrations.practice_files.columns import FILES
from core.jobs.ehr_exports.load import Progress, load_sheets, recognized
from core.jobs.ehr_exports.result import ExportResult, SourceCounts
from core.jobs.ehr_exports.shape import changes_of_shape
from core.jobs.practice_files.folder import StillChanging, digest_of, refuse_unfinished, stamp_of
from core.own_exports.commands import Kept, kept_profiles, save_profile
from core.store.engine import reader, transaction

EXPORT = "export"  # the resource whose cursor remembers what was read last
_TABLES = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xls", ".zip")
_PACKED = (".xlsx", ".xlsm", ".xls", ".zip")
_SETTLED_SECONDS = 5


def holds_export(folder: Path) -> bool:
    """Whether a folder is for us: tables in it, and none that is a practice file or a report of Cash Practice."""
    files = _tables(folder)
    own = [path for path in files if path.parent == folder and path.suffix.casefold() == ".csv"]
    return bool(files) and not any(_is_ours(path) for path in own)


def _is_ours(path: Path) -> bool:
    name = path.stem.casefold().replace(" ", "_").replace("-", "_")
    return name in FILES or bool(report_of(path))


def sync_export(
    engine: Engine,
    connection_id: int,
    folder: Path,
    *,
    full: bool = False,
    whole: bool = False,
    progress: Progress | None = None,
) -> ExportResult:
    """Load the export of a watched folder; the same files as last time are counted, not read, unless `full`.

    Files that are still being written are left for the next sync, with a note. Raises BadInput when nobody knows whose
    files they are, or their shape is not the one that was kept.
    """
    files = _tables(folder)
    try:
        stamps = [_at_rest(path) for path in files]
    except StillChanging as changing:
        return ExportResult("", notes=[changing.sentence])
    found = sheets_in(folder)
    with reader(engine) as session:
        kept = kept_profiles(session)
        chosen = _chosen(found, folder, kept, connection_id)
        mine = next((one for one in kept if one.name == chosen.profile.profile), None)
        digest = _digest(folder, files, mine)
        before = None if full else _before(session, connection_id, digest)
    if before is not None:
        return _counted(engine, connection_id, chosen, before)
    if mine and (changed := changes_of_shape(chosen, mine.shape)):
        raise BadInput(
            f"The export in {folder} has another shape than before: {' '.join(changed)} Nothing was loaded. Look at it on "
            "Integrations, under Your own export."
        )
    result = load_sheets(
        engine, found, folder.name, profile=chosen.profile, connection_id=connection_id, whole=whole or full,
        progress=progress,
    )  # fmt: skip
    if [stamp_of(path) for path in files] != stamps:
        result.notes.append("Some files changed while they were read; the next sync reads them once more.")
        return result
    with transaction(engine) as session:
        save_profile(session, None, chosen.profile, answers={}, connection_id=connection_id)
        after = next(one for one in kept_profiles(session) if one.name == chosen.profile.profile)
        counts = {name: count.as_json() for name, count in result.files.items()}
        place_of(session, connection_id, EXPORT).cursor = json.dumps(
            {"digest": _digest(folder, files, after), "files": counts, "made": result.made}
        )
    return result


def _tables(folder: Path) -> list[Path]:
    """Raises BadInput when the folder is not there or cannot be read."""
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.")
    try:
        return sorted(
            path
            for path in folder.rglob("*")
            if path.suffix.casefold() in _TABLES and path.is_file() and not path.name.startswith((".", "~$"))
        )
    except OSError as error:
        raise BadInput(f"The folder {folder} cannot be read: {error.strerror}.") from error


def _at_rest(path: Path) -> tuple[int, int]:
    """How the file looks from outside. Raises StillChanging when it was written to just now and is not whole yet: its
    last line is not ended, or it is of a kind whose end says nothing to the eye."""
    seen = stamp_of(path)
    refuse_unfinished(path)
    packed = path.suffix.casefold() in _PACKED
    if packed and time.time() - seen.changed_ns / 1e9 <= _SETTLED_SECONDS:
        raise StillChanging(path)
    return seen


def _chosen(found: Found, folder: Path, kept: Sequence[Kept], connection_id: int) -> Match:
    """The profile that this folder was read with before, else the one that knows its files best."""
    for one in kept:
        if one.connection_id == connection_id:
            taken = match(one.profile, found.sheets)
            if taken.opened or changes_of_shape(taken, one.shape):
                return taken
    return recognized(found, folder.name, None, {**built_in(), **{one.name: one.profile for one in kept}})


def _digest(folder: Path, files: Sequence[Path], kept: Kept | None) -> str:
    """Of what is in the files, and of what else decides how they are read."""
    digest = hashlib.blake2b(
        repr((kept.profile, sorted(kept.answers.items())) if kept else "").encode(), digest_size=16
    )
    for path in files:
        digest.update(f"{path.relative_to(folder).as_posix()}\0{digest_of(path)}\0".encode())
    return digest.hexdigest()


def _before(session: Session, connection_id: int, digest: str) -> dict[str, dict[str, int]] | None:
    try:
        seen = json.loads(place_of(session, connection_id, EXPORT).cursor or "{}")
    except ValueError:
        return None
    return seen if seen.get("digest") == digest else None


def _counted(
    engine: Engine, connection_id: int, chosen: Match, before: dict[str, dict[str, int]]
) -> ExportResult:
    """The export of last time, counted as it stands in the store: nothing is read, everything is fresh."""
    result = ExportResult(chosen.profile.profile, chosen.profile.title, made=dict(before["made"]))
    for name, counts in before["files"].items():
        there = SourceCounts(**counts)  # type: ignore[arg-type]
        result.files[name] = SourceCounts(
            there.rows, 0, there.unchanged + there.stored, there.quarantined, there.set_aside
        )
    with transaction(engine) as session:
        for file, rows in before["made"].items():
            run_id = start_run(session, connection_id, file)
            add_counts(session, run_id, rows_in=rows, unchanged=rows)
            finish_run(session, run_id)
    return result
