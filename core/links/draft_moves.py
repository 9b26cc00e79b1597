"""Moving drafts to a new card: after a new-card link was used, or a payment link that keeps the card."""

from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, select

from core.cards.models import Card, CardKind
from core.links.models import Link
from core.links.outgoing import put_out
from core.outbox.models import OutboxKind
from core.payments.models import Payment, PaymentStatus, Recurring, RecurringStatus


def keep_paid_card(session: Session, link: Link) -> None:
    """The card a payment link was paid with goes on the plan or membership it was for, once (Fortis §10.2)."""
    if not link.keep_card or link.new_card_ref is not None or link.external_id is None:
        return
    card_ref = session.exec(
        select(Payment.card_ref)
        .where(
            Payment.connection_id == link.connection_id,
            Payment.invoice_ref == link.external_id,
            Payment.status == PaymentStatus.APPROVED,
            col(Payment.refund_ref).is_(None),
            col(Payment.card_ref).is_not(None),
        )
        .order_by(col(Payment.happened_at).desc())
    ).first()
    if card_ref:
        link.new_card_ref = card_ref
        session.add(link)
        move_drafts(session, link, card_ref)


def move_drafts(session: Session, link: Link, card_ref: str) -> list[Recurring]:
    """Put out the moving of the drafts that shall charge the new card: those of the link's plan or membership, of the
    card it replaces, or all of the payer's that charge a card (not a bank account)."""
    moving = [draft for draft in _drafts_of(session, link) if draft.card_ref != card_ref]
    for draft in moving:
        put_out(
            session, None, link, OutboxKind.DRAFT_POINT,
            draft_ref=draft.external_id, card_ref=card_ref, old_card_ref=draft.card_ref,
        )  # fmt: skip
    return moving


class RunningDraft(NamedTuple):
    """A draft that a new card would take over. next_run_on: local date, None = none planned."""

    external_id: str
    amount_cents: int
    next_run_on: date | None
    on_hold: bool


def drafts_by_card(
    session: Session, connection_id: int, contact_ref: str
) -> dict[str | None, list[RunningDraft]]:
    """A payer's running drafts by the external id of the card they charge (None: no card), the next one first."""
    rows = session.exec(
        select(Recurring)
        .where(
            Recurring.connection_id == connection_id,
            Recurring.contact_ref == contact_ref,
            Recurring.status != RecurringStatus.ENDED,
            col(Recurring.gone_at).is_(None),
        )
        .order_by(col(Recurring.next_run_on), col(Recurring.id))
    )
    found: dict[str | None, list[RunningDraft]] = {}
    for row in rows:
        on_hold = row.status == RecurringStatus.ON_HOLD
        draft = RunningDraft(row.external_id, row.amount_cents, row.next_run_on, on_hold)
        found.setdefault(row.card_ref, []).append(draft)
    return found


def _drafts_of(session: Session, link: Link) -> list[Recurring]:
    query = select(Recurring).where(
        Recurring.connection_id == link.connection_id,
        Recurring.status != RecurringStatus.ENDED,
        col(Recurring.gone_at).is_(None),
    )
    if link.plan_id is not None:
        query = query.where(Recurring.plan_id == link.plan_id)
    elif link.membership_id is not None:
        query = query.where(Recurring.membership_id == link.membership_id)
    elif link.card_ref is not None:
        query = query.where(Recurring.card_ref == link.card_ref)
    else:
        banks = select(Card.external_id).where(
            Card.connection_id == link.connection_id, Card.kind == CardKind.BANK
        )
        query = query.where(
            Recurring.contact_ref == link.contact_ref,
            col(Recurring.card_ref).is_(None) | col(Recurring.card_ref).not_in(banks),
        )
    return list(session.exec(query.order_by(col(Recurring.id))))
