"""Loading FHIR R4: files once or a folder that is watched, and servers (CONTRACTS §1 `huddle import-fhir`).

Chunks are transactions, so a load that is killed leaves whole chunks, and loading again completes it. Only a server read
whole says that something is gone; a file may hold a part.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from core import clock
from core.connections.commands import fhir_client
from core.connections.models import SyncCursor
from core.connections.runs import add_counts, fail_run, finish_run, place_of, start_run
from core.errors import BadInput, HuddleError, Refused, UnreadableAnswer
from core.integrations.fhir.files import UNREADABLE, FhirFile, Unit, fault_of, fhir_files, kind_of
from core.integrations.fhir.refs import Identifiers, Setting
from core.integrations.fhir.server import USED, FhirServer
from core.jobs.fhir.chunk import Places, Stored
from core.jobs.fhir.following import first_zone, follow, give_a_place, in_turn, waiting
from core.jobs.fhir.leaving import held_of, ids_of, mark_absent, store_deletions
from core.jobs.fhir.meanings import remembered
from core.jobs.fhir.result import FhirResult
from core.jobs.fhir.storing import store_chunk
from core.jobs.practice_files.result import FileCounts, in_run
from core.store.engine import reader, transaction

CHUNK = 1_000
# read again each time: a page may have been answered before its rows were written
OVERLAP = timedelta(minutes=5)
FOLDER = "folder"
CUT_OFF = "The import was cut off in the middle; importing again completes it."


@dataclass(slots=True)
class Load:
    """One load going on. confirm: called in every transaction (a lease). said: told a sentence after each chunk, may
    raise to stop. full: read everything and, on a server, find what is gone."""

    engine: Engine
    connection_id: int
    setting: Setting
    full: bool = True
    confirm: Callable[[Session], None] = lambda _session: None
    said: Callable[[str], None] = lambda _sentence: None
    result: FhirResult = field(default_factory=FhirResult)


def setting_for(engine: Engine, settings: Mapping[str, str]) -> Setting:
    """The time zone of places that name none: the connection's own, else the practice's first location's, else UTC."""
    with reader(engine) as session:
        practice = first_zone(session)
    base = settings.get("base_url", "")
    if own := settings.get("time_zone"):
        return Setting(own, "as the connection says", Identifiers(), base)
    if practice:
        return Setting(practice, "as the practice's first location has it", Identifiers(), base)
    return Setting("UTC", "since none is known: give one with time_zone=…", Identifiers(), base)


def load_files(load: Load, path: Path) -> FhirResult:
    """Load a file or a folder of FHIR files. A file that cannot be read is an error, and the others are loaded.

    Raises BadInput when there is nothing to read at all.
    """
    paths = fhir_files(path)
    _remember_meanings(load)
    if not paths:
        raise BadInput(f"The folder {path} holds no FHIR file (.ndjson, .jsonl or .json).")
    files: list[FhirFile] = []
    for each in paths:
        try:
            files.append(FhirFile(each))
        except BadInput as unusable:
            failed(load, each.name, unusable)
        else:
            load.result.ignored += files[-1].left_out
            many = sum(files[-1].held.values())
            load.said(f"{each.name}: {many:,} {'resource' if many == 1 else 'resources'} to read")
    for kind in (*USED, UNREADABLE):
        if any(file.held[kind] for file in files):
            _load_kind(load, kind, files)
        elif kind == "Location":
            _give_a_place(load)
    return load.result


def load_folder(load: Load, folder: Path) -> FhirResult:
    """Load a watched folder: one that looks as it did last time is counted, not read, unless the load is full."""
    stamp = _stamp(folder)
    if not load.full and _counted(load, stamp):
        return load.result
    found = load_files(load, folder)
    if not found.errors:
        with transaction(load.engine) as session:
            load.confirm(session)
            counts = {kind: list(each) for kind, each in found.files.items()}
            place = place_of(session, load.connection_id, FOLDER)
            place.cursor = json.dumps({"stamp": stamp, "counts": counts})
            _all_fresh(session, load.connection_id)
    return found


def load_server(load: Load, client: FhirServer) -> FhirResult:
    """Load what a server offers of what we use: what changed since last time, or everything.

    What cannot be read of one kind is an error in the result; wrong keys or no answer end the load.
    """
    _remember_meanings(load)
    try:
        offered = client.offered()
    except HuddleError as error:
        failed(load, "server", error)
        return load.result
    if missing := [kind for kind in USED if kind not in offered]:
        load.result.remarks.append(f"The server offers no {', '.join(missing)}.")
    for kind in USED:
        if kind in offered:
            try:
                _load_served(load, kind, client)
            except HuddleError as error:
                load.result.fail(kind, error.sentence, error.retry_after)
                if not isinstance(error, Refused | UnreadableAnswer):
                    return load.result
        if kind == "Location":
            _give_a_place(load)
    return load.result


def _remember_meanings(load: Load) -> None:
    """What references stood for in earlier loads."""
    with reader(load.engine) as session:
        remembered(session, load.connection_id, load.setting.identifiers)


def server_client(settings: Mapping[str, str], secrets: Mapping[str, str], **wire: Any) -> FhirServer:
    """Raises BadInput when the connection names no server, or one that may not be called."""
    if not settings.get("base_url"):
        raise BadInput("This connection watches no folder and names no server. Connect it with one of them.")
    return fhir_client(settings, secrets, **wire)


def failed(load: Load, what: str, error: HuddleError) -> None:
    """A file, a folder or a server could not be read at all: told, and kept among the runs."""
    load.result.fail(what, error.sentence, error.retry_after)
    with transaction(load.engine) as session:
        fail_run(session, start_run(session, load.connection_id, what), error.sentence)


def _load_kind(load: Load, kind: str, files: list[FhirFile]) -> None:
    """All resources of one kind, of all files."""
    load.result.add(kind, FileCounts(), [])
    places = _begin(load, kind)
    with transaction(load.engine) as session:
        run_id = start_run(session, load.connection_id, kind, full=load.full)
    try:
        for file in files:
            for chunk in in_turn(file.units(kind), CHUNK):
                _store(load, kind, places, run_id, chunk)
        for file in files:  # what is gone, wherever it stands beside what is there
            for chunk in in_turn(file.units(kind, deleted=True), CHUNK):
                _store(load, kind, places, run_id, chunk, deleted=True)
        _finish(load, kind, run_id)
    except HuddleError as problem:
        _fail(load, run_id, problem.sentence)
        if not isinstance(problem, BadInput):
            raise
        load.result.fail(kind, problem.sentence)
    except BaseException:
        with suppress(DBAPIError):  # the store itself may be at fault
            _fail(load, run_id, CUT_OFF)
        raise


def _load_served(load: Load, kind: str, client: FhirServer) -> None:
    """All pages of one kind. The place to go on from moves when the last page is stored: pages come in any order."""
    places = _begin(load, kind)
    with transaction(load.engine) as session:
        load.confirm(session)
        held = place_of(session, load.connection_id, kind).cursor
        whole = load.full or not held
        run_id = start_run(session, load.connection_id, kind, full=whole)
        held_before = held_of(session, kind, load.connection_id) if whole else 0
    load.result.add(kind, FileCounts(), [])
    since = None if whole else datetime.fromtimestamp(int(held), UTC) - OVERLAP
    seen: set[str] = set()
    high, came, total = 0, 0, None
    try:
        for page in client.pages(kind, since=since):
            units = _units(load, kind, page.entries)
            seen |= ids_of(units)
            came, total = came + len(units), page.total if total is None else total
            stored = _store(load, kind, places, run_id, units)
            high = max(high, stored.newest)
        # a list that is suddenly empty is rather a lost permission than a practice without patients
        if whole and seen and (total is None or total == len(seen) == came):
            with transaction(load.engine) as session:
                load.confirm(session)
                lost = mark_absent(session, kind, load.connection_id, seen, held_before)
                add_counts(session, run_id, gone=lost.gone)
            load.result.add(kind, FileCounts(gone=lost.gone), [])
            load.result.remarks += [sentence] if (sentence := lost.sentence(kind)) else []
        _finish(load, kind, run_id, high=high)
    except HuddleError as problem:
        _fail(load, run_id, problem.sentence)
        raise
    except BaseException:
        with suppress(DBAPIError):
            _fail(load, run_id, CUT_OFF)
        raise


def _units(load: Load, kind: str, entries: list[Any]) -> list[Unit]:
    """What a page holds of the kind that was asked for; others are counted apart."""
    units: list[Unit] = []
    for entry in entries:
        if fault := fault_of(entry):
            units.append(Unit("the server", None, {"text": str(entry)[:1_000]}, fault))
        elif kind_of(entry) == kind:
            units.append(Unit("the server", None, entry))
        else:
            load.result.ignored[kind_of(entry)] += 1
    return units


def _begin(load: Load, kind: str) -> Places:
    """What is known by now, and another try for resources that waited for it."""
    with reader(load.engine) as session:
        places = Places(session, load.connection_id, load.setting)
    after, retried = 0, 0
    while True:
        with transaction(load.engine) as session:
            load.confirm(session)
            units, after = waiting(session, load.connection_id, kind, after)
            if not after:
                break
            tried = store_chunk(session, kind, places, units)
            retried += tried.counts.rows - tried.counts.quarantined
    if retried:
        load.result.retried[kind] = retried
        with transaction(load.engine) as session:
            follow(session, load.connection_id, kind, load.setting)
    return places


def _store(
    load: Load, kind: str, places: Places, run_id: int, units: list[Unit], *, deleted: bool = False
) -> Stored:
    with transaction(load.engine) as session:
        load.confirm(session)
        stored = (store_deletions if deleted else store_chunk)(session, kind, places, units)
        add_counts(session, run_id, **in_run(stored.counts))
    load.result.count(kind, stored)
    load.said(f"{kind}, {load.result.files[kind].rows:,} read")
    return stored


def _finish(load: Load, kind: str, run_id: int, *, high: int = 0) -> None:
    with transaction(load.engine) as session:
        load.confirm(session)
        follow(session, load.connection_id, kind, load.setting)
        finish_run(session, run_id)
        place = place_of(session, load.connection_id, kind)
        if kind == UNREADABLE:
            session.delete(place)  # nothing that could grow old
            return
        reached = min(high, int(clock.now().timestamp()))
        if reached > int(place.cursor or 0):
            place.cursor = str(reached)
            session.add(place)


def _fail(load: Load, run_id: int, sentence: str) -> None:
    with transaction(load.engine) as session:
        fail_run(session, run_id, sentence)


def _give_a_place(load: Load) -> None:
    with transaction(load.engine) as session:
        load.confirm(session)
        if made := give_a_place(session, load.connection_id, load.setting):
            load.result.remarks.append(made)


def _stamp(folder: Path) -> str:
    """How the files of a folder look from outside: it changes when one of them does."""
    digest = hashlib.blake2b(digest_size=16)
    for path in fhir_files(folder):
        with suppress(OSError):  # gone since the folder was listed: another stamp, and read next time
            seen = path.stat()
            digest.update(f"{path.name}\0{seen.st_size}\0{seen.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _counted(load: Load, stamp: str) -> bool:
    """Whether the folder is as it was when it was last read to its end; it is then counted as it stands."""
    with transaction(load.engine) as session:
        load.confirm(session)
        place = place_of(session, load.connection_id, FOLDER)
        seen = json.loads(place.cursor or "{}")
        if seen.get("stamp") != stamp:
            return False
        for kind, (rows, _stored, _unchanged, quarantined, *_more) in seen["counts"].items():
            counts = FileCounts(rows, 0, rows - quarantined, quarantined)
            run_id = start_run(session, load.connection_id, kind)
            add_counts(session, run_id, **in_run(counts))
            finish_run(session, run_id)
            if kind == UNREADABLE:
                session.delete(place_of(session, load.connection_id, kind))
            load.result.add(kind, counts, [])
        _all_fresh(session, load.connection_id)
    return True


def _all_fresh(session: Session, connection_id: int) -> None:
    """A folder was seen as a whole: what it held earlier and holds no more is as old as the rest, not older."""
    session.flush()
    mine = col(SyncCursor.connection_id) == connection_id
    session.execute(update(SyncCursor).where(mine).values(synced_at=clock.now()))
