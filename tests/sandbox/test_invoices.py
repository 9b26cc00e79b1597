"""Quick invoices (Fortis facts §8): made, changed, paid, closed, opened again."""

import pytest

from tests.sandbox.links import TAPE, VISIT, Record, invoice, made, read, sale
from tests.sandbox.records import ANAS_CARD, BANK_ACCOUNT, LOCATION_ID
from tests.sandbox.running import Sandbox

PATH = "/v1/quick-invoices"


def states(record: Record) -> tuple[object, object, object]:
    return record["status_code"], record["payment_status_id"], record["remaining_balance"]


def test_a_new_invoice_is_open_and_owes_the_sum_of_its_items(sandbox: Sandbox) -> None:
    answer = sandbox.request("POST", PATH, json=invoice(quick_invoice_api_id="inv-1"))
    record = answer.json()["data"]
    assert (answer.status_code, answer.json()["type"]) == (201, "QuickInvoice")
    assert (record["amount_due"], states(record)) == (7_750, (1, 1, 7_750))
    assert (record["status_id"], record["active"], record["is_active"]) == (1, True, True)
    assert "payment_url" not in record


def test_the_payment_link_comes_only_when_asked_for(sandbox: Sandbox) -> None:
    record = made(sandbox, "quick-invoices", invoice())
    assert record["payment_url"].startswith(f"{sandbox.root_url}/fortis/pay/invoice/")
    assert (
        read(sandbox, "quick-invoices", record["id"], "payment_url")["payment_url"] == record["payment_url"]
    )
    assert "payment_url" not in read(sandbox, "quick-invoices", record["id"])


def test_one_key_of_ours_makes_one_invoice(sandbox: Sandbox) -> None:
    made(sandbox, "quick-invoices", invoice(quick_invoice_api_id="inv-1"))
    again = sandbox.request("POST", PATH, json=invoice(quick_invoice_api_id="inv-1"))
    assert (again.status_code, again.json()["detail"]) == (412, '"quick_invoice_api_id" must be unique')
    assert sandbox.request("GET", PATH).json()["pagination"]["total_count"] == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"item_list": []}, '"item_list" must contain 1 to 300 items'),
        ({"item_list": [VISIT, VISIT]}, "contains a duplicate value"),
        ({"item_list": [{"name": "Visit", "amount": 65.5}]}, '"item_list[0].amount" must be an integer'),
        ({"item_list": [{"amount": 65}]}, '"item_list[0].name" is required'),
        ({"item_list": [{"name": "Visit", "amount": 0}]}, '"amount_due" must be greater than or equal to 1'),
        ({"amount_due": 1}, '"amount_due" must be the sum'),
        ({"cc_product_transaction_id": None}, "at least one of [cc_product_transaction_id"),
        ({"cc_product_transaction_id": BANK_ACCOUNT}, "is not a cc account"),
        ({"contact_id": "0" * 24}, '"contact_id" does not exist'),
        ({"send_email": True}, '"email" is required'),
        ({"send_email": True, "email": "ana at home"}, '"email" must be a valid email'),
        ({"send_text_to_pay": True}, '"cell_phone" must be 10 digits'),
        ({"due_date": "2026-02-31"}, '"due_date" must be a valid date'),
        ({"title": "x" * 65}, "less than or equal to 64"),
        ({"colour": "red"}, '"colour" is not allowed'),
    ],
)
def test_what_cannot_be_an_invoice_is_a_412(sandbox: Sandbox, wrong: Record, said: str) -> None:
    answer = sandbox.request("POST", PATH, json=invoice(**wrong))
    assert answer.status_code == 412
    assert said in answer.json()["detail"]
    assert sandbox.request("GET", PATH).json()["list"] == []


def test_an_open_invoice_changes_and_a_closed_one_does_not(sandbox: Sandbox) -> None:
    path = f"{PATH}/{made(sandbox, 'quick-invoices', invoice())['id']}"
    longer = sandbox.request("PATCH", path, json={"item_list": [VISIT], "due_date": "2026-12-24"}).json()[
        "data"
    ]
    assert (longer["due_date"], longer["amount_due"], longer["remaining_balance"]) == (
        "2026-12-24",
        6_500,
        6_500,
    )
    assert sandbox.request("PATCH", path, json={"status_code": 0}).json()["data"]["status_code"] == 0
    refused = sandbox.request("PATCH", path, json={"title": "Late"})
    assert (refused.status_code, refused.json()["detail"]) == (412, "The invoice is closed")
    opened = sandbox.request("PUT", f"{path}/reopen")
    assert (opened.status_code, states(opened.json()["data"])) == (201, (1, 1, 6_500))


def test_a_payment_in_part_and_then_the_rest_closes_it(sandbox: Sandbox) -> None:
    record = made(sandbox, "quick-invoices", invoice())
    first = sale(sandbox, ANAS_CARD, 5_000)
    path = f"{PATH}/{record['id']}/transaction"
    attached = sandbox.request("POST", path, json={"transaction_id": first["id"]})
    assert (attached.status_code, states(attached.json()["data"])) == (201, (1, 3, 2_750))
    refused = sandbox.request("PATCH", f"{PATH}/{record['id']}", json={"item_list": [TAPE]})
    assert "cannot be changed" in refused.json()["detail"]
    sale(sandbox, ANAS_CARD, 2_750, quick_invoice_id=record["id"])
    paid = read(sandbox, "quick-invoices", record["id"], "transactions")
    assert states(paid) == (0, 2, 0)
    assert [each["transaction_amount"] for each in paid["transactions"]] == [5_000, 2_750]


def test_a_detached_payment_is_owed_again(sandbox: Sandbox) -> None:
    record = made(sandbox, "quick-invoices", invoice(auto_reopen=True))
    payment = sale(sandbox, ANAS_CARD, 7_750, quick_invoice_id=record["id"])
    path = f"{PATH}/{record['id']}"
    assert sandbox.request("DELETE", path).status_code == 412
    gone = sandbox.request("DELETE", f"{path}/transaction", json={"transaction_id": payment["id"]})
    assert (gone.status_code, gone.content) == (204, b"")
    assert states(read(sandbox, "quick-invoices", record["id"])) == (1, 1, 7_750)
    assert sandbox.request("DELETE", path).status_code == 204
    assert sandbox.request("GET", path).status_code == 404


@pytest.mark.parametrize(("auto_reopen", "status"), [(True, 1), (False, 0)])
def test_a_refund_is_owed_again_and_opens_only_what_asked_for_it(
    sandbox: Sandbox, auto_reopen: bool, status: int
) -> None:
    record = made(sandbox, "quick-invoices", invoice(auto_reopen=auto_reopen))
    payment = sale(sandbox, ANAS_CARD, 7_750, quick_invoice_id=record["id"])
    sandbox.request("PATCH", f"/v1/transactions/{payment['id']}/refund", json={"transaction_amount": 750})
    assert states(read(sandbox, "quick-invoices", record["id"])) == (status, 3, 750)


def test_a_declined_card_leaves_the_invoice_as_it_is(sandbox: Sandbox) -> None:
    record = made(sandbox, "quick-invoices", invoice())
    declined = sale(sandbox, ANAS_CARD, 616, quick_invoice_id=record["id"])
    assert declined["status_code"] == 301
    assert states(read(sandbox, "quick-invoices", record["id"])) == (1, 1, 7_750)
    refused = sandbox.request(
        "POST", f"{PATH}/{record['id']}/transaction", json={"transaction_id": declined["id"]}
    )
    assert refused.status_code == 412


def test_fortis_itself_sends_the_link_when_asked(sandbox: Sandbox) -> None:
    reach = {"email": "ana@example.com", "cell_phone": "6145550101"}
    record = made(sandbox, "quick-invoices", invoice(send_email=True, send_text_to_pay=True, **reach))
    answer = sandbox.request("POST", f"{PATH}/{record['id']}/resend").json()
    assert (answer["type"], answer["data"]["success"], answer["data"]["sms_success"]) == (
        "QuickInvoiceResend",
        True,
        True,
    )
    sent = read(sandbox, "quick-invoices", record["id"], "log_emails", "log_sms")
    assert [each["to"] for each in sent["log_emails"]] == ["ana@example.com"] * 2
    assert sent["log_sms"][1]["id"] == answer["data"]["sms_log_id"]


def test_the_listing_lags_while_the_invoice_itself_can_be_read(sandbox: Sandbox) -> None:
    sandbox.control({"listing_delay": 1800})
    record = made(sandbox, "quick-invoices", invoice(quick_invoice_api_id="inv-1"))
    assert sandbox.request("GET", PATH).json()["list"] == []
    assert read(sandbox, "quick-invoices", record["id"])["quick_invoice_api_id"] == "inv-1"
    sandbox.control({"advance": {"minutes": 30}})
    assert [each["id"] for each in sandbox.request("GET", PATH).json()["list"]] == [record["id"]]


def test_invoices_are_found_by_key_contact_and_location(sandbox: Sandbox) -> None:
    wanted = made(sandbox, "quick-invoices", invoice(quick_invoice_api_id="inv-2"))
    made(sandbox, "quick-invoices", invoice(contact_id=None))
    for key, value in (("quick_invoice_api_id", "inv-2"), ("contact_id", wanted["contact_id"])):
        params = {
            "filter_by[0][key]": key,
            "filter_by[0][operator]": "=",
            "filter_by[0][value]": value,
            "filter_by[1][key]": "location_id",
            "filter_by[1][operator]": "=",
            "filter_by[1][value]": LOCATION_ID,
        }
        assert [each["id"] for each in sandbox.request("GET", PATH, params=params).json()["list"]] == [
            wanted["id"]
        ]
