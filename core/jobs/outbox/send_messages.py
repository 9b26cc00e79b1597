"""How e-mails and texts go out: asked once more when they go, sent, looked up, and written back into the message."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.blasts.progress import note_progress
from core.connections.models import Kind
from core.errors import HuddleError
from core.integrations import sms
from core.integrations.email import Mail
from core.messages.carrier_codes import NOT_REGISTERED, sentence_of
from core.messages.commands import SUBJECT, waking_hour, zones
from core.messages.consent import BY_GATEWAY, CANNOT_GET_TEXTS, consents, stop_address, suppressions
from core.messages.models import Batch, BatchState, Channel, Message, MessageState
from core.messages.recipients import patients_by_id, recently
from core.messages.registration import WAITS, registration_of
from core.messages.rules import CAP_WINDOW
from core.outbox.commands import result_of
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.outbox.sender import (
    Cancel,
    Later,
    Outcome,
    Outgoing,
    Postpone,
    Sender,
    Settled,
    outcome_of,
)
from core.settings import settings

CLOCKS_APART = timedelta(minutes=2)  # their clock and ours, when looking for a text by its time
AGAIN = timedelta(minutes=10)
# what ends a mailbox's e-mails is kept only as long as it is to be sent
_STOP = re.compile(r"(/stop/)[\w-]+")

Verdicts = dict[str, Cancel | Postpone]
Check = Callable[[Session, Sequence[Message], datetime], Mapping[int, Cancel | Postpone]]

Follower = Callable[[Session, Sequence[Message]], None]


def message_senders(*, checks: Sequence[Check], followers: Sequence[Follower]) -> dict[str, Sender]:
    """The senders of texts and e-mails by kind of outbox row.

    checks: asked of messages about to go, verdicts by message id. followers: told of messages whose state changed, in
    the same transaction.
    """
    wanted, carry = partial(still_wanted, checks=checks), partial(carry_over, followers=followers)
    return {
        OutboxKind.TEXT: Sender(
            goes_by=Kind.SMS,
            send=send_text,
            look_up=find_text,
            carry_over=carry,
            still_wanted=wanted,
            repeats_safely=lambda client: bool(client.key_header),
        ),
        OutboxKind.EMAIL: Sender(
            goes_by=Kind.EMAIL,
            send=send_email,
            carry_over=carry,
            still_wanted=wanted,
            repeats_safely=lambda client: client.repeats_safely,
            at_a_time=10,
        ),
    }


def still_wanted(
    session: Session, rows: Sequence[OutboxRow], now: datetime, *, checks: Sequence[Check] = ()
) -> Verdicts:
    """Opt-out, consent, a stopped or paused blast, the registration of texts, quiet hours, the cap, `checks`: all as they
    are at this moment."""
    messages = _messages(session, rows)
    verdicts: Verdicts = {
        row.id: Cancel("The message is not there any more.") for row in rows if row.id not in messages
    }
    for ask in (
        _stopped_batches,
        _unregistered,
        _opted_out,
        _no_consent,
        _too_many,
        _quiet,
        partial(_others, checks=checks),
    ):
        left = [message for key, message in messages.items() if key not in verdicts]
        if left:
            verdicts.update(ask(session, left, now))
    return verdicts


def _stopped_batches(session: Session, messages: Sequence[Message], now: datetime) -> Verdicts:
    found: Verdicts = {}
    ids = {message.batch_id for message in messages if message.batch_id is not None}
    batches = (
        {batch.id: batch for batch in session.exec(select(Batch).where(col(Batch.id).in_(ids)))}
        if ids
        else {}
    )
    for message in messages:
        batch = batches.get(message.batch_id)
        if message.state not in {MessageState.QUEUED, MessageState.UNKNOWN}:
            found[message.outbox_id or ""] = Cancel(message.reason or "It was taken back.")
        elif batch is not None and batch.state == BatchState.STOPPED:
            found[message.outbox_id or ""] = Cancel("The blast was stopped before this went out.")
        elif batch is not None and batch.state == BatchState.PAUSED:
            found[message.outbox_id or ""] = Postpone(now + AGAIN, "The blast is paused.")
    return found


def _unregistered(session: Session, messages: Sequence[Message], now: datetime) -> Verdicts:
    """Texts of blasts wait until the carriers know us: unregistered ones are blocked, and a number gets a bad name."""
    of_blasts = [m for m in messages if m.channel == Channel.TEXT and m.batch_id is not None]
    if not of_blasts or not registration_of(session).holds:
        return {}
    for message in of_blasts:
        message.reason = WAITS  # whoever looks at the blast reads why
        session.add(message)
    return {message.outbox_id or "": Postpone(now + AGAIN, WAITS) for message in of_blasts}


def _opted_out(session: Session, messages: Sequence[Message], now: datetime) -> Verdicts:
    found: Verdicts = {}
    for channel in {message.channel for message in messages}:
        mine = [message for message in messages if message.channel == channel]
        stopped = suppressions(session, channel, (message.to_address for message in mine))
        for message in mine:
            if message.to_address in stopped:
                found[message.outbox_id or ""] = Cancel("Opted out before it went out.")
    return found


def _no_consent(session: Session, messages: Sequence[Message], now: datetime) -> Verdicts:
    to_patients = [message for message in messages if message.patient_id is not None]
    people = patients_by_id(session, (message.patient_id or 0 for message in to_patients))
    found: Verdicts = {}
    for channel, purpose in {(message.channel, message.purpose) for message in to_patients}:
        agreed = consents(session, list(people.values()), channel, purpose)
        for message in to_patients:
            if (message.channel, message.purpose) == (channel, purpose) and not agreed.get(
                message.patient_id or 0
            ):
                found[message.outbox_id or ""] = Cancel("No consent any more when it was to go out.")
    return found


def _too_many(session: Session, messages: Sequence[Message], now: datetime) -> Verdicts:
    """Of blasts and reminders. The message itself is among those counted."""
    automatic = [m for m in messages if m.patient_id is not None and (m.batch_id or m.created_by is None)]
    counts = recently(session, (message.to_address for message in automatic), since=now - CAP_WINDOW)
    cap = settings().messages_per_week
    return {
        message.outbox_id or "": Cancel(f"Already got {cap} messages in the last 7 days.")
        for message in automatic
        if counts.get(message.to_address, 0) > cap
    }


def _quiet(session: Session, messages: Sequence[Message], now: datetime) -> Verdicts:
    found: Verdicts = {}
    to_patients = [message for message in messages if message.patient_id is not None]
    places = zones(session, (message.location_id for message in to_patients))
    for message in to_patients:
        start = waking_hour(now, places[message.location_id])
        if start > now:
            found[message.outbox_id or ""] = Postpone(start, "Waits for the end of quiet hours.")
    return found


def _others(
    session: Session, messages: Sequence[Message], now: datetime, *, checks: Sequence[Check]
) -> Verdicts:
    by_id = {message.id: message.outbox_id or "" for message in messages}
    return {by_id[i]: verdict for ask in checks for i, verdict in ask(session, messages, now).items()}


def send_text(client: sms.Sms, row: Outgoing) -> Outcome:
    """One text. The gateway tells what becomes of it at an address that names the row."""
    public = settings().public_url.rstrip("/")
    status_url = f"{public}/webhooks/sms?key={row.key}" if public else ""
    try:
        text = client.send(row.payload["to"], row.payload["text"], key=row.key, status_url=status_url)
    except HuddleError as error:
        return outcome_of(error)
    return Settled({"sid": text.sid, "status": text.status, "segments": text.segments})


def find_text(client: sms.Sms, row: Outgoing) -> Outcome:
    """What became of a text in doubt, from the gateway's list. Raises HuddleError when the list cannot be read."""
    found = client.find(row.payload["to"], row.payload["text"], since=row.claimed_at - CLOCKS_APART)
    if found is None:
        return Later("The gateway has not got it; sent again.", 0.0)
    return Settled({"sid": found.sid, "status": found.status, "segments": found.segments})


def send_email(client: Mail, row: Outgoing) -> Outcome:
    """One mail."""
    payload = row.payload
    try:
        message_id = client.send(
            payload["to"],
            payload["subject"],
            payload["text"],
            key=row.key,
            unsubscribe_url=payload.get("unsubscribe", ""),
        )
    except HuddleError as error:
        return outcome_of(error)
    return Settled({"message_id": message_id})


def carry_over(session: Session, rows: Sequence[OutboxRow], *, followers: Sequence[Follower] = ()) -> None:
    """The message says what its row says; finished ones leave one audit row each."""
    now = clock.now()
    messages = _messages(session, rows)
    for row in rows:
        message = messages.get(row.id)
        if message is not None:
            _take_over(session, message, row, now)
    session.flush()
    note_progress(session, [row.batch_id for row in rows if row.batch_id is not None])
    for tell in followers:
        tell(session, list(messages.values()))


def _take_over(session: Session, message: Message, row: OutboxRow, now: datetime) -> None:
    match row.state:
        case OutboxState.WAITING:
            message.state, message.reason = MessageState.QUEUED, row.reason
        case OutboxState.UNKNOWN:
            message.state, message.reason = MessageState.UNKNOWN, row.reason
        case OutboxState.CANCELLED:
            message.state, message.reason = MessageState.SKIPPED, row.reason
        case OutboxState.REFUSED:
            message.state, message.reason = MessageState.FAILED, row.reason
            _heed(session, message, str(result_of(row).get("code", "")))
        case OutboxState.SETTLED:
            _went_out(message, row, now)
    session.add(message)
    if row.state in {OutboxState.SETTLED, OutboxState.REFUSED, OutboxState.CANCELLED}:
        row.payload = _STOP.sub(r"\1…", row.payload)
        detail = {"state": message.state, "batch": row.batch_id}
        record(
            session,
            who=None,
            action="message finished",
            subject_kind=SUBJECT,
            subject_id=message.id or 0,
            detail=detail,
        )


def _went_out(message: Message, row: OutboxRow, now: datetime) -> None:
    result = result_of(row)
    if message.state in {MessageState.QUEUED, MessageState.UNKNOWN}:  # else a callback knows more already
        message.state, message.reason = MessageState.SENT, ""
    message.sent_at = message.sent_at or now
    message.provider_id = message.provider_id or result.get("sid") or result.get("message_id")
    message.segments = int(result.get("segments") or 0) or message.segments


def _heed(session: Session, message: Message, code: str) -> None:
    """A refusal that is about the phone itself holds for every later text; one for want of a registration says so."""
    if code in NOT_REGISTERED:
        message.reason = sentence_of(code)
    if code == sms.OPTED_OUT:
        message.reason = "This phone opted out of our texts."
        stop_address(session, message.channel, message.to_address, BY_GATEWAY)
    elif code in sms.NO_SUCH_NUMBER:
        message.reason = "This number cannot get texts. Ask for a mobile number."
        stop_address(session, message.channel, message.to_address, CANNOT_GET_TEXTS)


def _messages(session: Session, rows: Sequence[OutboxRow]) -> dict[str, Message]:
    found = session.exec(select(Message).where(col(Message.outbox_id).in_([row.id for row in rows])))
    return {message.outbox_id or "": message for message in found}
