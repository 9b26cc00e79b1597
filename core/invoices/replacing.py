"""A new link in the place of an old one: for what is open by now, with a fresh address. The old one stops working."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from core import clock
from core.errors import BadInput
from core.invoices.commands import create_invoice
from core.invoices.models import Invoice, InvoiceLine
from core.invoices.reports import propose_lines
from core.invoices.rules import Choice
from core.links.card_links import create_card_link
from core.links.commands import end_at_processor
from core.links.models import Link
from core.links.new_link import audit, link_for, made_by_form, stepped
from core.links.pay_links import create_pay_link
from core.links.rules import LinkKind, LinkState, Step
from core.patients.reports import patient_of
from core.permissions import Identity

_REPLACEABLE = frozenset(
    {
        LinkState.CREATED,
        LinkState.SENT,
        LinkState.OPENED,
        LinkState.PART_PAID,
        LinkState.EXPIRED,
        LinkState.UNKNOWN,
    }
)


def replace_link(session: Session, actor: Identity, *, link_id: int, form: str) -> Link:
    """Make the link anew, for what is still open of what it asked for; the same form again gives the same new link.

    Raises BadInput when it is over for good or nothing is open any more, NotFound, NotAllowed.
    """
    old = link_for(session, actor, link_id)
    patient = patient_of(session, actor, old.patient_id, alone=True)
    kind = LinkKind(old.kind)
    if (already := made_by_form(session, actor, patient, kind, form)) is not None:
        return already
    if old.state not in _REPLACEABLE:
        raise BadInput(f"This one is {old.state}. Make a new one instead.")
    was_live = old.state != LinkState.EXPIRED
    stepped(session, actor, old, Step.REPLACED, ref=form)
    match kind:
        case LinkKind.CARD:
            new = create_card_link(
                session, actor, patient_id=old.patient_id, form=form, card_ref=old.card_ref, second=True
            )
        case LinkKind.PAY:
            new = create_pay_link(
                session,
                actor,
                patient_id=old.patient_id,
                due=(old.due_kind, old.due_ref),
                form=form,
                second=True,
            )
        case LinkKind.INVOICE:
            new = _invoice_anew(session, actor, old, form)
    old.replaced_by = new.id
    session.add(old)
    if was_live:
        end_at_processor(session, actor, old)
    audit(session, actor, old, "replaced", by=new.id or 0)
    return new


def _invoice_anew(session: Session, actor: Identity, old: Link, form: str) -> Link:
    invoice = session.exec(select(Invoice).where(Invoice.link_id == old.id)).one()
    lines = session.exec(
        select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).order_by(col(InvoiceLine.position))
    ).all()
    open_now = {
        charge.entry_id: charge.open_cents
        for charge in propose_lines(session, actor, old.patient_id, clock.now()).charges
    }
    choices = choices_left(lines, old.paid_cents, open_now)
    if not choices:
        raise BadInput("Nothing on this invoice is open any more.")
    return create_invoice(
        session, actor, patient_id=old.patient_id, choices=choices, form=form, note=invoice.note, second=True
    )


def choices_left(lines: Sequence[InvoiceLine], paid_cents: int, open_now: dict[int, int]) -> list[Choice]:
    """What is left to ask for of an invoice's lines: payments fill them from the first on, and a charge is asked for up
    to what is open of it now."""
    choices = []
    for line in lines:
        settled = min(paid_cents, line.amount_cents)
        paid_cents -= settled
        left = line.amount_cents - settled
        if line.ledger_entry_id is not None:
            left = min(left, open_now.get(line.ledger_entry_id, 0))
        if left > 0:
            choices.append(
                Choice(line.ledger_entry_id, line.service_id, left, advance=line.ledger_entry_id is None)
            )
    return choices
