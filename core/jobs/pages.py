"""Reading one list of a processor: one page, one transaction; the cursor moves in the transaction of its page."""

from sqlalchemy import Table, select, update
from sqlmodel import Session

from core import clock
from core.connections.models import (
    SyncRun,
)
from core.connections.quarantine import quarantine, resolve
from core.connections.runs import add_counts, fail_run, finish_run, place_of, start_run
from core.errors import HuddleError
from core.inbox.commands import look_at_parked
from core.integrations.records import Page
from core.jobs import processors
from core.jobs.crashpoints import crashpoint
from core.jobs.one_sync import RunResult, Work, pause
from core.jobs.records import references
from core.jobs.records.joining import join_resource
from core.jobs.records.tables import MODELS
from core.links.history import follow_links
from core.patients.models import ProcessorContact
from core.payments.models import Payment
from core.store.base import Synced
from core.store.engine import reader, transaction
from core.store.upsert import upsert
from core.store.version import touch

# read again each time: their clocks may differ, and a page may have been answered early
OVERLAP_SECONDS = 300


def sync_resource(
    work: Work, client: processors.Listing, resource: str, *, whole: bool
) -> tuple[RunResult, HuddleError | None]:
    """Read one list of a processor to its end. An error is returned beside what came before it."""
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
            pause(work.stop)
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


def _store_page(work: Work, resource: str, run_id: int, page: Page) -> None:
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


def _finish(work: Work, resource: str, run_id: int, seen: set[str] | None, *, whole: bool) -> None:
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


def _result(work: Work, resource: str, run_id: int, error: HuddleError | None) -> RunResult:
    with reader(work.engine) as session:
        run = session.get_one(SyncRun, run_id)
        counts = (run.rows_in, run.stored, run.unchanged, run.quarantined, run.set_aside, run.gone)
    sentence = error.sentence if error else ""
    return RunResult(work.name, resource, *counts, sentence, error.retry_after if error else None)
