"""What came of something that went out, written into its link: in the transaction that settles the outbox row."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, select

from core import clock
from core.cards.models import Card
from core.links import card_links, old_cards
from core.links.commands import end_at_processor
from core.links.history import add_step, follow, next_ref
from core.links.models import Link
from core.links.outgoing import SUBJECT
from core.links.rules import LinkState, Step
from core.outbox.commands import payload_of, result_of
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.payments.models import Payment
from core.store.version import touch


def link_of(session: Session, row: OutboxRow) -> Link | None:
    """The link an outbox row is about, held until the transaction ends."""
    if row.subject_kind != SUBJECT or not row.subject_id.isdecimal():
        return None
    found = select(Link).where(Link.id == int(row.subject_id)).with_for_update()
    return session.exec(found.execution_options(populate_existing=True)).first()


def making(session: Session, link: Link, row: OutboxRow) -> None:
    """The processor made it, will not, or nobody knows yet; waiting again it is as if just made here."""
    ref = f"attempt {row.attempts}"
    match row.state:
        case OutboxState.SETTLED:
            made(session, link, result_of(row))
        case OutboxState.REFUSED:
            add_step(session, link, Step.REFUSED, ref=ref, words=row.reason)
        case OutboxState.UNKNOWN:
            add_step(session, link, Step.UNKNOWN, ref=ref, words=row.reason)
        case OutboxState.WAITING:
            add_step(session, link, Step.CREATED, ref=ref)
    follow(session, link)


def made(session: Session, link: Link, result: Mapping[str, Any]) -> None:
    """The processor has it: its id and page. One that was taken back meanwhile is closed there."""
    link.external_id = result["external_id"]
    link.url = result.get("url") or link.url
    add_step(session, link, Step.MADE, ref=link.external_id or "")
    follow(session, link)
    if link.state in (LinkState.VOID, LinkState.REPLACED):
        end_at_processor(session, None, link, after_undo=True)


def refused(session: Session, link: Link, row: OutboxRow) -> None:
    """The processor said no to something about a link that is there."""
    if row.kind == OutboxKind.CARD_KEEP:
        card_links.card_not_kept(session, link, payload_of(row)["address_id"], row.reason)
        return
    ref = next_ref(session, link, Step.NOT_DONE)
    add_step(session, link, Step.NOT_DONE, ref=ref, words=f"{_capital(row.kind)}: {row.reason}")
    follow(session, link)


def nothing_to_say(session: Session, link: Link, asked: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """It was said when it was asked for: the link is void or replaced since then."""


def reopened(session: Session, link: Link, asked: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The invoice can be paid again."""
    link.undo_until = None
    add_step(session, link, Step.REOPENED, ref=next_ref(session, link, Step.REOPENED))
    follow(session, link)


def detached(session: Session, link: Link, asked: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The payment is tied to nothing now; what it had paid is open again."""
    payment = session.exec(
        select(Payment).where(
            Payment.connection_id == link.connection_id, Payment.external_id == asked["payment_ref"]
        )
    ).first()
    if payment is not None and payment.invoice_ref == link.external_id:
        payment.invoice_ref = payment.plan_id = payment.instalment_id = payment.membership_id = None
        payment.content_hash = ""  # the next sync writes what the processor says in any case
        session.add(payment)
    link.asked_back_cents = None
    add_step(session, link, Step.DETACHED, ref=asked["payment_ref"], words="A payment was detached.")
    follow(session, link)


def sent_by_processor(
    session: Session, link: Link, asked: Mapping[str, Any], result: Mapping[str, Any]
) -> None:
    """Fortis's own e-mail or text went out."""
    ways = [word for word, there in (("e-mail", "success"), ("text", "sms_success")) if result.get(there)]
    ref = next_ref(session, link, Step.SENT)
    add_step(
        session, link, Step.SENT, ref=f"processor {ref}", words=f"By the processor's {' and '.join(ways)}"
    )
    follow(session, link)


def draft_moved(session: Session, link: Link, asked: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """A draft charges the new card; after the last one the old card is let go."""
    old_cards.draft_moved(session, link, asked["draft_ref"], asked["card_ref"])


def card_retired(session: Session, link: Link, asked: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The old card is not at the processor any more."""
    card = session.exec(
        select(Card).where(Card.connection_id == link.connection_id, Card.external_id == asked["card_ref"])
    ).first()
    if card is not None and card.gone_at is None:
        card.gone_at = clock.now()
        session.add(card)
        touch(session)
    add_step(session, link, Step.RETIRED, ref=asked["card_ref"], words="The old card was removed.")
    follow(session, link)


def _capital(kind: str) -> str:
    return kind[:1].upper() + kind[1:]
