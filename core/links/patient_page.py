"""What a patient who pressed a link is to see: its state in their words' terms, and who asks (LOOK, Patient pages)."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from core import clock
from core.cards.models import Card
from core.links.failed import failed_payment
from core.links.history import add_step, follow
from core.links.models import Link, LinkStep, LinkToken
from core.links.rules import LinkKind, LinkState, Step
from core.links.tokens import good_until, is_ours, token_row
from core.messages.templates import letterhead
from core.practice.models import Location

FAILED_LATELY = timedelta(minutes=30)  # a card that was refused is told of this long


class Shown(StrEnum):
    """unready: the processor is still making its page. saving: a card was typed and is on its way."""

    OPEN = "open"
    UNREADY = "unready"
    SAVING = "saving"
    SAVED = "saved"
    PAID = "paid"
    EXPIRED = "expired"
    VOID = "void"
    REPLACED = "replaced"
    UNKNOWN = "unknown"


_OVER = {
    LinkState.PAID: Shown.PAID,
    LinkState.UPDATED: Shown.SAVED,
    LinkState.EXPIRED: Shown.EXPIRED,
    LinkState.REPLACED: Shown.REPLACED,
    LinkState.VOID: Shown.VOID,
    LinkState.REFUSED: Shown.VOID,
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks, as patients know them. phone: as on file, "" when there is none."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class PatientPage:
    """Everything a page for a patient may hold: no name of theirs, no clinical word.

    amounts in cents. url: the processor's page for paying. card: "Visa ending 4242" of the card now on file, or the
    one to be replaced. refused: the last card typed was not taken. until: the last day it works, on their wall. failed_cents: what failed and can be
    paid with the new card.
    """

    shown: Shown
    sender: Sender
    link_id: int = 0
    token_id: int = 0
    connection_id: int = 0
    contact_ref: str | None = None
    url: str | None = None
    what: str = ""
    amount_cents: int = 0
    paid_cents: int = 0
    card: str = ""
    refused: bool = False
    until: date | None = None
    failed_cents: int = 0


def page_of(session: Session, token: str, kind: LinkKind) -> PatientPage:
    """What an address shows. kind: CARD, or PAY for payment links and invoices alike.

    An address of nobody's takes as long to say so as one of ours: the store is asked in any case.
    """
    row = token_row(session, token)
    if not is_ours(token, kind) or row is None:
        return PatientPage(Shown.UNKNOWN, sender_of(session))
    link = session.get_one(Link, row.link_id)
    if (link.kind == LinkKind.CARD) != (kind == LinkKind.CARD):
        return PatientPage(Shown.UNKNOWN, sender_of(session))
    place = session.get(Location, link.location_id) if link.location_id else None
    shown = _shown(link, row)
    failed = (
        failed_payment(session, link, clock.now())
        if shown is Shown.OPEN and link.kind == LinkKind.CARD
        else None
    )
    return PatientPage(
        shown=shown,
        failed_cents=failed.cents if failed else 0,
        sender=sender_of(session, link.location_id),
        link_id=link.id or 0,
        token_id=row.id or 0,
        connection_id=link.connection_id or 0,
        contact_ref=link.contact_ref,
        url=link.url,
        what=link.what,
        amount_cents=link.amount_cents,
        paid_cents=link.paid_cents,
        card=_card(session, link),
        refused=_refused_lately(session, link),
        until=_last_day(good_until(row, link), place.time_zone if place else "UTC"),
    )


def _shown(link: Link, row: LinkToken) -> Shown:
    state = LinkState(link.state)
    if state in _OVER:
        return _OVER[state]
    if link.kind == LinkKind.CARD and link.new_card_ref is not None:
        return Shown.SAVED
    if link.kind == LinkKind.CARD and row.used_at is not None:
        return Shown.SAVING
    if good_until(row, link) <= clock.now():
        return Shown.EXPIRED
    if link.kind != LinkKind.CARD and not link.url:
        return Shown.UNREADY
    return Shown.OPEN


def _card(session: Session, link: Link) -> str:
    wanted = link.new_card_ref or link.card_ref
    if link.kind != LinkKind.CARD or wanted is None:
        return ""
    card = session.exec(
        select(Card).where(Card.connection_id == link.connection_id, Card.external_id == wanted)
    ).first()
    if card is None or not card.last_four:
        return ""
    return f"{(card.brand or 'card').capitalize()} ending {card.last_four}"


def _refused_lately(session: Session, link: Link) -> bool:
    last = session.exec(
        select(LinkStep)
        .where(LinkStep.link_id == link.id, LinkStep.kind == Step.CARD_FAILED)
        .order_by(col(LinkStep.at).desc())
        .limit(1)
    ).first()
    return last is not None and clock.now() - last.at < FAILED_LATELY


def _last_day(until: datetime, time_zone: str) -> date:
    return clock.local_date(until - timedelta(seconds=1), time_zone)


def sender_of(session: Session, location_id: int | None = None) -> Sender:
    """How the practice calls itself to patients, as in its messages; of a practice with one location, that one."""
    if location_id is None:
        here = session.exec(select(Location.id).where(col(Location.gone_at).is_(None)).limit(2)).all()
        location_id = here[0] if len(here) == 1 else None
    head = letterhead(session, location_id)
    return Sender(head["practice"], head["phone"])


def note_opened(session: Session, page: PatientPage, *, visitor: str) -> bool:
    """The patient looked: once a visitor and day. visitor: anything that tells two apart; only a digest is kept.

    Whether this was the first time that day.
    """
    link = session.get_one(Link, page.link_id)
    row = session.get(LinkToken, page.token_id)
    now = clock.now()
    who = hashlib.sha256(f"{link.key} {visitor}".encode()).hexdigest()[:12]
    first = add_step(session, link, Step.OPENED, ref=f"{now.date()} {who}", words=row.channel if row else "")
    if row is not None and row.opened_at is None:
        row.opened_at = now
        session.add(row)
    if first:
        follow(session, link)
    return first
