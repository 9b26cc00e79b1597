"""The record of every sync: what came in, what became of it, how long it took, what went wrong."""

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from core import clock
from core.connections.models import SyncCursor, SyncRun
from core.errors import NotFound
from core.secrets import mask_card_numbers


def start_run(session: Session, connection_id: int, resource: str, *, full: bool = False) -> int:
    """Note that the sync of one resource begins. Returns the run's id."""
    values = {"connection_id": connection_id, "resource": resource, "full": full, "started_at": clock.now()}
    return session.execute(insert(SyncRun).values(**values).returning(col(SyncRun.id))).scalar_one()


def add_counts(
    session: Session,
    run_id: int,
    *,
    rows_in: int = 0,
    stored: int = 0,
    unchanged: int = 0,
    quarantined: int = 0,
    set_aside: int = 0,
    gone: int = 0,
) -> None:
    """Add one page to a run. Raises ValueError unless rows_in = stored + unchanged + quarantined + set_aside
    (CONTRACTS §1). gone: rows held that are no longer sent."""
    if rows_in != (told := stored + unchanged + quarantined + set_aside):
        raise ValueError(f"{rows_in} rows in, but {told} accounted for")
    session.execute(
        update(SyncRun)
        .where(col(SyncRun.id) == run_id)
        .values(
            rows_in=col(SyncRun.rows_in) + rows_in,
            stored=col(SyncRun.stored) + stored,
            unchanged=col(SyncRun.unchanged) + unchanged,
            quarantined=col(SyncRun.quarantined) + quarantined,
            set_aside=col(SyncRun.set_aside) + set_aside,
            gone=col(SyncRun.gone) + gone,
        )
        .execution_options(synchronize_session=False)
    )


def finish_run(session: Session, run_id: int) -> None:
    """The resource was read to its end: freshness of (connection, resource) is now the moment the run began.

    The moment it began and not now: what changed while we read may be missing.
    """
    run = _fresh(session, run_id)
    run.state, run.finished_at = "done", clock.now()
    place = place_of(session, run.connection_id, run.resource)
    place.synced_at = run.started_at
    session.add_all([run, place])
    session.flush()


def fail_run(session: Session, run_id: int, sentence: str) -> None:
    """The resource could not be read to its end; what was stored stays, freshness is left as it was."""
    run = _fresh(session, run_id)
    run.state, run.finished_at = "failed", clock.now()
    run.error = mask_card_numbers(sentence)
    session.add(run)
    session.flush()


def place_of(session: Session, connection_id: int, resource: str) -> SyncCursor:
    """The cursor row of one resource, made when it is not there yet."""
    found = session.exec(
        select(SyncCursor).where(SyncCursor.connection_id == connection_id, SyncCursor.resource == resource)
    ).first()
    if found is None:
        found = SyncCursor(connection_id=connection_id, resource=resource)
        session.add(found)
        session.flush()
    return found


def _fresh(session: Session, run_id: int) -> SyncRun:
    run = session.get(SyncRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound(f"There is no sync run {run_id}.")
    return run
