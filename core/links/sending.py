"""A link by text or e-mail: the message carries a fresh address of it, and the link follows what becomes of the message."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, and_, col, or_, select

from core import clock
from core.cards.models import Card
from core.errors import BadInput
from core.links.card_links import create_card_link
from core.links.commands import patient_address, require_usable
from core.links.history import add_step, follow
from core.links.models import Link
from core.links.new_link import link_for
from core.links.pay_links import no_longer_asked
from core.links.payer import payer_of
from core.links.rules import LIVE, LinkKind, Step
from core.messages.commands import Carried, edited, example_link, preview, send_message
from core.messages.default_templates import Use
from core.messages.models import Channel, Message, MessageState
from core.messages.render import fields_of as gaps_of
from core.messages.templates import Words, template_for
from core.money import dollars
from core.outbox.commands import SAME_PRESS
from core.outbox.sender import Cancel
from core.patients.models import Patient
from core.permissions import Identity

USES = {LinkKind.INVOICE: Use.INVOICE, LinkKind.PAY: Use.PAY_LINK, LinkKind.CARD: Use.CARD_LINK}
_WENT = (MessageState.SENT, MessageState.DELIVERED, MessageState.OPENED)


def send_link(
    session: Session,
    actor: Identity,
    *,
    link_id: int,
    channel: Channel,
    subject: str | None = None,
    body: str | None = None,
) -> Message:
    """Text or e-mail a link to who pays. subject, body: the words changed for this one time, None = the practice's.

    While one waits to go out by this channel, or went out this moment, pressing again finds that one: nobody gets the
    same thing twice.
    Sent only once the processor has made it. Raises BadInput with what to do, MayNotSend with why this person is not
    written to (consent, opt-out, no address), NotFound, NotAllowed.
    """
    link = link_for(session, actor, link_id)
    require_usable(link)
    if (same := _same_press(session, link, channel)) is not None:
        return same
    words = words_for(session, link, channel)
    if subject is not None or body is not None:
        words = edited(words, subject=subject or words.subject, body=body or words.body)
    require_link(words)
    carried = carry(session, link, channel)
    return send_message(
        session,
        actor,
        recipient_of(session, link),
        words=words,
        fields=fields_of(session, link),
        link=carried,
    )


def _same_press(session: Session, link: Link, channel: Channel) -> Message | None:
    just_now = col(Message.created_at) > clock.now() - SAME_PRESS
    return session.exec(
        select(Message)
        .where(
            Message.link_id == link.id,
            Message.link_kind == link.kind,
            Message.channel == channel,
            or_(
                col(Message.state) == MessageState.QUEUED,
                and_(just_now, col(Message.state).in_((*_WENT, MessageState.UNKNOWN))),
            ),
        )
        .order_by(col(Message.id).desc())
        .limit(1)
    ).first()


def preview_link_message(
    session: Session, actor: Identity, *, link_id: int, channel: Channel
) -> tuple[str, str, int]:
    """Subject, body and text segments as the patient will read them; the address is an example of the same length.

    Raises BadInput, NotFound, NotAllowed.
    """
    link = link_for(session, actor, link_id)
    words = words_for(session, link, channel)
    require_link(words)
    fields = {"link": example_link(words.use), **fields_of(session, link)}
    person = session.get_one(Patient, recipient_of(session, link))
    fields["first_name"] = person.first_name or "there"
    found = preview(session, words, location_id=link.location_id, fields=fields)
    return found.subject, found.body, found.segments


def require_link(words: Words) -> None:
    """Raises BadInput when the patient would have nothing to press."""
    if "link" not in gaps_of(words.body):
        raise BadInput("The message has no link to press. Put {{ link }} where it is to stand.")


def words_for(session: Session, link: Link, channel: Channel) -> Words:
    """The practice's text for this kind of link."""
    return template_for(session, USES[LinkKind(link.kind)], channel)


def carry(session: Session, link: Link, channel: Channel) -> Carried:
    """What a message needs to carry a link: a fresh address for this message alone."""
    return Carried(link.kind, link.id, patient_address(session, link, channel=channel))


def card_link_for(
    session: Session, actor: Identity | None, patient: Patient, *, form: str, channel: Channel
) -> Carried:
    """A new-card link for one person of a blast. Raises as `create_card_link`; form: unique for person and blast."""
    link = create_card_link(session, actor, patient_id=patient.id or 0, form=form, second=True)
    return carry(session, link, channel)


def recipient_of(session: Session, link: Link) -> int:
    """Who is written to: who pays the plan, else the patient."""
    patient = session.get_one(Patient, link.patient_id)
    return payer_of(session, patient, link.plan_id, link.membership_id)[0]


def fields_of(session: Session, link: Link) -> dict[str, str]:
    """What the text may say of this link: the amount still open; of a card to be replaced its last four and expiry."""
    if link.kind != LinkKind.CARD:
        return {"amount": dollars(max(0, link.amount_cents - link.paid_cents))}
    card = None
    if link.card_ref:
        card = session.exec(
            select(Card).where(Card.connection_id == link.connection_id, Card.external_id == link.card_ref)
        ).first()
    if card is None or not card.last_four:
        return {"last_four": "", "expiry": ""}
    return {
        "last_four": card.last_four,
        "expiry": f"{card.expires_on:%m/%y}" if card.expires_on else "",
    }


def follow_messages(session: Session, messages: Sequence[Message]) -> None:
    """What became of messages is written into the links they carry: sent, or not and why."""
    for message in messages:
        if message.link_id is None or message.id is None:
            continue
        link = session.get(Link, message.link_id)
        if link is None or link.kind != message.link_kind:
            continue
        ref = f"{message.channel} {message.id}"
        if message.state in _WENT:
            by = "By text" if message.channel == Channel.TEXT else "By e-mail"
            add_step(
                session, link, Step.SENT, ref=ref, at=message.sent_at, words=by, staff_id=message.created_by
            )
        elif message.state in (MessageState.FAILED, MessageState.SKIPPED):
            add_step(session, link, Step.NOT_SENT, ref=ref, words=message.reason)
        follow(session, link)


def messages_in_vain(session: Session, messages: Sequence[Message], now: datetime) -> Mapping[int, Cancel]:
    """Messages that wait to go out and carry a link which is over by now (paid, void, replaced), or which asks for money
    that must not be asked for any more (core/dues/askable.py). By message id."""
    found: dict[int, Cancel] = {}
    for message in messages:
        link = session.get(Link, message.link_id) if message.link_id else None
        if link is not None and link.kind == message.link_kind and link.state not in LIVE:
            found[message.id or 0] = Cancel(f"The link in it is {link.state} by now.")
        elif link is not None and message.link_kind == LinkKind.PAY and message.link_kind == link.kind:
            why = no_longer_asked(session, link, now)
            if why is not None:
                found[message.id or 0] = Cancel(why.sentence)
    return found
