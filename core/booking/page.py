"""What a patient's page of a booking shows: the booking in its state, in words, and nothing about anybody else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from core import clock
from core.booking.addresses import booking_of
from core.booking.booked import paid_cents
from core.booking.changing import goes_back, may_not_move
from core.booking.costs import HOLD_LASTS, Charge, terms
from core.booking.letters import hour, when
from core.booking.models import Back, Booking, BookingCharge, BookingState, ChargeState, OnlineType
from core.money import short_dollars
from core.practice.models import Location
from core.schedule.models import AppointmentType, Provider

LONG = timedelta(seconds=45)
"""A payment that takes longer is said to take longer."""


class Shown(StrEnum):
    """doubt: the bank has not answered yet. again: the hold ran out and may be taken once more."""

    DETAILS = "details"
    PAY = "pay"
    PAYING = "paying"
    DOUBT = "doubt"
    BOOKED = "booked"
    AGAIN = "again"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class VisitPage:
    """Everything the page may hold. Instants are UTC, amounts cents.

    terms: what is charged and what goes back. refused: why the last card was not taken. back_now_cents: what would go
    back if it were cancelled now. member_words: how the visit stands to a membership, once a code was shown. cannot_move: why it cannot be moved online, "" when it can. reason: how it ended.
    """

    shown: Shown
    booking_id: int
    location_id: int
    slug: str
    what: str
    with_whom: str
    where: str
    address: str
    when: str
    zone: str
    starts_at: datetime
    held_until: datetime
    held_until_words: str
    charge: str
    amount_cents: int
    amount: str
    terms: str
    refused: str
    paid_cents: int
    paid: str
    back_now_cents: int
    back: str
    may_cancel: bool
    cannot_move: str
    reason: str
    members_free: bool
    member_words: str
    first_name: str
    last_name: str
    birth_date: str
    mobile: str
    email: str
    text_consent: bool
    email_consent: bool


def visit_page(session: Session, token: str) -> VisitPage:
    """The page behind an address. Raises NotFound."""
    booking = booking_of(session, token)
    place = session.get_one(Location, booking.location_id)
    offered = session.get_one(OnlineType, booking.online_type_id)
    kind = session.get_one(AppointmentType, offered.appointment_type_id)
    now, zone = clock.now(), place.time_zone
    paid, back = paid_cents(session, booking), goes_back(session, booking, now)
    stands = booking.state == BookingState.BOOKED
    return VisitPage(
        shown=_shown(session, booking, now),
        booking_id=booking.id or 0,
        location_id=booking.location_id,
        slug=offered.slug,
        what=kind.name,
        with_whom=session.get_one(Provider, booking.provider_id).name,
        where=place.name,
        address=" ".join((place.address or "").split()),
        when=when(booking.starts_at, zone),
        zone=zone,
        starts_at=booking.starts_at,
        held_until=booking.hold_until,
        held_until_words=hour(booking.hold_until, zone),
        charge=booking.charge,
        amount_cents=booking.amount_cents,
        amount=short_dollars(booking.amount_cents),
        terms=terms_of(booking, zone),
        refused=booking.refused,
        paid_cents=paid,
        paid=_paid(booking, paid),
        back_now_cents=back,
        back=short_dollars(back),
        may_cancel=stands and booking.starts_at > now,
        cannot_move=may_not_move(booking, now),
        reason=booking.reason + _coming_back(session, booking),
        members_free=offered.members_free
        and not booking.member_checked
        and booking.charge not in (Charge.NOTHING, Charge.CARD),
        member_words=booking.prepaid_why if booking.member_checked else "",
        first_name=booking.first_name,
        last_name=booking.last_name,
        birth_date=booking.birth_date.isoformat() if booking.birth_date else "",
        mobile=booking.mobile_phone or "",
        email=booking.email or "",
        text_consent=booking.text_consent,
        email_consent=booking.email_consent,
    )


def terms_of(booking: Booking, zone: str) -> str:
    """What is charged and what goes back, for this booking."""
    last = clock.now() + HOLD_LASTS
    held_until = when(last, zone).rsplit(",", 1)[0] if last < booking.starts_at else ""
    return terms(
        Charge(booking.charge),
        booking.amount_cents,
        cutoff_hours=booking.cutoff_hours,
        percent=booking.refund_percent,
        percent_late=booking.refund_percent_late,
        held_until=held_until,
    )


def _shown(session: Session, booking: Booking, now: datetime) -> Shown:
    match booking.state:
        case BookingState.HELD if booking.hold_until <= now:
            return Shown.AGAIN
        case BookingState.HELD:
            return Shown.PAY if booking.last_name else Shown.DETAILS
        case BookingState.PAYING:
            return Shown.DOUBT if _in_doubt(session, booking, now) else Shown.PAYING
        case BookingState.BOOKED:
            return Shown.BOOKED
        case BookingState.EXPIRED:
            return Shown.AGAIN
    return Shown.OVER


def _in_doubt(session: Session, booking: Booking, now: datetime) -> bool:
    latest = session.exec(
        select(BookingCharge)
        .where(BookingCharge.booking_id == booking.id)
        .order_by(col(BookingCharge.id).desc())
        .limit(1)
    ).first()
    return latest is not None and (latest.state == ChargeState.UNKNOWN or now > latest.made_at + LONG)


def _paid(booking: Booking, cents: int) -> str:
    if booking.charge == Charge.CARD and booking.state == BookingState.BOOKED:
        return "Your card is on file. Nothing was charged."
    if not cents:
        return ""
    amount = short_dollars(cents)
    return f"{amount} is held on your card." if booking.charge == Charge.HOLD else f"You paid {amount}."


def _coming_back(session: Session, booking: Booking) -> str:
    """What goes back, for a booking that is over."""
    if booking.state == BookingState.BOOKED:
        return ""
    cents = sum(
        session.exec(
            select(BookingCharge.back_cents).where(
                BookingCharge.booking_id == booking.id,
                col(BookingCharge.back).in_([Back.WAITING, Back.DONE]),
            )
        )
    )
    if not cents or "goes back" in booking.reason:
        return ""
    words = "is released" if booking.charge == Charge.HOLD else "goes back to your card"
    return f" {short_dollars(cents)} {words}."
