"""After the drafts moved: the cards nothing charges any more are removed at the processor."""

from sqlmodel import Session, col, select

from core.links.history import add_step, follow
from core.links.models import Link
from core.links.outgoing import SUBJECT, put_out, under_way
from core.links.rules import LinkKind, Step
from core.outbox.commands import payload_of
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.payments.models import Recurring, RecurringStatus


def draft_moved(session: Session, link: Link, draft_ref: str, card_ref: str) -> None:
    """A draft charges the new card from now on. After the last one of a new-card link the old cards are let go."""
    draft = session.exec(
        select(Recurring)
        .where(Recurring.connection_id == link.connection_id, Recurring.external_id == draft_ref)
        .with_for_update()
    ).first()
    if draft is not None:
        draft.card_ref, draft.content_hash = card_ref, ""  # the next sync writes it in any case
        session.add(draft)
    add_step(session, link, Step.POINTED, ref=draft_ref, words="A draft charges the new card.")
    follow(session, link)
    if link.kind == LinkKind.CARD and not under_way(session, link, OutboxKind.DRAFT_POINT):
        retire_old(session, link)


def retire_old(session: Session, link: Link) -> None:
    """Put out the removal of old cards of the drafts that moved, unless some draft still charges them: that one needs it."""
    moved = session.exec(
        select(OutboxRow).where(
            OutboxRow.subject_kind == SUBJECT,
            OutboxRow.subject_id == str(link.id),
            OutboxRow.kind == OutboxKind.DRAFT_POINT,
            OutboxRow.state == OutboxState.SETTLED,
        )
    ).all()
    old = {payload_of(row).get("old_card_ref") for row in moved} | {link.card_ref}
    for card_ref in sorted(ref for ref in old if ref and ref != link.new_card_ref):
        charged = session.exec(
            select(Recurring.id).where(
                Recurring.connection_id == link.connection_id,
                Recurring.card_ref == card_ref,
                Recurring.status != RecurringStatus.ENDED,
                col(Recurring.gone_at).is_(None),
            )
        ).first()
        if charged is None and not _retiring(session, link, card_ref):
            put_out(session, None, link, OutboxKind.CARD_RETIRE, card_ref=card_ref)


def _retiring(session: Session, link: Link, card_ref: str) -> bool:
    rows = session.exec(
        select(OutboxRow).where(
            OutboxRow.subject_kind == SUBJECT,
            OutboxRow.subject_id == str(link.id),
            OutboxRow.kind == OutboxKind.CARD_RETIRE,
        )
    )
    return any(payload_of(row).get("card_ref") == card_ref for row in rows)
