"""The hosted pages, as a browser without scripts asks for them: opened, paid, declined, paid twice."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.links import Record, invoice, made, paylink, read
from tests.sandbox.records import ANA, BANK_ACCOUNT
from tests.sandbox.running import Sandbox


def press(sandbox: Sandbox, url: str, card: str = "visa", **form: Any) -> httpx.Response:
    """Open the page and press Pay."""
    page = sandbox.client.get(url)
    found = re.search(r'name="press" value="(\w+)"', page.text)
    body = {"press": found[1] if found else "", "card": card, **form}
    return sandbox.client.post(url, data=body, follow_redirects=True)


def payments(sandbox: Sandbox, resource: str, record: Record) -> list[Record]:
    return read(sandbox, resource, record["id"], "transactions")["transactions"]


def test_an_invoice_is_opened_and_paid(sandbox: Sandbox) -> None:
    record = made(sandbox, "quick-invoices", invoice(note="See you soon"))
    page = sandbox.client.get(record["payment_url"]).text
    assert all(words in page for words in ("Riverside Chiropractic", "Adjustment", "$77.50", "See you soon"))
    assert "$77.50 paid. Thank you." in press(sandbox, record["payment_url"]).text
    (payment,) = payments(sandbox, "quick-invoices", record)
    assert (payment["status_code"], payment["trx_source_id"], payment["contact_id"]) == (101, 8, ANA)
    assert (payment["last_four"], payment["token_id"], payment["is_token"]) == ("1111", None, False)
    after = read(sandbox, "quick-invoices", record["id"], "quick_invoice_views")
    assert (after["status_code"], after["payment_status_id"], after["remaining_balance"]) == (0, 2, 0)
    assert len(after["quick_invoice_views"]) == 2


@pytest.mark.parametrize(
    ("card", "reason", "words"),
    [("no-funds", 1616, "insufficient funds"), ("do-not-honor", 1615, "do not honor")],
)
def test_a_declined_card_says_so_and_the_link_stays_open(
    sandbox: Sandbox, card: str, reason: int, words: str
) -> None:
    record = made(sandbox, "paylinks", paylink())
    page = press(sandbox, record["payment_url"], card)
    assert f"declined: {words}. Nothing was charged." in page.text
    (payment,) = payments(sandbox, "paylinks", record)
    assert (payment["status_code"], payment["reason_code_id"], payment["auth_amount"]) == (301, reason, 0)
    assert read(sandbox, "paylinks", record["id"])["status_code"] == 0
    assert "$149.00 paid" in press(sandbox, record["payment_url"]).text
    assert read(sandbox, "paylinks", record["id"])["status_code"] == 1


def test_any_next_charge_can_be_declined(sandbox: Sandbox) -> None:
    sandbox.control({"decline": {"token_id": "next", "reason_code_id": 1622}})
    record = made(sandbox, "paylinks", paylink())
    assert "declined: card expired" in press(sandbox, record["payment_url"]).text
    assert "paid" in press(sandbox, record["payment_url"]).text


def test_paying_a_paylink_keeps_the_card_for_the_contact(sandbox: Sandbox) -> None:
    record = made(sandbox, "paylinks", paylink(store_token=True, store_token_title="New card"))
    press(sandbox, record["payment_url"], "mastercard")
    (payment,) = payments(sandbox, "paylinks", record)
    token = sandbox.request("GET", f"/v1/tokens/{payment['token_id']}").json()["data"]
    assert (token["contact_id"], token["title"], token["active"]) == (ANA, "New card", True)
    assert (token["account_type"], token["last_four"], token["account_number"]) == ("mc", "4444", None)


def test_one_press_charges_once(sandbox: Sandbox) -> None:
    record = made(sandbox, "quick-invoices", invoice(allow_partial_pay=True))
    form = {"press": "1", "card": "visa", "amount": "10"}
    for _ in range(2):
        page = sandbox.client.post(record["payment_url"], data=form, follow_redirects=True)
        assert "$10.00 paid" in page.text
    assert len(payments(sandbox, "quick-invoices", record)) == 1


@pytest.mark.parametrize(
    ("rules", "wish", "said"),
    [
        ({"allow_partial_pay": True}, "80", "$77.50 is all that is left to pay."),
        ({"allow_partial_pay": True}, "0", "Pay at least"),
        ({"allow_partial_pay": True}, "ten", "is not an amount"),
        ({"allow_overpayment": True}, "50", "This invoice is paid at once: $77.50."),
        ({"allow_partial_pay": True, "single_payment_min_amount": 2_500}, "20", "Pay at least $25.00."),
        ({"allow_partial_pay": True, "single_payment_max_amount": 2_500}, "30", "Pay at most $25.00"),
    ],
)
def test_an_amount_the_invoice_does_not_allow_is_not_charged(
    sandbox: Sandbox, rules: Record, wish: str, said: str
) -> None:
    record = made(sandbox, "quick-invoices", invoice(**rules))
    page = press(sandbox, record["payment_url"], amount=wish)
    assert (page.status_code, said in page.text) == (422, True)
    assert payments(sandbox, "quick-invoices", record) == []


def test_parts_and_more_than_all_where_allowed(sandbox: Sandbox) -> None:
    rules = {"allow_partial_pay": True, "allow_overpayment": True}
    record = made(sandbox, "quick-invoices", invoice(**rules))
    press(sandbox, record["payment_url"], amount="27.50")
    assert read(sandbox, "quick-invoices", record["id"])["remaining_balance"] == 5_000
    press(sandbox, record["payment_url"], amount="60")
    paid = read(sandbox, "quick-invoices", record["id"])
    assert (paid["remaining_balance"], paid["payment_status_id"], paid["status_code"]) == (0, 2, 0)


def test_a_bank_account_is_debited_where_the_invoice_takes_one(sandbox: Sandbox) -> None:
    record = made(sandbox, "quick-invoices", invoice(ach_product_transaction_id=BANK_ACCOUNT))
    assert "will be debited" in press(sandbox, record["payment_url"], "bank").text
    (payment,) = payments(sandbox, "quick-invoices", record)
    assert (payment["status_code"], payment["payment_method"], payment["type_id"]) == (131, "ach", 50)


@pytest.mark.parametrize(
    ("number", "expiry", "said"),
    [
        ("4111 1111 1111 1112", "09/30", "not a card number"),
        ("4012888888881881", "09/30", "use a test number"),
        ("4111111111111111", "13/30", "month and year"),
        ("4111111111111111", "10/26", "has expired"),
    ],
)
def test_only_test_cards_are_taken_and_no_number_is_said_back(
    sandbox: Sandbox, number: str, expiry: str, said: str
) -> None:
    record = made(sandbox, "paylinks", paylink())
    page = press(sandbox, record["payment_url"], "typed", number=number, expiry=expiry)
    assert said in page.text
    assert number not in page.text
    assert payments(sandbox, "paylinks", record) == []


def test_a_link_that_cannot_be_paid_says_why(sandbox: Sandbox) -> None:
    closed = made(sandbox, "quick-invoices", invoice(status_code=0))
    late = made(sandbox, "paylinks", paylink(expire_date="2026-11-20"))
    today = made(sandbox, "paylinks", paylink(expire_date="2026-11-21"))
    assert "This invoice is closed" in press(sandbox, closed["payment_url"]).text
    assert "This link has expired" in press(sandbox, late["payment_url"]).text
    assert "paid. Thank you" in press(sandbox, today["payment_url"]).text
    assert sandbox.client.get(f"{late['payment_url'][:-1]}x").status_code == 404
    sandbox.request("DELETE", f"/v1/paylinks/{late['id']}")
    assert "leads nowhere" in sandbox.client.get(late["payment_url"]).text


def test_a_paid_paylink_sends_its_payer_on(sandbox: Sandbox) -> None:
    record = made(sandbox, "paylinks", paylink(redirect_url_on_approve="https://example.com/thanks"))
    assert 'content="5;url=https://example.com/thanks"' in press(sandbox, record["payment_url"]).text
    silly = made(sandbox, "paylinks", paylink(redirect_url_on_approve="javascript:alert(1)"))
    assert "javascript:" not in press(sandbox, silly["payment_url"]).text


def test_an_authorisation_only_holds_the_money(sandbox: Sandbox) -> None:
    record = made(sandbox, "paylinks", paylink(paylink_action="auth-only"))
    press(sandbox, record["payment_url"])
    assert payments(sandbox, "paylinks", record)[0]["status_code"] == 102


def test_no_card_number_is_left_in_the_sandbox(sandbox: Sandbox) -> None:
    record = made(sandbox, "paylinks", paylink(store_token=True))
    press(sandbox, record["payment_url"], "typed", number="4242 4242 4242 4242", expiry="9/30")
    for each in sandbox.state.folder.glob("sandbox.db*"):
        assert b"4242424242424242" not in each.read_bytes()
        assert b"4242 4242 4242 4242" not in each.read_bytes()
