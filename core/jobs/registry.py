"""What runs when. The drivers (embedded.py) are only clocks; what a job does stands in its own module."""

import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.connections.models import Connection, SyncRun
from core.connections.resources import LONGEST
from core.jobs.audit_chain import check_audit_chain, extend_audit_chain
from core.jobs.backups import back_up_when_due
from core.jobs.booking.tend import tend_when_changed
from core.jobs.housekeeping import tidy
from core.jobs.links.tend import tend_links
from core.jobs.post_payments import post_payments
from core.jobs.roll_up import roll_up
from core.jobs.sync import syncing
from core.jobs.tasks.follow import follow_tasks
from core.jobs.tasks.refresh import refresh_tasks
from core.practice.models import Location
from core.settings import settings

NIGHT = range(1, 5)  # hours on the practice's wall in which everything is read anew
FULL_AFTER = timedelta(hours=20)  # at night
FULL_AT_LAST = timedelta(hours=36)  # at any hour: the machine was off at night
JITTER_SHARE = 10  # up to a tenth of the interval


class Job(NamedTuple):
    """Something that runs every so often, whatever the connections do."""

    name: str
    every: timedelta
    run: Callable[[Engine], Any]


JOBS = (
    Job("housekeeping", timedelta(hours=1), tidy),
    Job("audit chain", timedelta(minutes=1), extend_audit_chain),
    Job("audit check", timedelta(hours=24), check_audit_chain),
    Job("backups", timedelta(minutes=5), back_up_when_due),
    Job("bookings", timedelta(minutes=1), tend_when_changed),
    Job("links", timedelta(minutes=1), tend_links),
    Job("postings", timedelta(minutes=1), post_payments),
    Job("tasks", timedelta(minutes=1), refresh_tasks),  # and right after each sync
    Job("tasks in Genesis", timedelta(minutes=1), follow_tasks),
    # after every change of the data, and hourly; else it does nothing
    Job("roll_up", timedelta(minutes=1), roll_up),
)


class Due(NamedTuple):
    """A connection whose time has come. full: read everything, and mark what is gone."""

    connection_id: int
    name: str
    full: bool


def due_syncs(session: Session, *, now: datetime) -> list[Due]:
    """Connections to sync now: connected, and not begun within HUDDLE_SYNC_EVERY_MINUTES (with each its own jitter)."""
    return [
        Due(connection.id or 0, connection.name, _full_is_due(session, connection, now))
        for connection in syncing(session)
        if _is_due(session, connection, now)
    ]


def _is_due(session: Session, connection: Connection, now: datetime) -> bool:
    begun = _last(session, connection, full=None)
    return begun is None or now - begun >= interval(connection.id or 0) or begun > now


def interval(connection_id: int) -> timedelta:
    """How often a connection syncs: the setting, and up to a tenth more, so that connections do not march in step."""
    every = timedelta(minutes=settings().sync_every_minutes)
    return every + every / JITTER_SHARE * ((zlib.crc32(str(connection_id).encode()) % 1000) / 1000)


def _full_is_due(session: Session, connection: Connection, now: datetime) -> bool:
    begun = _last(session, connection, full=True)
    if begun is None or now - begun > FULL_AT_LAST:
        return True
    return now - begun > FULL_AFTER and now.astimezone(clock.zone(_time_zone(session))).hour in NIGHT


def _last(session: Session, connection: Connection, *, full: bool | None) -> datetime | None:
    """When the last run of any kind began, or the last full one that was read to its end.

    Short lists are read whole each time: only the full run of a long one (or of a file) says something.
    """
    query = select(SyncRun.started_at).where(SyncRun.connection_id == connection.id)
    if full:
        query = query.where(col(SyncRun.full), SyncRun.state == "done")
        if connection.kind in LONGEST:
            query = query.where(SyncRun.resource == LONGEST[connection.kind])
    return session.exec(query.order_by(col(SyncRun.id).desc()).limit(1)).first()


def _time_zone(session: Session) -> str:
    return session.exec(select(Location.time_zone).order_by(col(Location.id)).limit(1)).first() or "UTC"
