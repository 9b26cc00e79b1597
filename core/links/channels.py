"""By text or by e-mail: where a link would go, what the message would say, what stops it, and what became of the last."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from core.errors import BadInput
from core.links.models import Link
from core.links.new_link import link_for
from core.links.sending import preview_link_message, recipient_of, words_for
from core.messages.addresses import shown
from core.messages.commands import sending_connection, waking_hour, zones
from core.messages.models import Channel, Message, MessageState
from core.messages.recipients import reach
from core.messages.rules import why_left_out
from core.outbox.models import OutboxRow
from core.patients.models import Patient
from core.permissions import Identity


@dataclass(frozen=True, slots=True)
class LastMessage:
    """The latest message of a link by one channel. at: sent, else written, UTC. goes_at: when it waits for the morning."""

    message_id: int
    state: str
    reason: str
    at: datetime
    goes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the patient. to: as people write it, "" = none on file. person: first name of who is written to.

    agreed: None = never asked. stopped: why it cannot go, a sentence, "" when it can. goes_at: the end of the quiet
    hours, UTC, None = at once. subject, body, segments: as the patient will read it, with an address as example.
    """

    channel: Channel
    to: str
    person: str
    agreed: bool | None
    stopped: str
    goes_at: datetime | None
    subject: str
    body: str
    segments: int
    last: LastMessage | None


def ways_of(session: Session, actor: Identity, link_id: int, *, as_of: datetime) -> tuple[Way, Way]:
    """Text and e-mail for a link at an instant (aware UTC). May give a practice without texts of its own the first ones. Raises NotFound, NotAllowed."""
    link = link_for(session, actor, link_id)
    person = session.get_one(Patient, recipient_of(session, link))
    return (
        _way(session, actor, link, person, Channel.TEXT, as_of),
        _way(session, actor, link, person, Channel.EMAIL, as_of),
    )


def _way(
    session: Session, actor: Identity, link: Link, person: Patient, channel: Channel, now: datetime
) -> Way:
    words = words_for(session, link, channel)
    known = reach(session, [person], channel, words.purpose, now=now)[0]
    stopped = why_left_out(known, channel, words.purpose)
    subject, body, segments = "", "", 0
    try:
        sending_connection(session, channel)
        subject, body, segments = preview_link_message(session, actor, link_id=link.id or 0, channel=channel)
    except BadInput as error:
        stopped = stopped or error.sentence
    later = waking_hour(now, zones(session, [person.location_id])[person.location_id])
    address = known.address or ""
    return Way(
        channel=channel,
        to=shown(address) if address and channel == Channel.TEXT else address,
        person=person.first_name,
        agreed=known.consent,
        stopped=stopped,
        goes_at=later if later > now else None,
        subject=subject,
        body=body,
        segments=segments,
        last=_last(session, link, channel, now),
    )


def _last(session: Session, link: Link, channel: Channel, now: datetime) -> LastMessage | None:
    found = session.exec(
        select(Message, OutboxRow.not_before)
        .outerjoin(OutboxRow, col(OutboxRow.id) == Message.outbox_id)
        .where(Message.link_id == link.id, Message.link_kind == link.kind, Message.channel == channel)
        .order_by(col(Message.id).desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    message, not_before = found
    waits = message.state == MessageState.QUEUED and not_before is not None and not_before > now
    at, goes_at = message.sent_at or message.created_at, not_before if waits else None
    return LastMessage(message.id or 0, message.state, message.reason, at, goes_at)
