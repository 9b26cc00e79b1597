"""Faults that paid booking systems are known for, each by its name, and closed tabs at each step."""

from datetime import timedelta

import pytest

from core import clock
from core.booking.changing import cancel_by_link, move_by_link
from core.booking.costs import Charge
from core.booking.details import BookingOver
from core.booking.holding import TimeTaken, sweep
from core.booking.models import Back, BookingState, ChargeState
from core.booking.paying import pay_for
from core.jobs.booking.tend import tend_bookings
from core.jobs.outbox.send_and_settle import work_outbox
from core.store.engine import transaction
from tests.booking.office import BAD_CARD, Office

SALE = {"method": "POST", "path": "/v1/transactions/cc/sale"}
LATER = timedelta(minutes=11)
MUCH_LATER = timedelta(minutes=40)


def fault(office: Office, kind: str, **match: str) -> None:
    assert office.sandbox is not None
    office.sandbox.control({"faults": [{"kind": kind, "times": 1, "match": match or SALE}]})


def test_paid_but_the_booking_vanished(office: Office) -> None:
    """The charge is made and no answer comes: it is looked up by the order id at once, and the booking stands."""
    token = office.hold(office.offer())
    office.say(token)
    fault(office, "timeout_after")
    office.pay(token)
    assert office.booking(token).state == BookingState.BOOKED
    assert [each["status_code"] for each in office.transactions()] == [101]


def test_killed_between_charge_and_booking(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server dies with the answer in its hand: the next one looks the charge up and books."""
    token = office.hold(office.offer())
    office.say(token)

    def die(point: str) -> None:
        if point == "outbox.replied":
            raise SystemExit(9)

    with monkeypatch.context() as patch:
        patch.setattr("core.jobs.outbox.send_and_settle.crashpoint", die)
        with pytest.raises(SystemExit):
            office.pay(token)
    assert office.booking(token).state == BookingState.PAYING
    with clock.frozen(clock.now() + LATER):
        office.work()
    assert office.booking(token).state == BookingState.BOOKED
    assert len(office.transactions()) == 1


def test_a_charge_that_never_arrived_is_made_once_under_its_own_id(office: Office) -> None:
    token = office.hold(office.offer())
    office.say(token)
    fault(office, "timeout_before")
    office.pay(token)
    assert office.charges()[0].state == ChargeState.UNKNOWN
    with clock.frozen(clock.now() + LATER):
        office.work()
    assert office.booking(token).state == BookingState.BOOKED
    assert [each["transaction_api_id"] for each in office.transactions()] == [office.charges()[0].order_id]


def test_a_ticket_that_a_lost_try_used_up_is_no_word_about_the_card(office: Office) -> None:
    """The charge was made, no answer came, and the processor's list does not show it yet. Asked for again, the ticket is
    refused as used: whoever took that for a declined card would have the patient pay a second time."""
    token = office.hold(office.offer())
    office.say(token)
    fault(office, "timeout_after")
    for _ in range(3):
        fault(office, "empty_page", method="GET", path="/v1/transactions")
    office.pay(token)
    with clock.frozen(clock.now() + LATER):
        office.work(1)
    assert (office.booking(token).state, office.booking(token).refused) == (BookingState.PAYING, "")
    with clock.frozen(clock.now() + 2 * LATER):
        office.work()
    assert office.booking(token).state == BookingState.BOOKED
    assert [each["status_code"] for each in office.transactions()] == [101]
    assert len(office.charges()) == 1


def test_a_charge_nobody_waits_for_is_not_begun(office: Office) -> None:
    """It did not arrive, and by the time that is sure the patient is gone: neither an appointment nor a payment."""
    token = office.hold(office.offer())
    office.say(token)
    fault(office, "timeout_before")
    office.pay(token)
    with clock.frozen(clock.now() + MUCH_LATER):
        office.work()
    assert office.booking(token).state == BookingState.FAILED
    assert "Nothing was charged" in office.booking(token).reason
    assert office.transactions() == []


def test_booked_though_the_payment_failed_later(office: Office) -> None:
    """A declined card never leaves an appointment behind, however often it is tried."""
    token = office.hold(office.offer())
    office.say(token)
    for _ in range(3):
        office.pay(token, BAD_CARD)
    assert office.booking(token).state == BookingState.HELD
    with clock.frozen(clock.now() + MUCH_LATER):
        tend_bookings(office.engine)
    assert office.booking(token).state == BookingState.EXPIRED
    assert {each["status_code"] for each in office.transactions()} == {301}


def test_a_reschedule_is_not_charged_again(office: Office) -> None:
    slug = office.offer()
    token = office.hold(slug)
    office.say(token)
    office.pay(token)
    later = office.times(slug)[4]
    with transaction(office.engine) as session:
        move_by_link(
            session, token, starts_at=later, provider_id=office.providers[0], location_id=office.place
        )
    office.work()
    moved = office.booking(token)
    assert (moved.state, moved.starts_at) == (BookingState.BOOKED, later)
    assert len(office.transactions()) == len(office.charges()) == 1


def test_a_cancelled_unpaid_hold_blocks_nothing(office: Office) -> None:
    slug = office.offer()
    first = office.times(slug)[0]
    token = office.hold(slug, first)
    assert first not in office.times(slug)
    with transaction(office.engine) as session:
        cancel_by_link(session, token)
    assert first in office.times(slug)
    assert office.hold(slug, first) != token


def test_a_hold_that_ran_out_blocks_nothing_and_cannot_win_later(office: Office) -> None:
    slug = office.offer()
    first = office.times(slug)[0]
    token = office.hold(slug, first)
    office.say(token)
    with clock.frozen(clock.now() + LATER), transaction(office.engine) as session:
        assert sweep(session, None, clock.now()) == 1
    other = office.hold(slug, first)
    with pytest.raises(TimeTaken), transaction(office.engine) as session:
        pay_for(session, token, office.ticket())
    office.work()
    assert office.transactions() == []
    assert office.booking(other).state == BookingState.HELD


def test_a_hold_that_ran_out_while_the_frame_was_open_still_books_a_free_time(office: Office) -> None:
    token = office.hold(office.offer())
    office.say(token)
    with clock.frozen(clock.now() + LATER):
        with transaction(office.engine) as session:
            sweep(session, None, clock.now())
        with transaction(office.engine) as session:
            pay_for(session, token, office.ticket())
        office.work()
    assert office.booking(token).state == BookingState.BOOKED


def test_a_time_taken_in_the_ehr_while_paying_gives_the_money_back(office: Office) -> None:
    """The EHR fills the time after the charge went out: no appointment, and the payment is void by itself."""
    token = office.hold(office.offer())
    office.say(token)
    with transaction(office.engine) as session:
        pay_for(session, token, office.ticket())
    fault(office, "timeout_after")
    fault(office, "status", method="GET", path="/v1/transactions")
    for _ in range(4):
        fault(office, "status", method="GET", path="/v1/transactions")
    office.work(1)  # charged, and nobody can say so yet
    office.visit(office.booking(token).starts_at, office.patient(first_name="Ben", last_name="Other"))
    with clock.frozen(clock.now() + LATER):
        office.work(4)
    lost = office.booking(token)
    assert lost.state == BookingState.FAILED
    assert "goes back to your card" in lost.reason
    assert [each["status_code"] for each in office.transactions()] == [201]
    [charge] = office.charges()
    assert (charge.state, charge.back) == (ChargeState.UNDONE, Back.DONE)


def test_a_double_press_and_two_tabs_charge_once(office: Office) -> None:
    token = office.hold(office.offer())
    office.say(token)
    for _ in range(3):
        with transaction(office.engine) as session:
            pay_for(session, token, office.ticket())
    office.work()
    with transaction(office.engine) as session:
        pay_for(session, token, office.ticket())
    office.work()
    assert len(office.transactions()) == len(office.charges()) == 1


def test_a_part_approved_is_given_back_and_books_nothing(office: Office) -> None:
    token = office.hold(office.offer(price=201))  # the sandbox approves $1 of $2.01
    office.say(token)
    office.pay(token)
    assert office.booking(token).state == BookingState.HELD
    assert "approved only $1" in office.booking(token).refused
    assert [each["status_code"] for each in office.transactions()] == [201]


@pytest.mark.parametrize("step", ["times", "details", "frame", "paid"])
def test_a_closed_tab_leaves_neither_a_booking_nor_a_payment_or_both(office: Office, step: str) -> None:
    token = office.hold(office.offer())
    if step != "times":
        office.say(token)
    if step == "frame":
        office.ticket()
    if step == "paid":
        office.pay(token)
    with clock.frozen(clock.now() + LATER):
        tend_bookings(office.engine)
        work_outbox(office.engine)
    booked = office.booking(token).state == BookingState.BOOKED
    assert booked == (step == "paid")
    assert len(office.transactions()) == booked


def test_cancelling_in_time_refunds_and_late_keeps(office: Office) -> None:
    slug = office.offer(cutoff_hours=24, refund_percent=100, refund_percent_late=0)
    for at, expected in (
        (office.times(slug)[0], [201]),
        (office.times(slug, day=None, days=1)[0], [201, 101]),
    ):
        token = office.hold(slug, at)
        office.say(token)
        office.pay(token)
        late = expected != [201]
        when = at - timedelta(hours=2) if late else clock.now()
        with clock.frozen(when), transaction(office.engine) as session:
            cancel_by_link(session, token)
        with clock.frozen(when):
            office.work()
        assert [each["status_code"] for each in office.transactions()] == expected


def test_a_payment_under_way_cannot_be_cancelled_under_it(office: Office) -> None:
    token = office.hold(office.offer())
    office.say(token)
    office.pay(token, work=False)
    with pytest.raises(BookingOver), transaction(office.engine) as session:
        cancel_by_link(session, token)
    office.work()
    assert office.booking(token).state == BookingState.BOOKED


def test_a_card_on_file_charges_nothing(office: Office) -> None:
    token = office.hold(office.offer("Talk", charge=Charge.CARD))
    office.say(token)
    office.pay(token)
    assert office.booking(token).state == BookingState.BOOKED
    [charge] = office.charges()
    assert (charge.kind, charge.amount_cents) == ("card", 0)
    assert charge.card_ref
    assert office.transactions() == []
