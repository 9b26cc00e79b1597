"""Sending one message: guard, write down, put into the outbox (DESIGN §3)."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.connections.models import Connection, ConnectionState, Kind
from core.errors import BadInput, MayNotSend, NotFound
from core.messages.addresses import address_for
from core.messages.default_templates import Use
from core.messages.models import Channel, Message, MessageState, Purpose
from core.messages.recipients import reach
from core.messages.render import check_template, first_name, render
from core.messages.rules import next_allowed, why_left_out
from core.messages.sms_segments import measure
from core.messages.templates import Words, letterhead, names_to_avoid
from core.outbox import commands as outbox
from core.outbox.models import OutboxKind
from core.patients.models import Patient
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require
from core.practice.models import Location
from core.secrets import has_card_number
from core.settings import settings

SUBJECT = "message"
_KINDS = {Channel.TEXT: (Kind.SMS, OutboxKind.TEXT), Channel.EMAIL: (Kind.EMAIL, OutboxKind.EMAIL)}
_NOT_SET_UP = {
    Channel.TEXT: "Texts are not set up yet. Connect a text gateway: huddle connect sms …",
    Channel.EMAIL: "E-mail is not set up yet. Connect a mailbox: huddle connect email …",
}


@dataclass(frozen=True, slots=True)
class Carried:
    """The link a message carries. kind, link_id: the link ledger's; url: what the patient presses."""

    kind: str
    link_id: int | None
    url: str


@dataclass(frozen=True, slots=True)
class Text:
    """What one person gets: subject and body as they will read them, and how a phone counts it."""

    subject: str
    body: str
    segments: int = 0
    stop_token: str | None = None


def send_message(
    session: Session,
    who: Identity,
    patient_id: int,
    *,
    words: Words,
    fields: Mapping[str, str] | None = None,
    link: Carried | None = None,
    not_before: datetime | None = None,
) -> Message:
    """One message to one patient: written, queued and audited; it waits for the end of quiet hours.

    words: from templates.template_for, or edited ones (see `edited`). fields: amount, last_four, expiry as shown.
    Raises NotAllowed, NotFound; MayNotSend with the reason (consent, opt-out, address); BadInput with what to change.
    """
    require_sending(who, words.purpose)
    patient = patient_of(session, who, patient_id)
    known = reach(session, [patient], words.channel, words.purpose, now=clock.now())[0]
    if reason := why_left_out(known, words.channel, words.purpose):
        raise MayNotSend(f"{first_name(patient.first_name)}: {reason}")
    check_words(session, words)
    message = queue(
        session,
        who,
        Letter(
            words=words,
            text=written(patient, words, fields or {}, link, letterhead(session, patient.location_id)),
            to=known.address or "",
            connection=sending_connection(session, words.channel),
            patient=patient,
            link=link,
        ),
        not_before=not_before,
    )
    detail = {
        "channel": words.channel,
        "purpose": words.purpose,
        "patient_id": patient_id,
        "link": message.link_id,
    }
    record(
        session,
        who=who,
        action="queued a message",
        subject_kind=SUBJECT,
        subject_id=message.id or 0,
        detail=detail,
    )
    return message


def remind(
    session: Session,
    patient_id: int,
    *,
    words: Words,
    fields: Mapping[str, str],
    link: Carried,
) -> Message:
    """A reminder by rule: as send_message, by nobody, and within the cap of messages a week.

    Raises MayNotSend with the reason, NotFound, BadInput.
    """
    patient = session.get(Patient, patient_id)
    if patient is None or patient.gone_at is not None:
        raise NotFound(f"There is no patient {patient_id}.")
    known = reach(session, [patient], words.channel, words.purpose, now=clock.now())[0]
    cap = settings().messages_per_week
    if reason := why_left_out(known, words.channel, words.purpose, cap=cap):
        raise MayNotSend(f"{first_name(patient.first_name)}: {reason}")
    message = queue(
        session,
        None,
        Letter(
            words=words,
            text=written(patient, words, fields, link, letterhead(session, patient.location_id)),
            to=known.address or "",
            connection=sending_connection(session, words.channel),
            patient=patient,
            link=link,
        ),
    )
    detail = {"channel": words.channel, "patient_id": patient_id, "link": message.link_id}
    record(
        session,
        who=None,
        action="queued a reminder",
        subject_kind=SUBJECT,
        subject_id=message.id or 0,
        detail=detail,
    )
    return message


def send_test(
    session: Session, who: Identity, *, words: Words, to: str, example: Mapping[str, str] | None = None
) -> Message:
    """The text as a patient would get it, with example fields, to a phone or mailbox of one's own; at any hour.

    The same again within a moment is the same press, and goes out once. Raises NotAllowed, BadInput.
    """
    require_sending(who, words.purpose)
    if not to.strip():
        raise BadInput(
            f"Type the {'number' if words.channel == Channel.TEXT else 'address'} to send the test to."
        )
    check_words(session, words)
    phone, email = (to, None) if words.channel == Channel.TEXT else (None, to)
    address = address_for(words.channel, phone, email)
    fields = _example(words, letterhead(session, who.location_id), example)
    text = finished(words, fields, stop_token=None)
    if (same := _just_tested(session, who, address, text)) is not None:
        return same
    message = queue(
        session,
        who,
        Letter(
            words=words,
            text=text,
            to=address,
            connection=sending_connection(session, words.channel),
        ),
    )
    record(session, who=who, action="sent a test", subject_kind=SUBJECT, subject_id=message.id or 0)
    return message


def _just_tested(session: Session, who: Identity, address: str, text: Text) -> Message | None:
    return session.exec(
        select(Message).where(
            Message.created_by == who.staff_id,
            Message.to_address == address,
            col(Message.patient_id).is_(None),
            Message.subject == text.subject,
            Message.body == text.body,
            col(Message.state) != MessageState.FAILED,
            col(Message.created_at) > clock.now() - outbox.SAME_PRESS,
        )
    ).first()


EXAMPLE = {
    "first_name": "Alex",
    "amount": "$149.00",
    "last_four": "4242",
    "expiry": "09/27",
    "terms": "I allow the practice to charge my card ending 4242 for missed payments, up to $200.00 a charge.",
}
EXAMPLE_ENDING = (
    "example-of-the-address-made-for-one-patient"  # as long as a real one, so that segments count
)


def example_link(use: str = "") -> str:
    """An address as long as those that are sent, for previews."""
    base = settings().public_url.rstrip("/") or "https://example.com"
    return f"{base}/{'card' if use == Use.CARD_LINK else 'pay'}/{EXAMPLE_ENDING}"


def _example(words: Words, head: Mapping[str, str], fields: Mapping[str, str] | None) -> dict[str, str]:
    return {**EXAMPLE, "link": example_link(words.use), **head, **(fields or {})}


def preview(
    session: Session, words: Words, *, location_id: int | None, fields: Mapping[str, str] | None = None
) -> Text:
    """The text as a patient reads it, with example fields where none are given. Raises BadInput."""
    check_words(session, words)
    every = _example(words, letterhead(session, location_id), fields)
    return finished(words, every, stop_token="example" if words.channel == Channel.EMAIL else None)


def edited(words: Words, *, subject: str, body: str) -> Words:
    """The same template with words changed for this one time."""
    return Words(
        words.template_id,
        words.version_id,
        words.number,
        words.name,
        words.use,
        words.channel,
        words.purpose,
        subject,
        body,
    )


def require_sending(who: Identity, purpose: str) -> None:
    """One message: whoever may collect or ask for cards; care messages too. Raises NotAllowed."""
    require(who.role, Permission.COLLECT if purpose == Purpose.BILLING else Permission.ASK_FOR_CARDS)


def check_words(session: Session, words: Words) -> None:
    """Whether the words may go out. Raises BadInput."""
    check_template(words.channel, words.subject, words.body, names=names_to_avoid(session))


def written(
    patient: Patient,
    words: Words,
    fields: Mapping[str, str],
    link: Carried | None,
    head: Mapping[str, str],
) -> Text:
    """What this patient will read. head: the letterhead. Raises BadInput: a field without a value, a card number."""
    name, url = first_name(patient.first_name), link.url if link else ""
    every = {**head, **fields, "first_name": name, "link": url}
    token = secrets.token_urlsafe(24) if words.channel == Channel.EMAIL else None
    return finished(words, every, stop_token=token)


def finished(words: Words, fields: Mapping[str, str], *, stop_token: str | None) -> Text:
    """Fields in their gaps, and under an e-mail who writes and how to stop it. Raises BadInput."""
    subject, body = render(words.subject, fields), render(words.body, fields)
    if has_card_number(body.replace(fields.get("link") or "\0", "")) or has_card_number(subject):
        raise BadInput("This holds a card number. Huddle never sends or keeps one; take it out.")
    if words.channel == Channel.TEXT:
        return Text("", body, measure(body).segments)
    who = ", ".join(part for part in (fields.get("practice"), fields.get("address")) if part)
    stop = f"\nNo more e-mails from us: {stop_url(stop_token)}" if stop_token and stop_url(stop_token) else ""
    return Text(subject, f"{body}\n\n--\n{who}{stop}", 0, stop_token)


def stop_digest(token: str) -> str:
    """How the token of an unsubscribe link is known to the store."""
    return hashlib.sha256(token.encode()).hexdigest()


def stop_url(token: str | None) -> str:
    """Where one press ends e-mails (CONTRACTS §4); "" while the practice has no public address."""
    public = settings().public_url.rstrip("/")
    return f"{public}/stop/{token}" if public and token else ""


def sending_connection(session: Session, channel: str) -> Connection:
    """The connection a channel goes by. Raises BadInput when there is none yet, or it is paused."""
    kind, _ = _KINDS[Channel(channel)]
    found = session.exec(select(Connection).where(Connection.kind == kind).order_by(col(Connection.id))).all()
    working = [c for c in found if c.state in {ConnectionState.CONNECTED, ConnectionState.FAILING}]
    if working:
        return working[0]
    if found:
        raise BadInput(f"{found[0].name} is {found[0].state}. Resume it under Connections, then send.")
    raise BadInput(_NOT_SET_UP[Channel(channel)])


@dataclass(frozen=True, slots=True)
class Letter:
    """One message ready to go: what it says, to which phone or mailbox, by which connection.

    link: the payment or card link in it. zone: of the patient's location, where the caller knows it.
    """

    words: Words
    text: Text
    to: str
    connection: Connection
    patient: Patient | None = None
    link: Carried | None = None
    zone: str | None = None


def queue(
    session: Session,
    who: Identity | None,
    letter: Letter,
    *,
    batch_id: int | None = None,
    not_before: datetime | None = None,
) -> Message:
    """Write the message down and put it into the outbox. The rules were asked before, and are asked again when it goes."""
    now = clock.now()
    message = _message(who, letter, batch_id, now)
    session.add(message)
    if batch_id is None:
        session.flush()
    outbox.put(
        session,
        kind=_KINDS[Channel(letter.words.channel)][1],
        payload=_payload(letter),
        connection_id=letter.connection.id,
        who=who,
        location_id=message.location_id,
        subject_kind=SUBJECT,
        subject_id=message.id or "",
        batch_id=batch_id,
        not_before=_start(session, letter, max(now, not_before or now)),
        key=message.outbox_id,
    )
    return message


def _message(who: Identity | None, letter: Letter, batch_id: int | None, now: datetime) -> Message:
    words, text, patient, link = letter.words, letter.text, letter.patient, letter.link
    return Message(
        practice_id=who.practice_id if who else 1,
        location_id=patient.location_id if patient else (who.location_id if who else None),
        patient_id=patient.id if patient else None,
        batch_id=batch_id,
        outbox_id=outbox.new_key(),
        channel=words.channel,
        purpose=words.purpose,
        template_version_id=words.version_id or None,
        subject=text.subject,
        body=text.body.replace(text.stop_token, "…") if text.stop_token else text.body,
        to_address=letter.to,
        link_kind=link.kind if link else "",
        link_id=link.link_id if link else None,
        stop_token=stop_digest(text.stop_token) if text.stop_token else None,
        segments=text.segments,
        created_at=now,
        created_by=who.staff_id if who else None,
    )


def _payload(letter: Letter) -> dict[str, str]:
    payload = {"to": letter.to, "text": letter.text.body}
    if letter.words.channel == Channel.EMAIL:
        payload |= {"subject": letter.text.subject, "unsubscribe": stop_url(letter.text.stop_token)}
    return payload


def _start(session: Session, letter: Letter, start: datetime) -> datetime:
    """The first instant the patient may get it; nobody's quiet hours hold for a test to oneself."""
    if letter.patient is None:
        return start
    place = letter.patient.location_id
    return waking_hour(start, letter.zone or zones(session, [place])[place])


def waking_hour(start: datetime, zone: str) -> datetime:
    """`start`, or the end of the quiet hours it falls into on a wall in that zone. UTC in and out."""
    return next_allowed(start, zone, quiet_from=settings().quiet_from, quiet_until=settings().quiet_until)


def zones(session: Session, location_ids: Iterable[int | None]) -> dict[int | None, str]:
    """Time zone by location: the patient's is that of their location. UTC where none is known."""
    wanted = {location_id for location_id in location_ids if location_id is not None}
    rows = session.exec(select(Location.id, Location.time_zone).where(col(Location.id).in_(wanted)))
    found: dict[int | None, str] = {row[0]: row[1] for row in rows} if wanted else {}
    return {location_id: found.get(location_id, "UTC") for location_id in {*wanted, None}}
