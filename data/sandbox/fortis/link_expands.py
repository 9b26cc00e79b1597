"""What comes with a quick invoice or a paylink when it is asked for."""

from typing import Any

from data.sandbox.fortis import notices
from data.sandbox.fortis.expands import of_location
from data.sandbox.fortis.payable import payment_url
from data.sandbox.state import Record, State

_SINGLE = {
    "contact": ("contacts", "contact_id"),
    "location": ("locations", "location_id"),
    "cc_product_transaction": ("product_transactions", "cc_product_transaction_id"),
    "ach_product_transaction": ("product_transactions", "ach_product_transaction_id"),
}


def of_invoice(state: State, record: Record, name: str) -> Any:
    match name:
        case "transactions":
            return state.paying("quick_invoice_id", record["id"])
        case "quick_invoice_views":
            return views(state, record["id"])
        case "quick_invoice_setting":
            return of_location(state, {"id": record["location_id"], "location_api_id": None}, name)
    return _either(state, record, name, "invoice")


def of_paylink(state: State, record: Record, name: str) -> Any:
    if name == "transactions":
        return state.paying("paylink_id", record["id"])
    return _either(state, record, name, "paylink")


def _either(state: State, record: Record, name: str, kind: str) -> Any:
    match name:
        case "payment_url":
            return payment_url(state, kind, record["id"])
        case "log_emails":
            return notices.sent(state, kind, record["id"], "email")
        case "log_sms":
            return notices.sent(state, kind, record["id"], "sms")
    table, key = _SINGLE.get(name, ("", ""))
    return state.get(table, record.get(key)) if table else None


def views(state: State, link_id: str) -> list[Record]:
    """When the hosted page was opened, oldest first."""
    rows = state.select(
        "SELECT number, seen_at, remote_ip FROM views WHERE link_id = ? ORDER BY number", [link_id]
    )
    return [
        {
            "id": state.key(f"view {number}"),
            "quick_invoice_id": link_id,
            "remote_ip": remote_ip,
            "created_ts": int(seen_at),
        }
        for number, seen_at, remote_ip in rows
    ]
