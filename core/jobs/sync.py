"""Bringing the store up to date with a connection: one page, one transaction (DESIGN §1 “In”).

Killed anywhere, the next sync completes it: pages are whole, rows are guarded by their version, the cursor moves in
the transaction of its page. No network call is made while a transaction is open.
"""

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import Engine, and_, or_, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

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
from core.connections.resources import RESOURCES_OF
from core.connections.runs import fail_run, start_run
from core.errors import BadInput, HuddleError, NotAllowed, UnreadableAnswer
from core.jobs import processors
from core.jobs.ehr_exports.watched import holds_export, sync_export
from core.jobs.ehrs import Asking, sync_ehr
from core.jobs.lease import hold
from core.jobs.one_sync import RunResult, Work, pause
from core.jobs.pages import sync_resource
from core.jobs.practice_files.load import sync_folder
from core.jobs.records.joining import join_records
from core.store.engine import reader, transaction


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
        work = Work(engine, lease, connection_id, name, full, progress or (lambda _: None), stop)
        _close_left_runs(work)
        wire = {"sleep": lambda seconds: pause(stop, seconds), **(wire or {})}
        if kind == Kind.PRACTICE_FILES:
            results = _sync_folder(work, settings)
        elif kind in EHRS:
            results = _sync_ehr(work, kind, settings, secrets, wire)
        else:
            results = _sync_processor(work, kind, settings, secrets, wire, only)
        _set_state(work, failing=any(result.error for result in results))
    return results


def _sync_processor(
    work: Work,
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
            result, error = sync_resource(work, client, resource, whole=RESOURCES_OF[kind][resource].whole)
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


def _sync_folder(work: Work, settings: Mapping[str, str]) -> list[RunResult]:
    """Practice files of a watched folder; what the processors know is joined anew when anything changed."""

    def said(file: str, rows: int) -> None:
        work.said(f"{work.name}: {file}, {rows:,} read")
        pause(work.stop)

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
    work: Work,
    kind: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    wire: Mapping[str, Any],
) -> list[RunResult]:
    """An EHR that is asked for its lists, over the network or in a folder."""

    def said(sentence: str) -> None:
        work.said(f"{work.name}: {sentence}")
        pause(work.stop)

    asking = Asking(work.engine, work.connection_id, work.full, work.lease.confirm, said)
    return [RunResult(work.name, *run) for run in sync_ehr(asking, kind, settings, secrets, wire)]


def _close_left_runs(work: Work) -> None:
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


def _set_state(work: Work, *, failing: bool) -> None:
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
