"""A card for one use and what is made of it; declined runs paid with another card (Fortis facts §6, §10, §11)."""

from typing import Any

import pytest

from tests.sandbox.links import Record
from tests.sandbox.records import ANA, ANAS_CARD, ANAS_PLAN, LOCATION_ID
from tests.sandbox.running import Sandbox
from tests.sandbox.test_hosted import press

GOOD, NO_FUNDS, UNVERIFIED = "4242424242424242", "4000000000009995", "4000000000000002"


def client_token(sandbox: Sandbox, **also: Any) -> str:
    body = {"location_id": LOCATION_ID, "contact_id": ANA, **also}
    answer = sandbox.request("POST", "/v1/elements/ticket/intention", json=body)
    assert (answer.status_code, answer.json()["type"]) == (200, "TicketIntention")
    return answer.json()["data"]["client_token"]


def ticket(sandbox: Sandbox, number: str = GOOD, expiry: str = "09/30") -> str:
    """What the frame does when a card was typed into it."""
    body = {"client_token": client_token(sandbox), "number": number, "expiry": expiry}
    answer = sandbox.client.post(f"{sandbox.base_url}/js/frame/card", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["id"]


def token_of(sandbox: Sandbox, ticket_id: str, **also: Any) -> Record:
    body = {"location_id": LOCATION_ID, "ticket": ticket_id, "contact_id": ANA, **also}
    answer = sandbox.request("POST", "/v1/tokens/ticket", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def test_a_typed_card_becomes_a_token_and_goes_onto_the_plan(sandbox: Sandbox) -> None:
    token = token_of(sandbox, ticket(sandbox), title="By link", token_api_id="card-1")
    assert (token["last_four"], token["exp_date"], token["account_type"]) == ("4242", "0930", "visa")
    assert (token["contact_id"], token["title"], token["active"]) == (ANA, "By link", True)
    plan = sandbox.request("PATCH", f"/v1/recurrings/{ANAS_PLAN}", json={"token_id": token["id"]})
    assert plan.json()["data"]["token_id"] == token["id"]
    assert sandbox.request("DELETE", f"/v1/tokens/{ANAS_CARD}").status_code == 204


def test_a_ticket_is_used_once_and_says_no_number(sandbox: Sandbox) -> None:
    one = ticket(sandbox)
    shown = sandbox.request("GET", f"/v1/tickets/{one}").json()["data"]
    assert (shown["account_number"], shown["cvv"], shown["exp_date"]) == (None, None, "0930")
    token_of(sandbox, one)
    again = sandbox.request("POST", "/v1/tokens/ticket", json={"location_id": LOCATION_ID, "ticket": one})
    assert (again.status_code, "used already" in again.json()["detail"]) == (412, True)


def test_a_ticket_and_a_form_last_an_hour(sandbox: Sandbox) -> None:
    one, form = ticket(sandbox), client_token(sandbox)
    sandbox.control({"advance": {"minutes": 61}})
    late = sandbox.request("POST", "/v1/tokens/ticket", json={"location_id": LOCATION_ID, "ticket": one})
    assert late.status_code == 412
    typed = {"client_token": form, "number": GOOD, "expiry": "0930"}
    assert sandbox.client.post(f"{sandbox.base_url}/js/frame/card", json=typed).status_code == 401


@pytest.mark.parametrize("wrong", ["", "a.b.c", "x"])
def test_a_form_that_was_made_up_takes_no_card(sandbox: Sandbox, wrong: str) -> None:
    body = {"client_token": wrong, "number": GOOD, "expiry": "0930"}
    assert sandbox.client.post(f"{sandbox.base_url}/js/frame/card", json=body).status_code == 401


def test_a_card_that_cannot_be_verified_makes_no_active_token(sandbox: Sandbox) -> None:
    assert token_of(sandbox, ticket(sandbox, UNVERIFIED))["active"] is False


def test_a_card_that_is_always_declined_stays_so_on_file(sandbox: Sandbox) -> None:
    token = token_of(sandbox, ticket(sandbox, NO_FUNDS))
    sandbox.control({"clear": True})
    for _ in range(2):
        body = {"transaction_amount": 5_000, "token_id": token["id"]}
        sale = sandbox.request("POST", "/v1/transactions/cc/sale/token", json=body).json()["data"]
        assert (sale["status_code"], sale["reason_code_id"]) == (301, 1616)


def test_a_sale_by_ticket_may_keep_the_card(sandbox: Sandbox) -> None:
    body = {"transaction_amount": 2_000, "ticket_id": ticket(sandbox), "save_account": True}
    sale = sandbox.request("POST", "/v1/transactions/cc/sale/ticket", json=body)
    record = sale.json()["data"]
    assert (sale.status_code, record["status_code"], record["contact_id"]) == (201, 101, ANA)
    assert sandbox.request("GET", f"/v1/tokens/{record['token_id']}").json()["data"]["last_four"] == "4242"


def test_a_transaction_intention_charges_in_the_frame(sandbox: Sandbox) -> None:
    body = {"action": "sale", "amount": 3_000, "location_id": LOCATION_ID, "contact_id": ANA}
    answer = sandbox.request("POST", "/v1/elements/transaction/intention", json=body).json()
    assert (answer["type"], answer["data"]["amount"]) == ("TransactionIntention", 3_000)
    typed = {"client_token": answer["data"]["client_token"], "number": NO_FUNDS, "expiry": "0930"}
    declined = sandbox.client.post(f"{sandbox.base_url}/js/frame/card", json=typed)
    assert (declined.status_code, "insufficient funds" in declined.json()["error"]) == (402, True)
    paid = sandbox.client.post(f"{sandbox.base_url}/js/frame/card", json=typed | {"number": GOOD}).json()
    assert (paid["type"], paid["data"]["trx_source_id"], paid["data"]["status_code"]) == (
        "Transaction",
        17,
        101,
    )
    missing = sandbox.request("POST", "/v1/elements/transaction/intention", json={"action": "sale"})
    assert missing.json()["detail"] == '"amount" is required'


@pytest.fixture
def declined(sandbox: Sandbox) -> Record:
    """Ana's run of 30 November, declined."""
    sandbox.control({"decline": {"token_id": ANAS_CARD}, "now": "2026-12-01T12:00:00Z"})
    sandbox.control({"run_drafts": True})
    rows = sandbox.request("GET", "/v1/declined-recurring-transactions").json()["list"]
    return next(each for each in rows if each["recurring_id"] == ANAS_PLAN)


def test_fortis_mails_the_payer_a_page_to_pay_a_declined_run_on(sandbox: Sandbox, declined: Record) -> None:
    path = f"/v1/declined-recurring-transactions/{declined['id']}"
    answer = sandbox.request("POST", f"{path}/resend").json()
    assert (answer["type"], answer["data"]["success"]) == ("DeclinedRecurringTransactionResend", True)
    assert answer["data"]["email"] == "ana@example.com"
    mail = sandbox.client.get(f"{sandbox.root_url}/mail.json").json()["mails"][0]["text"]
    link = mail.split()[-1]
    assert "$149.00 paid" in press(sandbox, link, "mastercard", replace="1").text
    assert sandbox.request("GET", path).json()["data"]["status"] == "paid"
    plan = sandbox.request("GET", f"/v1/recurrings/{ANAS_PLAN}?expand[0]=account_vault").json()["data"]
    assert plan["account_vault"]["last_four"] == "4444"


def test_a_declined_run_is_paid_with_another_card_that_stays_on_the_plan(
    sandbox: Sandbox, declined: Record
) -> None:
    body = {
        "declined_recurring_transaction_id": declined["id"],
        "account_number": GOOD,
        "exp_date": "0930",
        "transaction_amount": 14_900,
        "replace_account_vault": True,
    }
    wrong = sandbox.request(
        "POST", "/v1/declined-recurring-transaction-payments", json=body | {"transaction_amount": 1}
    )
    assert wrong.status_code == 412
    paid = sandbox.request("POST", "/v1/declined-recurring-transaction-payments", json=body)
    answer = paid.json()["data"]
    assert (paid.status_code, answer["status_id"], answer["account_number"]) == (201, 101, None)
    record = sandbox.request("GET", f"/v1/transactions/{answer['id']}").json()["data"]
    assert (record["trx_source_id"], record["recurring_id"]) == (15, ANAS_PLAN)
    plan = sandbox.request("GET", f"/v1/recurrings/{ANAS_PLAN}").json()["data"]
    assert plan["token_id"] == record["token_id"]
    again = sandbox.request("POST", "/v1/declined-recurring-transaction-payments", json=body)
    assert again.json()["detail"] == "The declined transaction is paid already"
