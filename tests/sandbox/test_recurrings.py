"""Recurrings: whom they charge, when they run next, and what may be changed (Fortis facts §6)."""

import pytest

from tests.sandbox.records import ANA, ANAS_CARD, ANAS_PLAN, BENS_BANK, BENS_CARD, CARD_ACCOUNT, LOCATION_ID
from tests.sandbox.running import Sandbox

MONTHLY = {
    "location_id": LOCATION_ID,
    "token_id": ANAS_CARD,
    "interval": 1,
    "interval_type": "m",
    "start_date": "2027-01-31",
    "transaction_amount": 9_900,
}


def test_an_ongoing_plan_starts_on_its_first_day(sandbox: Sandbox) -> None:
    answer = sandbox.request("POST", "/v1/recurrings", json=MONTHLY)
    plan = answer.json()["data"]
    assert (answer.status_code, answer.json()["type"]) == (201, "Recurring")
    assert (plan["status"], plan["recurring_type_id"], plan["next_run_date"]) == ("active", "o", "2027-01-31")
    assert (plan["contact_id"], plan["payment_method"]) == (ANA, "cc")
    assert (plan["account_vault_id"], plan["product_transaction_id"]) == (ANAS_CARD, CARD_ACCOUNT)


def test_a_plan_of_ten_payments_knows_its_total(sandbox: Sandbox) -> None:
    plan = sandbox.request("POST", "/v1/recurrings", json=MONTHLY | {"installment_total_count": 10}).json()[
        "data"
    ]
    assert (plan["recurring_type_id"], plan["installment_amount_total"]) == ("i", 99_000)


@pytest.mark.parametrize(
    ("tokens", "kind"),
    [
        ({"token_id": None}, "string.base"),
        ({"token_api_id": "V1"}, "object.xor"),
        ({"account_vault_id": BENS_CARD}, "object.xor"),
    ],
)
def test_exactly_one_token_is_named(sandbox: Sandbox, tokens: dict[str, str | None], kind: str) -> None:
    answer = sandbox.request("POST", "/v1/recurrings", json=MONTHLY | tokens)
    assert (answer.status_code, answer.json()["meta"]["details"][0]["type"]) == (412, kind)


def test_a_plan_without_a_token_is_refused(sandbox: Sandbox) -> None:
    body = {name: value for name, value in MONTHLY.items() if name != "token_id"}
    answer = sandbox.request("POST", "/v1/recurrings", json=body)
    assert answer.json()["detail"] == '"value" must contain at least one of [token_id, token_api_id]'


@pytest.mark.parametrize(
    "wrong",
    [
        {"transaction_amount": 0},
        {"transaction_amount": 99.5},
        {"transaction_amount": None},
        {"interval": 366},
        {"interval_type": "y"},
        {"start_date": "2027-02-30"},
        {"start_date": "soon"},
        {"end_date": "2026-12-31"},
        {"description": "x" * 37},
        {"installment_total_count": 0},
        {"token_id": "0" * 24},
    ],
)
def test_a_plan_that_cannot_run_is_refused(sandbox: Sandbox, wrong: dict[str, object]) -> None:
    assert sandbox.request("POST", "/v1/recurrings", json=MONTHLY | wrong).status_code == 412


def test_a_new_card_is_put_on_a_plan_by_its_token_id(sandbox: Sandbox) -> None:
    plan = sandbox.request("PATCH", f"/v1/recurrings/{ANAS_PLAN}", json={"token_id": BENS_BANK}).json()[
        "data"
    ]
    assert (plan["token_id"], plan["account_vault_id"], plan["payment_method"]) == (
        BENS_BANK,
        BENS_BANK,
        "ach",
    )
    unknown = sandbox.request("PATCH", f"/v1/recurrings/{ANAS_PLAN}", json={"token_id": "0" * 24})
    assert unknown.status_code == 412


def test_a_change_of_amount_changes_the_total_of_a_counted_plan(sandbox: Sandbox) -> None:
    plan = sandbox.request("POST", "/v1/recurrings", json=MONTHLY | {"installment_total_count": 4}).json()[
        "data"
    ]
    changed = sandbox.request("PATCH", f"/v1/recurrings/{plan['id']}", json={"transaction_amount": "10000"})
    assert changed.json()["data"]["installment_amount_total"] == 40_000


@pytest.mark.parametrize(
    ("interval", "interval_type", "skipped", "deferred"),
    [
        (1, "m", "2027-02-28", "2027-04-30"),
        (2, "m", "2027-03-31", "2027-07-31"),
        (2, "w", "2027-02-14", "2027-03-14"),
        (10, "d", "2027-02-10", "2027-03-02"),
    ],
)
def test_skip_and_defer_move_the_next_run(
    sandbox: Sandbox, interval: int, interval_type: str, skipped: str, deferred: str
) -> None:
    body = MONTHLY | {"interval": interval, "interval_type": interval_type}
    plan = sandbox.request("POST", "/v1/recurrings", json=body).json()["data"]
    path = f"/v1/recurrings/{plan['id']}"
    one = sandbox.request("PATCH", f"{path}/skip-payment", json={"skip_count": 1}).json()["data"]
    two = sandbox.request("PATCH", f"{path}/defer-payment", json={"defer_count": 2}).json()["data"]
    assert (one["next_run_date"], two["next_run_date"]) == (skipped, deferred)


def test_a_skipped_payment_is_not_collected_and_a_deferred_one_is(sandbox: Sandbox) -> None:
    plan = sandbox.request("POST", "/v1/recurrings", json=MONTHLY | {"installment_total_count": 10}).json()[
        "data"
    ]
    path = f"/v1/recurrings/{plan['id']}"
    deferred = sandbox.request("PATCH", f"{path}/defer-payment", json={"defer_count": 1}).json()["data"]
    skipped = sandbox.request("PATCH", f"{path}/skip-payment", json={"skip_count": 2}).json()["data"]
    assert deferred["installment_amount_total"] == 99_000
    assert (skipped["installment_total_count"], skipped["installment_amount_total"]) == (8, 79_200)


@pytest.mark.parametrize("body", [{}, {"skip_count": 0}, {"skip_count": 100}, {"defer_count": 1}])
def test_a_skip_says_how_many(sandbox: Sandbox, body: dict[str, int]) -> None:
    assert sandbox.request("PATCH", f"/v1/recurrings/{ANAS_PLAN}/skip-payment", json=body).status_code == 412


def test_a_held_plan_skips_the_days_that_passed(sandbox: Sandbox) -> None:
    path = f"/v1/recurrings/{ANAS_PLAN}"
    held = sandbox.request("PUT", f"{path}/place-on-hold").json()["data"]
    assert (held["status"], held["active"]) == ("on hold", False)
    sandbox.control({"now": "2027-02-10T13:00:00Z", "freeze": True})
    running = sandbox.request("PUT", f"{path}/activate").json()["data"]
    assert (running["status"], running["next_run_date"]) == ("active", "2027-02-28")


def test_an_ended_plan_is_not_started_again(sandbox: Sandbox) -> None:
    sandbox.request("PATCH", f"/v1/recurrings/{ANAS_PLAN}", json={"status": "ended"})
    answer = sandbox.request("PUT", f"/v1/recurrings/{ANAS_PLAN}/activate")
    assert (answer.status_code, answer.json()["detail"]) == (412, "The recurring has ended")


def test_a_deleted_plan_is_gone(sandbox: Sandbox) -> None:
    assert sandbox.request("DELETE", f"/v1/recurrings/{ANAS_PLAN}").status_code == 204
    assert sandbox.request("GET", f"/v1/recurrings/{ANAS_PLAN}").status_code == 404
    assert sandbox.request("DELETE", f"/v1/recurrings/{ANAS_PLAN}").status_code == 404
