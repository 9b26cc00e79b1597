"""Our client of Genesis against the sandbox's Genesis: what is asked for is done once, and every refusal says why."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.errors import OutcomeUnknown, Refused, TransportError, WrongCredentials
from core.integrations.genesis.client import Genesis
from core.integrations.genesis.records import PaymentOut, TaskOut
from tests.sandbox.running import Sandbox, run_sandbox

AT = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("genesis")) as running:
        yield running


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    server.reset()
    return server


def keys_of(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.client.get(f"{sandbox.root_url}/control").json()["genesis"]


def client_of(sandbox: Sandbox, **also: Any) -> Genesis:
    keys = {name: value for name, value in keys_of(sandbox).items() if name != "clerk_keys"}
    return Genesis(**{**keys, **also}, allowed_hosts="", sleep=lambda _seconds: None)


def a_payment(sandbox: Sandbox, **also: Any) -> PaymentOut:
    key = keys_of(sandbox)["clerk_keys"]["max"]
    paid = PaymentOut("P-1", 14_950, AT, date(2026, 11, 20), "order-1", "Card payment", key)
    return replace(paid, **also)


def a_task(**also: Any) -> TaskOut:
    task = TaskOut("declined:12", "P-1", "declined", "The card of Ana Ray was declined.", "high", AT)
    return replace(task, **also)


def test_the_check_says_whose_keys_these_are_and_how_many_logins_have_one(sandbox: Sandbox) -> None:
    said = client_of(sandbox).check()
    assert f"Provider Identifier {keys_of(sandbox)['cp_id']}; 0 of 4 logins there have a clerk key" in said


def test_a_wrong_provider_key_names_both_fields_and_where_to_copy_them(sandbox: Sandbox) -> None:
    with pytest.raises(WrongCredentials, match=r"Provider Identifier .* CP_MKey"):
        client_of(sandbox, cp_mkey="A" * 44).check()


def test_the_same_key_posts_once(sandbox: Sandbox) -> None:
    client, payment = client_of(sandbox), a_payment(sandbox)
    first = client.post_payment(payment, key="1:tx-1")
    assert client.post_payment(payment, key="1:tx-1") == first
    (page,) = client.ledger()
    assert [(entry.entry_id, entry.amount_cents, entry.order_id) for entry in page.entries] == [
        (first, 14_950, "order-1")
    ]
    found = client.posting_of("1:tx-1")
    assert found is not None
    assert (found.patient_ref, found.posted_on) == ("P-1", date(2026, 11, 20))


def test_money_that_went_back_is_a_refund_below_zero(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    client.post_payment(a_payment(sandbox, amount_cents=-5_000), key="1:tx-2")
    found = client.posting_of("1:tx-2")
    assert found is not None
    assert (found.kind, found.amount_cents) == ("refund", -5_000)


def test_a_clerk_key_nobody_has_is_refused_and_posts_nothing(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    with pytest.raises(Refused, match="Clerk_Key is not known"):
        client.post_payment(a_payment(sandbox, clerk_key="no such key"), key="1:tx-3")
    assert client.posting_of("1:tx-3") is None


@pytest.mark.parametrize(("fault", "there"), [("drop", False), ("reset", True), ("garbage", True)])
def test_an_answer_that_breaks_off_is_unknown_and_can_be_looked_up(
    sandbox: Sandbox, fault: str, there: bool
) -> None:
    client = client_of(sandbox)
    sandbox.control({"faults": [{"kind": fault, "at": "genesis", "times": 1}]})
    with pytest.raises(OutcomeUnknown):
        client.post_payment(a_payment(sandbox), key="1:tx-4")
    assert (client.posting_of("1:tx-4") is not None) is there


def test_asked_for_fewer_calls_it_surely_did_not_post(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    sandbox.control(
        {"faults": [{"kind": "status", "status": 429, "retry_after": 7, "at": "genesis", "times": 1}]}
    )
    with pytest.raises(TransportError) as told:
        client.post_payment(a_payment(sandbox), key="1:tx-5")
    assert not isinstance(told.value, OutcomeUnknown)
    assert told.value.retry_after == 7


def test_the_ledger_comes_in_pages_and_from_a_second_on(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    for number in range(5):
        sandbox.control({"now": f"2026-11-20T15:3{number}:00Z", "freeze": True})
        client.post_payment(a_payment(sandbox, order_id=f"o{number}"), key=f"1:o{number}")
    pages = list(client.ledger(size=2))
    assert [[entry.order_id for entry in page.entries] for page in pages] == [
        ["o0", "o1"],
        ["o2", "o3"],
        ["o4"],
    ]
    later = list(client.ledger(pages[1].high))
    assert [entry.order_id for page in later for entry in page.entries] == ["o3", "o4"]


def test_a_task_is_posted_once_closed_there_and_read_back(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    task_id = client.post_task(a_task())
    assert client.post_task(a_task(text="Said anew")) == task_id
    assert [task.text for task in client.quick_stop("P-1").tasks] == ["The card of Ana Ray was declined."]
    closed = sandbox.client.post(
        f"{sandbox.root_url}/workbench/{task_id}/close", data={"reason": "Paid in cash"}
    )
    assert closed.status_code == 303
    (page,) = client.tasks()
    assert [(task.key, task.status, task.reason) for task in page.tasks] == [
        ("declined:12", "closed", "Paid in cash")
    ]
    assert client.quick_stop("P-1").tasks == []


def test_closing_a_task_twice_keeps_the_first_reason(sandbox: Sandbox) -> None:
    client = client_of(sandbox)
    task_id = client.post_task(a_task())
    client.close_task(task_id, "The payment came")
    client.close_task(task_id, "Again")
    (page,) = client.tasks()
    assert page.tasks[0].reason == "The payment came"
    with pytest.raises(Refused, match="no such task"):
        client.close_task("999", "Never was")


def test_the_workbench_shows_a_task_as_text(sandbox: Sandbox) -> None:
    client_of(sandbox).post_task(a_task(text="<script>alert(1)</script>"))
    page = sandbox.client.get(f"{sandbox.root_url}/workbench").text
    assert "&lt;script&gt;alert(1)" in page
    assert sandbox.client.get(f"{sandbox.root_url}/quick-stop/P-1").status_code == 200
    assert sandbox.client.get(f"{sandbox.root_url}/ledger").status_code == 200
