"""What the text gateway tells us: what became of a text, and what a patient wrote back."""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.blasts.progress import note_progress
from core.errors import BadInput
from core.inbox.commands import body_of
from core.inbox.models import InboxEvent
from core.integrations import sms
from core.links.sending import follow_messages
from core.messages import answers
from core.messages.addresses import shown, text_number
from core.messages.carrier_codes import sentence_of
from core.messages.consent import (
    BY_GATEWAY,
    BY_TEXT,
    CANNOT_GET_TEXTS,
    patients_at,
    start_address,
    stop_address,
    suppressions,
)
from core.messages.models import Channel, InboundMessage, Message, MessageState
from core.messages.stop_words import Wish, read
from core.messages.templates import letterhead
from core.outbox import commands as outbox
from core.secrets import mask_card_numbers
from core.store.version import touch

_STATES = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.FAILED,
    "failed": MessageState.FAILED,
}


def kept_of(event: sms.Event) -> dict[str, Any]:
    """What is stored of an event: what we use, card numbers masked."""
    return {name: mask_card_numbers(event.fields[name])[:2000] for name in _KEPT if name in event.fields}


def apply(session: Session, told: InboxEvent) -> str:
    """Carry a stored event into messages and consent; the words to answer the patient with, "" for none.

    Applying it again changes nothing.
    """
    body = body_of(told)
    if told.kind == "status":
        _apply_status(session, body)
        return ""
    return _apply_inbound(session, body)


def twiml(words: str) -> tuple[str, str]:
    """The answer to the gateway: content type and body; an empty one sends nothing."""
    inner = f"<Message>{escape(words)}</Message>" if words else ""
    return "text/xml", f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'


def _apply_status(session: Session, body: Mapping[str, Any]) -> None:
    message = _message(session, str(body.get("MessageSid", "")), str(body.get("key", "")))
    state = _STATES.get(str(body.get("MessageStatus", "")))
    if message is None:
        return
    if message.outbox_id:
        _settle(session, message.outbox_id, str(body.get("MessageSid", "")))
    message.provider_id = message.provider_id or str(body.get("MessageSid", "")) or None
    if state is not None and message.state in _AFTER[state]:
        message.state, message.reason = state, ""
        message.sent_at = message.sent_at or clock.now()
        if state == MessageState.DELIVERED:
            message.delivered_at = clock.now()
        if state == MessageState.FAILED:
            _note_failure(session, message, str(body.get("ErrorCode", "")))
    session.add(message)
    session.flush()
    # a quick gateway tells before the sender has written its own answer down, which then has nothing more to say
    follow_messages(session, [message])
    if message.batch_id is not None:
        note_progress(session, [message.batch_id])


def _settle(session: Session, key: str, sid: str) -> None:
    """A callback about a text proves that the gateway took it: a doubtful row is settled by that."""
    row = outbox.held(session, [key]).get(key)
    if row is not None and row.attempts:
        outbox.settle(session, row, {"sid": sid})


def _note_failure(session: Session, message: Message, code: str) -> None:
    message.reason = sentence_of(code)
    if code == sms.OPTED_OUT:
        stop_address(session, Channel.TEXT, message.to_address, BY_GATEWAY)
    elif code in sms.NO_SUCH_NUMBER - {"30003"}:  # switched off today is no reason for ever
        stop_address(session, Channel.TEXT, message.to_address, CANNOT_GET_TEXTS)


def _message(session: Session, sid: str, key: str) -> Message | None:
    if key:
        return session.exec(select(Message).where(Message.outbox_id == key).with_for_update()).first()
    return session.exec(
        select(Message)
        .where(col(Message.provider_id) == sid, Message.channel == Channel.TEXT)
        .with_for_update()
    ).first()


def _apply_inbound(session: Session, body: Mapping[str, Any]) -> str:
    sid = str(body.get("MessageSid", ""))
    known = select(InboundMessage.id).where(InboundMessage.provider_id == sid)
    if session.exec(known).first() is not None:
        return ""
    sender, words = _number(str(body.get("From", ""))), str(body.get("Body", ""))
    wish = read(words)
    people = patients_at(session, Channel.TEXT, sender)
    session.add(
        InboundMessage(
            patient_id=people[0].id if len(people) == 1 else None,
            channel=Channel.TEXT,
            from_address=sender,
            to_address=str(body.get("To", "")),
            body=words,
            read_as=wish or "",
            provider_id=sid,
            received_at=clock.now(),
        )
    )
    touch(session)  # an open page shows it within seconds
    record(
        session,
        who=None,
        action="text came in",
        subject_kind="text",
        subject_id=sid,
        detail={"read_as": wish or ""},
    )
    answer = _heed(session, sender, wish, people[0].location_id if people else None)
    # where the gateway keeps stop words itself, it has answered already
    return "" if body.get("OptOutType") else answer


def _heed(session: Session, sender: str, wish: Wish | None, location_id: int | None) -> str:
    if wish is None:
        return ""
    head = letterhead(session, location_id)
    who = head["practice"]
    if wish == Wish.STOP:
        if not stop_address(session, Channel.TEXT, sender, BY_TEXT):
            return ""  # one confirmation only
        stopped = suppressions(session, Channel.TEXT, [sender])[sender]
        stopped.confirmed_at = clock.now()
        session.add(stopped)
        return answers.stopped(who)
    if wish == Wish.START:
        return answers.started(who) if start_address(session, Channel.TEXT, sender) else ""
    return answers.helped(who, shown(head["phone"]))


def _number(sender: str) -> str:
    try:
        return text_number(sender)
    except BadInput:
        return sender[:40]  # a short code or a landline can write too


_AFTER = {  # what may still change into what: callbacks come in any order, and more than once
    MessageState.SENT: (MessageState.QUEUED, MessageState.UNKNOWN),
    MessageState.DELIVERED: (MessageState.QUEUED, MessageState.UNKNOWN, MessageState.SENT),
    MessageState.FAILED: (MessageState.QUEUED, MessageState.UNKNOWN, MessageState.SENT),
}


_KEPT = ("MessageSid", "MessageStatus", "ErrorCode", "From", "To", "Body", "OptOutType", "key")
