"""Paylinks (Fortis facts §9): made, sent, changed, taken away."""

import pytest

from tests.sandbox.links import Record, made, paylink, read
from tests.sandbox.records import CARD_ACCOUNT
from tests.sandbox.running import Sandbox

PATH = "/v1/paylinks"


def test_a_new_paylink_answers_200_and_is_unpaid(sandbox: Sandbox) -> None:
    answer = sandbox.request("POST", f"{PATH}?expand[0]=payment_url", json=paylink(store_token=True))
    record = answer.json()["data"]
    assert (answer.status_code, answer.json()["type"]) == (200, "Paylink")
    assert (record["status_code"], record["status_id"], record["amount_due"]) == (0, False, 14_900)
    assert (record["store_token"], record["paylink_action"]) == (True, "sale")
    assert record["payment_url"].startswith(f"{sandbox.root_url}/fortis/pay/paylink/")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"amount_due": 0}, '"amount_due" must be greater than or equal to 1'),
        ({"cc_product_transaction_id": None}, "at least one of [cc_product_transaction_id"),
        ({"location_id": "0" * 24}, '"location_id" is not one of your locations'),
        ({"delivery_method": 1}, '"email" is required'),
        ({"delivery_method": 2}, '"cell_phone" must be 10 digits'),
        ({"delivery_method": 4}, '"delivery_method" must be one of'),
        ({"expire_date": "2026-11-31"}, '"expire_date" must be a valid date'),
        ({"paylink_action": "tokenization"}, '"paylink_action" must be one of'),
    ],
)
def test_what_cannot_be_a_paylink_is_a_412(sandbox: Sandbox, wrong: Record, said: str) -> None:
    answer = sandbox.request("POST", PATH, json=paylink(**wrong))
    assert (answer.status_code, said in answer.json()["detail"]) == (412, True), answer.text


def test_the_location_comes_with_the_merchant_account(sandbox: Sandbox) -> None:
    body = {"amount_due": "100", "cc_product_transaction_id": CARD_ACCOUNT}
    record = made(sandbox, "paylinks", body)
    assert (record["amount_due"], record["location_id"]) == (100, sandbox.location_id)


def test_one_key_of_ours_makes_one_paylink(sandbox: Sandbox) -> None:
    made(sandbox, "paylinks", paylink(paylink_api_id="pay-1"))
    again = sandbox.request("POST", PATH, json=paylink(paylink_api_id="pay-1"))
    assert again.json()["detail"] == '"paylink_api_id" must be unique'


def test_it_is_sent_and_sent_again_by_text(sandbox: Sandbox) -> None:
    record = made(sandbox, "paylinks", paylink(delivery_method=2, cell_phone="6145550101"))
    again = sandbox.request("PUT", f"{PATH}/{record['id']}/resend")
    assert (again.status_code, again.json()["data"]["id"]) == (200, record["id"])
    assert len(read(sandbox, "paylinks", record["id"], "log_sms")["log_sms"]) == 2
    silent = made(sandbox, "paylinks", paylink())
    assert sandbox.request("PUT", f"{PATH}/{silent['id']}/resend").status_code == 412


def test_it_changes_while_unpaid_and_goes_for_good(sandbox: Sandbox) -> None:
    path = f"{PATH}/{made(sandbox, 'paylinks', paylink())['id']}"
    assert sandbox.request("PATCH", path, json={"amount_due": 9_900}).json()["data"]["amount_due"] == 9_900
    assert sandbox.request("DELETE", path).status_code == 204
    assert sandbox.request("GET", path).status_code == 404
