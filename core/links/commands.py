"""What the desk does with a link that is there: copy, void and undo, reopen, replace, resend, detach a payment."""

from sqlmodel import Session, col, select

from core import clock
from core.errors import BadInput, NotFound
from core.links.history import add_step, follow, next_ref
from core.links.models import Link
from core.links.new_link import address, audit, link_for, stepped, undo_until
from core.links.outgoing import just_done, put_out, under_way
from core.links.payer import account_of
from core.links.rules import LIVE, LinkKind, LinkState, Step
from core.links.tokens import new_token
from core.outbox import commands as outbox
from core.outbox.models import OutboxKind, OutboxState
from core.patients.reports import patient_of
from core.payments.models import Payment
from core.permissions import Identity

_END = {LinkKind.INVOICE: OutboxKind.INVOICE_CLOSE, LinkKind.PAY: OutboxKind.PAYLINK_DROP}
_RESEND = {LinkKind.INVOICE: OutboxKind.INVOICE_RESEND, LinkKind.PAY: OutboxKind.PAYLINK_RESEND}
_OVER = {
    LinkState.PAID: "It is paid already. Give the money back at the processor instead.",
    LinkState.UPDATED: "The card was updated already.",
    LinkState.VOID: "It is void already.",
    LinkState.REPLACED: "Another link took its place already.",
    LinkState.EXPIRED: "It has expired.",
    LinkState.REFUSED: "The processor never made it.",
}


def patient_address(session: Session, link: Link, *, channel: str) -> str:
    """A fresh address of a link for one way of sending it. Raises BadInput while it cannot be used (yet, or any more)."""
    require_usable(link)
    token = new_token(session, link, channel=channel)
    return address(token, link.kind, fallback=link.url)


def require_usable(link: Link) -> None:
    """Raises BadInput with a sentence when a link cannot be given to a patient."""
    if link.state not in LIVE or (link.expires_at is not None and link.expires_at <= clock.now()):
        raise BadInput(f"{_OVER.get(LinkState(link.state), 'It has expired.')} Make a new one.")
    if link.kind != LinkKind.CARD and link.external_id is None:
        raise BadInput("The processor is still making it. Try again in a few seconds.")


def copy_link(session: Session, actor: Identity, *, link_id: int) -> str:
    """The address to give to the patient by hand. Raises BadInput, NotFound, NotAllowed."""
    link = link_for(session, actor, link_id)
    found = patient_address(session, link, channel="copied")
    stepped(session, actor, link, Step.COPIED, ref=next_ref(session, link, Step.COPIED))
    audit(session, actor, link, "copied")
    return found


def void(session: Session, actor: Identity, *, link_id: int) -> Link:
    """Nobody can use it any more. `undo_void` takes this back for a few seconds, before the processor hears of it.

    One that is void stays so. Raises BadInput when it is over otherwise, NotFound, NotAllowed.
    """
    link = link_for(session, actor, link_id)
    if link.state == LinkState.VOID:
        return link
    if link.state not in LIVE:
        raise BadInput(_OVER[LinkState(link.state)])
    link.undo_until = undo_until()
    end_at_processor(session, actor, link, after_undo=True)
    stepped(session, actor, link, Step.VOIDED, ref=next_ref(session, link, Step.VOIDED))
    audit(session, actor, link, "voided")
    return link


def end_at_processor(
    session: Session, actor: Identity | None, link: Link, *, after_undo: bool = False
) -> None:
    """Have the processor close what it made. One that is just being made is closed once it is (outcomes.made)."""
    kind = LinkKind(link.kind)
    if kind is LinkKind.CARD or link.external_id is None:
        return
    put_out(session, actor, link, _END[kind], not_before=link.undo_until if after_undo else None)


def undo_void(session: Session, actor: Identity, *, link_id: int) -> Link:
    """Take a void back while that is possible; one that is open stays so. Raises BadInput when it is too late,
    NotFound, NotAllowed."""
    link = link_for(session, actor, link_id)
    if link.state in LIVE:
        return link
    late = link.undo_until is None or link.undo_until < clock.now()
    ending = under_way(session, link, *_END.values())
    heard = link.kind != LinkKind.CARD and link.external_id is not None and not ending
    late = late or heard or any(row.state != OutboxState.WAITING for row in ending)
    if link.state != LinkState.VOID or late:
        raise BadInput("It is too late to undo this. Reopen it, or make a new one.")
    for row in ending:
        outbox.cancel(session, row, "Undone.")
    link.undo_until = None
    stepped(session, actor, link, Step.REOPENED, ref=next_ref(session, link, Step.REOPENED))
    audit(session, actor, link, "void undone")
    return link


def reopen(session: Session, actor: Identity, *, link_id: int) -> Link:
    """Open a voided invoice again at the processor; it is open once the processor says so. Pressed again, nothing changes.

    Raises BadInput for other kinds and states, NotFound, NotAllowed.
    """
    link = link_for(session, actor, link_id)
    if link.kind == LinkKind.INVOICE and (
        link.state in LIVE or under_way(session, link, OutboxKind.INVOICE_REOPEN)
    ):
        return link
    if link.kind != LinkKind.INVOICE or link.state != LinkState.VOID or link.external_id is None:
        raise BadInput("Only a voided invoice can be reopened. Make a new one.")
    if link.expires_at is not None and link.expires_at <= clock.now():
        raise BadInput("This invoice is too old to be reopened. Make a new one.")
    waiting = [
        row for row in under_way(session, link, OutboxKind.INVOICE_CLOSE) if row.state == OutboxState.WAITING
    ]
    if any(outbox.cancel(session, row, "Reopened.") for row in waiting):
        stepped(session, actor, link, Step.REOPENED, ref=next_ref(session, link, Step.REOPENED))
    else:
        put_out(session, actor, link, OutboxKind.INVOICE_REOPEN)
    audit(session, actor, link, "reopened")
    return link


def resend_by_processor(session: Session, actor: Identity, *, link_id: int) -> Link:
    """Have the processor send its own e-mail or text again. Once at a time: a second press changes nothing, also when
    the first was quick to go out.

    Raises BadInput when it cannot be used, NotFound, NotAllowed.
    """
    link = link_for(session, actor, link_id)
    require_usable(link)
    kind = _RESEND.get(LinkKind(link.kind))
    if kind is None:
        raise BadInput("A new-card link is ours: send it again by text or e-mail.")
    if not under_way(session, link, kind) and not just_done(session, link, kind):
        account = account_of(
            session,
            patient_of(session, actor, link.patient_id),
            plan_id=link.plan_id,
            membership_id=link.membership_id,
        )
        put_out(session, actor, link, kind, email=account.email, cell_phone=account.cell_phone)
        audit(session, actor, link, "sent again by the processor")
    return link


def detach_payment(session: Session, actor: Identity, *, link_id: int, payment_id: str) -> Link:
    """A payment shall no longer count towards this invoice (it was meant for something else).

    payment_id: the processor's own. Raises BadInput, NotFound, NotAllowed.
    """
    link = link_for(session, actor, link_id)
    if link.kind != LinkKind.INVOICE or link.external_id is None:
        raise BadInput("Only an invoice's payments can be detached.")
    paid = session.exec(
        select(Payment).where(
            Payment.connection_id == link.connection_id,
            Payment.external_id == payment_id,
            Payment.invoice_ref == link.external_id,
        )
    ).first()
    if paid is None and just_done(session, link, OutboxKind.INVOICE_DETACH):
        return link
    if paid is None:
        raise NotFound("This payment does not belong to this invoice.")
    if not under_way(session, link, OutboxKind.INVOICE_DETACH):
        put_out(session, actor, link, OutboxKind.INVOICE_DETACH, payment_ref=payment_id)
        audit(session, actor, link, "payment detached", payment_id=payment_id)
    return link


def expire_links(session: Session) -> int:
    """Links whose time is over: how many. Called by the worker."""
    late = session.exec(
        select(Link).where(col(Link.state).in_(list(LIVE)), col(Link.expires_at) <= clock.now()).limit(500)
    ).all()
    for link in late:
        add_step(session, link, Step.EXPIRED, ref=str(link.expires_at), at=link.expires_at)
        follow(session, link)
    return len(late)
