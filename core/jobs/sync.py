"""Bringing the store up to date with a connection: one page, one transaction (DESIGN §1 “In”).

Killed anywhere, the next sync completes it: pages are whole, rows are guarded by their version, the cursor moves in
the transaction of its page. No network call is made while a transaction is open.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from sqlalchemy import Engine, Table, and_, or_, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core import clock
from core.connections.commands import connection_named, connection_of, credentials, settings_of
from core.connections.models import (
    EHRS,
    REPORTS_ONLY,
    SENDING_ONLY,
    Connection,
    ConnectionState,
    Kind,
    SyncRun,
)
from core.connections.quarantine import quarantine, resolve
from core.connections.resources import RESOURCES_OF
from core.connections.runs import add_counts, fail_run, finish_run, place_of, start_run
from core.errors import BadInput, HuddleError, NotAllowed, UnreadableAnswer
from core.inbox.commands import look_at_parked
from core.integrations.records import Page
from core.jobs import processors
from core.jobs.crashpoints import crashpoint
from core.jobs.ehr_exports.watched import holds_export, sync_export
from core.jobs.ehrs import Asking, sync_ehr
from core.jobs.lease import Held, hold
from core.jobs.practice_files.load import sync_folder
from core.jobs.practice_files.result import FileCounts
from core.jobs.records import references
from core.jobs.records.joining import join_records, join_resource
from core.jobs.records.tables import MODELS
from core.links.history import follow_links
from core.patients.models import ProcessorContact
from core.payments.models import Payment
from core.store.base import Synced
from core.store.engine import reader, transaction
from core.store.upsert import upsert
from core.store.version import touch

OVERLAP_SECONDS = (
    300  # read again each time: their clocks may differ, and a page may have been answered early
)

_log = logging.getLogger(__name__)


class Stopped(HuddleError):
    """The worker was told to stop in mid-sync; the next sync goes on from there."""

    permanent = False


class RunResult(NamedTuple):
    """What the sync of one resource came to. error: one sentence, "" when it was read to its end."""

    connection: str
    resource: str
    rows_in: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0
    set_aside: int = 0
    gone: int = 0
    error: str = ""
    retry_after: float | None = None

    def sentence(self) -> str:
        """One line for a terminal."""
        came = FileCounts(
            self.rows_in, self.stored, self.unchanged, self.quarantined, self.set_aside, self.gone
        )
        counts = f"{self.connection} · {self.resource}: {came.sentence()}"
        return f"{counts}; stopped: {self.error}" if self.error else counts

    def as_json(self) -> dict[str, object]:
        return {name: value for name, value in self._asdict().items() if name != "retry_after"}


class _Work(NamedTuple):
    """What one sync holds on to."""

    engine: Engine
    lease: Held
    connection_id: int
    name: str
    full: bool
    said: Callable[[str], None]
    stop: Event


def syncing(session: Session) -> list[Connection]:
    """Connections that sync by themselves, the EHR's first: what a processor knows is joined to patients.

    Left out: paused and disconnected ones, what only holds a processor's reports, and practice files that were only
    imported (no folder to watch).
    """
    states = col(Connection.state).in_([ConnectionState.CONNECTED, ConnectionState.FAILING])
    synced = and_(col(Connection.kind).not_in(SENDING_ONLY), col(Connection.settings) != REPORTS_ONLY)
    order = (col(Connection.kind).not_in(EHRS), col(Connection.id))
    return [
        connection
        for connection in session.exec(select_rows(Connection).where(states, synced).order_by(*order))
        if connection.kind != Kind.PRACTICE_FILES or settings_of(connection).get("folder")
    ]


def sync_by_name(
    engine: Engine, name: str = "", *, full: bool = False, progress: Callable[[str], None] | None = None
) -> list[RunResult]:
    """Sync the connection of that name, or every connected one. Raises NotFound; BadInput when there is none."""
    with reader(engine) as session:
        if name:
            chosen = [connection_named(session, name).id]
        else:
            chosen = [connection.id for connection in syncing(session)]
    if not chosen:
        raise BadInput("No connection is set up yet. Add one with `huddle connect`.")
    return [
        result
        for connection_id in chosen
        for result in sync_connection(engine, connection_id or 0, full=full, progress=progress)
    ]


def sync_connection(
    engine: Engine,
    connection_id: int,
    *,
    full: bool = False,
    progress: Callable[[str], None] | None = None,
    stop: Event | None = None,
    only: Collection[str] | None = None,
    wire: Mapping[str, Any] | None = None,
) -> list[RunResult]:
    """Sync one connection; what cannot be read is an error in its result, not an exception.

    full: read everything and mark what is no longer there as gone; otherwise only what changed since last time.
    progress: told a sentence after each page. stop: set by the worker to end between two pages.
    only: these resources of a processor (default: all). wire: transport, sleep, monotonic of http.Reader, for replays.
    Raises Busy when another process syncs it now, BadInput when it is paused or disconnected, NotFound, WrongKey.
    """
    with reader(engine) as session:
        connection = connection_of(session, connection_id)
        settings, secrets = settings_of(connection), credentials(connection)
        name, kind, state = connection.name, connection.kind, connection.state
    if state in {ConnectionState.PAUSED, ConnectionState.DISCONNECTED}:
        raise BadInput(f"{name} is {state}; connect it again to sync.")
    if kind in SENDING_ONLY:
        raise BadInput(f"{name} only sends; there is nothing to sync from it.")
    if json.dumps(settings) == REPORTS_ONLY:
        raise BadInput(
            f"{name} holds imported reports. Import newer ones, or connect Cash Practice with its key."
        )
    busy = f"{name} is being synced by another process right now."
    with hold(engine, f"sync {connection_id}", busy=busy) as lease:
        stop = stop or Event()
        work = _Work(engine, lease, connection_id, name, full, progress or (lambda _: None), stop)
        _close_left_runs(work)
        wire = {"sleep": lambda seconds: _sleep(stop, seconds), **(wire or {})}
        if kind == Kind.PRACTICE_FILES:
            results = _sync_folder(work, settings)
        elif kind in EHRS:
            results = _sync_ehr(work, kind, settings, secrets, wire)
        else:
            results = _sync_processor(work, kind, settings, secrets, wire, only)
        _set_state(work, failing=any(result.error for result in results))
    return results


def _sync_processor(
    work: _Work,
    kind: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    wire: Mapping[str, Any],
    only: Collection[str] | None,
) -> list[RunResult]:
    results: list[RunResult] = []
    try:
        client = processors.open_reading(work.engine, work.connection_id, kind, settings, secrets, wire)
    except NotAllowed as error:
        return [RunResult(work.name, "login", error=error.sentence)]
    try:
        for resource in (resource for resource in RESOURCES_OF[kind] if only is None or resource in only):
            result, error = _sync_resource(work, client, resource, whole=RESOURCES_OF[kind][resource].whole)
            results.append(result)
            if error is not None and not isinstance(error, UnreadableAnswer):
                return results  # wrong keys, no answer, told to stop: the others would only meet the same
        try:
            processors.after_lists(work.engine, work.connection_id, kind, client)
        except HuddleError as error:
            what = processors.AFTERWARDS[kind]
            results.append(RunResult(work.name, what, error=error.sentence, retry_after=error.retry_after))
    finally:
        client.close()
    return results


def _sync_resource(
    work: _Work, client: processors.Listing, resource: str, *, whole: bool
) -> tuple[RunResult, HuddleError | None]:
    with transaction(work.engine) as session:
        place = place_of(session, work.connection_id, resource)
        full = work.full or whole or not place.cursor
        run_id = start_run(session, work.connection_id, resource, full=full)
        since = None if full else max(0, int(place.cursor) - OVERLAP_SECONDS)
    seen: set[str] = set()
    error: HuddleError | None = None
    try:
        for page in client.pages(resource, since=since):
            crashpoint("sync.page")
            _store_page(work, resource, run_id, page)
            crashpoint("sync.commit")
            seen |= page.ids
            work.said(f"{work.name}: {resource}, {len(seen):,} read")
            _sleep(work.stop, 0)
        found_all = full and (whole or client.count(resource) == len(seen))
        _finish(work, resource, run_id, seen if found_all else None, whole=whole)
    except HuddleError as problem:
        error = problem
        with transaction(work.engine) as session:
            fail_run(session, run_id, error.sentence)
    except BaseException:
        with transaction(work.engine) as session:
            fail_run(session, run_id, "Something went wrong inside Huddle; the log says more.")
        raise
    return _result(work, resource, run_id, error), error


def _store_page(work: _Work, resource: str, run_id: int, page: Page) -> None:
    """Rows, quarantine, counts and cursor of one page: all of it or nothing."""
    rows = [record.row() for record in page.records]
    ids = [str(row["external_id"]) for row in rows]
    with transaction(work.engine) as session:
        work.lease.confirm(session)
        counts = upsert(session, MODELS[resource], work.connection_id, rows)
        crashpoint("sync.upsert")
        quarantined = quarantine(session, work.connection_id, resource, page.rejected)
        resolve(session, work.connection_id, resource, ids)
        if MODELS[resource] is Payment and counts.stored:
            references.refer_payments(session, work.connection_id, ids)
            follow_links(session, work.connection_id, ids)
        add_counts(
            session,
            run_id,
            rows_in=len(rows) + quarantined,
            stored=counts.stored,
            unchanged=counts.unchanged,
            quarantined=quarantined,
        )
        crashpoint("sync.cursor")
        _move_cursor(session, work.connection_id, resource, page.high)


def _move_cursor(session: Session, connection_id: int, resource: str, high: int | None) -> None:
    """Forwards only, and never past now: a record dated in the future must not hide those after it."""
    if high is None:
        return
    place = place_of(session, connection_id, resource)
    reached = min(high, int(clock.now().timestamp()))
    if reached > int(place.cursor or -1):
        place.cursor = str(reached)
        session.add(place)


def _finish(work: _Work, resource: str, run_id: int, seen: set[str] | None, *, whole: bool) -> None:
    """The resource was read to its end: what is gone, what rests on it, freshness."""
    with transaction(work.engine) as session:
        work.lease.confirm(session)
        if seen is not None:
            _mark_gone(session, MODELS[resource], work.connection_id, seen)
        place = place_of(session, work.connection_id, resource)
        if not place.cursor and not whole:
            place.cursor = "0"  # nothing there yet; their clock may stand anywhere beside ours
        join_resource(session, work.connection_id, resource, full=work.full)
        if MODELS[resource] is ProcessorContact:
            look_at_parked(session, work.connection_id)
        finish_run(session, run_id)


def _mark_gone(session: Session, model: type[Synced], connection_id: int, seen: set[str]) -> None:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    here = session.execute(
        select(table.c.external_id).where(table.c.connection_id == connection_id, table.c.gone_at.is_(None))
    )
    gone = [external_id for (external_id,) in here if external_id not in seen]
    for start in range(0, len(gone), 5_000):
        session.execute(
            update(table)
            .where(
                table.c.connection_id == connection_id, table.c.external_id.in_(gone[start : start + 5_000])
            )
            .values(gone_at=clock.now())
        )
    if gone:
        touch(session)


def _sync_folder(work: _Work, settings: Mapping[str, str]) -> list[RunResult]:
    """Practice files of a watched folder; what the processors know is joined anew when anything changed."""

    def said(file: str, rows: int) -> None:
        work.said(f"{work.name}: {file}, {rows:,} read")
        _sleep(work.stop, 0)

    try:
        if not settings.get("folder"):
            raise BadInput(
                f"{work.name} watches no folder. Load files with `huddle import DIR`, or connect one."
            )
        folder, whole = Path(settings["folder"]), settings.get("whole") == "yes"
        if holds_export(folder):
            export = sync_export(
                work.engine, work.connection_id, folder, full=work.full, whole=whole, progress=said
            )
            for note in [*export.notes, *export.asked()]:
                work.said(f"{work.name}: {note}")
            return [
                RunResult(work.name, file)._replace(**counts.in_run())
                for file, counts in export.files.items()
            ]
        came = sync_folder(
            work.engine, work.connection_id, folder, full=work.full, whole=whole, progress=said
        )
    except HuddleError as error:
        with transaction(work.engine) as session:
            fail_run(session, start_run(session, work.connection_id, "folder"), error.sentence)
        return [RunResult(work.name, "folder", error=error.sentence)]
    if any(counts.stored or counts.gone for counts in came.files.values()) or came.retried:
        join_records(work.engine)
    for remark in came.remarks:
        work.said(f"{work.name}: {remark}")
    results = [RunResult(work.name, file, *counts) for file, counts in came.files.items()]
    return results + [RunResult(work.name, "folder", error=sentence) for sentence in came.errors]


def _sync_ehr(
    work: _Work,
    kind: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    wire: Mapping[str, Any],
) -> list[RunResult]:
    """An EHR that is asked for its lists, over the network or in a folder."""

    def said(sentence: str) -> None:
        work.said(f"{work.name}: {sentence}")
        _sleep(work.stop, 0)

    asking = Asking(work.engine, work.connection_id, work.full, work.lease.confirm, said)
    return [RunResult(work.name, *run) for run in sync_ehr(asking, kind, settings, secrets, wire)]


def _result(work: _Work, resource: str, run_id: int, error: HuddleError | None) -> RunResult:
    with reader(work.engine) as session:
        run = session.get_one(SyncRun, run_id)
        counts = (run.rows_in, run.stored, run.unchanged, run.quarantined, run.set_aside, run.gone)
    sentence = error.sentence if error else ""
    return RunResult(work.name, resource, *counts, sentence, error.retry_after if error else None)


def _close_left_runs(work: _Work) -> None:
    """Runs of a process that was killed: with the lease ours, nobody works on them any more."""
    with reader(work.engine) as session:
        query = select_rows(SyncRun.id).where(SyncRun.connection_id == work.connection_id)
        left = session.exec(query.where(SyncRun.state == "running")).all()
    if left:
        with transaction(work.engine) as session:
            for run_id in left:
                fail_run(
                    session,
                    run_id or 0,
                    "The sync was cut off in the middle; the next one goes on from there.",
                )


def _set_state(work: _Work, *, failing: bool) -> None:
    with transaction(work.engine) as session:
        session.execute(
            update(Connection)
            .where(
                col(Connection.id) == work.connection_id,
                or_(
                    col(Connection.state) == ConnectionState.CONNECTED,
                    col(Connection.state) == ConnectionState.FAILING,
                ),
            )
            .values(state=ConnectionState.FAILING if failing else ConnectionState.CONNECTED)
        )


def _sleep(stop: Event, seconds: float) -> None:
    if stop.wait(seconds):
        raise Stopped("The sync was stopped; the next one goes on from here.")
