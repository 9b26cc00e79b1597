"""Transactions: sales by token, refunds, voids (facts §7). A decline is an answer, not an error."""

from typing import Any

from starlette.responses import Response

from data.sandbox.fortis import balances, charges, requests, wire
from data.sandbox.fortis.catalogue import TRANSACTIONS
from data.sandbox.fortis.expands import left_to_refund
from data.sandbox.fortis.recurrings import token_named
from data.sandbox.fortis.resources import Call, checked, keep_unique, known, location_of, shown, stamped
from data.sandbox.fortis.schemas import Shape
from data.sandbox.state import Record, State

_APPROVED = (101, 131, 132, 133, 134)


def sale(call: Call) -> Response:
    return _charge(call, requests.SALE_TOKEN, "cc")


def debit(call: Call) -> Response:
    return _charge(call, requests.DEBIT_TOKEN, "ach")


def _charge(call: Call, allowed: Shape, method: str) -> Response:
    state = call.state
    fields = checked(call.body, allowed)
    token = token_named(state, fields)
    if token["payment_method"] != method:
        raise wire.refused_rule(f"The token's payment method is not {method}", "token_id")
    if fields.get("location_id"):
        location_of(state, fields["location_id"])
    keep_unique(state, TRANSACTIONS, fields.get("location_id") or token["location_id"], fields)
    record = charge(state, token, fields["transaction_amount"], **fields)
    return shown(state, TRANSACTIONS, record, 201)


def charge(state: State, token: Record, cents: int, **also: Any) -> Record:
    """Charge a token now and keep the transaction, declined or not."""
    also.setdefault("trx_source_id", charges.SOURCE_INTEGRATION)
    also["trx_source_code"] = also["trx_source_id"]
    also.pop("transaction_amount", None)
    fields = charges.charged(state, token, cents, state.today(token["location_id"]), **also)
    record = state.insert("transactions", stamped(state, TRANSACTIONS, fields))
    balances.touched(state, record)
    return record


def refund(call: Call) -> Response:
    """A transaction of its own (type 30, status 111) that gives back all that is left, or less.

    Which payment it gives back is told by `expand=transaction_references`.
    """
    fields = checked(call.body, requests.REFUND)
    paid = known(call.state, TRANSACTIONS, call.id)
    left = left_to_refund(call.state, paid)
    if paid["status_code"] not in _APPROVED or paid["type_id"] == charges.REFUND:
        raise wire.refused_rule("The transaction cannot be refunded", "transaction_id")
    cents = fields.get("transaction_amount") or left
    if not 0 < cents <= left:
        message = f'"transaction_amount" must be less than or equal to {left}'
        raise wire.refused_rule(message, "transaction_amount", kind="number.max")
    keep_unique(call.state, TRANSACTIONS, paid["location_id"], fields)
    record = stamped(
        call.state, TRANSACTIONS, _giving_back(paid, cents) | fields | {"transaction_amount": cents}
    )
    call.state.insert("transactions", record, link_id=paid["id"])
    balances.touched(call.state, paid)
    return shown(call.state, TRANSACTIONS, record)


def _giving_back(paid: Record, cents: int) -> Record:
    same = ("contact_id", "location_id", "token_id", "account_vault_id", "token_api_id", "payment_method")
    card = (
        "account_holder_name",
        "account_type",
        "first_six",
        "last_four",
        "product_transaction_id",
        "recurring_id",
    )
    return {
        **{name: paid[name] for name in (*same, *card)},
        "auth_amount": cents,
        "status_code": 111 if paid["payment_method"] == "cc" else 131,
        "type_id": charges.REFUND,
        "reason_code_id": charges.APPROVED,
        "verbiage": "APPROVED",
        "trx_source_id": charges.SOURCE_INTEGRATION,
        "trx_source_code": charges.SOURCE_INTEGRATION,
    }


def complete(call: Call) -> Response:
    """Takes what is held, or less: the same transaction, status 101. More than is held is refused."""
    fields = checked(call.body, requests.REFUND)
    held = known(call.state, TRANSACTIONS, call.id)
    if held["status_code"] != 102:
        raise wire.refused_rule("The transaction cannot be completed", "transaction_id")
    cents = fields.get("transaction_amount") or held["auth_amount"]
    if not 0 < cents <= held["auth_amount"]:
        message = f'"transaction_amount" must be less than or equal to {held["auth_amount"]}'
        raise wire.refused_rule(message, "transaction_amount", kind="number.max")
    taken = {"status_code": 101, "reason_code_id": 1001, "transaction_amount": cents, "verbiage": "APPROVED"}
    record = call.state.update("transactions", held["id"], **taken)
    balances.touched(call.state, record)
    return shown(call.state, TRANSACTIONS, record)


def void(call: Call) -> Response:
    """Takes back what is not settled yet: the same transaction, status 201."""
    if call.body:
        checked(call.body, requests.VOID)
    paid = known(call.state, TRANSACTIONS, call.id)
    if paid["status_code"] not in (101, 102, 111, 131) or paid["settle_date"]:
        raise wire.refused_rule("The transaction cannot be voided", "transaction_id")
    today = call.state.today(paid["location_id"]).isoformat()
    voided = {"status_code": 201, "void_date": today, "reason_code_id": 1200, "verbiage": "VOIDED"}
    record = call.state.update("transactions", paid["id"], **voided)
    balances.touched(call.state, record)
    return shown(call.state, TRANSACTIONS, record)
