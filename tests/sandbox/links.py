"""Invoices and payment links as tests ask for them."""

from typing import Any

from tests.sandbox.records import ANA, CARD_ACCOUNT, LOCATION_ID
from tests.sandbox.running import Sandbox

Record = dict[str, Any]
VISIT, TAPE = {"name": "Adjustment", "amount": 6_500}, {"name": "Tape", "amount": 1_250}


def invoice(**also: Any) -> Record:
    """The body of an invoice for $77.50, due in December."""
    who = {"location_id": LOCATION_ID, "cc_product_transaction_id": CARD_ACCOUNT, "contact_id": ANA}
    return {"title": "Visit", "due_date": "2026-12-05", "item_list": [VISIT, TAPE], **who, **also}


def paylink(**also: Any) -> Record:
    """The body of a paylink for $149."""
    who = {"location_id": LOCATION_ID, "cc_product_transaction_id": CARD_ACCOUNT, "contact_id": ANA}
    return {"amount_due": 14_900, "description": "November", **who, **also}


def made(sandbox: Sandbox, resource: str, body: Record) -> Record:
    """The record made of a body, with its payment_url."""
    answer = sandbox.request("POST", f"/v1/{resource}?expand[0]=payment_url", json=body)
    assert answer.is_success, answer.text
    return answer.json()["data"]


def read(sandbox: Sandbox, resource: str, record_id: str, *expands: str) -> Record:
    params = {f"expand[{place}]": name for place, name in enumerate(expands)}
    return sandbox.request("GET", f"/v1/{resource}/{record_id}", params=params).json()["data"]


def sale(sandbox: Sandbox, token_id: str, cents: int, **also: Any) -> Record:
    """A charge of a card on file at the desk."""
    body = {"transaction_amount": cents, "token_id": token_id, **also}
    return sandbox.request("POST", "/v1/transactions/cc/sale/token", json=body).json()["data"]
