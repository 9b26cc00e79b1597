"""Tidying up, hourly: what has ended long ago and rests on nothing."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, func, or_, select
from sqlmodel import Session, col

from core import clock
from core.booking.holding import forget_unbooked
from core.connections.models import Lease, QuarantinedRow, SyncRun
from core.inbox.models import InboxEvent, InboxState
from core.own_exports.models import LOADS_UNDONE_WITHIN, ExportLoad, ExportLoadRow
from core.staff.models import SignInAttempt, StaffSession
from core.store.engine import transaction

RUNS_KEPT = timedelta(days=30)
SESSIONS_KEPT = timedelta(days=30)
ATTEMPTS_KEPT = timedelta(days=30)
MENDED_ROWS_KEPT = timedelta(days=90)
LEASES_KEPT = timedelta(days=1)
UNBOOKED_KEPT = timedelta(days=30)  # long after anybody would call them
EVENTS_KEPT = timedelta(days=90)  # long after anybody would send them again


def tidy(engine: Engine) -> dict[str, int]:
    """Delete old runs, ended sessions, sign-in attempts, mended quarantine rows, applied events and left leases: how many of each.

    Of runs, the latest of each resource and the latest full one stay, however old.
    """
    with transaction(engine) as session:
        return {
            "sessions": _sessions(session),
            "sign-in attempts": _delete(session, SignInAttempt, col(SignInAttempt.at) < _ago(ATTEMPTS_KEPT)),
            "runs": _runs(session),
            "mended rows": _delete(
                session, QuarantinedRow, col(QuarantinedRow.resolved_at) < _ago(MENDED_ROWS_KEPT)
            ),
            "events": _delete(
                session,
                InboxEvent,
                col(InboxEvent.state) == InboxState.APPLIED,
                col(InboxEvent.received_at) < _ago(EVENTS_KEPT),
            ),
            "leases": _delete(session, Lease, col(Lease.until) < _ago(LEASES_KEPT)),
            "rows of old loads": _old_loads(session),
            "people who did not book": forget_unbooked(session, _ago(UNBOOKED_KEPT)),
        }


def _ago(kept: timedelta) -> Any:
    return clock.now() - kept


def _sessions(session: Session) -> int:
    over = or_(
        col(StaffSession.ended_at) < _ago(SESSIONS_KEPT), col(StaffSession.expires_at) < _ago(SESSIONS_KEPT)
    )
    return _delete(session, StaffSession, over)


def _runs(session: Session) -> int:
    latest = select(func.max(col(SyncRun.id))).group_by(
        col(SyncRun.connection_id), col(SyncRun.resource), col(SyncRun.full), col(SyncRun.state)
    )
    return _delete(
        session, SyncRun, col(SyncRun.started_at) < _ago(RUNS_KEPT), col(SyncRun.id).not_in(latest)
    )


def _old_loads(session: Session) -> int:
    """What is written down for undoing a load is a copy of what it changed: no longer than it can be undone."""
    old = select(col(ExportLoad.id)).where(col(ExportLoad.began_at) < _ago(LOADS_UNDONE_WITHIN))
    return _delete(session, ExportLoadRow, col(ExportLoadRow.load_id).in_(old))


def _delete(session: Session, model: Any, *where: ColumnElement[bool]) -> int:
    result = session.execute(delete(model).where(*where).execution_options(synchronize_session=False))
    return result.rowcount  # type: ignore[attr-defined]  # a DELETE's result has one
