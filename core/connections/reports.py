"""How fresh every source is, what its syncs did, and which rows could not be used. Reads only."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from core.connections.models import (
    REPORTS_ONLY,
    SENDING_ONLY,
    Connection,
    ConnectionState,
    QuarantinedRow,
    SyncCursor,
    SyncRun,
)
from core.connections.resources import RESOURCES_OF
from core.settings import settings


@dataclass(frozen=True, slots=True)
class Source:
    """How fresh one connection is. synced_at: of its oldest resource, aware UTC; None = never read to the end.

    state: a word of ConnectionState. sentence: how old, and what is wrong if something is.
    """

    id: int
    name: str
    kind: str
    synced_at: datetime | None
    stale: bool
    state: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Run:
    """One resource of one sync. rows_in = stored + unchanged + quarantined. state: running, done, failed."""

    connection: str
    resource: str
    full: bool
    state: str
    started_at: datetime
    finished_at: datetime | None
    rows_in: int
    stored: int
    unchanged: int
    quarantined: int
    error: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be used and is not mended yet. raw: the row itself, card numbers masked."""

    id: int
    connection: str
    resource: str
    external_id: str
    line: int | None
    column: str
    reason: str
    raw: dict[str, Any]
    first_seen_at: datetime
    last_seen_at: datetime


def sources(session: Session, *, now: datetime) -> list[Source]:
    """Every connection that is synced from and not disconnected, in the order they were set up."""
    connections = session.exec(
        select(Connection)
        .where(Connection.state != ConnectionState.DISCONNECTED, col(Connection.kind).not_in(SENDING_ONLY))
        .order_by(col(Connection.id))
    ).all()
    return [_source(session, connection, now) for connection in connections]


def _source(session: Session, connection: Connection, now: datetime) -> Source:
    synced_at = _oldest(session, connection)
    limit = timedelta(minutes=settings().stale_after_minutes)
    stale = synced_at is None or now - synced_at > limit
    sentence = f"{connection.name}: {_age(synced_at, now)}."
    if connection.state == ConnectionState.PAUSED:
        sentence += " Paused."
    elif connection.state == ConnectionState.FAILING:
        sentence += f" {_last_error(session, connection.id or 0)}"
    return Source(
        connection.id or 0,
        connection.name,
        connection.kind,
        synced_at,
        stale,
        connection.state,
        sentence.strip(),
    )


def _oldest(session: Session, connection: Connection) -> datetime | None:
    """A source is as fresh as the resource that was read to its end longest ago."""
    rows = session.exec(
        select(SyncCursor.resource, SyncCursor.synced_at).where(SyncCursor.connection_id == connection.id)
    ).all()
    at = {row[0]: row[1] for row in rows}
    if connection.kind in RESOURCES_OF and connection.settings != REPORTS_ONLY:
        at = {resource: at.get(resource) for resource in RESOURCES_OF[connection.kind]}
    known = [instant for instant in at.values() if instant is not None]
    return min(known) if known and len(known) == len(at) else None


def _age(synced_at: datetime | None, now: datetime) -> str:
    if synced_at is None:
        return "not synced yet"
    minutes = max(0, int((now - synced_at).total_seconds() // 60))
    if minutes < 1:
        return "synced just now"
    if minutes < 120:
        return f"synced {minutes} {'minute' if minutes == 1 else 'minutes'} ago"
    if minutes < 48 * 60:
        return f"synced {minutes // 60} hours ago"
    return f"synced {minutes // (24 * 60)} days ago"


def _last_error(session: Session, connection_id: int) -> str:
    failed = select(SyncRun.error).where(SyncRun.connection_id == connection_id, SyncRun.state == "failed")
    return session.exec(failed.order_by(col(SyncRun.id).desc()).limit(1)).first() or ""


def runs(session: Session, *, connection_id: int | None = None, limit: int = 50) -> list[Run]:
    """The latest runs, newest first; of one connection or of all."""
    query = select(SyncRun, Connection.name).join(
        Connection, col(Connection.id) == col(SyncRun.connection_id)
    )
    if connection_id is not None:
        query = query.where(SyncRun.connection_id == connection_id)
    rows = session.exec(query.order_by(col(SyncRun.id).desc()).limit(limit))
    return [
        Run(
            name,
            run.resource,
            run.full,
            run.state,
            run.started_at,
            run.finished_at,
            run.rows_in,
            run.stored,
            run.unchanged,
            run.quarantined,
            run.error,
        )
        for run, name in rows
    ]


def quarantined(session: Session, *, connection_id: int | None = None, limit: int = 200) -> list[BadRow]:
    """Rows still waiting to be mended, last seen first; of one connection or of all."""
    query = select(QuarantinedRow, Connection.name).join(
        Connection, col(Connection.id) == col(QuarantinedRow.connection_id)
    )
    query = query.where(col(QuarantinedRow.resolved_at).is_(None))
    if connection_id is not None:
        query = query.where(QuarantinedRow.connection_id == connection_id)
    rows = session.exec(
        query.order_by(col(QuarantinedRow.last_seen_at).desc(), col(QuarantinedRow.id)).limit(limit)
    )
    return [
        BadRow(
            row.id or 0,
            name,
            row.resource,
            row.external_id,
            row.line,
            row.column,
            row.reason,
            json.loads(row.raw),
            row.first_seen_at,
            row.last_seen_at,
        )
        for row, name in rows
    ]
