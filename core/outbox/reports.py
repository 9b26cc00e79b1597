"""How each way out stands: what waits, since when and why, and what is in doubt. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from core.connections.models import Connection
from core.outbox.models import OutboxRow, OutboxState


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """One connection. waiting: rows that are due and not sent. since: when the oldest of them was put in, UTC.

    reason: why the oldest waits, a sentence; "" when it was not tried yet.
    """

    connection_id: int
    name: str
    kind: str
    waiting: int
    since: datetime | None
    in_doubt: int
    reason: str


def standing(session: Session, *, now: datetime) -> list[OutboxStatus]:
    """Every connection with something waiting or in doubt."""
    open_rows = (OutboxState.WAITING, OutboxState.UNKNOWN)
    connections = session.exec(
        select(Connection)
        .where(
            col(Connection.id).in_(select(OutboxRow.connection_id).where(col(OutboxRow.state).in_(open_rows)))
        )
        .order_by(col(Connection.id))
    ).all()
    found = [_standing(session, connection, now) for connection in connections]
    return [each for each in found if each.waiting or each.in_doubt]


def _standing(session: Session, connection: Connection, now: datetime) -> OutboxStatus:
    mine = col(OutboxRow.connection_id) == connection.id
    due = (mine, col(OutboxRow.state) == OutboxState.WAITING, col(OutboxRow.created_at) <= now)
    tried = (*due, (col(OutboxRow.not_before) <= now) | (col(OutboxRow.attempts) > 0))  # not: for next week
    waiting = session.exec(select(func.count()).select_from(OutboxRow).where(*tried)).one()
    oldest = session.exec(
        select(OutboxRow).where(*tried).order_by(col(OutboxRow.created_at)).limit(1)
    ).first()
    doubtful = session.exec(
        select(func.count()).select_from(OutboxRow).where(mine, col(OutboxRow.state) == OutboxState.UNKNOWN)
    ).one()
    return OutboxStatus(
        connection.id or 0,
        connection.name,
        connection.kind,
        waiting,
        oldest.created_at if oldest else None,
        doubtful,
        oldest.reason if oldest else "",
    )
