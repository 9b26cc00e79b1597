"""Postbacks (Fortis facts §12): who hears of what, in both encodings, tried again, doubled, late, out of order."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.links import Record, invoice, made, sale
from tests.sandbox.listening import Ear, Heard, listening
from tests.sandbox.records import ANA, ANAS_CARD, BANK_ACCOUNT, CARD_ACCOUNT, LOCATION_ID
from tests.sandbox.running import Sandbox, run_sandbox
from tests.sandbox.test_hosted import press


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as listener:
        yield listener


def wanted(url: str, **also: Any) -> Record:
    on = {"is_active": True, "on_create": True, "on_update": True, "on_delete": True}
    return {"url": url, "location_id": LOCATION_ID, "number_of_attempts": 3, **on, **also}


def webhook(sandbox: Sandbox, resource: str, body: Record) -> Record:
    product = {} if resource == "contact" else {"product_transaction_id": CARD_ACCOUNT}
    answer = sandbox.request("POST", f"/v1/webhooks/{resource}", json=product | body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def told(call: Heard) -> tuple[str, str, int, Record]:
    """type, resource, attempt and record of a message in either encoding."""
    form = call.headers["content-type"] == "application/x-www-form-urlencoded"
    fields: Any = call.form if form else json.loads(call.body)
    return fields["type"], fields["resource"], int(fields["number_of_attempts"]), json.loads(fields["data"])


def test_a_payment_on_the_hosted_page_is_told(sandbox: Sandbox, ear: Ear) -> None:
    webhook(sandbox, "transaction", wanted(f"{ear.url}/webhooks/fortis"))
    record = made(sandbox, "quick-invoices", invoice())
    press(sandbox, record["payment_url"])
    call = ear.wait_for(1)[0]
    verb, resource, attempt, payment = told(call)
    assert (call.path, verb, resource, attempt) == ("/webhooks/fortis", "CREATE", "transaction", 1)
    assert (payment["quick_invoice_id"], payment["status_code"]) == (record["id"], 101)
    assert payment["transaction_amount"] == 7_750


def test_the_old_style_is_a_form_with_decimal_money(sandbox: Sandbox, ear: Ear) -> None:
    webhook(sandbox, "transaction", wanted(ear.url, legacy=True))
    sale(sandbox, ANAS_CARD, 100)
    verb, _, attempt, payment = told(ear.wait_for(1)[0])
    assert (verb, attempt, payment["transaction_amount"]) == ("CREATE", 1, "1.00")
    assert payment["status_id"] == 101
    assert "status_code" not in payment


def test_who_calls_signs_in_and_the_keys_are_never_answered(sandbox: Sandbox, ear: Ear) -> None:
    keys = {"basic_auth_username": "huddle", "basic_auth_password": "a long secret"}
    record = webhook(sandbox, "contact", wanted(ear.url, **keys))
    assert not set(record) & set(keys)
    sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"email": "new@example.com"})
    call = ear.wait_for(1)[0]
    assert base64.b64decode(call.headers["authorization"].removeprefix("Basic ")) == b"huddle:a long secret"
    assert told(call)[:2] == ("UPDATE", "contact")


def test_each_hears_only_what_it_asked_for(sandbox: Sandbox, ear: Ear) -> None:
    webhook(sandbox, "contact", wanted(f"{ear.url}/made", on_update=False, on_delete=False))
    webhook(sandbox, "contact", wanted(f"{ear.url}/off", is_active=False))
    webhook(sandbox, "transaction", wanted(f"{ear.url}/bank", product_transaction_id=BANK_ACCOUNT))
    sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"email": "new@example.com"})
    sale(sandbox, ANAS_CARD, 100)
    made_one = sandbox.request("POST", "/v1/contacts", json={"location_id": LOCATION_ID, "last_name": "Cole"})
    calls = ear.wait_for(1)
    time.sleep(0.2)
    assert [(call.path, told(call)[3]["id"]) for call in calls] == [("/made", made_one.json()["data"]["id"])]


def test_a_webhook_changes_and_goes_and_cannot_be_listed(sandbox: Sandbox, ear: Ear) -> None:
    record = webhook(sandbox, "contact", wanted("https://example.com/old"))
    path = f"/v1/webhooks/{record['id']}"
    changed = sandbox.request("PATCH", f"{path}/contact", json={"url": ear.url})
    assert (changed.status_code, changed.json()["data"]["url"]) == (200, ear.url)
    assert sandbox.request("GET", path).status_code == 405
    assert sandbox.request("GET", "/v1/webhooks").status_code == 404
    assert sandbox.request("DELETE", path).status_code == 204
    sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"email": "new@example.com"})
    assert sandbox.client.get(f"{sandbox.root_url}/control").json()["calls"]["latest"] == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number_of_attempts": 6}, "less than or equal to 5"),
        ({"attempt_interval": 10}, "greater than or equal to 300"),
        ({"url": "nowhere"}, '"url" must be a valid uri'),
        ({"location_id": "0" * 24}, "not one of your locations"),
        ({"resource": "transaction"}, '"resource" must be contact'),
    ],
)
def test_a_webhook_that_cannot_be_is_a_412(sandbox: Sandbox, wrong: Record, said: str) -> None:
    body = {**wanted("http://127.0.0.1:9"), **wrong}
    answer = sandbox.request("POST", "/v1/webhooks/contact", json=body)
    assert (answer.status_code, said in answer.json()["detail"]) == (412, True), answer.text
    assert sandbox.request("POST", "/v1/webhooks/batch", json=wanted("http://127.0.0.1:9")).status_code == 412


def test_who_does_not_answer_well_is_tried_again_and_given_up(sandbox: Sandbox, ear: Ear) -> None:
    sandbox.control({"events": {"pause_seconds": 0.05}})
    webhook(sandbox, "contact", wanted(ear.url, number_of_attempts=2))
    ear.statuses = [500, 503, 500, 200]
    for email in ("a@example.com", "b@example.com"):
        sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"email": email})
        before = len(ear.heard)
        ear.wait_for(before + 2 if before % 2 == 0 else before + 1)
    assert [told(call)[2] for call in ear.heard] == [1, 2, 1, 2]
    for _ in range(200):
        seen = sandbox.client.get(f"{sandbox.root_url}/control").json()["calls"]
        if seen["done"] == 1 and seen["given_up"] == 1:
            break
        time.sleep(0.01)
    assert [(each["state"], each["answer"]) for each in seen["latest"]] == [("done", 200), ("given up", 503)]


def test_messages_come_doubled_and_out_of_order_when_asked_for(sandbox: Sandbox, ear: Ear) -> None:
    sandbox.control({"events": {"copies": 2, "shuffle_seconds": 0.4}})
    webhook(sandbox, "contact", wanted(ear.url))
    emails = [f"{number}@example.com" for number in range(6)]
    for email in emails:
        sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"email": email})
    heard = [told(call)[3]["email"] for call in ear.wait_for(12)]
    assert sorted(heard) == sorted(emails * 2)
    assert heard != sorted(heard)


def test_messages_are_held_back_until_let_go(sandbox: Sandbox, ear: Ear) -> None:
    webhook(sandbox, "contact", wanted(ear.url))
    sandbox.control({"events": {"hold": True}})
    sandbox.request("POST", "/v1/contacts", json={"location_id": LOCATION_ID, "last_name": "Cole"})
    time.sleep(0.2)
    assert ear.heard == []
    sandbox.control({"events": {"hold": False}})
    assert told(ear.wait_for(1)[0])[0] == "CREATE"


def test_only_this_machine_is_called(sandbox: Sandbox) -> None:
    webhook(sandbox, "contact", wanted("https://example.com/hook", number_of_attempts=1))
    sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"email": "new@example.com"})
    for _ in range(200):
        seen = sandbox.client.get(f"{sandbox.root_url}/control").json()["calls"]
        if seen["given_up"]:
            break
        time.sleep(0.01)
    assert seen["latest"][0]["error"] == "the sandbox calls only addresses of this machine"


def test_a_settled_batch_is_told_and_listed(sandbox: Sandbox, ear: Ear) -> None:
    webhook(sandbox, "batch", wanted(ear.url))
    payment = sale(sandbox, ANAS_CARD, 4_500)
    assert sandbox.control({"settle": True})["batches"] == 1
    _, resource, _, batch = told(ear.wait_for(1)[0])
    assert (resource, batch["total_sale_amount"], batch["product_transaction_id"]) == (
        "transactionbatch",
        4_500,
        CARD_ACCOUNT,
    )
    settled = sandbox.request("GET", f"/v1/transactions/{payment['id']}").json()["data"]
    assert (settled["settle_date"], settled["transaction_batch_id"]) == ("2026-11-21", batch["id"])
    assert [each["id"] for each in sandbox.request("GET", "/v1/batches").json()["list"]] == [batch["id"]]


def test_a_killed_sandbox_makes_its_calls_after_its_restart(tmp_path: Path) -> None:
    with listening() as ear, run_sandbox(tmp_path, own_process=True) as sandbox:
        webhook(sandbox, "contact", wanted(ear.url))
        sandbox.control({"events": {"hold": True}})
        sandbox.request("PATCH", f"/v1/contacts/{ANA}", json={"email": "new@example.com"})
        sandbox.kill()
        sandbox.restart()
        sandbox.control({"events": {"hold": False}})
        assert told(ear.wait_for(1)[0])[3]["email"] == "new@example.com"
