"""Asking Fortis to do something: once, with our key, and knowing what is not known."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from core.errors import OutcomeUnknown, Refused, TransportError, Unreachable, WrongCredentials
from core.integrations.fortis.asked_records import QuickInvoice, in_cents
from core.integrations.fortis.writes import FortisDesk, KeyTaken, unique_names
from tests.integrations.wire import Answer, Wire

LOCATION = "11e95f8ec39de8fbdb0a4f1a"
MADE = {"id": "31f" + "0" * 21, "quick_invoice_api_id": "k1", "status_code": 1, "payment_status_id": 1}


def desk(*answers: Answer) -> tuple[FortisDesk, Wire]:
    wire = Wire(*answers)
    keys = {"user_id": "u", "user_api_key": "canary-key-0123456789", "developer_id": "developer-0123456789"}
    made = FortisDesk(
        base_url="https://api.fortis.tech",
        location_id=LOCATION,
        allowed_hosts="api.fortis.tech",
        **keys,
        **wire.options(),
    )
    return made, wire


def said(data: dict[str, Any], status: int = 201) -> httpx.Response:
    return httpx.Response(status, json={"type": "QuickInvoice", "data": data})


def refusal(status: int, detail: str) -> httpx.Response:
    return httpx.Response(status, json={"type": "Error", "statusCode": status, "detail": detail})


def create(client: FortisDesk) -> QuickInvoice:
    return client.create_quick_invoice(
        key="k1", title="Invoice", due_on=date(2026, 12, 5), items=[("Visit", 6_500)], contact_id=None
    )


def test_a_change_is_asked_for_once_whatever_comes_back() -> None:
    for broken in (
        httpx.ReadTimeout("late"),
        httpx.ReadError("cut"),
        httpx.Response(500),
        httpx.Response(502),
    ):
        client, wire = desk(broken)
        with pytest.raises(OutcomeUnknown):
            create(client)
        assert len(wire.asked) == 1


def test_what_surely_did_not_happen_may_be_asked_again() -> None:
    for never in (
        httpx.ConnectError("no"),
        httpx.ConnectTimeout("no"),
        httpx.Response(429, headers={"Retry-After": "7"}),
    ):
        client, wire = desk(never)
        with pytest.raises(TransportError) as error:
            create(client)
        assert (error.value.permanent, isinstance(error.value, OutcomeUnknown)) == (False, False)
        assert len(wire.asked) == 1
    assert error.value.retry_after == 7


def test_an_answer_that_cannot_be_read_says_nothing_about_what_was_done() -> None:
    for odd in (
        httpx.Response(201, content=b"<html>"),
        httpx.Response(200, json={"data": []}),
        said({"id": ""}),
    ):
        with pytest.raises(OutcomeUnknown):
            create(desk(odd)[0])


def test_a_refusal_is_a_sentence_without_our_secrets() -> None:
    client, _ = desk(refusal(412, '"due_date" is required canary-key-0123456789'))
    with pytest.raises(Refused) as error:
        create(client)
    assert (error.value.status, error.value.permanent) == (412, True)
    assert '"due_date" is required …' in error.value.sentence
    with pytest.raises(WrongCredentials):
        create(desk(httpx.Response(401, json={"message": "Invalid token"}))[0])


def test_a_key_that_is_taken_means_the_first_try_arrived() -> None:
    with pytest.raises(KeyTaken):
        create(desk(refusal(412, '"quick_invoice_api_id" must be unique'))[0])


def test_after_five_failures_it_is_left_alone_for_a_while() -> None:
    client, wire = desk(httpx.ReadTimeout("late"))
    for _ in range(5):
        with pytest.raises(OutcomeUnknown):
            create(client)
    with pytest.raises(Unreachable):
        create(client)
    assert len(wire.asked) == 5


def test_the_body_says_our_key_and_sends_nothing_by_itself() -> None:
    client, wire = desk(said(MADE))
    create(client)
    body = json.loads(wire.asked[0][1].content)
    assert (body["quick_invoice_api_id"], body["location_id"]) == ("k1", LOCATION)
    assert (body["send_email"], body["send_text_to_pay"], body["allow_partial_pay"]) == (False, False, True)
    assert "contact_id" not in body


def test_looked_up_by_key_only_that_key_counts() -> None:
    rows = [MADE | {"quick_invoice_api_id": "another"}]
    listed = httpx.Response(200, json={"list": rows, "pagination": {"total_count": 1}})
    assert desk(listed)[0].quick_invoice_by_key("k1") is None
    rows = [MADE | {"id": "31f" + "1" * 21, "quick_invoice_api_id": "another"}, MADE]
    listed = httpx.Response(200, json={"list": rows, "pagination": {"total_count": 2}})
    found = desk(listed)[0].quick_invoice_by_key("k1")
    assert found is not None
    assert found.id == MADE["id"]


@pytest.mark.parametrize(
    ("remaining", "items", "cents"),
    [
        (24536, [24536], 24536),  # cents, as documented
        (245.36, [245.36], 24536),  # dollars, as sampled
        (200.0, [245.36], 20000),
        (245, [245], 24500),  # whole dollars: told by what was asked for
        (0, [245], 0),
        (10000, [24536], 10000),
        (None, [24536], None),
        (-5, [24536], None),
        (0.001, [245.36], None),
    ],
)
def test_remaining_is_cents_whether_they_say_cents_or_dollars(
    remaining: float | None, items: list[float], cents: int | None
) -> None:
    asked = 24536 if 245 not in items else 24500
    shape = [{"name": "Visit", "amount": amount} for amount in items]
    found = QuickInvoice.model_validate(MADE | {"remaining_balance": remaining, "item_list": shape})
    assert found.remaining_cents(asked) == cents


def test_no_amount_is_ever_a_float() -> None:
    found = QuickInvoice.model_validate(MADE | {"remaining_balance": 0.1 + 0.2, "amount_due": 245.36})
    assert isinstance(found.amount_due, Decimal)
    assert in_cents(Decimal("245.36"), 1, [Decimal("245.36")]) == 24536
    assert in_cents(found.remaining_balance, 1, [found.remaining_balance or Decimal(0)]) is None


def test_only_a_safe_address_is_taken_as_payment_page() -> None:
    for bad in ("javascript:alert(1)", "http://evil.example/pay", "//x", "data:text/html,x"):
        assert QuickInvoice.model_validate(MADE | {"payment_url": bad}).payment_url is None
    good = "https://pay.fortis.tech/abc"
    assert QuickInvoice.model_validate(MADE | {"payment_url": good}).payment_url == good


def test_openings_say_when_they_began() -> None:
    views = [{"created_ts": 1_790_000_100}, {"created_ts": 1_790_000_000}]
    found = QuickInvoice.model_validate(MADE | {"quick_invoice_views": views})
    assert found.opened_at() == datetime.fromtimestamp(1_790_000_000, UTC)
    assert QuickInvoice.model_validate(MADE | {"quick_invoice_views": []}).opened_at() is None


def test_lines_with_one_name_get_numbers() -> None:
    named = unique_names([("Visit", 1), ("Visit ", 2), ("", 3), ("Visit", 4)])
    assert named == [("Visit", 1), ("Visit (2)", 2), ("Service", 3), ("Visit (3)", 4)]
    assert len({name for name, _ in unique_names([("x" * 300, 1), ("x" * 300, 2)])}) == 2
