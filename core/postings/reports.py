"""How posting stands: on or off, since when, what keeps it, and how many rows are in which state. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from core.connections.commands import settings_of
from core.connections.models import Connection, ConnectionState, Kind, SyncCursor
from core.postings.claiming import clerk_of
from core.postings.models import LedgerPosting, PostingSwitch


@dataclass(frozen=True, slots=True)
class PostingStatus:
    """One Genesis connection. counts: rows by state. trouble: why nothing goes out now, "" when it does.

    clerk_trouble: why it could not post by itself, also while it is off. read_at: when its ledger was read back, UTC.
    date_start: None while no day was chosen. saved_start: the connection's own Date Start.
    """

    connection_id: int
    name: str
    state: str
    is_on: bool
    date_start: date | None
    saved_start: date | None
    changed_at: datetime | None
    trouble: str
    clerk_trouble: str
    counts: Mapping[str, int]
    read_at: datetime | None
    by_file: bool


def postings_standing(session: Session, practice_id: int, *, as_of: datetime) -> list[PostingStatus]:
    """Every Genesis connection that is not disconnected at an instant (aware UTC), in the order they were set up."""
    rows = session.exec(
        select(Connection)
        .where(
            Connection.practice_id == practice_id,
            Connection.kind == Kind.GENESIS,
            Connection.state != ConnectionState.DISCONNECTED,
        )
        .order_by(col(Connection.id))
    ).all()
    return [_standing(session, connection, as_of) for connection in rows]


def _standing(session: Session, connection: Connection, as_of: datetime) -> PostingStatus:
    switch = session.get(PostingSwitch, connection.id)
    saved = settings_of(connection)
    counts = session.exec(
        select(LedgerPosting.state, func.count())
        .where(LedgerPosting.connection_id == connection.id)
        .group_by(col(LedgerPosting.state))
    )
    read_at = session.exec(
        select(SyncCursor.synced_at).where(
            SyncCursor.connection_id == connection.id, SyncCursor.resource == "ledger"
        )
    ).first()
    return PostingStatus(
        connection_id=connection.id or 0,
        name=connection.name,
        state=connection.state,
        is_on=bool(switch and switch.is_on),
        date_start=switch.date_start if switch else None,
        saved_start=date.fromisoformat(saved["date_start"]) if saved.get("date_start") else None,
        changed_at=switch.changed_at if switch else None,
        trouble=switch.trouble if switch and switch.is_on else "",
        clerk_trouble=clerk_of(session, connection, None, now=as_of).trouble,
        counts={row[0]: row[1] for row in counts},
        read_at=read_at,
        by_file=bool(saved.get("drop_folder")),
    )
