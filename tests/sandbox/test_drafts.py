"""The processor's run of due recurrings, and the declines that come of it (Fortis facts §6)."""

from typing import Any

from tests.sandbox.records import ANAS_CARD, ANAS_PLAN, BENS_PLAN, LOCATION_ID
from tests.sandbox.running import Sandbox


def _run_until(sandbox: Sandbox, now: str) -> dict[str, int]:
    return sandbox.control({"now": now, "freeze": True, "run_drafts": True})["drafts"]


def _payments_of(sandbox: Sandbox, plan: str) -> list[dict[str, Any]]:
    asked = {"filter_by[0][key]": "recurring_id", "filter_by[0][operator]": "=", "filter_by[0][value]": plan}
    return sandbox.request("GET", "/v1/transactions", params=asked).json()["list"]


def _plan(sandbox: Sandbox, plan: str) -> dict[str, Any]:
    return sandbox.request("GET", f"/v1/recurrings/{plan}").json()["data"]


def test_nothing_runs_before_its_day(sandbox: Sandbox) -> None:
    assert _run_until(sandbox, "2026-11-30T04:59:59Z") == {"approved": 0, "declined": 0, "ended": 0}
    assert _run_until(sandbox, "2026-11-30T05:00:00Z") == {"approved": 1, "declined": 1, "ended": 0}


def test_a_run_is_a_transaction_and_moves_the_next_date(sandbox: Sandbox) -> None:
    _run_until(sandbox, "2026-11-30T13:00:00Z")
    (paid,) = _payments_of(sandbox, ANAS_PLAN)
    assert (paid["transaction_amount"], paid["status_code"], paid["is_recurring"]) == (14_900, 101, True)
    assert (paid["trx_source_id"], paid["token_id"]) == (13, ANAS_CARD)
    assert _plan(sandbox, ANAS_PLAN)["next_run_date"] == "2026-12-31"
    assert _run_until(sandbox, "2026-11-30T14:00:00Z")["approved"] == 0


def test_missed_days_are_caught_up_each_on_its_own_day(sandbox: Sandbox) -> None:
    assert _run_until(sandbox, "2027-03-01T13:00:00Z")["approved"] == 4
    assert _plan(sandbox, ANAS_PLAN)["next_run_date"] == "2027-03-31"
    made = [paid["created_ts"] for paid in _payments_of(sandbox, ANAS_PLAN)]
    assert made == sorted(made)
    assert (made[-1] - made[0]) // 86_400 == 90
    assert all(paid["modified_ts"] >= 1_803_000_000 for paid in _payments_of(sandbox, ANAS_PLAN))


def test_an_expired_card_leaves_an_unpaid_record_that_a_rerun_settles(sandbox: Sandbox) -> None:
    _run_until(sandbox, "2026-11-30T13:00:00Z")
    (declined,) = sandbox.request("GET", "/v1/declined-recurring-transactions").json()["list"]
    assert (declined["recurring_id"], declined["status"]) == (BENS_PLAN, "unpaid")
    path = f"/v1/declined-recurring-transactions/{declined['id']}"
    assert sandbox.request("POST", f"{path}/rerun").json()["data"]["status"] == "unpaid"
    sandbox.request("PATCH", f"/v1/recurrings/{BENS_PLAN}", json={"token_id": ANAS_CARD})
    paid = sandbox.request("POST", f"{path}/rerun").json()["data"]
    assert paid["status"] == "paid"
    assert [each["status_code"] for each in _payments_of(sandbox, BENS_PLAN)] == [301, 301, 101]
    assert (
        sandbox.request("GET", path).json()["data"]["payment_transaction_id"]
        == paid["payment_transaction_id"]
    )
    assert sandbox.request("POST", f"{path}/rerun").status_code == 412


def test_held_and_ended_plans_do_not_run(sandbox: Sandbox) -> None:
    sandbox.request("PUT", f"/v1/recurrings/{ANAS_PLAN}/place-on-hold")
    sandbox.request("PATCH", f"/v1/recurrings/{BENS_PLAN}", json={"status": "ended"})
    assert _run_until(sandbox, "2027-03-01T13:00:00Z") == {"approved": 0, "declined": 0, "ended": 0}


def test_a_plan_of_three_payments_ends_after_the_third(sandbox: Sandbox) -> None:
    plan = _weekly(sandbox, installment_total_count=3)
    _run_until(sandbox, "2027-02-01T13:00:00Z")
    assert len(_payments_of(sandbox, plan)) == 3
    assert (_plan(sandbox, plan)["status"], _plan(sandbox, plan)["active"]) == ("ended", False)


def test_a_plan_whose_card_was_deleted_upstream_is_declined_and_not_forgotten(sandbox: Sandbox) -> None:
    sandbox.control({"delete": {"resource": "tokens", "id": ANAS_CARD}})
    _run_until(sandbox, "2026-11-30T13:00:00Z")
    (declined,) = _payments_of(sandbox, ANAS_PLAN)
    assert (declined["status_code"], declined["reason_code_id"]) == (301, 1540)


def test_a_declined_run_counts_and_its_rerun_does_not(sandbox: Sandbox) -> None:
    plan = _weekly(sandbox, installment_total_count=2)
    sandbox.control({"decline": {"token_id": ANAS_CARD}})
    _run_until(sandbox, "2026-11-23T13:00:00Z")
    (declined,) = sandbox.request("GET", "/v1/declined-recurring-transactions").json()["list"]
    sandbox.request("POST", f"/v1/declined-recurring-transactions/{declined['id']}/rerun")
    _run_until(sandbox, "2026-11-28T13:00:00Z")
    assert _plan(sandbox, plan)["status"] == "active"
    _run_until(sandbox, "2026-11-30T13:00:00Z")
    assert [each["status_code"] for each in _payments_of(sandbox, plan)] == [301, 101, 101]
    assert _plan(sandbox, plan)["status"] == "ended"


def _weekly(sandbox: Sandbox, **also: Any) -> str:
    body = {"location_id": LOCATION_ID, "token_id": ANAS_CARD, "interval": 1, "interval_type": "w"}
    starts = {"start_date": "2026-11-23", "transaction_amount": 2_000}
    return sandbox.request("POST", "/v1/recurrings", json=body | starts | also).json()["data"]["id"]
