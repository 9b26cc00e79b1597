"""What a hosted page asks for: an invoice, a paylink or a declined run of a plan, and what paying it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import BadMoney
from core.money import dollars, parse_dollars
from data.sandbox.fortis import balances, keyed
from data.sandbox.fortis.cards import Card
from data.sandbox.fortis.charges import SOURCE_DECLINED, SOURCE_INVOICE, SOURCE_PAYLINK
from data.sandbox.fortis.payable import expired, signed_id
from data.sandbox.fortis.recurrings import put_on
from data.sandbox.state import Record, State


class NotPayable(Exception):
    """One sentence for the payer."""


@dataclass(frozen=True, slots=True)
class Bill:
    """cents: what is asked for now. closed: why it cannot be paid, empty while it can."""

    kind: str
    record: Record
    place: Record
    title: str
    lines: list[tuple[str, int]]
    cents: int
    closed: str
    note: str = ""
    may_choose: bool = False
    bank: bool = False
    keeps_card: bool = False

    @property
    def location_id(self) -> str:
        return self.place["id"]


def of_link(state: State, kind: str, signed: str) -> Bill | None:
    """The bill behind a link; None for a link that leads nowhere (any more)."""
    record_id = signed_id(state, kind, signed)
    maker = _BILLS.get(kind)
    return maker(state, record_id) if maker and record_id else None


def _invoice(state: State, record_id: str) -> Bill | None:
    record = state.get("quick_invoices", record_id)
    if record is None:
        return None
    paid = record["payment_status_id"] == balances.PAID_IN_FULL
    closed = "This invoice is paid. Thank you." if paid else "" if record["status_code"] else _CLOSED
    lines = [(item["name"], item["amount"]) for item in record["item_list"]]
    already = int(record["amount_due"] - record["remaining_balance"])
    limits = record["single_payment_min_amount"] or record["single_payment_max_amount"]
    return Bill(
        "invoice",
        record,
        _place(state, record),
        record["title"],
        [*lines, *([("Paid already", -already)] if already else [])],
        int(record["remaining_balance"]),
        closed or (_EXPIRED if expired(state, record) else ""),
        note=record["note"] or "",
        may_choose=bool(record["allow_partial_pay"] or record["allow_overpayment"] or limits),
        bank=bool(record["ach_product_transaction_id"]),
    )


def _paylink(state: State, record_id: str) -> Bill | None:
    record = state.get("paylinks", record_id)
    if record is None:
        return None
    closed = "This payment is made. Thank you." if record["status_code"] else ""
    title = record["description"] or "Payment"
    return Bill(
        "paylink",
        record,
        _place(state, record),
        title,
        [(title, record["amount_due"])],
        record["amount_due"],
        closed or (_EXPIRED if expired(state, record) else ""),
        bank=bool(record["ach_product_transaction_id"]) and not record["cc_product_transaction_id"],
        keeps_card=bool(record["store_token"]),
    )


def _declined(state: State, record_id: str) -> Bill | None:
    record = state.get("declined_recurring_transactions", record_id)
    failed = state.get("transactions", record["declined_transaction_id"]) if record else None
    if record is None or failed is None:
        return None
    closed = "This payment is made. Thank you." if record["status"] == "paid" else ""
    title = failed["description"] or "Your plan"
    cents = failed["transaction_amount"]
    return Bill("declined", record, _place(state, failed), title, [(title, cents)], cents, closed)


_CLOSED = "This invoice is closed. Ask the practice if you think it should not be."
_EXPIRED = "This link has expired. Ask the practice for a new one."
_BILLS: dict[str, Callable[[State, str], Bill | None]] = {
    "invoice": _invoice,
    "paylink": _paylink,
    "declined": _declined,
}


def _place(state: State, record: Record) -> Record:
    return state.get("locations", record["location_id"]) or {
        "id": record["location_id"],
        "name": "The practice",
    }


def amount(bill: Bill, wish: str) -> int:
    """Cents a person wants to pay now. Raises NotPayable with a sentence."""
    if not bill.may_choose or not wish.strip():
        return bill.cents
    try:
        cents = parse_dollars(wish)
    except BadMoney as error:
        raise NotPayable(error.sentence) from error
    rules = bill.record
    low, high = rules["single_payment_min_amount"] or 1, rules["single_payment_max_amount"]
    if cents > bill.cents and not rules["allow_overpayment"]:
        raise NotPayable(f"{dollars(bill.cents)} is all that is left to pay.")
    if cents < bill.cents and not rules["allow_partial_pay"]:
        raise NotPayable(f"This invoice is paid at once: {dollars(bill.cents)}.")
    if cents < min(max(low, 1), bill.cents):
        raise NotPayable(f"Pay at least {dollars(low)}.")
    if high and cents > high:
        raise NotPayable(f"Pay at most {dollars(high)} at a time.")
    return cents


def pay(state: State, bill: Bill, card: Card | None, cents: int, *, replace: bool = False) -> Record:
    """Charge it: the transaction, declined or not. card None: the test bank account. replace: the plan keeps the card."""
    if bill.kind == "invoice":
        return _charge(
            state, bill, card, cents, trx_source_id=SOURCE_INVOICE, quick_invoice_id=bill.record["id"]
        )
    if bill.kind == "paylink":
        return _pay_link(state, bill, card)
    assert card is not None
    return pay_declined(state, bill.record, card, cents, replace=replace)


def _pay_link(state: State, bill: Bill, card: Card | None) -> Record:
    link = bill.record
    owner = {"contact_id": link["contact_id"], "title": link["store_token_title"]}
    made = _charge(
        state,
        bill,
        card,
        link["amount_due"],
        keep=owner if link["store_token"] else None,
        trx_source_id=SOURCE_PAYLINK,
        paylink_id=link["id"],
        description=link["description"],
        only_authorise=link["paylink_action"] == "auth-only",
    )
    if made["status_code"] != 301:
        state.update("paylinks", link["id"], status_code=1, status_id=True)
    return made


def _charge(
    state: State, bill: Bill, card: Card | None, cents: int, *, keep: Record | None = None, **also: Any
) -> Record:
    also |= {"contact_id": bill.record["contact_id"], "trx_source_code": also["trx_source_id"]}
    also["product_transaction_id"] = bill.record[f"{'cc' if card else 'ach'}_product_transaction_id"]
    if card is None:
        also.pop("only_authorise", None)
        return keyed.debit_account(state, cents, location_id=bill.location_id, **also)
    return keyed.charge_card(state, card, cents, location_id=bill.location_id, keep=keep, **also)


def pay_declined(
    state: State, declined: Record, card: Card, cents: int, *, replace: bool = False, **also: Any
) -> Record:
    """A declined run is paid with another card (source 15); replace: the plan is charged to it from now on."""
    failed = state.get("transactions", declined["declined_transaction_id"])
    assert failed is not None
    plan = state.get("recurrings", declined["recurring_id"])
    owner = {"contact_id": failed["contact_id"], "title": also.pop("save_account_title", None)}
    keeps = bool(also.pop("save_account", False)) or (replace and plan is not None)
    also |= {"trx_source_id": SOURCE_DECLINED, "trx_source_code": SOURCE_DECLINED}
    also |= {
        "contact_id": failed["contact_id"],
        "recurring_id": declined["recurring_id"],
        "is_recurring": True,
    }
    made = keyed.charge_card(
        state, card, cents, location_id=failed["location_id"], keep=owner if keeps else None, **also
    )
    if made["status_code"] == 301:
        return made
    state.update(
        "declined_recurring_transactions", declined["id"], status="paid", payment_transaction_id=made["id"]
    )
    if replace and plan is not None:
        put_on(state, plan, made["token_id"])
    return made
