"""Messages of which nobody knows whether they went out, and how a person or the patient's own press settles them."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.blasts.progress import note_progress
from core.errors import BadInput, NotFound
from core.links.sending import follow_messages
from core.messages.commands import SUBJECT, require_sending
from core.messages.models import Message, MessageState
from core.outbox import commands as outbox
from core.outbox.models import OutboxRow, OutboxState
from core.permissions import Identity, works_at


@dataclass(frozen=True, slots=True)
class Doubtful:
    """look_up_at: when Huddle asks the gateway itself (UTC); e-mail can be asked about nowhere."""

    message_id: int
    patient_id: int | None
    channel: str
    to_address: str
    reason: str
    tried_at: datetime | None
    look_up_at: datetime | None


def doubtful(session: Session, *, limit: int = 200) -> list[Doubtful]:
    """Every message in doubt, oldest attempt first."""
    rows = session.exec(
        select(Message, OutboxRow)
        .join(OutboxRow, col(OutboxRow.id) == col(Message.outbox_id))
        .where(OutboxRow.state == OutboxState.UNKNOWN)
        .order_by(col(OutboxRow.claimed_at))
        .limit(limit)
    )
    return [
        Doubtful(
            m.id or 0, m.patient_id, m.channel, m.to_address, row.reason, row.claimed_at, row.settle_after
        )
        for m, row in rows
    ]


def settle_by_hand(session: Session, who: Identity, *, message_id: int, arrived: bool) -> None:
    """A person found out: it arrived, or it did not and goes out again. Raises NotAllowed, NotFound, BadInput."""
    message = session.get(Message, message_id)
    elsewhere = message is not None and not works_at(who, message.location_id)
    if message is None or message.practice_id != who.practice_id or elsewhere:
        raise NotFound(f"There is no message {message_id}.")
    require_sending(who, message.purpose)
    row = outbox.held(session, [message.outbox_id or ""]).get(message.outbox_id or "")
    if row is None or row.state != OutboxState.UNKNOWN:
        raise BadInput("This message is not in doubt any more. Look again.")
    if arrived:
        outbox.settle(session, row, {"settled_by": "staff"})
        message.state, message.reason = MessageState.SENT, ""
        message.sent_at = row.claimed_at
    else:
        outbox.requeue(session, row, at=clock.now(), reason="Sent again by the staff.")
        message.state, message.reason = MessageState.QUEUED, row.reason
    session.add(message)
    session.flush()
    follow_messages(session, [message])
    detail = {"arrived": arrived}
    record(
        session,
        who=who,
        action="settled a doubtful message",
        subject_kind=SUBJECT,
        subject_id=message_id,
        detail=detail,
    )


def note_opened(session: Session, *, link_kind: str, link_id: int) -> None:
    """A patient pressed a link: a message that carried it arrived, even one in doubt if no other carried it."""
    sure = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)
    carried = select(Message).where(
        Message.link_kind == link_kind, Message.link_id == link_id, col(Message.state).in_(sure)
    )
    found = session.exec(carried.order_by(col(Message.id).desc()).with_for_update()).all()
    known = [message for message in found if message.state != MessageState.UNKNOWN]
    if not known and len(found) != 1:
        return
    message = (known or found)[0]
    row = outbox.held(session, [message.outbox_id or ""]).get(message.outbox_id or "")
    if row is not None:
        outbox.settle(session, row, {"settled_by": "link opened"})
    message.state, message.reason, message.opened_at = MessageState.OPENED, "", clock.now()
    message.sent_at = message.sent_at or (row.claimed_at if row else None)
    session.add(message)
    session.flush()
    follow_messages(session, [message])
    if message.batch_id is not None:
        note_progress(session, [message.batch_id])
