"""A very small practice in the processor's own words: two patients, three tokens, two plans, a few payments."""

from typing import Any

Record = dict[str, Any]

LOCATION_ID = "11e95f8ec39de8fbdb0a4f1a"
CARD_ACCOUNT = "31f000000000000000000cc1"
BANK_ACCOUNT = "31f000000000000000000ac1"
ANA, BEN = "31f0000000000000000000a1", "31f0000000000000000000b1"
ANAS_CARD, BENS_CARD, BENS_BANK = (
    "31f0000000000000000000ca",
    "31f0000000000000000000cb",
    "31f0000000000000000000bb",
)
ANAS_PLAN, BENS_PLAN = "31f0000000000000000000fa", "31f0000000000000000000fb"
DAY = 86_400
START = 1_790_000_000  # 2026-09-21T14:13:20Z


def small_practice() -> dict[str, list[Record]]:
    return {
        "locations": [_location()],
        "product_transactions": [_account(CARD_ACCOUNT, "cc"), _account(BANK_ACCOUNT, "ach")],
        "contacts": [contact(ANA, "Ana", "Alvarez"), contact(BEN, "Ben", "Brown")],
        "tokens": [card(ANAS_CARD, ANA), card(BENS_CARD, BEN, exp_date="0226"), _bank_account()],
        "recurrings": [plan(ANAS_PLAN, ANA, ANAS_CARD), plan(BENS_PLAN, BEN, BENS_CARD)],
        "declined_recurring_transactions": [],
        "transactions": [payment(number) for number in range(1, 6)],
    }


def _location() -> Record:
    address = {"city": "Columbus", "state": "OH", "postal_code": "43004", "country": "US"}
    return {
        "id": LOCATION_ID,
        "name": "Riverside Chiropractic",
        "tz": "America/New_York",
        "address": address,
        "default_cc": CARD_ACCOUNT,
        "default_ach": BANK_ACCOUNT,
        "created_ts": START,
    }


def _account(record_id: str, method: str) -> Record:
    allowed = {"quick_invoice_allow": True, "paylink_allow": True}
    return {"id": record_id, "location_id": LOCATION_ID, "payment_method": method, "title": method, **allowed}


def contact(record_id: str, first_name: str, last_name: str, **also: Any) -> Record:
    names = {"first_name": first_name, "last_name": last_name, "email": f"{first_name.lower()}@example.com"}
    return {"id": record_id, "location_id": LOCATION_ID, "created_ts": START, **names, **also}


def card(record_id: str, contact_id: str, **also: Any) -> Record:
    numbers = {"first_six": "411111", "last_four": "1111", "exp_date": "1228", "account_type": "visa"}
    owner = {"contact_id": contact_id, "location_id": LOCATION_ID, "payment_method": "cc"}
    return {"id": record_id, "created_ts": START, **numbers, **owner, **also}


def _bank_account() -> Record:
    return card(
        BENS_BANK, BEN, payment_method="ach", account_type="checking", exp_date=None, last_four="6789"
    )


def plan(record_id: str, contact_id: str, token_id: str, **also: Any) -> Record:
    run = {"start_date": "2026-10-31", "next_run_date": "2026-11-30", "interval": 1, "interval_type": "m"}
    charged = {
        "contact_id": contact_id,
        "token_id": token_id,
        "location_id": LOCATION_ID,
        "payment_method": "cc",
    }
    return {"id": record_id, "transaction_amount": 14_900, "created_ts": START, **run, **charged, **also}


def payment(number: int, **also: Any) -> Record:
    """A settled payment of Ana's, one each day from START on."""
    made = {"id": f"31f1{number:020x}", "created_ts": START + number * DAY}
    charged = {"contact_id": ANA, "token_id": ANAS_CARD, "location_id": LOCATION_ID, "payment_method": "cc"}
    result = {"status_code": 101, "reason_code_id": 1000, "transaction_amount": 5_000, "auth_amount": 5_000}
    return {**made, **charged, **result, **also}
