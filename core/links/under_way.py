"""What is being done right now about a declined draft, so that nothing else asks for the same money (DOMAIN §3)."""

from datetime import timedelta

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from core import clock
from core.memberships.models import Membership
from core.outbox.commands import result_of
from core.outbox.models import OPEN_STATES, OutboxKind, OutboxRow, OutboxState
from core.payments.models import DeclinedDraft, Payment
from core.plans.models import Plan

SUBJECT = "declined draft"
SURELY_SYNCED = timedelta(days=7)
"""A payment that no sync brought within this will not come; what it was for is asked for again."""

_DOING = {
    OutboxKind.DECLINED_RERUN: "The card is being charged again.",
    OutboxKind.DECLINED_RESEND: "The processor is writing to the payer.",
    OutboxKind.DECLINED_PUT_OFF: "The payment is being put off.",
    OutboxKind.DECLINED_REQUEST: "The processor is writing to the payer.",
}


def under_way_of(session: Session, draft: DeclinedDraft) -> str:
    """What an outbox row is about to do about a declined draft, in words; "" when nothing is."""
    row = session.exec(
        select(OutboxRow)
        .where(
            OutboxRow.subject_kind == SUBJECT,
            OutboxRow.subject_id == str(draft.id),
            col(OutboxRow.state).in_(list(OPEN_STATES)),
        )
        .order_by(col(OutboxRow.created_at).desc())
    ).first()
    return _DOING[OutboxKind(row.kind)] if row else ""


def under_way_for(session: Session, patient_id: int) -> str:
    """What is being done right now about a declined draft of this patient, in words; "" when nothing is."""
    rows = session.exec(
        select(DeclinedDraft)
        .join(
            Payment,
            (col(Payment.connection_id) == DeclinedDraft.connection_id)
            & (col(Payment.external_id) == DeclinedDraft.declined_payment_ref),
        )
        .where(
            _debt_of(patient_id),
            col(DeclinedDraft.status).in_(("unpaid", "paid")),
            col(DeclinedDraft.gone_at).is_(None),
        )
    )
    said = (under_way_of(session, draft) or _not_here_yet(session, draft) for draft in rows)
    return next(filter(None, said), "")


def _debt_of(patient_id: int) -> ColumnElement[bool]:
    """A payment of this patient's own, or for their membership or plan: a parent's card may have been the one declined."""
    memberships = select(Membership.id).where(Membership.patient_id == patient_id)
    plans = select(Plan.id).where(or_(col(Plan.patient_id) == patient_id, col(Plan.payer_id) == patient_id))
    return or_(
        col(Payment.patient_id) == patient_id,
        col(Payment.membership_id).in_(memberships),
        col(Payment.plan_id).in_(plans),
    )


def _not_here_yet(session: Session, draft: DeclinedDraft) -> str:
    """A retry that the processor took, and whose payment no sync or webhook has brought yet: the debt still looks open."""
    row = session.exec(
        select(OutboxRow)
        .where(
            OutboxRow.kind == OutboxKind.DECLINED_RERUN,
            OutboxRow.subject_kind == SUBJECT,
            OutboxRow.subject_id == str(draft.id),
            OutboxRow.state == OutboxState.SETTLED,
            col(OutboxRow.created_at) > clock.now() - SURELY_SYNCED,
        )
        .order_by(col(OutboxRow.created_at).desc())
    ).first()
    result = result_of(row) if row else {}
    if result.get("status") not in ("approved", "pending"):
        return ""
    here = select(Payment.id).where(
        Payment.connection_id == draft.connection_id, Payment.external_id == result.get("transaction_id")
    )
    if session.exec(here).first() is not None:
        return ""
    return "The draft was charged again just now; its payment is not here yet."
