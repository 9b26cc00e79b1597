"""Related records that come only when asked for. What the sandbox does not model is null."""

from typing import Any

from data.sandbox.fortis import schedule
from data.sandbox.fortis.charges import REASONS
from data.sandbox.state import Record, State

_SINGLE = {
    "contact": ("contacts", "contact_id"),
    "location": ("locations", "location_id"),
    "account_vault": ("tokens", "token_id"),
    "recurring": ("recurrings", "recurring_id"),
    "product_transaction": ("product_transactions", "product_transaction_id"),
    "parent": ("contacts", "parent_id"),
    "declined_transaction": ("transactions", "declined_transaction_id"),
    "payment_transaction": ("transactions", "payment_transaction_id"),
}
_STATUSES = {
    101: "Approved",
    111: "Refunded",
    131: "Pending Origination",
    134: "Settled",
    201: "Voided",
    301: "Declined",
}
_TYPES = {20: "Sale", 30: "Refund", 40: "Credit", 50: "Debit"}


def _single(state: State, record: Record, name: str) -> Record | None:
    table, key = _SINGLE[name]
    return state.get(table, record.get(key))


def of_location(state: State, record: Record, name: str) -> Any:
    if name == "product_transactions":
        return state.find("product_transactions", location_id=record["id"])
    if name == "addons":
        return []
    if name == "quick_invoice_setting":
        return {
            "id": state.key(f"quick_invoice_setting {record['id']}"),
            "location_id": record["id"],
            "location_api_id": record["location_api_id"],
            "quick_invoice_template": None,
            "default_allow_partial_pay": True,
            "default_notification_on_due_date": True,
            "show_custom_fields": False,
        }
    return None


def of_contact(state: State, record: Record, name: str) -> Any:
    if name == "recurrings":
        return state.find("recurrings", contact_id=record["id"])
    if name == "is_deletable":
        return not any(
            each["status"] == "active" for each in state.find("recurrings", contact_id=record["id"])
        )
    return _single(state, record, name) if name in _SINGLE else None


def of_token(state: State, record: Record, name: str) -> Any:
    active = [each for each in state.find("recurrings", token_id=record["id"]) if each["status"] == "active"]
    if name == "activeRecurrings":
        return active
    if name == "is_deletable":
        return not active
    if name == "transactions":
        return state.find("transactions", token_id=record["id"])
    return _single(state, record, name) if name in _SINGLE else None


def of_recurring(state: State, record: Record, name: str) -> Any:
    if name == "transactions":
        return state.find("transactions", recurring_id=record["id"])
    if name in ("forecast", "payment_schedule"):
        amount = record["transaction_amount"]
        return [{"date": day.isoformat(), "amount": amount} for day in schedule.coming_runs(record, count=12)]
    return _single(state, record, name) if name in _SINGLE else None


def of_declined(state: State, record: Record, name: str) -> Any:
    return _single(state, record, name) if name in _SINGLE else None


def of_transaction(state: State, record: Record, name: str) -> Any:
    settled = bool(record["settle_date"]) or record["status_code"] in (134, 191)
    approved = record["status_code"] in (101, 131, 132, 133, 134) and record["type_id"] != 30
    match name:
        case "is_settled":
            return settled
        case "is_voidable":
            return record["status_code"] in (101, 102, 111, 131) and not settled
        case "is_refundable":
            return approved and left_to_refund(state, record) > 0
        case "reason_code":
            return {"id": record["reason_code_id"], "title": REASONS.get(record["reason_code_id"])}
        case "status":
            return {"id": record["status_code"], "title": _STATUSES.get(record["status_code"])}
        case "type":
            return {"id": record["type_id"], "title": _TYPES.get(record["type_id"])}
        case "transaction_references":
            return _references(state, record)
    return _single(state, record, name) if name in _SINGLE else None


def refunds_of(state: State, record: Record) -> list[Record]:
    """The refunds that gave back part of a payment, those not voided."""
    return [
        each
        for each in state.find("transactions", link_id=record["id"])
        if each["status_code"] in (111, 131, 134)
    ]


def left_to_refund(state: State, record: Record) -> int:
    """Cents of a payment that were not given back yet."""
    return (record["transaction_amount"] or 0) - sum(
        each["transaction_amount"] for each in refunds_of(state, record)
    )


def _references(state: State, record: Record) -> list[Record]:
    """Which payment a refund gives back. Seen from either of the two."""
    ((link_id,),) = state.select("SELECT link_id FROM transactions WHERE id = ?", [record["id"]])
    given_back = state.get("transactions", link_id)
    pairs = [(record, given_back)] if given_back else []
    pairs += [(refund, record) for refund in state.find("transactions", link_id=record["id"])]
    return [
        {
            "id": state.key(f"reference {refund['id']}"),
            "transaction_id": refund["id"],
            "transaction_amount": refund["transaction_amount"],
            "previous_transaction_id": paid["id"],
            "previous_transaction_amount": paid["transaction_amount"],
            "previous_transaction_created_ts": paid["created_ts"],
            "reference_type": "refund",
            "created_ts": refund["created_ts"],
            "created_user_id": refund["created_user_id"],
        }
        for refund, paid in pairs
    ]
