"""Never an appointment without its payment, never a payment without its appointment."""

from core.booking.models import AtEhr, BookingState, ChargeState
from tests.booking.office import BAD_CARD, Office


def test_a_paid_booking_is_one_appointment_and_one_payment(office: Office) -> None:
    slug = office.offer()
    token = office.hold(slug)
    assert office.say(token).amount_cents == 6_000
    office.pay(token)
    booked = office.booking(token)
    assert (booked.state, booked.at_ehr) == (BookingState.BOOKED, AtEhr.TO_IMPORT)
    [paid] = office.transactions()
    assert (paid["status_code"], paid["transaction_amount"]) == (101, 6_000)
    [charge] = office.charges()
    assert (charge.state, charge.payment_ref) == (ChargeState.ACCEPTED, paid["id"])


def test_a_declined_card_books_nothing_and_another_card_does(office: Office) -> None:
    token = office.hold(office.offer())
    office.say(token)
    office.pay(token, BAD_CARD)
    assert office.booking(token).state == BookingState.HELD
    assert "not accepted" in office.booking(token).refused
    office.pay(token)
    assert office.booking(token).state == BookingState.BOOKED
    assert [each["status_code"] for each in office.transactions()] == [301, 101]
