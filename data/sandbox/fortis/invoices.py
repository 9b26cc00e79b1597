"""Quick invoices (facts §8).

Left open by the facts, taken so here:
- there is no call to void: an invoice is taken out of use by closing it (PATCH status_code 0) or deleting it;
- status_code 1 is open, 0 closed, and payment_status_id 1 unpaid, 2 paid, 3 partially paid (both known of v2 only);
- amount_due is the sum of the items. Another amount_due in the body is refused, remaining_balance in it is ignored:
  both are computed. tax and extra_tax are kept and told, they are part of the items' sum;
- an item needs a name and whole cents; the sum must be at least one cent;
- a closed invoice takes no PATCH at all; reopening one that is open changes nothing;
- full payment closes an invoice. After a payment its items stay as they are (412);
- an invoice with a payment cannot be deleted (412): detach it first;
- a voided or refunded payment is open again in remaining_balance; the invoice itself opens only with auto_reopen;
- a bank debit counts as paid as soon as it is accepted (131);
- attaching is refused (412) for a transaction that was not approved or pays another invoice.
"""

from typing import Any

from starlette.responses import Response

from data.sandbox.fortis import link_fields, notices, wire
from data.sandbox.fortis.balances import PAID, UNPAID, payments_of, settle
from data.sandbox.fortis.catalogue import QUICK_INVOICES, TRANSACTIONS
from data.sandbox.fortis.payable import owned, reachable, real_dates, twin_status
from data.sandbox.fortis.resources import Call, checked, keep_unique, known, shown, stamped
from data.sandbox.fortis.schemas import Complaint
from data.sandbox.state import Record

OPEN, CLOSED = 1, 0
_MONEY = ("item_list", "amount_due", "tax", "extra_tax")
_DATES = ("due_date", "expire_date")


def create(call: Call) -> Response:
    """201. With send_email or send_text_to_pay Fortis sends the link itself."""
    state = call.state
    fields = owned(state, _accepted(call.body, link_fields.INVOICE_NEW))
    keep_unique(state, QUICK_INVOICES, fields["location_id"], fields)
    reachable(fields, email=bool(fields.get("send_email")), text=bool(fields.get("send_text_to_pay")))
    due = _sum(fields)
    status = OPEN if twin_status(fields) is None else twin_status(fields)
    money = {"amount_due": due, "remaining_balance": due, "payment_status_id": UNPAID}
    states = {"status_code": status, "status_id": status, "active": True, "is_active": True}
    invoice = state.insert(QUICK_INVOICES.name, stamped(state, QUICK_INVOICES, fields | money | states))
    notices.send(state, "invoice", invoice, email=invoice["send_email"], text=invoice["send_text_to_pay"])
    return shown(state, QUICK_INVOICES, invoice, 201, call.params)


def change(call: Call) -> Response:
    """An open invoice only. status_code 0 closes it."""
    state = call.state
    fields = _accepted(call.body, link_fields.INVOICE_CHANGE)
    invoice = _open(call)
    fields = owned(state, fields, before=invoice)
    keep_unique(state, QUICK_INVOICES, fields["location_id"], fields, besides=invoice["id"])
    if any(name in fields for name in _MONEY) and payments_of(state, invoice["id"]):
        raise wire.refused_rule("The item list of an invoice with payments cannot be changed", "item_list")
    if any(name in fields for name in _MONEY):
        fields |= {"amount_due": _sum(invoice | {"amount_due": None} | fields)}
    if twin_status(fields) is not None:
        fields |= dict.fromkeys(("status_code", "status_id"), twin_status(fields))
    wanted = {name: value for name, value in fields.items() if name in QUICK_INVOICES.shape}
    after = invoice | wanted
    reachable(after, email=bool(after["send_email"]), text=bool(after["send_text_to_pay"]))
    state.update(QUICK_INVOICES.name, invoice["id"], **wanted)
    return _answered(call, settle(state, invoice["id"]))


def delete(call: Call) -> Response:
    invoice = known(call.state, QUICK_INVOICES, call.id)
    if payments_of(call.state, invoice["id"]):
        raise wire.refused_rule("The invoice has payments and cannot be deleted", "quick_invoice_id")
    call.state.delete(QUICK_INVOICES.name, invoice["id"])
    return Response(status_code=204)


def reopen(call: Call) -> Response:
    """201 (documented). Paid or not, it can be paid on again as far as something remains."""
    known(call.state, QUICK_INVOICES, call.id)
    opened = call.state.update(QUICK_INVOICES.name, call.id, status_code=OPEN, status_id=OPEN)
    return _answered(call, opened, 201)


def resend(call: Call) -> Response:
    """Sends the link again, by e-mail and text as far as there is an address. A closed invoice is not sent (412)."""
    invoice = _open(call)
    sent = notices.send(
        call.state, "invoice", invoice, email=bool(invoice["email"]), text=bool(invoice["cell_phone"])
    )
    return wire.one("QuickInvoiceResend", {"id": invoice["id"], **sent, "email": invoice["email"]})


def attach(call: Call) -> Response:
    """201: the payment counts towards this invoice."""
    state = call.state
    invoice = known(state, QUICK_INVOICES, call.id)
    paid = _named_transaction(call)
    if paid["quick_invoice_id"] or paid["status_code"] not in PAID:
        raise wire.refused_rule("The transaction cannot be attached to the invoice", "transaction_id")
    if paid["location_id"] != invoice["location_id"]:
        raise wire.refused_rule('"transaction_id" is not one of the location\'s', "transaction_id")
    state.update(TRANSACTIONS.name, paid["id"], quick_invoice_id=invoice["id"])
    return _answered(call, settle(state, invoice["id"]), 201)


def detach(call: Call) -> Response:
    """204: the payment no longer counts towards this invoice."""
    invoice, paid = known(call.state, QUICK_INVOICES, call.id), _named_transaction(call)
    if paid["quick_invoice_id"] != invoice["id"]:
        raise wire.refused_rule("The transaction is not attached to the invoice", "transaction_id")
    call.state.update(TRANSACTIONS.name, paid["id"], quick_invoice_id=None)
    settle(call.state, invoice["id"])
    return Response(status_code=204)


def _answered(call: Call, invoice: Record, status: int = 200) -> Response:
    return shown(call.state, QUICK_INVOICES, invoice, status, call.params)


def _open(call: Call) -> Record:
    invoice = known(call.state, QUICK_INVOICES, call.id)
    if invoice["status_code"] == CLOSED:
        raise wire.refused_rule("The invoice is closed", "status_code")
    return invoice


def _named_transaction(call: Call) -> Record:
    named = checked(call.body, link_fields.INVOICE_TRANSACTION)["transaction_id"]
    paid = call.state.get(TRANSACTIONS.name, named)
    if paid is None:
        raise wire.refused_rule('"transaction_id" does not exist', "transaction_id")
    return paid


def _accepted(body: Record, allowed: link_fields.Shape) -> Record:
    fields = checked(body, allowed)
    fields.pop("remaining_balance", None)
    if "item_list" in fields:
        fields["item_list"] = _items(fields["item_list"])
    real_dates(fields, *_DATES)
    low, high = fields.get("single_payment_min_amount"), fields.get("single_payment_max_amount")
    if low is not None and high is not None and low > high:
        message = '"single_payment_max_amount" must be greater than or equal to "single_payment_min_amount"'
        raise wire.refused_rule(message, "single_payment_max_amount", kind="number.min")
    return fields


def _items(items: list[Any]) -> list[Record]:
    """Names that differ, whole cents. Raises Refused (412) with every complaint."""
    if not 1 <= len(items) <= 300:
        raise wire.refused_rule('"item_list" must contain 1 to 300 items', "item_list", kind="array.length")
    complaints, kept, names = [], [], set[str]()
    for place, item in enumerate(items):
        name, amount = (item.get("name"), item.get("amount")) if isinstance(item, dict) else (None, None)
        where = f"item_list[{place}]"
        if not isinstance(name, str) or not name.strip():
            complaints.append(Complaint(f'"{where}.name" is required', ("item_list", "name"), "any.required"))
        elif name in names:
            complaints.append(
                Complaint(f'"{where}" contains a duplicate value', ("item_list",), "array.unique")
            )
        cents = _cents(amount)
        if cents is None:
            complaints.append(
                Complaint(f'"{where}.amount" must be an integer', ("item_list", "amount"), "number.integer")
            )
        names.add(str(name))
        kept.append({"name": name, "amount": cents})
    if complaints:
        raise wire.invalid(complaints)
    return kept


def _cents(amount: Any) -> int | None:
    """Strings of digits are taken as numbers (seen live)."""
    if isinstance(amount, str) and amount.removeprefix("-").isdigit():
        return int(amount)
    return amount if isinstance(amount, int) and not isinstance(amount, bool) else None


def _sum(fields: Record) -> int:
    total = sum(item["amount"] for item in fields["item_list"])
    if not 1 <= total <= 999_999_999:
        raise wire.refused_rule(
            '"amount_due" must be greater than or equal to 1', "amount_due", kind="number.min"
        )
    if fields.get("amount_due") not in (None, total):
        raise wire.refused_rule('"amount_due" must be the sum of "item_list"', "amount_due")
    return total
