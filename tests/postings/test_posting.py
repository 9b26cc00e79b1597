"""Accepted payments reach the ledger once each, in somebody's name, and only what is not there already."""

from datetime import time, timedelta

import pytest

from core import clock
from core.connections.clerk_keys import set_clerk_key
from core.errors import BadInput, NotAllowed
from core.permissions import Identity, Role
from core.postings.commands import clear, retry, turn_off, turn_on
from core.postings.dry_run import plan_postings
from core.staff.models import Access, Staff, StaffLoginTime
from core.store.engine import reader, transaction
from tests.postings.office import NOW, TODAY, Office

LATER = NOW + timedelta(minutes=5)


def test_a_payment_from_date_start_on_is_posted_once(office: Office) -> None:
    office.pay(49_95)
    office.turn_on()
    assert office.post().posted == 1
    assert office.post(LATER).posted == 0
    assert office.at_genesis() == [("O1", "49.95")]
    (row,) = office.rows("posted")
    assert (row.entry_ref, row.posted_on) == ("GL000001", TODAY)


def test_what_came_before_date_start_is_not_posted(office: Office) -> None:
    office.pay(days_ago=1)
    office.turn_on()
    office.post()
    assert office.rows() == []


def test_cash_declines_and_pending_bank_money_are_not_posted(office: Office) -> None:
    office.pay(method="cash")
    office.pay(status="declined")
    waiting = office.pay(status="pending", method="bank")
    office.turn_on()
    assert office.post().posted == 0
    office.change(waiting, status="approved")
    assert office.post(LATER).posted == 1


def test_what_the_ledger_holds_by_order_id_or_by_patient_amount_and_day_is_left_alone(office: Office) -> None:
    office.pay(50_00)
    office.pay(60_00)
    office.ledger(50_00, order_id="O1", days_ago=3, patient_id=2)
    office.ledger(60_00, days_ago=1)
    office.turn_on()
    office.post()
    assert office.at_genesis() == []


def test_one_row_of_the_ledger_serves_one_payment(office: Office) -> None:
    office.pay(40_00)
    office.pay(40_00)
    office.ledger(40_00)
    office.turn_on()
    assert office.post().posted == 1


def test_what_only_looks_alike_waits_for_a_person(office: Office) -> None:
    office.pay(50_00)
    office.ledger(50_00, days_ago=5)
    plan = office.turn_on()
    assert [line.why for line in plan.suspected] == [
        "$50.00 of Nov 17 in the ledger looks like it. Post it all the same, or clear it."
    ]
    office.post()
    (row,) = office.rows("waiting")
    with clock.frozen(NOW), transaction(office.store) as session:
        retry(session, office.max, posting_id=row.id or 0)
    assert office.post(LATER).posted == 1


def test_an_unlinked_payment_waits_and_goes_out_once_it_is_linked(office: Office) -> None:
    payment = office.pay(patient_id=None)
    office.turn_on()
    assert office.post().posted == 0
    (row,) = office.rows("waiting")
    assert row.hold == "patient not linked"
    office.change(payment, patient_id=2)
    assert office.post(LATER).posted == 1


def test_a_payment_typed_into_the_ledger_meanwhile_is_let_go(office: Office) -> None:
    office.pay()
    office.sandbox.control({"faults": [{"kind": "status", "status": 429, "at": "genesis"}]})
    office.turn_on()
    office.post()
    office.ledger(50_00)
    office.sandbox.control({"clear": True})
    office.post(LATER)
    assert [(row.state, row.reason) for row in office.rows()] == [
        ("cleared", "It is in the ledger already, on Nov 22.")
    ]
    assert office.at_genesis() == []


def test_a_refund_goes_out_as_a_negative_amount_after_its_payment(office: Office) -> None:
    office.pay(80_00)
    office.pay(30_00, refund_ref="tx1", order_id=None)
    office.turn_on()
    office.post()
    office.post(LATER)
    assert office.at_genesis() == [("O1", "80.00"), ("tx2", "-30.00")]


def test_a_posted_payment_that_the_bank_took_back_is_taken_back_once(office: Office) -> None:
    payment = office.pay(80_00)
    office.turn_on()
    office.post()
    office.change(payment, status="charged_back")
    office.post(LATER)
    office.change(payment, status="returned")
    office.post(LATER + timedelta(minutes=5))
    assert office.at_genesis() == [("O1", "80.00"), ("O1", "-80.00")]


def test_a_payment_voided_before_it_was_posted_never_goes_out(office: Office) -> None:
    payment = office.pay()
    office.sandbox.control({"faults": [{"kind": "status", "status": 429, "at": "genesis"}]})
    office.turn_on()
    office.post()
    office.change(payment, status="voided")
    office.sandbox.control({"clear": True})
    office.post(LATER)
    assert [(row.state, row.reason) for row in office.rows()] == [
        ("cleared", "It was voided before it was posted.")
    ]


def test_a_refusal_is_a_failure_with_its_sentence_until_a_person_tries_again(office: Office) -> None:
    office.pay()
    with transaction(office.store) as session:
        set_clerk_key(session, None, staff_id=1, connection_id=office.genesis, key="A" * 43 + "=")
    office.turn_on()
    office.post()
    (row,) = office.rows("failed")
    assert "Clerk_Key is not known" in row.reason
    with clock.frozen(NOW), transaction(office.store) as session:
        set_clerk_key(
            session, None, staff_id=1, connection_id=office.genesis, key=office.keys()["clerk_keys"]["max"]
        )
        retry(session, office.max, posting_id=row.id or 0)
    assert office.post(LATER).posted == 1


def test_nothing_is_posted_in_the_name_of_somebody_without_a_clerk_key(office: Office) -> None:
    with transaction(office.store) as session:
        session.add(Staff(id=2, username="dana", role=Role.OFFICE_MANAGER, password_hash="x", created_at=NOW))
    office.pay()
    office.turn_on()
    with transaction(office.store) as session:
        set_clerk_key(session, None, staff_id=1, connection_id=office.genesis, key="")
    assert office.post().posted == 0
    assert office.trouble() == "max has no clerk key for Genesis. Add it on the Team page."
    dana = Identity(0, 2, "dana", "Dana", Role.OFFICE_MANAGER)
    (row,) = office.rows("waiting")
    with (
        transaction(office.store) as session,
        pytest.raises(BadInput, match="You have no clerk key for Genesis"),
    ):
        retry(session, dana, posting_id=row.id or 0)


def test_outside_their_login_times_nothing_is_posted_in_a_persons_name(office: Office) -> None:
    with transaction(office.store) as session:
        for weekday in range(7):  # 9 to 10: it is 10:00 at the practice
            hours = {"from_time": time(9), "until_time": time(10)}
            session.add(StaffLoginTime(staff_id=1, weekday=weekday, kind=Access.HOURS, **hours))
    office.pay()
    office.turn_on()
    assert office.post().posted == 0
    assert office.trouble().startswith("Nothing is posted in the name of max now: ")
    assert office.post(NOW + timedelta(hours=23, minutes=30)).posted == 1


def test_only_who_may_post_turns_it_on_clears_or_retries(office: Office) -> None:
    desk = Identity(0, 1, "max", "Max", Role.FRONT_DESK)
    office.pay()
    office.turn_on()
    office.sandbox.control({"faults": [{"kind": "status", "status": 429, "at": "genesis"}]})
    office.post()
    (row,) = office.rows()
    with transaction(office.store) as session:
        for pressed in (
            lambda: retry(session, desk, posting_id=row.id or 0),
            lambda: clear(session, desk, posting_id=row.id or 0, reason="why"),
            lambda: turn_off(session, desk, connection_id=office.genesis),
        ):
            with pytest.raises(NotAllowed):
                pressed()


def test_clearing_needs_a_reason_and_keeps_it(office: Office) -> None:
    office.pay(patient_id=None)
    office.turn_on()
    office.post()
    (row,) = office.rows()
    with transaction(office.store) as session:
        with pytest.raises(BadInput, match="Say why"):
            clear(session, office.max, posting_id=row.id or 0, reason="  ")
        clear(session, office.max, posting_id=row.id or 0, reason="A gift card")
    assert office.post(LATER).posted == 0
    assert [(row.state, row.reason, row.cleared_by) for row in office.rows()] == [
        ("cleared", "A gift card", 1)
    ]


def test_turned_off_nothing_more_goes_out(office: Office) -> None:
    office.turn_on()
    for _ in range(2):  # the second press of a double click
        with transaction(office.store) as session:
            turn_off(session, office.max, connection_id=office.genesis)
    office.pay()
    office.post()
    assert office.rows() == []


# The dry run and the guard.


def test_the_dry_run_is_exactly_what_is_then_posted(office: Office) -> None:
    for cents in (10_01, 20_02, 30_03):
        office.pay(cents, days_ago=cents / 10_00)
    office.pay(5_00, refund_ref="tx1", days_ago=0.5)
    office.pay(99_00, patient_id=None)
    plan = office.turn_on(days_ago=5)
    for minutes in (0, 5, 10):
        office.post(NOW + timedelta(minutes=minutes))
    posted = {row.key: row.amount_cents for row in office.rows("posted")}
    assert posted == {line.key: line.cents for line in plan.to_post}
    assert (plan.count, plan.cents) == (4, 55_06)
    assert sum(day.cents for day in plan.days) == plan.cents
    assert len(plan.held) == 1


def test_a_start_in_the_past_asks_to_be_acknowledged_after_the_dry_run(office: Office) -> None:
    office.pay(days_ago=2)
    with pytest.raises(BadInput, match="Date Start is in the past"):
        office.turn_on(days_ago=3, acknowledged=False)
    plan = office.turn_on(days_ago=3, acknowledged=True)
    assert "would be posted twice" in plan.warnings[0]
    assert "No ledger has reached Huddle yet" in plan.warnings[1]


def test_what_changed_since_the_dry_run_has_to_be_looked_at_again(office: Office) -> None:
    with clock.frozen(NOW), reader(office.store) as session:
        seen = plan_postings(session, office.genesis, date_start=TODAY).seen
    office.pay()
    with (
        clock.frozen(NOW),
        transaction(office.store) as session,
        pytest.raises(BadInput, match="has changed"),
    ):
        turn_on(session, office.max, connection_id=office.genesis, date_start=TODAY, seen=seen)


def test_turned_on_by_a_double_click_the_second_press_finds_it_on_though_the_plan_has_moved(
    office: Office,
) -> None:
    office.pay()
    plan = office.turn_on()
    office.post()
    with clock.frozen(NOW), transaction(office.store) as session:
        turn_on(session, office.max, connection_id=office.genesis, date_start=TODAY, seen=plan.seen)
    assert [row.state for row in office.rows()] == ["posted"]


def test_a_start_that_cannot_be_compared_with_the_ledger_is_refused(office: Office) -> None:
    with pytest.raises(BadInput, match="may be Aug 24 at the earliest"):
        office.turn_on(days_ago=91)


def test_the_saved_date_start_is_the_dry_runs_own(office: Office) -> None:
    with clock.frozen(NOW), reader(office.store) as session:
        assert plan_postings(session, office.genesis).date_start == TODAY
        with pytest.raises(BadInput, match="is fortis"):
            plan_postings(session, office.processor)
