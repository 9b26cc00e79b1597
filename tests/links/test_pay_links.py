"""A payment link for what is missing: paid by the patient, the morning is clear and the new card is on the plan."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core import clock
from core.errors import BadInput
from core.invoices.replacing import replace_link
from core.links.commands import void
from core.links.new_link import OpenLinkExists
from core.links.pay_links import missing_of
from core.patient_card.read import patient_card
from core.store.engine import reader
from tests.jobs.connecting import held
from tests.links.desk import ANAS_CARD, Desk, Row, days_ago, open_desk, processor
from tests.sandbox.records import ANAS_PLAN
from tests.sandbox.running import Sandbox

PLAN: Row = {
    "plan_id": "N1", "patient_id": "P1", "kind": "payment", "name": "Care plan", "start_date": days_ago(100),
    "total": "600.00", "status": "active",
}  # fmt: skip
INSTALMENTS = [
    {"instalment_id": f"I{n}", "plan_id": "N1", "due_date": days_ago(70 - 30 * n), "amount": "149.00"}
    for n in range(4)
]


@pytest.fixture
def behind(sqlite_store: Engine, sandbox: Sandbox, tmp_path: Path) -> Desk:
    return behind_desk(sqlite_store, sandbox, tmp_path)


def behind_desk(engine: Engine, sandbox: Sandbox, folder: Path) -> Desk:
    """Ana's plan draws $149 a month from her card; two of three instalments are missing."""
    records = processor()
    records["recurrings"][0]["recurring_api_id"] = "N1"
    sandbox.reset(records)
    return open_desk(engine, sandbox, folder, plans=[PLAN], instalments=INSTALMENTS, ledger=[])


def missing(desk: Desk) -> dict[tuple[str, str], Any]:
    with reader(desk.engine) as session:
        found = missing_of(session, desk.actor, desk.patient(), clock.now())
    return {(one.kind, one.ref): one for one in found}


def test_what_is_missing_can_be_asked_for_one_by_one_or_all_together(behind: Desk) -> None:
    found = missing(behind)
    assert {key: one.cents for key, one in found.items()} == {
        ("instalment", "I0"): 14_900,
        ("instalment", "I1"): 14_900,
        ("instalment", "I2"): 14_900,
        ("plan", "N1"): 44_700,
    }


def test_paid_by_polling_alone_the_instalment_is_no_longer_missing(
    store: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    desk = behind_desk(store, sandbox, tmp_path)
    link_id = desk.pay_link(("instalment", "I0"))
    link = desk.link(link_id)
    assert (link.state, link.amount_cents, link.keep_card) == ("created", 14_900, True)
    assert "Thank you" in desk.press_pay(link_id, "mastercard")
    desk.sync()
    assert desk.state(link_id) == "paid"
    assert ("instalment", "I0") not in missing(desk)
    assert missing(desk)["plan", "N1"].cents == 29_800


def test_the_card_it_was_paid_with_goes_on_the_plan(behind: Desk) -> None:
    link_id = behind.pay_link(("instalment", "I0"))
    behind.press_pay(link_id, "mastercard")
    behind.sync()
    behind.work()
    new = behind.link(link_id).new_card_ref
    plan = behind.sandbox.request("GET", f"/v1/recurrings/{ANAS_PLAN}").json()["data"]
    assert new not in (None, ANAS_CARD)
    assert (plan["token_id"], "draft moved to the new card" in behind.steps(link_id)) == (new, True)
    behind.sync()
    assert held(behind.engine, behind.connection_id, "recurrings", "card_ref")[ANAS_PLAN] == (new,)
    assert ANAS_CARD in held(behind.engine, behind.connection_id, "tokens")


def test_a_declined_try_leaves_the_link_open_and_says_why(behind: Desk) -> None:
    link_id = behind.pay_link(("instalment", "I0"))
    assert "declined" in behind.press_pay(link_id, "no-funds")
    behind.sync()
    assert (behind.state(link_id), "declined" in behind.steps(link_id)) == ("created", True)
    with reader(behind.engine) as session:
        card = patient_card(session, behind.patient(), clock.now())
    assert [one.state for one in card.links] == ["created"]
    assert any("not enough funds" in moment.words for moment in card.timeline)


def test_the_timeline_tells_the_story(behind: Desk) -> None:
    link_id = behind.pay_link(("instalment", "I0"))
    behind.press_pay(link_id)
    behind.sync()
    behind.work()
    with reader(behind.engine) as session:
        told = [m.words for m in reversed(patient_card(session, behind.patient(), clock.now()).timeline)]
    assert {"Payment link: created", "Paid (plan, card)", "Payment link: made at the processor"} <= set(told)
    assert any("draft moved to the new card" in words for words in told)


def test_a_second_link_for_the_same_patient_is_said_first(behind: Desk) -> None:
    behind.pay_link(("instalment", "I0"))
    with pytest.raises(OpenLinkExists, match=r"open payment link for \$149, made today"):
        behind.pay_link(("instalment", "I1"), form="p2")
    behind.pay_link(("instalment", "I1"), form="p3", second=True)
    assert len(behind.at_processor("paylinks")) == 2


def test_more_than_is_missing_zero_and_what_is_paid_are_refused(behind: Desk) -> None:
    with pytest.raises(BadInput, match=r"more than the \$149 that is open"):
        behind.pay_link(("instalment", "I0"), cents=15_000)
    with pytest.raises(BadInput, match="cannot be made"):
        behind.pay_link(("instalment", "I0"), cents=0)
    with pytest.raises(BadInput, match="paid by now, or not due yet"):
        behind.pay_link(("instalment", "I3"))
    assert behind.at_processor("paylinks") == []


def test_disputed_money_is_not_asked_for(behind: Desk) -> None:
    link_id = behind.pay_link(("instalment", "I0"))
    behind.press_pay(link_id)
    behind.sync()
    payment = behind.at_processor("paylinks")[0]["transactions"][0]
    change = {"resource": "transactions", "id": payment["id"], "fields": {"charge_back_date": days_ago(0)}}
    behind.sandbox.control({"change": change})
    behind.sync()
    link = behind.link(link_id)
    assert (link.paid_cents, link.reminders_stopped) == (0, "The payer disputes a payment at the bank.")
    with pytest.raises(BadInput, match="disputes this at the bank"):
        behind.pay_link(("instalment", "I0"), form="again", second=True)


@pytest.mark.parametrize("fault", ["reset", "status"])
def test_a_lost_reply_makes_one_payment_link(behind: Desk, fault: str) -> None:
    match = {"method": "POST", "path": "/v1/paylinks"}
    behind.sandbox.control({"faults": [{"kind": fault, "times": 1, "match": match}]})
    link_id = behind.pay_link(("plan", "N1"))
    assert behind.state(link_id) == "unknown"
    behind.work(later=timedelta(minutes=11))
    behind.work(later=timedelta(minutes=11))
    assert (behind.state(link_id), len(behind.at_processor("paylinks"))) == ("created", 1)


def test_voided_or_replaced_the_old_page_is_gone(behind: Desk) -> None:
    first = behind.pay_link(("plan", "N1"))
    second = behind.do(replace_link, link_id=first, form="anew").id
    behind.work()
    assert (behind.state(first), [row["amount_due"] for row in behind.at_processor("paylinks")]) == (
        "replaced",
        [44_700],
    )
    behind.do(void, link_id=second)
    behind.work(later=timedelta(seconds=20))
    assert (behind.state(second), behind.at_processor("paylinks")) == ("void", [])


def next_run(desk: Desk, day: str) -> None:
    change = {"resource": "recurrings", "id": ANAS_PLAN, "fields": {"next_run_date": day}}
    desk.sandbox.control({"change": change})


def test_what_the_processor_tries_again_by_itself_is_not_asked_for_in_any_way(behind: Desk) -> None:
    next_run(behind, days_ago(10))
    behind.sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1616}})
    behind.sandbox.control({"run_drafts": True})
    next_run(behind, days_ago(-2))
    behind.sync()
    found = missing(behind)
    assert [key for key, one in found.items() if one.hold] == [("instalment", "I2")]
    assert (found["plan", "N1"].cents, [out.cents for out in found["plan", "N1"].left_out]) == (
        29_800,
        [14_900],
    )
    with pytest.raises(BadInput, match="tries this again by itself"):
        behind.pay_link(("instalment", "I2"))
    with pytest.raises(BadInput, match=r"more than the \$298 that is open"):
        behind.pay_link(("plan", "N1"), cents=44_700)
    assert behind.at_processor("paylinks") == []
