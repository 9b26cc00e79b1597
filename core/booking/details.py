"""What a person says of themselves when they book, and what it then costs them."""

import unicodedata
from datetime import date, timedelta
from typing import NamedTuple

from sqlmodel import Session, func, select

from core import clock
from core.booking.addresses import booking_of
from core.booking.booked import book
from core.booking.costs import Charge
from core.booking.holding import take_again
from core.booking.models import Booking, BookingState
from core.booking.pricing import offered_of, price
from core.booking.whom import whom
from core.errors import BadInput, HuddleError
from core.messages.addresses import mailbox, text_number
from core.practice.models import Location
from core.secrets import has_card_number

LONGEST_NAME = 60
MOST_A_DAY, MOST_AHEAD = 6, 6
OLDEST = timedelta(days=366 * 120)


class BookingOver(HuddleError):
    """This booking takes no more of what was asked. The sentence is for the patient."""


class Given(NamedTuple):
    """What was typed. Consents: each its own box."""

    first_name: str = ""
    last_name: str = ""
    birth_date: str = ""
    mobile: str = ""
    email: str = ""
    text_consent: bool = False
    email_consent: bool = False


class Unfit(BadInput):
    """One field that cannot be used. field: its name in the form."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Details(NamedTuple):
    """The same, checked."""

    first_name: str
    last_name: str
    birth_date: date
    mobile_phone: str
    email: str
    text_consent: bool
    email_consent: bool


def checked(given: Given, today: date) -> Details:
    """What was typed, fit to be kept. Raises Unfit with the first field to mend."""
    return Details(
        _name(given.first_name, "first_name", "first name"),
        _name(given.last_name, "last_name", "last name"),
        _birth_date(given.birth_date, today),
        _mobile(given.mobile),
        _email(given.email),
        given.text_consent,
        given.email_consent,
    )


def give_details(session: Session, token: str, given: Given) -> Booking:
    """Keep who it is, and find out what it costs. What costs nothing is booked by this; a second press changes nothing.

    Raises Unfit, BookingOver, TimeTaken (the hold ran out and somebody else was quicker), NotFound.
    """
    booking = booking_of(session, token, alone=True)
    if booking.state in (BookingState.PAYING, BookingState.BOOKED):
        return booking
    booking = held_booking(session, token)
    place = session.get_one(Location, booking.location_id)
    details = checked(given, clock.today(place.time_zone))
    _not_too_many(session, booking, details.mobile_phone)
    for name, value in details._asdict().items():
        setattr(booking, name, value)
    booking.agreed_at, booking.member_checked = clock.now(), False
    found = whom(
        session,
        first_name=details.first_name,
        last_name=details.last_name,
        birth_date=details.birth_date,
        email=details.email,
        mobile_phone=details.mobile_phone,
        practice_id=booking.practice_id,
    )
    booking.known, booking.patient_id = found.known, found.patient_id
    booking.proposed_id, booking.evidence = found.proposed_id, found.evidence
    price(session, booking)
    session.add(booking)
    session.flush()
    if booking.charge == Charge.NOTHING:
        book(session, booking)
    return booking


def held_booking(session: Session, token: str) -> Booking:
    """The booking behind an address, locked, while its time is held; one whose hold ran out is held anew where its time
    is still free. Raises BookingOver, TimeTaken, NotFound, NotOffered."""
    booking = booking_of(session, token, alone=True)
    if booking.state == BookingState.EXPIRED:
        take_again(session, booking, offered_of(session, booking))
    if booking.state != BookingState.HELD:
        raise BookingOver("This appointment is not waiting for anything any more.")
    return booking


def _not_too_many(session: Session, booking: Booking, mobile: str) -> None:
    """One phone books for a family, not for a town. Asked of bookings alone, so that it tells nothing of patients."""
    now = clock.now()
    mine = select(func.count()).select_from(Booking)
    mine = mine.where(Booking.mobile_phone == mobile, Booking.id != booking.id)
    lately = mine.where(Booking.created_at > now - timedelta(days=1))
    ahead = mine.where(Booking.state == BookingState.BOOKED, Booking.starts_at > now)
    if session.exec(lately).one() >= MOST_A_DAY or session.exec(ahead).one() >= MOST_AHEAD:
        raise BookingOver(
            "This phone number has booked several times already. Please call us for another one."
        )


def _name(typed: str, field: str, what: str) -> str:
    name = " ".join("".join(c for c in typed if unicodedata.category(c)[0] != "C" or c == " ").split())
    if not any(c.isalpha() for c in name):
        raise Unfit(field, f"Please write your {what}.")
    if len(name) > LONGEST_NAME:
        raise Unfit(field, f"Please shorten your {what} to {LONGEST_NAME} characters.")
    if has_card_number(name):
        raise Unfit(field, "This looks like a card number. Please write your name only.")
    return name


def _birth_date(typed: str, today: date) -> date:
    try:
        found = date.fromisoformat(typed.strip())
    except ValueError:
        raise Unfit("birth_date", "Please give your date of birth, such as 1984-02-29.") from None
    if not today - OLDEST <= found <= today:
        raise Unfit("birth_date", "This date of birth cannot be right. Please check it.")
    return found


def _mobile(typed: str) -> str:
    if not typed.isascii() or len(typed) > 30:
        raise Unfit("mobile", "Please give your mobile number, such as (303) 555-0100.")
    try:
        return text_number(typed)
    except BadInput as error:
        raise Unfit(
            "mobile", "Please give a mobile number that gets texts, such as (303) 555-0100."
        ) from error


def _email(typed: str) -> str:
    if len(typed) > 128:
        raise Unfit("email", "Please give a shorter e-mail address.")
    try:
        return mailbox(typed)
    except BadInput as error:
        raise Unfit("email", "Please give your e-mail address, such as ana@example.com.") from error
