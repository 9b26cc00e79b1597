"""What came in and is not applied yet: for the connections page and `huddle doctor`."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, and_, col, func, or_, select

from core.inbox.commands import OPEN
from core.inbox.models import InboxEvent, InboxState


@dataclass(frozen=True, slots=True)
class Trouble:
    """An event that is not applied though it was tried. next_try: UTC, None when it was given up."""

    event_id: int
    source: str
    kind: str
    received_at: datetime
    attempts: int
    state: str
    reason: str
    next_try: datetime | None


def troubles(session: Session, *, limit: int = 100) -> list[Trouble]:
    """Events that were tried and are not applied, given-up ones first, then the oldest."""
    tried = and_(col(InboxEvent.state).in_(OPEN), col(InboxEvent.reason) != "")
    rows = session.exec(
        select(InboxEvent)
        .where(or_(col(InboxEvent.state) == InboxState.FAILED, tried))
        .order_by(col(InboxEvent.state) != InboxState.FAILED, col(InboxEvent.received_at))
        .limit(limit)
    )
    return [
        Trouble(
            event_id=row.id or 0,
            source=row.source,
            kind=row.kind,
            received_at=row.received_at,
            attempts=row.attempts,
            state=row.state,
            reason=row.reason,
            next_try=None if row.state == InboxState.FAILED else row.not_before,
        )
        for row in rows
    ]


def counts(session: Session) -> dict[str, int]:
    """How many events there are in each state; a state nobody is in is 0."""
    found = session.exec(select(InboxEvent.state, func.count()).group_by(col(InboxEvent.state)))
    return {**dict.fromkeys(InboxState, 0), **dict(found.all())}
