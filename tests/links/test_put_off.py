"""A declined payment at Cash Practice: put off or asked for by somebody who may, once, and never without a clerk key."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from core.connections.clerk_keys import set_clerk_key
from core.connections.commands import connect
from core.connections.models import Kind
from core.errors import BadInput, HuddleError, NotAllowed
from core.jobs.sync import sync_connection
from core.links.declined import DeclinedLine, declined_of, put_off, request_payment, rerun, resend
from core.outbox.models import OutboxRow
from core.staff.models import Access
from core.store.engine import reader, transaction
from data.sandbox.cashpractice import records
from tests.links.desk import Desk
from tests.sandbox.at_cash_practice import clerk_key, fields_of, in_days, open_cash_practice
from tests.staff.people import set_day

LATER = timedelta(minutes=11)


@pytest.fixture
def at(desk: Desk) -> int:
    """Cash Practice beside Fortis, with Dana's clerk key. Its connection's id."""
    open_cash_practice(desk.sandbox)
    settings, secrets = fields_of(desk.sandbox)
    with transaction(desk.engine) as session:
        made = connect(
            session, kind=Kind.CASH_PRACTICE, name="Cash Practice", settings=settings, secrets=secrets
        )
        connection_id = made.id or 0
    give_key(desk, connection_id)
    return connection_id


def give_key(desk: Desk, connection_id: int, key: str | None = None) -> None:
    key = clerk_key(desk.sandbox, "dana") if key is None else key
    with transaction(desk.engine) as session:
        set_clerk_key(session, None, staff_id=desk.actor.staff_id, connection_id=connection_id, key=key)


def decline(desk: Desk, at: int, code: str = "51") -> DeclinedLine:
    """Ana's auto-debit runs and is declined; then a sync."""
    desk.sandbox.control({"cash_practice": {"decline": {"sch_id": "S1", "code": code, "now": True}}})
    sync(desk, at)
    (line,) = lines(desk)
    return line


def sync(desk: Desk, at: int) -> None:
    assert [result.error for result in sync_connection(desk.engine, at) if result.error] == []


def lines(desk: Desk) -> list[DeclinedLine]:
    with reader(desk.engine) as session:
        return declined_of(session, desk.actor, desk.patient())


def there(desk: Desk) -> dict[str, Any]:
    """The declined payment as the sandbox's Cash Practice has it."""
    found = records.find(desk.sandbox.state, "payments", Sch_ID="S1")
    return next(each for each in found if each["Order_ID"] != "O1")


def outbox(desk: Desk) -> list[tuple[str, str]]:
    with reader(desk.engine) as session:
        return [(row.state, row.reason) for row in session.exec(select(OutboxRow))]


def test_a_decline_is_told_with_what_can_be_done_there(desk: Desk, at: int) -> None:
    line = decline(desk, at)
    assert (line.amount_cents, line.reason, line.processor) == (14_900, "not enough funds", "Cash Practice")
    assert (line.by_clerk, line.may_rerun, line.earliest) == (True, True, in_days(1))


def test_it_is_put_off_under_the_key_of_who_asked_and_then_paid(desk: Desk, at: int) -> None:
    line = decline(desk, at)
    desk.do(put_off, declined_id=line.declined_id, on=in_days(3), form="d1")
    assert lines(desk)[0].under_way == "The payment is being put off."
    desk.work()
    assert (there(desk)["Status"], there(desk)["Clerks"][0].split(" at ")[0]) == ("Rescheduled", "dana: reschedule")  # fmt: skip
    assert lines(desk)[0].under_way.startswith("Cash Practice tries again on ")
    sync(desk, at)
    assert lines(desk)[0].under_way.startswith("Cash Practice tries again on ")
    desk.sandbox.control({"advance": {"days": 3}, "run_drafts": True})
    sync(desk, at)
    assert lines(desk) == []


def test_the_patient_pays_online_what_was_asked_for(desk: Desk, at: int) -> None:
    line = decline(desk, at, "54")
    for form in ("r1", "r1", "r2"):  # the form drawn anew after a quick answer has another mark
        desk.do(request_payment, declined_id=line.declined_id, form=form)
        desk.work()
    assert len(there(desk)["EmailRequests"]) == 1
    letters = desk.sandbox.client.get(f"{desk.sandbox.root_url}/mail.json").json()
    assert [each["recipient"] for each in letters["mails"]] == ["ana@example.com"]
    number = letters["mails"][0]["number"]
    letter = desk.sandbox.client.get(f"{desk.sandbox.root_url}/mail/{number}/raw").text
    page = re.search(r"http://\S+/cash-practice/pay/\S+", letter)
    assert page is not None
    assert "Pay $149.00" in desk.sandbox.client.get(page[0]).text
    assert desk.sandbox.client.post(page[0], follow_redirects=True).status_code == 200
    assert desk.sandbox.client.post(page[0]).status_code == 409
    sync(desk, at)
    assert lines(desk) == []


def test_nobody_to_write_to_is_said(desk: Desk, at: int) -> None:
    line = decline(desk, at)
    change = {"resource": "customers", "id": "C1", "fields": {"Email": ""}}
    desk.sandbox.control({"cash_practice": {"change": change}})
    desk.do(request_payment, declined_id=line.declined_id, form="r1")
    desk.work()
    assert outbox(desk) == [("refused", "Cash Practice has no e-mail of this payer to send it to.")]


@pytest.mark.parametrize("fault", ["reset", "status", "timeout_after", "timeout_before"])
@pytest.mark.parametrize("act", ["put off", "ask"])
def test_a_lost_answer_is_looked_up_and_nothing_is_done_twice(
    desk: Desk, at: int, act: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.integrations.http.READ_SECONDS", 0.3)
    line = decline(desk, at)
    match = {"method": "POST", "path": "/cashpractice/tps/v1/payments"}
    desk.sandbox.control({"faults": [{"kind": fault, "at": "cash_practice", "times": 1, "match": match}]})
    if act == "ask":
        desk.do(request_payment, declined_id=line.declined_id, form="r1")
    else:
        desk.do(put_off, declined_id=line.declined_id, on=in_days(3), form="d1")
    desk.work()
    assert outbox(desk)[0][0] == "unknown"
    desk.work(later=LATER)
    desk.work(later=2 * LATER)
    assert outbox(desk)[0][0] == "settled"
    assert len(there(desk)["Clerks"]) == 1


def test_two_presses_put_it_off_once(desk: Desk, at: int) -> None:
    line = decline(desk, at)
    first = desk.do(put_off, declined_id=line.declined_id, on=in_days(3), form="same")
    assert desk.do(put_off, declined_id=line.declined_id, on=in_days(3), form="same").id == first.id
    with pytest.raises(BadInput, match="being put off"):
        desk.do(request_payment, declined_id=line.declined_id, form="other")
    desk.work()
    assert len(there(desk)["Clerks"]) == 1


def no_key(desk: Desk, at: int) -> None:
    give_key(desk, at, "")


def no_privilege(desk: Desk, at: int) -> None:
    change = {"resource": "users", "id": "U303", "fields": {"Privileges": ["Edit patient"]}}
    desk.sandbox.control({"cash_practice": {"change": change}})


def no_hours_there(desk: Desk, at: int) -> None:
    days = dict.fromkeys(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), "No Access")  # fmt: skip
    change = {"resource": "users", "id": "U303", "fields": {"LoginTimes": days}}
    desk.sandbox.control({"cash_practice": {"change": change}})


def switched_off(desk: Desk, at: int) -> None:
    change = {"resource": "users", "id": "U303", "fields": {"Status": "Disabled"}}
    desk.sandbox.control({"cash_practice": {"change": change}})


def no_hours_here(desk: Desk, at: int) -> None:
    with transaction(desk.engine) as session:
        for weekday in range(7):
            set_day(session, None, staff_id=desk.actor.staff_id, weekday=weekday, kind=Access.NONE)


REFUSALS: dict[Callable[[Desk, int], None], str] = {
    no_key: "has no clerk key for Cash Practice yet. Enter it on the team page first.",
    no_privilege: "lacks the privilege “Process payments”. Ask its administrator there.",
    no_hours_there: "You have no access on .*s. That is set at Cash Practice.",
    switched_off: "at Cash Practice is switched off. Ask its administrator there.",
    no_hours_here: "You have no access on .*s. Ask the owner.",
}


@pytest.mark.parametrize("trouble", REFUSALS)
def test_who_may_not_is_refused_before_any_call(desk: Desk, at: int, trouble: Callable[[Desk, int], None]) -> None:  # fmt: skip
    line = decline(desk, at)
    trouble(desk, at)
    sync(desk, at)
    for command, also in ((put_off, {"on": in_days(3)}), (request_payment, {})):
        with pytest.raises(NotAllowed, match=REFUSALS[trouble]):
            desk.do(command, declined_id=line.declined_id, form="x", **also)
    assert (outbox(desk), "Clerks" in there(desk)) == ([], False)


def test_a_right_lost_while_it_waits_stops_it_before_the_call(desk: Desk, at: int) -> None:
    line = decline(desk, at)
    desk.do(put_off, declined_id=line.declined_id, on=in_days(3), form="d1")
    no_key(desk, at)
    desk.work()
    ((state, reason),) = outbox(desk)
    assert (state, "Clerks" in there(desk)) == ("cancelled", False)
    assert reason == "dana has no clerk key for Cash Practice yet. Enter it on the team page first."


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda desk, key: desk.do(put_off, declined_id=key, on=in_days(0), form="a"), "from tomorrow on"),
        (lambda desk, key: desk.do(put_off, declined_id=key, on=in_days(99), form="a"), "at the latest"),
        (lambda desk, key: desk.do(rerun, declined_id=key, form="a"), "Put it off to a day instead"),
        (lambda desk, key: desk.do(resend, declined_id=key, form="a"), "Send its payment request instead"),
    ],
)
def test_what_cash_practice_cannot_do_is_said(desk: Desk, at: int, act: Callable[[Desk, int], Any], says: str) -> None:  # fmt: skip
    line = decline(desk, at)
    with pytest.raises(HuddleError, match=says):
        act(desk, line.declined_id)


def test_the_bank_said_no_for_good_so_it_is_not_put_off(desk: Desk, at: int) -> None:
    line = decline(desk, at, "54")
    assert (line.may_rerun, line.advice) == (False, "Ask for a new card.")
    with pytest.raises(BadInput, match=r"no for good \(card expired\)"):
        desk.do(put_off, declined_id=line.declined_id, on=in_days(3), form="d1")


def test_an_alert_removed_there_is_settled_here(desk: Desk, at: int) -> None:
    decline(desk, at)
    (alert,) = records.find(desk.sandbox.state, "alerts")
    change = {"resource": "alerts", "id": alert["Alert_ID"], "fields": {"Status": "Removed"}}
    desk.sandbox.control({"cash_practice": {"change": change}})
    sync(desk, at)
    assert lines(desk) == []
