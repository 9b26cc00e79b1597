"""Payments and scheduled drafts as the rules see them, and what is left of a payment (DOMAIN §0).

Status words are those of core/payments/models.py.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

GIVEN_BACK = frozenset({"returned", "voided", "refunded", "charged_back"})  # the whole payment (CONTRACTS §3)


class PaymentFacts(NamedTuple):
    """One payments row. happened_at is aware UTC, happened_on its local date; amount_cents is 0 or more.

    refund_ref: external id, at the same connection, of the payment that this row gives back. recurring_ref: of the draft
    that ran it; invoice_ref: of the invoice or link it came by; card_ref: of the card. surcharge_cents: the part of the amount that is a fee.
    """

    id: int
    external_id: str
    patient_id: int | None
    plan_id: int | None
    instalment_id: int | None
    membership_id: int | None
    happened_at: datetime
    happened_on: date
    amount_cents: int
    status: str
    reason_code: str | None
    refund_ref: str | None
    order_id: str | None
    method: str | None
    connection_id: int = 0
    recurring_ref: str | None = None
    invoice_ref: str | None = None
    surcharge_cents: int = 0
    card_ref: str | None = None

    @property
    def pays_cents(self) -> int:
        """What of it pays anything: a surcharge is no payment (DOMAIN §3)."""
        return self.amount_cents - self.surcharge_cents


class RecurringFacts(NamedTuple):
    """A draft that repeats by itself. interval_unit: day, week or month. card_id None = card not known."""

    id: int
    external_id: str
    card_id: int | None
    plan_id: int | None
    membership_id: int | None
    amount_cents: int
    interval: int
    interval_unit: str
    next_run_on: date | None
    status: str


def net_by_payment(payments: Iterable[PaymentFacts]) -> dict[int, int]:
    """Net cents by payment id (DOMAIN §0), without surcharges: accepted − refunded − returned − charged back.

    Not accepted, pending, returned, voided, refunded or charged back: 0. A payment never goes below 0; what a
    refund gives back beyond it, or of a payment that is not here, stands below 0 at the refund's own row, so that
    the sum over all rows is what the practice really has. The refund of a pending payment takes from what is on its
    way, not from what was paid. A refund that does not say its own fee gives back the payment's in its share.
    """
    rows = payments if isinstance(payments, list) else list(payments)
    nets = {
        p.id: p.amount_cents - p.surcharge_cents if p.status == "approved" and p.refund_ref is None else 0
        for p in rows
    }
    refunds = [p for p in rows if p.refund_ref is not None and p.status == "approved"]
    if not refunds:
        return nets
    originals = {(p.connection_id, p.external_id): p for p in rows if p.refund_ref is None}
    room: dict[int, int] = {}
    so_far: dict[int, int] = {}  # what earlier refunds of a payment gave back, fees and all
    for refund in refunds:
        original = originals.get((refund.connection_id, refund.refund_ref or ""))
        before = 0 if original is None else so_far.get(original.id, 0)
        given = gives_back_cents(refund, original, before)
        if original is not None:
            so_far[original.id] = before + refund.amount_cents
        if original is not None:
            # one that was given back whole already carries its refund rows: they take nothing twice
            taken = original.status in {"approved", "pending"} or original.status in GIVEN_BACK
            left = room.get(original.id, original.pays_cents if taken else 0)
            from_it = min(left, given)
            room[original.id] = left - from_it
            if original.status == "approved":
                nets[original.id] -= from_it
            given -= from_it
        nets[refund.id] = -given
    return nets


def gives_back_cents(refund: PaymentFacts, original: PaymentFacts | None, before: int = 0) -> int:
    """What a refund takes from the payment it gives back: fee and payment go back together, each in its share.

    before: cents of earlier refunds of the same payment, so that shares sum to the whole. A refund of exactly what was
    paid without the fee gives all of that back.
    """
    if original is None or refund.surcharge_cents or not original.surcharge_cents:
        return refund.pays_cents
    if refund.amount_cents == original.pays_cents and not before:
        return refund.amount_cents

    def share(cents: int) -> int:
        whole = original.amount_cents
        return (2 * cents * original.pays_cents + whole) // (2 * whole)

    return share(before + refund.amount_cents) - share(before)


def pending_cents(payments: Iterable[PaymentFacts]) -> int:
    """Money on its way (a bank payment not yet settled), less its refunds: asked for no more, but not counted as paid."""
    rows = payments if isinstance(payments, list) else list(payments)
    on_the_way = {
        (p.connection_id, p.external_id): p for p in rows if p.status == "pending" and p.refund_ref is None
    }
    coming = {place: p.pays_cents for place, p in on_the_way.items()}
    for refund in rows if coming else ():
        if refund.refund_ref is not None and refund.status == "approved":
            place = (refund.connection_id, refund.refund_ref)
            coming[place] = max(0, coming.get(place, 0) - gives_back_cents(refund, on_the_way.get(place)))
    return sum(coming.values())


class Draft(NamedTuple):
    """Money that will be charged by itself. card_id None = to whatever card the patient has on file.

    kind: plan, membership or recurring; source_id: external id of that row.
    """

    on: date
    cents: int
    card_id: int | None
    kind: str
    source_id: str
