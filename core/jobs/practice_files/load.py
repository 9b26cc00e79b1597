"""Loading practice files into the store (CONTRACTS §1 and §3): a folder once, or one that is watched.

5,000 rows are one transaction, so a run that is killed leaves whole chunks, and running again completes it.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core.bulk import making_many
from core.connections.commands import refuse_beside_demo
from core.connections.losses import Lost, held_rows, lose, sent_again
from core.connections.quarantine import quarantine, resolve
from core.connections.runs import add_counts, fail_run, finish_run, start_run
from core.errors import BadInput
from core.integrations.practice_files.columns import FILES, PracticeFile
from core.integrations.practice_files.records import OpenFile, Parsed, Record, Repeated
from core.integrations.records import Rejected, SetAside
from core.jobs.practice_files.cash_practice_reports import load_reports
from core.jobs.practice_files.folder import (
    FoundFiles,
    Stamp,
    StillChanging,
    digest_of,
    files_in,
    refuse_unfinished,
    stamp_of,
)
from core.jobs.practice_files.guarantors import link_guarantors, name_practice, practice_files_connection
from core.jobs.practice_files.result import FileCounts, ImportResult, in_run
from core.jobs.practice_files.rows import MODELS, Known, complete, table_of
from core.jobs.practice_files.seen import remember, same_as_before
from core.jobs.practice_files.waiting_rows import files_with_open_rows, retry_waiting
from core.jobs.records.joining import join_records
from core.plans.versions import keep_old_terms
from core.store.engine import reader, transaction
from core.store.upsert import upsert

Progress = Callable[[str, int], None]
CHUNK = 5_000


@dataclass(slots=True)
class _Import:
    """One import going on. watching: unchanged files are not read again. whole: what a file does not hold is gone.

    doubled: by file, keys that stand for several people or things: nothing may refer to them. once: a file of the same
    bytes as last time is not read again where nothing has come since and it had nothing to tell.
    """

    engine: Engine | Connection
    connection_id: int
    progress: Progress | None
    watching: bool
    result: ImportResult
    whole: bool = False
    doubled: dict[str, frozenset[str]] = field(default_factory=dict)
    once: bool = False

    def tell_lost(self, file: str, lost: Lost) -> None:
        """Count what is gone, and say what a person is asked."""
        self.result.add(file, FileCounts(gone=lost.gone), [])
        self.result.remarks += [sentence] if (sentence := lost.sentence(file)) else []


def import_folder(
    engine: Engine | Connection,
    folder: Path,
    *,
    connection_id: int | None = None,
    whole: bool = False,
    progress: Progress | None = None,
    invented: bool = False,
) -> ImportResult:
    """Load every practice file of a folder. progress(file, rows done) is called after each chunk.

    whole: what these files no longer hold is gone (DOMAIN §0). Without a connection, the one named “practice files” is used, or made. A file that cannot be used is an error in
    the result, and the others are loaded. Raises BadInput when the folder itself cannot be read or holds no CSV file.
    """
    if not invented:  # the demo data itself
        with reader(engine) as session:
            refuse_beside_demo(session)
    found = files_in(folder)
    if not found.paths and not found.reports:
        raise BadInput(f"The folder {folder} holds no practice file ({', '.join(list(FILES)[:3])}.csv, …).")
    if connection_id is None:
        with transaction(engine) as session:
            connection_id = practice_files_connection(session)
    going = _Import(
        engine, connection_id, progress, watching=False, result=ImportResult(), whole=whole, once=True
    )
    result = _load_all(going, found)
    join_records(engine)
    return result


def sync_folder(
    engine: Engine | Connection,
    connection_id: int,
    folder: Path,
    *,
    full: bool = False,
    whole: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Load a watched folder: a file with the same bytes as last time is counted, not read, unless `full`.

    whole: each file holds everything of its kind, so what it no longer holds is gone; a full sync is whole too.
    A file that is still being written is left for the next sync, with a note; so is a folder with nothing in it yet.
    Whoever calls joins processor records afterwards (core/jobs/records/joining.py). Raises BadInput when the folder cannot be read.
    """
    found = files_in(folder)
    whole = whole or full
    going = _Import(engine, connection_id, progress, watching=not full, result=ImportResult(), whole=whole)
    return _load_all(going, found)


def _load_all(going: _Import, found: FoundFiles) -> ImportResult:
    going.result.remarks += found.remarks
    with reader(going.engine) as session:
        waiting = files_with_open_rows(session, going.connection_id)
    for name, file in FILES.items():
        if name in waiting:
            _retry(going, file)
        if name in found.paths:
            _load_file(going, file, found.paths[name])
    load_reports(going.engine, found.reports, going.result, watching=going.watching, progress=going.progress)
    return going.result


def _retry(going: _Import, file: PracticeFile) -> None:
    if retried := retry_waiting(going.engine, going.connection_id, file):
        going.result.retried[file.name] = retried
        with transaction(going.engine) as session:
            _follow_up(session, going.connection_id, file.name)


def _follow_up(session: Session, connection_id: int, file: str) -> None:
    """What rests on a file as a whole."""
    if file == "locations":
        name_practice(session, connection_id)
    elif file == "patients":
        link_guarantors(session, connection_id)


def _load_file(going: _Import, file: PracticeFile, path: Path) -> None:
    going.result.add(file.name, FileCounts(), [])
    with transaction(going.engine) as session:
        run_id = start_run(session, going.connection_id, file.name, full=not going.watching)
    try:
        stamp = stamp_of(path)
        if going.watching:
            refuse_unfinished(path)
        digest = digest_of(path)
        if not _counted(going, file, run_id, digest):
            read = _read(going, file, path, run_id, stamp)
            _finish(going, file, run_id, digest, read)
    except BadInput as unusable:
        said = going.result.remarks if isinstance(unusable, StillChanging) else going.result.errors
        said.append(unusable.sentence)
        with transaction(going.engine) as session:
            fail_run(session, run_id, unusable.sentence)
    except BaseException:
        with suppress(DBAPIError), transaction(going.engine) as session:  # the store itself may be at fault
            fail_run(session, run_id, "The import was cut off in the middle; importing again completes it.")
        raise


def _counted(going: _Import, file: PracticeFile, run_id: int, digest: str) -> bool:
    """Whether the file is the one of last time, which is then counted as it stands in the store."""
    if not going.watching and (not going.once or file.name in going.result.retried):
        return False
    with transaction(going.engine) as session:
        counts = same_as_before(
            session, going.connection_id, file.name, digest, whole=going.whole, clean=not going.watching
        )
        if counts is None:
            return False
        add_counts(session, run_id, **in_run(counts))
        finish_run(session, run_id)
    going.result.add(file.name, counts, [])
    return True


class _Read(NamedTuple):
    """A file that was read to its end. found_all: every row found what it refers to. held: rows there before.
    sent: hashes of the keys that came, in a whole read. cut: it breaks off in mid-line. told: something was worth telling."""

    found_all: bool
    held: int
    sent: set[int]
    cut: bool
    told: bool


def _read(going: _Import, file: PracticeFile, path: Path, run_id: int, stamp: Stamp) -> _Read:
    """Read and store the whole file."""
    opened = OpenFile(path, file)
    if opened.unknown:
        going.result.unknown_columns[file.name] = opened.unknown
    if stamp_of(path) != stamp:
        raise StillChanging(path)
    going.doubled[file.name] = frozenset(opened.layout.doubled)
    with reader(going.engine) as session:
        known = Known(session, going.connection_id, going.doubled)
        held = held_rows(session, table_of(file.name), going.connection_id) if going.whole else 0
    records, done = opened.records(), 0
    sent: set[int] = set()
    with making_many():
        while chunk := list(islice(records, CHUNK)):
            _store_chunk(going, opened, known, run_id, chunk)
            if going.whole:
                sent.update(hash(row.external_id) for row in chunk if not isinstance(row, SetAside))
            done += len(chunk)
            if going.progress is not None:
                going.progress(file.name, done)
    remarks = _remarks(opened)
    going.result.remarks += remarks
    if stamp_of(path) != stamp:
        raise StillChanging(path)
    return _Read(not known.missed, held, sent, opened.layout.cut is not None, bool(remarks))


def _remarks(opened: OpenFile) -> list[str]:
    """What is worth telling of a file as a whole."""
    name, layout = opened.path.name, opened.layout
    said = {
        "empty rows were left out": opened.blank,
        "lines above the header were left out": layout.above,
        f"rows end early; their missing last cells are taken as empty (of {layout.width})": opened.short,
        "rows have empty cells too many, which were left out": opened.long,
    }
    cut = (
        [f"{name} breaks off in its last line, which waits in quarantine; the rest was read."]
        if layout.cut
        else []
    )
    return cut + [f"{name}: {count:,} {what}." for what, count in said.items() if count]


def lose_unsent(
    session: Session, going: _Import, file: str, run_id: int, held: int, sent: set[int], *, cut: bool = False
) -> Lost:
    """After a whole read of one file: what it did not send is gone, or asked about. sent: hashes of its keys."""

    def was_sent(external_id: str) -> bool:
        return hash(external_id) in sent

    table = table_of(file)
    lost = lose(session, going.connection_id, file, table, held=held, sent=was_sent, cut=cut)
    add_counts(session, run_id, gone=lost.gone)
    return lost


def _finish(going: _Import, file: PracticeFile, run_id: int, digest: str, read: _Read) -> None:
    lost = Lost()
    with transaction(going.engine) as session:
        _follow_up(session, going.connection_id, file.name)
        if going.whole:
            lost = lose_unsent(session, going, file.name, run_id, read.held, read.sent, cut=read.cut)
        if read.found_all:
            counts = going.result.files[file.name]
            clean = not read.told and not going.result.told_of(file.name)
            remember(
                session,
                going.connection_id,
                file.name,
                digest,
                counts,
                run_id,
                whole=going.whole,
                clean=clean,
            )
        finish_run(session, run_id)
    going.tell_lost(file.name, lost)


class RowSource(Protocol):
    """What rows are read from: one of our files, or an export's rows for one of them. absent: see OpenFile."""

    file: PracticeFile

    @property
    def absent(self) -> frozenset[str]: ...


def _store_chunk(going: _Import, opened: RowSource, known: Known, run_id: int, chunk: list[Record]) -> None:
    """One transaction: references, upsert, quarantine, counts. Nothing is told before it is committed."""
    file, parsed = opened.file, [record for record in chunk if isinstance(record, Parsed)]
    rejected = [record for record in chunk if isinstance(record, Rejected)]
    repeated = [record for record in chunk if isinstance(record, Repeated)]
    aside = [record for record in chunk if isinstance(record, SetAside)]
    with transaction(going.engine) as session:
        known.look_up(session, file, parsed)
        made = complete(known, file, parsed)
        rejected += made.rejected
        rows = [row for _record, row in made.rows]
        keep_old_terms(session, MODELS[file.name], going.connection_id, rows, keep=opened.absent)
        counts = upsert(session, MODELS[file.name], going.connection_id, rows, keep=opened.absent)
        resolve(session, going.connection_id, file.name, _mended(made.rows, rejected))
        quarantine(session, going.connection_id, file.name, rejected)
        if not going.whole:
            ids = [record.external_id for record, _row in made.rows]
            sent_again(session, going.connection_id, file.name, table_of(file.name), ids)
        unchanged = counts.unchanged + len(repeated)
        total = FileCounts(len(chunk), counts.stored, unchanged, len(rejected), len(aside))
        add_counts(session, run_id, **in_run(total))
    going.result.add(file.name, total, sorted(rejected, key=lambda row: row.line or 0), aside)
    for line, column, note in made.notes:
        going.result.note_cell(file.name, line, column, note)
    going.result.tell(file.name, parsed)
    for row in repeated:
        going.result.note_cell(
            file.name, row.line, file.columns[0].name, "stands on a later line again; the later line counts"
        )


def _mended(rows: list[tuple[Parsed, dict[str, Any]]], rejected: list[Rejected]) -> list[str]:
    """Keys whose quarantined rows are mended now: not those that a later line of this chunk spoils again."""
    spoilt = {row.external_id: row.line or 0 for row in rejected}
    return [record.external_id for record, _row in rows if spoilt.get(record.external_id, 0) < record.line]
