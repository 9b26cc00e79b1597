"""Charging a stored card or bank account: what the bank would say, and the transaction that comes of it."""

from datetime import date
from typing import Any

from data.sandbox.state import Record, State

REASONS = {
    1000: "Approved",
    1200: "Voided",
    1201: "Partial approval",
    1500: "Generic decline",
    1510: "Call",
    1520: "Pick up card",
    1530: "Retry",
    1531: "Communication error",
    1540: "Setup issue",
    1601: "Generic decline",
    1602: "Call",
    1604: "Pick up card, no fraud",
    1605: "Pick up card, fraud",
    1606: "Pick up card, lost",
    1607: "Pick up card, stolen",
    1608: "Account error",
    1615: "Do not honor",
    1616: "Insufficient funds",
    1618: "Bad service code",
    1619: "Activity limit exceeded",
    1622: "Card expired",
    1624: "Security violation",
    1625: "Card not permitted",
    1626: "Transaction not permitted",
    1631: "Account closed",
    1655: "AVS auto-reversal",
    1656: "CVV auto-reversal",
    1660: "Bank account error",
    1800: "Wrong CVV",
    1801: "Duplicate",
    1803: "Stop recurring",
    2101: "R01 Insufficient funds",
    2102: "R02 Account closed",
}
APPROVED, PARTIAL, EXPIRED = 1000, 1201, 1622
SALE, REFUND, DEBIT = 20, 30, 50
SOURCE_INTEGRATION, SOURCE_RECURRING = 12, 13
SOURCE_INVOICE, SOURCE_DECLINED, SOURCE_PAYLINK, SOURCE_ELEMENTS = 8, 15, 16, 17
NEXT = "next"  # a decline ordered for whichever charge comes next


def reason_for(state: State, token: Record, cents: int, on: date) -> int:
    """The reason code of a charge: a decline asked for at /control, an expired card, a magic amount, or approval.

    Magic amounts: the cents are the code's last digits, $6.16 → 1616 (facts §7; proven for v2 only).
    """
    wanted = _ordered_decline(state, token["id"]) or token.get("declines") or _always(state, token["id"])
    if wanted:
        return wanted
    if token["payment_method"] == "cc" and expired(token["exp_date"], on):
        return EXPIRED
    return 1000 + cents if 1000 + cents in REASONS and cents >= 201 else APPROVED


def expired(exp_date: str | None, on: date) -> bool:
    """Whether a card of MMYY is past its last month on that day."""
    return bool(exp_date) and (2000 + int(exp_date[2:]), int(exp_date[:2])) < (on.year, on.month)


def order_decline(state: State, token_id: str, reason_code_id: int, times: int) -> None:
    """The token's next `times` charges are declined for this reason."""
    with state.transaction():
        orders = state.remembered("declines", {})
        state.remember("declines", orders | {token_id: [reason_code_id, times]})


def decline_always(state: State, token_id: str, reason_code_id: int) -> None:
    """Every charge of this token is declined: the card behind it is one of the test numbers for that."""
    state.remember(f"always declined {token_id}", reason_code_id)


def _always(state: State, token_id: str | None) -> int | None:
    return state.remembered(f"always declined {token_id}") if token_id else None


def _ordered_decline(state: State, token_id: str | None) -> int | None:
    orders = state.remembered("declines", {})
    key = token_id if token_id in orders else NEXT
    if key not in orders:
        return None
    reason, times = orders.pop(key)
    if times > 1:
        orders[key] = [reason, times - 1]
    state.remember("declines", orders)
    return reason


def charged(state: State, token: Record, cents: int, on: date, **also: Any) -> Record:
    """The fields of a transaction that charges a token. A decline is a transaction too: status 301."""
    reason = reason_for(state, token, cents, on)
    card = token["payment_method"] == "cc"
    approved = reason in (APPROVED, PARTIAL)
    status = (101 if card else 131) if approved else 301
    auth = (cents // 2 if reason == PARTIAL else cents) if approved else 0
    kept = ("account_holder_name", "account_type", "first_six", "last_four", "card_bin", "billing_address")
    return also | {
        **{name: token[name] for name in (*kept, "location_id", "token_api_id", "payment_method")},
        "token_id": token["id"],
        "account_vault_id": token["id"],
        "contact_id": also.get("contact_id") or token["contact_id"],
        "transaction_amount": cents,
        "auth_amount": auth,
        "auth_code": f"{int(state.key(str(state.remembered('ids', 0))), 16) % 1_000_000:06d}"
        if approved
        else None,
        "status_code": status,
        "reason_code_id": reason,
        "verbiage": REASONS[reason].upper() if reason in REASONS else "DECLINED",
        "response_message": REASONS.get(reason),
        "type_id": SALE if card else DEBIT,
        "product_transaction_id": also.get("product_transaction_id") or merchant_account(state, token),
        "effective_date": None if card else on.isoformat(),
        "is_token": True,
        "is_accountvault": True,
    }


def merchant_account(state: State, token: Record) -> str | None:
    """The location's default product transaction for this kind of token."""
    location = state.get("locations", token["location_id"]) or {}
    return location.get("default_cc" if token["payment_method"] == "cc" else "default_ach")
