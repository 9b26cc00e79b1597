"""Making and changing invoices. Each command writes the change and what is to go out in one transaction."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session

from core import clock
from core.errors import BadInput
from core.invoices.may_ask import require_may_ask
from core.invoices.models import Invoice, InvoiceLine
from core.invoices.reports import propose_lines
from core.invoices.rules import DUE_DAYS, Choice, DraftLine, clean_note, lines_of, total_cents
from core.ledger.models import LedgerEntry
from core.links.history import follow
from core.links.models import Link
from core.links.new_link import made_by_form, make_link, require_no_open
from core.links.outgoing import put_out
from core.links.pay_links import missing_of
from core.links.payer import Account, account_of
from core.links.rules import LinkKind
from core.outbox.models import OutboxKind
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require
from core.staff.reports import practice_name

FEE_POSTED_WITHIN = timedelta(days=10)  # of the draft it is for
OPEN_DAYS = 90  # how long after its due date an invoice can still be paid


def create_invoice(
    session: Session,
    actor: Identity,
    *,
    patient_id: int,
    choices: Sequence[Choice],
    form: str,
    due_on: date | None = None,
    note: str = "",
    second: bool = False,
    as_of: datetime | None = None,
) -> Link:
    """An invoice for the ticked lines, made at the processor by the outbox; the same form again gives the same one.

    due_on: local date, default two weeks. second: the person saw that another link is open, and wants this one too.
    as_of: aware UTC, default now. Raises BadInput with a sentence (nothing ticked, $0, more than is open, the
    insurer's part, a card number in the note …), OpenLinkExists, NotFound, NotAllowed.
    """
    require(actor.role, Permission.COLLECT)
    patient = patient_of(session, actor, patient_id, alone=True)
    if (already := made_by_form(session, actor, patient, LinkKind.INVOICE, form)) is not None:
        return already
    account = account_of(session, patient)
    require_no_open(session, patient, LinkKind.INVOICE, LinkKind.PAY, second=second)
    proposal = propose_lines(session, actor, patient_id, as_of or clock.now())
    lines = lines_of(
        choices,
        proposal.charges,
        proposal.services,
        insurer_entries=proposal.insurer_entries,
        visit=proposal.visit,
        today=proposal.today,
    )
    require_may_ask(session, patient, lines, as_of or clock.now())
    due = due_on or proposal.today + timedelta(days=DUE_DAYS)
    if due < proposal.today:
        raise BadInput("The due date has passed. Choose today or later.")
    words = clean_note(note)
    link, new = make_link(
        session, actor, patient, account,
        kind=LinkKind.INVOICE, form=form, amount_cents=total_cents(lines), due_on=due,
        membership_id=_membership_billed(session, actor, patient_id, lines, as_of or clock.now()),
        what=f"Invoice from {practice_name(session)}"[:64], expires_at=clock.day_bounds(due + timedelta(days=OPEN_DAYS), proposal.time_zone)[1],
    )  # fmt: skip
    if new:
        write_invoice(session, actor, link, account, lines, made_on=proposal.today, due_on=due, note=words)
    return link


def _membership_billed(
    session: Session, actor: Identity, patient_id: int, lines: Sequence[DraftLine], as_of: datetime
) -> int | None:
    """The membership whose missing draft is the one posted fee on this invoice: paid here, it is not missing there.

    Only where the fee stands alone and one membership fits by amount and day: a payment belongs to one membership.
    """
    entry = session.get(LedgerEntry, lines[0].entry_id) if len(lines) == 1 and lines[0].entry_id else None
    if entry is None or entry.appointment_id is not None or entry.plan_id is not None:
        return None
    fits = {
        one.membership_id
        for one in missing_of(session, actor, patient_id, as_of)
        if one.membership_id is not None
        and one.cents == lines[0].full_cents
        and one.due_on is not None
        and abs(one.due_on - entry.posted_on) <= FEE_POSTED_WITHIN
    }
    return fits.pop() if len(fits) == 1 else None


def write_invoice(
    session: Session,
    actor: Identity | None,
    link: Link,
    account: Account,
    lines: Sequence[DraftLine],
    *,
    made_on: date,
    due_on: date,
    note: str,
) -> Invoice:
    """The invoice of a new link with its lines, and its way to the processor."""
    invoice = Invoice(
        practice_id=link.practice_id,
        link_id=link.id or 0,
        number=f"H-{link.id:06d}",
        made_on=made_on,
        due_on=due_on,
        title=link.what,
        note=note,
    )
    session.add(invoice)
    session.flush()
    for position, line in enumerate(lines, 1):
        session.add(
            InvoiceLine(
                invoice_id=invoice.id or 0,
                position=position,
                name=line.name,
                served_on=line.served_on,
                amount_cents=line.cents,
                full_cents=line.full_cents,
                service_id=line.service_id,
                ledger_entry_id=line.entry_id,
                advance=line.advance,
            )
        )
    put_out(
        session,
        actor,
        link,
        OutboxKind.INVOICE_MAKE,
        key=link.key,
        title=link.what,
        number=invoice.number,
        note=note,
        due_on=due_on.isoformat(),
        expires_on=(due_on + timedelta(days=OPEN_DAYS)).isoformat(),
        items=[[line.name, line.cents] for line in lines],
        **account.payload(),
    )
    follow(session, link)
    return invoice
