"""A blast's condition, asked once more when each of its messages is about to go (a check of senders.py)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from core.blasts.conditions import still_fits
from core.messages.models import Batch, Message
from core.outbox.sender import Cancel


def no_longer_needed(session: Session, messages: Sequence[Message], now: datetime) -> Mapping[int, Cancel]:
    """Messages of blasts to people for whom the condition does not hold any more, by message id."""
    of_batch: dict[int, list[Message]] = {}
    for message in messages:
        if message.batch_id is not None and message.patient_id is not None:
            of_batch.setdefault(message.batch_id, []).append(message)
    found: dict[int, Cancel] = {}
    for batch in session.exec(select(Batch).where(col(Batch.id).in_(of_batch), Batch.condition != "")):
        mine = of_batch[batch.id or 0]
        fits = still_fits(session, batch.condition, {m.patient_id or 0 for m in mine}, as_of=now)
        for message in mine:
            if message.patient_id not in fits:
                found[message.id or 0] = Cancel(f"Not needed any more: no longer “{batch.condition}”.")
    return found
