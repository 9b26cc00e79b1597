"""How far blasts are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from core import clock
from core.errors import NotFound
from core.messages.models import Batch, BatchState, Message
from core.outbox.models import OPEN_STATES, OutboxRow, OutboxState

OPEN_BATCH = (BatchState.SCHEDULED, BatchState.RUNNING, BatchState.PAUSED)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a blast is. by_state: messages by word of MessageState. open: not finished, doubtful ones too."""

    batch_id: int
    name: str
    state: str
    reason: str
    channel: str
    condition: str
    count: int
    left_out: int
    open: int
    by_state: Mapping[str, int]
    created_at: datetime
    scheduled_at: datetime | None
    undo_until: datetime | None
    ended_at: datetime | None


def progress(session: Session, batch_id: int) -> Progress:
    """Raises NotFound."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise NotFound(f"There is no blast {batch_id}.")
    states = session.exec(
        select(Message.state, func.count()).where(Message.batch_id == batch_id).group_by(col(Message.state))
    )
    still = (
        select(func.count())
        .select_from(OutboxRow)
        .where(OutboxRow.batch_id == batch_id, col(OutboxRow.state).in_(OPEN_STATES))
    )
    return Progress(
        batch_id,
        batch.name,
        batch.state,
        batch.reason,
        batch.channel,
        batch.condition,
        batch.count,
        batch.left_out,
        session.exec(still).one(),
        {row[0]: row[1] for row in states},
        batch.created_at,
        batch.scheduled_at,
        batch.undo_until,
        batch.ended_at,
    )


def batches(session: Session, *, limit: int = 20, kind: str = "") -> list[Progress]:
    """The latest blasts, newest first; only those whose messages carry links of a kind, where one is given."""
    query = select(Batch.id).order_by(col(Batch.id).desc()).limit(limit)
    if kind:
        carries = select(Message.id).where(Message.batch_id == Batch.id, Message.link_kind == kind)
        query = query.where(carries.exists())
    ids = session.exec(query).all()
    return [progress(session, batch_id or 0) for batch_id in ids]


def note_progress(session: Session, batch_ids: Sequence[int]) -> None:
    """After rows of these blasts changed: begun, and done when nothing of them is open any more."""
    for batch_id in sorted(set(batch_ids)):
        batch = session.get(Batch, batch_id)
        if batch is None or batch.state not in OPEN_BATCH:
            continue
        if batch.started_at is None:
            batch.started_at = clock.now()
            batch.state = BatchState.RUNNING if batch.state == BatchState.SCHEDULED else batch.state
        to_come = select(OutboxRow.id).where(
            OutboxRow.batch_id == batch_id,
            col(OutboxRow.state).in_((OutboxState.WAITING, OutboxState.SENDING)),
        )
        if session.exec(to_come.limit(1)).first() is None:
            batch.state, batch.ended_at = BatchState.DONE, clock.now()
        session.add(batch)
