"""A declined draft: charged again where that can help, never where the bank said no for good, and never twice."""

from datetime import timedelta

import pytest
from sqlmodel import select

from core.errors import BadInput
from core.links.declined import DeclinedLine, declined_of, last_try, rerun, resend
from core.outbox.commands import result_of
from core.outbox.models import OutboxRow
from core.store.engine import reader
from tests.links.desk import ANAS_CARD, Desk
from tests.sandbox.records import ANAS_PLAN, BENS_BANK

LATER = timedelta(minutes=11)


def decline(desk: Desk, reason: int, *, again: bool = False) -> DeclinedLine:
    """Ana's draft runs and is declined for that reason; again: so is the next charge of her card."""
    times = 2 if again else 1
    desk.sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": reason, "times": times}})
    desk.sandbox.control({"advance": {"days": 10}, "run_drafts": True})
    desk.sync()
    (line,) = lines(desk)
    return line


def lines(desk: Desk) -> list[DeclinedLine]:
    with reader(desk.engine) as session:
        return declined_of(session, desk.actor, desk.patient())


def charges(desk: Desk) -> list[int]:
    """Status codes of what Ana's card was charged, oldest first."""
    rows = desk.sandbox.request("GET", "/v1/transactions").json()["list"]
    return [row["status_code"] for row in rows if row["token_id"] == ANAS_CARD]


def test_not_enough_funds_is_charged_again_and_paid(desk: Desk) -> None:
    line = decline(desk, 1616)
    assert (line.reason, line.may_rerun, line.amount_cents) == ("not enough funds", True, 14_900)
    desk.do(rerun, declined_id=line.declined_id, form="r1")
    assert lines(desk)[0].under_way == "The card is being charged again."
    desk.work()
    assert (lines(desk), charges(desk)) == ([], [301, 101])
    desk.sync()
    assert lines(desk) == []


def test_the_bank_said_no_for_good_so_it_is_not_charged_again(desk: Desk) -> None:
    line = decline(desk, 1622)
    assert (line.may_rerun, line.advice) == (False, "Ask for a new card.")
    with pytest.raises(BadInput, match=r"no for good \(card expired\). Ask for a new card."):
        desk.do(rerun, declined_id=line.declined_id, form="r1")
    desk.work()
    assert charges(desk) == [301]


def test_with_another_card_on_the_plan_even_a_hard_decline_can_be_charged(desk: Desk) -> None:
    decline(desk, 1622)
    desk.sandbox.request("PATCH", f"/v1/recurrings/{ANAS_PLAN}", json={"token_id": BENS_BANK})
    desk.sync()
    (line,) = lines(desk)
    assert (line.may_rerun, line.advice) == (True, "Another card is on the plan by now: charge that one.")
    desk.do(rerun, declined_id=line.declined_id, form="r1")
    desk.work()
    assert lines(desk) == []


def test_declined_again_is_an_answer_and_not_an_error(desk: Desk) -> None:
    line = decline(desk, 1616, again=True)
    desk.do(rerun, declined_id=line.declined_id, form="r1")
    desk.work()
    with reader(desk.engine) as session:
        (row,) = session.exec(select(OutboxRow)).all()
        session.expunge(row)
    assert (row.state, result_of(row)["status"], result_of(row)["reason_code"]) == (
        "settled",
        "declined",
        "1616",
    )
    assert {one.under_way for one in lines(desk)} == {""}
    with reader(desk.engine) as session:
        last = last_try(session, line.declined_id)
    assert last is not None
    assert last.words == "Charged again, and declined again: not enough funds."


@pytest.mark.parametrize("fault", ["reset", "status", "timeout_after"])
def test_a_lost_reply_charges_once(desk: Desk, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.integrations.http.READ_SECONDS", 0.3)
    line = decline(desk, 1616)
    match = {"method": "POST", "path": "/v1/declined-recurring-transactions"}
    desk.sandbox.control({"faults": [{"kind": fault, "times": 1, "match": match}]})
    desk.do(rerun, declined_id=line.declined_id, form="r1")
    desk.work()
    with pytest.raises(BadInput, match="being charged again"):
        desk.do(rerun, declined_id=line.declined_id, form="r2")
    desk.work(later=LATER)
    desk.work(later=2 * LATER)
    assert (charges(desk), lines(desk)) == ([301, 101], [])


def test_two_presses_charge_once(desk: Desk) -> None:
    line = decline(desk, 1616)
    first = desk.do(rerun, declined_id=line.declined_id, form="same")
    assert desk.do(rerun, declined_id=line.declined_id, form="same").id == first.id
    desk.work()
    assert charges(desk) == [301, 101]


def test_the_processor_writes_to_the_payer(desk: Desk) -> None:
    line = decline(desk, 1622)
    for form in ("e1", "e1", "e2"):  # the form drawn anew after a quick answer has another mark
        desk.do(resend, declined_id=line.declined_id, form=form)
        desk.work()
    with reader(desk.engine) as session:
        assert session.exec(select(OutboxRow.state)).all() == ["settled"]
