"""Links and the messages that carry them: asked before one goes out, told what became of it (see message_sending.py)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from core.jobs.outbox import send_messages
from core.links.sending import follow_messages, messages_in_vain
from core.messages.models import Message
from core.outbox.sending import Cancel


def _in_vain(session: Session, messages: Sequence[Message], now: datetime) -> Mapping[int, Cancel]:
    return messages_in_vain(session, messages)


def hear_of_messages() -> None:
    """Begin; doing it again changes nothing."""
    if follow_messages not in send_messages.TOLD:
        send_messages.TOLD.append(follow_messages)
        send_messages.CHECKS.append(_in_vain)
