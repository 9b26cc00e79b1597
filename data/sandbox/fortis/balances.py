"""What is paid of a quick invoice and what remains (facts §8), computed anew after everything that touches it."""

from data.sandbox.fortis.expands import refunds_of
from data.sandbox.state import Record, State

PAID = (101, 131, 132, 133, 134)  # approved, or a bank debit on its way
UNPAID, PAID_IN_FULL, PARTIALLY_PAID = 1, 2, 3
_REFUND = 30


def payments_of(state: State, invoice_id: str) -> list[Record]:
    """The payments that count towards an invoice, declined and voided ones left out."""
    rows = state.paying("quick_invoice_id", invoice_id)
    return [each for each in rows if each["status_code"] in PAID and each["type_id"] != _REFUND]


def paid_cents(state: State, invoice_id: str) -> int:
    """What was paid, less what was given back."""
    return sum(_kept(state, each) for each in payments_of(state, invoice_id))


def _kept(state: State, payment: Record) -> int:
    got = payment["auth_amount"] if payment["auth_amount"] is not None else payment["transaction_amount"]
    return got - sum(each["transaction_amount"] for each in refunds_of(state, payment))


def settle(state: State, invoice_id: str) -> Record:
    """The invoice with its remaining balance and states brought up to date; full payment closes it."""
    invoice = state.get("quick_invoices", invoice_id)
    assert invoice is not None
    paid = paid_cents(state, invoice_id)
    remaining = max(invoice["amount_due"] - paid, 0)
    changes: Record = {"remaining_balance": remaining, "payment_status_id": _payment_status(paid, remaining)}
    if remaining == 0 and invoice["payment_status_id"] != PAID_IN_FULL:
        changes |= {"status_code": 0, "status_id": 0}
    if remaining and invoice["payment_status_id"] == PAID_IN_FULL and invoice["auto_reopen"]:
        changes |= {"status_code": 1, "status_id": 1}
    if all(invoice[name] == value for name, value in changes.items()):
        return invoice
    return state.update("quick_invoices", invoice_id, **changes)


def touched(state: State, transaction: Record) -> None:
    """A transaction was made or changed: what it pays is brought up to date."""
    invoice_id = transaction["quick_invoice_id"]
    if invoice_id and state.get("quick_invoices", invoice_id):
        settle(state, invoice_id)


def _payment_status(paid: int, remaining: int) -> int:
    if remaining == 0:
        return PAID_IN_FULL
    return PARTIALLY_PAID if paid else UNPAID
