"""What the processor says about an invoice or payment link, written into ours."""

from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from core import clock
from core.integrations.fortis.asked_records import Paylink, QuickInvoice, in_cents
from core.links.history import add_step, follow, next_ref, steps_of
from core.links.models import Link
from core.links.outgoing import under_way
from core.links.rules import LIVE, LinkState, Step
from core.money import short_dollars
from core.outbox.models import OutboxKind
from core.store.version import touch

_CHANGING = (OutboxKind.INVOICE_CLOSE, OutboxKind.INVOICE_REOPEN, OutboxKind.PAYLINK_DROP)


class ProcessorRecord(NamedTuple):
    """A record as the processor told it. listed: its list showed it, which new ones are not for up to half an hour."""

    record: QuickInvoice | Paylink
    listed: bool


def read_back(session: Session, link: Link, told: ProcessorRecord, *, today: date) -> None:
    """Bring a link up to what the processor says: address, opened, remaining, closed, reopened, changed, seen.

    today: local to the patient. Does nothing to its state while a change of ours is still under way there.
    """
    record = told.record
    if record.payment_url and record.payment_url != link.url:
        link.url = record.payment_url
    if told.listed:
        if link.seen_at is None:
            add_step(session, link, Step.SEEN)
            touch(session)
        link.seen_at = clock.now()
    if isinstance(record, QuickInvoice):
        _invoice(session, link, record, today)
    else:
        link.asked_back_cents = 0 if record.paid else link.amount_cents
    session.add(link)
    follow(session, link)


def _invoice(session: Session, link: Link, record: QuickInvoice, today: date) -> None:
    _changed_amount(session, link, record)
    link.asked_back_cents = record.remaining_cents(link.amount_cents)
    opened = record.opened_at()
    if opened is not None:
        at = opened if opened.year > 2000 else clock.now()
        add_step(session, link, Step.OPENED, ref="processor", at=at, words="On the processor's page.")
    if under_way(session, link, *_CHANGING):
        return
    paid = link.asked_back_cents == 0
    if record.closed and not paid and link.state in LIVE:
        if record.expire_date is not None and record.expire_date < today:
            add_step(session, link, Step.EXPIRED, ref=record.expire_date.isoformat())
        else:
            ref = next_ref(session, link, Step.VOIDED)
            add_step(session, link, Step.VOIDED, ref=ref, words=_why_closed(session, link))
    elif not record.closed and link.state == LinkState.VOID:
        ref = next_ref(session, link, Step.REOPENED)
        add_step(session, link, Step.REOPENED, ref=ref, words="It was opened again at the processor.")


def _why_closed(session: Session, link: Link) -> str:
    if any(step.kind is Step.TAKEN_BACK for step in steps_of(session, link.id or 0)):
        return "Money was given back, and it stays closed. Reopen it to ask again."
    return "It was closed at the processor."


def _changed_amount(session: Session, link: Link, record: QuickInvoice) -> None:
    """Somebody edited the invoice in the processor's own portal: the new amount is what the patient sees there."""
    amounts = [each.amount for each in record.item_list if each.amount is not None]
    if record.amount_due is None:
        return
    now = in_cents(record.amount_due, link.amount_cents, [*amounts, record.amount_due])
    if now is None or now == link.amount_cents or now <= 0:
        return
    words = f"Changed at the processor from {short_dollars(link.amount_cents)} to {short_dollars(now)}."
    add_step(session, link, Step.CHANGED, ref=next_ref(session, link, Step.CHANGED), cents=now, words=words)
    link.amount_cents = now


def gone_at_processor(session: Session, link: Link) -> None:
    """The processor does not have it any more: deleted in its portal, or taken away by us."""
    if link.state not in LIVE:
        return
    ref = next_ref(session, link, Step.VOIDED)
    add_step(session, link, Step.VOIDED, ref=ref, words="It is no longer at the processor.")
    follow(session, link)
