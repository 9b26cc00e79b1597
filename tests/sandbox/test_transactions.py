"""Transactions: sales, declines that are no errors, refunds, voids (Fortis facts §7)."""

from typing import Any

import pytest

from tests.sandbox.records import ANA, ANAS_CARD, BENS_BANK, BENS_CARD, CARD_ACCOUNT
from tests.sandbox.running import Sandbox

SALE, DEBIT = "/v1/transactions/cc/sale/token", "/v1/transactions/ach/debit/token"


def sell(
    sandbox: Sandbox, cents: int, token: str = ANAS_CARD, path: str = SALE, **also: Any
) -> dict[str, Any]:
    answer = sandbox.request("POST", path, json={"transaction_amount": cents, "token_id": token, **also})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def test_a_sale_by_token_is_approved(sandbox: Sandbox) -> None:
    paid = sell(sandbox, 4_500, description="Visit", transaction_api_id="PAY1")
    assert (paid["status_code"], paid["reason_code_id"], paid["type_id"]) == (101, 1000, 20)
    assert (paid["transaction_amount"], paid["auth_amount"], paid["last_four"]) == (4_500, 4_500, "1111")
    assert (paid["contact_id"], paid["token_id"], paid["account_vault_id"]) == (ANA, ANAS_CARD, ANAS_CARD)
    assert (paid["product_transaction_id"], paid["trx_source_id"]) == (CARD_ACCOUNT, 12)
    assert sandbox.request("GET", f"/v1/transactions/{paid['id']}").json()["data"] == paid


def test_a_debit_is_pending_until_the_bank_answers(sandbox: Sandbox) -> None:
    paid = sell(sandbox, 4_500, BENS_BANK, DEBIT)
    assert (paid["status_code"], paid["type_id"], paid["payment_method"]) == (131, 50, "ach")


@pytest.mark.parametrize(
    ("cents", "reason"), [(500, 1500), (615, 1615), (616, 1616), (622, 1622), (631, 1631)]
)
def test_a_decline_is_an_answer_and_not_an_error(sandbox: Sandbox, cents: int, reason: int) -> None:
    declined = sell(sandbox, cents)
    assert (declined["status_code"], declined["reason_code_id"], declined["auth_amount"]) == (301, reason, 0)
    assert declined["auth_code"] is None


def test_a_partial_approval_authorises_less_than_was_asked(sandbox: Sandbox) -> None:
    paid = sell(sandbox, 201)
    assert (paid["status_code"], paid["reason_code_id"]) == (101, 1201)
    assert 0 < paid["auth_amount"] < paid["transaction_amount"] == 201


def test_an_expired_card_is_declined(sandbox: Sandbox) -> None:
    assert sell(sandbox, 4_500, BENS_CARD)["reason_code_id"] == 1622
    sandbox.control({"now": "2026-02-28T23:00:00Z"})
    assert sell(sandbox, 4_500, BENS_CARD)["reason_code_id"] == 1000


def test_a_decline_can_be_ordered_for_the_next_charges(sandbox: Sandbox) -> None:
    sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1606, "times": 2}})
    assert [sell(sandbox, 4_500)["reason_code_id"] for _ in range(3)] == [1606, 1606, 1000]


@pytest.mark.parametrize(
    "wrong",
    [
        {"token_id": None},
        {"token_id": BENS_BANK},
        {"token_id": "0" * 24},
        {"token_api_id": "V1"},
        {"transaction_amount": 0},
        {"transaction_amount": 45.5},
        {"location_id": "0" * 24},
    ],
)
def test_a_sale_that_cannot_be_is_refused_and_charges_nothing(
    sandbox: Sandbox, wrong: dict[str, Any]
) -> None:
    body = {"transaction_amount": 4_500, "token_id": ANAS_CARD} | wrong
    assert sandbox.request("POST", SALE, json=body).status_code == 412
    assert sandbox.request("GET", "/v1/transactions").json()["pagination"]["total_count"] == 5


def test_a_payment_with_the_same_key_is_not_taken_twice(sandbox: Sandbox) -> None:
    sell(sandbox, 4_500, transaction_api_id="PAY1")
    body = {"transaction_amount": 4_500, "token_id": ANAS_CARD, "transaction_api_id": "PAY1"}
    assert sandbox.request("POST", SALE, json=body).json()["detail"] == '"transaction_api_id" must be unique'


def test_refunds_give_back_what_was_paid_and_no_more(sandbox: Sandbox) -> None:
    path = f"/v1/transactions/{sell(sandbox, 4_500)['id']}/refund"
    part = sandbox.request("PATCH", path, json={"transaction_amount": 1_000}).json()["data"]
    assert (part["type_id"], part["status_code"], part["transaction_amount"]) == (30, 111, 1_000)
    assert sandbox.request("PATCH", path, json={"transaction_amount": 3_501}).status_code == 412
    rest = sandbox.request("PATCH", path, json={}).json()["data"]
    assert rest["transaction_amount"] == 3_500
    assert sandbox.request("PATCH", path, json={}).status_code == 412


def test_a_refund_tells_which_payment_it_gives_back(sandbox: Sandbox) -> None:
    paid = sell(sandbox, 4_500)
    refund = sandbox.request("PATCH", f"/v1/transactions/{paid['id']}/refund", json={}).json()["data"]
    asked = {"expand[0]": "transaction_references", "expand[1]": "is_refundable"}
    for seen_from in (refund, paid):
        data = sandbox.request("GET", f"/v1/transactions/{seen_from['id']}", params=asked).json()["data"]
        (reference,) = data["transaction_references"]
        assert (reference["transaction_id"], reference["previous_transaction_id"]) == (
            refund["id"],
            paid["id"],
        )
        assert data["is_refundable"] is False


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_void_takes_back_what_is_not_settled(sandbox: Sandbox, method: str) -> None:
    path = f"/v1/transactions/{sell(sandbox, 4_500)['id']}"
    voided = sandbox.request(method, f"{path}/void").json()["data"]
    assert (voided["status_code"], voided["reason_code_id"], voided["void_date"]) == (201, 1200, "2026-11-21")
    assert sandbox.request(method, f"{path}/void").status_code == 412
    assert sandbox.request("PATCH", f"{path}/refund", json={}).status_code == 412


def test_a_settled_payment_is_refunded_and_not_voided(sandbox: Sandbox) -> None:
    paid = sell(sandbox, 4_500)
    change = {"resource": "transactions", "id": paid["id"], "fields": {"settle_date": "2026-11-21"}}
    sandbox.control({"change": change})
    assert sandbox.request("PUT", f"/v1/transactions/{paid['id']}/void").status_code == 412
    assert sandbox.request("PATCH", f"/v1/transactions/{paid['id']}/refund", json={}).status_code == 200
