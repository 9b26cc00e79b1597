"""Cancelling and moving a booking, by the patient's own link or by the desk, with the money by the rule.

A booking that is moved keeps its payment: nothing is ever charged again for it.
"""

from datetime import date, datetime, timedelta

from sqlmodel import Session

from core import clock
from core.booking.addresses import booking_of
from core.booking.booked import audit, charge_of, tell_ehr, zone_of
from core.booking.costs import Charge, back_cents
from core.booking.details import BookingOver
from core.booking.holding import TAKEN, TimeTaken, let_go, lock_providers, note, sweep, take_places
from core.booking.letters import when, write
from core.booking.models import Back, Booking, BookingState
from core.booking.offers import Time, free, type_as_set_up
from core.booking.paying import give_back, locked, take_hold
from core.booking.pricing import offered_of
from core.errors import NotFound
from core.money import short_dollars
from core.permissions import Identity, Permission, require
from core.schedule.models import AppointmentStatus
from core.store.concerned import concern
from core.store.version import touch


def goes_back(session: Session, booking: Booking, at: datetime) -> int:
    """How many cents would go back (or be let go of) if it were cancelled `at` (UTC)."""
    charge = charge_of(session, booking)
    if charge is None:
        return 0
    return back_cents(
        charge.amount_cents,
        booking.starts_at,
        at,
        cutoff_hours=booking.cutoff_hours,
        percent=booking.refund_percent,
        percent_late=booking.refund_percent_late,
    )


def back_by_rule(session: Session, booking_id: int, at: datetime) -> int:
    """How many cents the rule gives back for this booking, cancelled `at` (UTC); 0 for one that is not there."""
    booking = session.get(Booking, booking_id)
    return goes_back(session, booking, at) if booking is not None else 0


def cancel_by_link(session: Session, token: str) -> Booking:
    """The patient cancels: a hold is let go of, a booking is over and its money goes back by the rule. Again is nothing.

    Raises BookingOver while its payment is under way or once it has begun, NotFound.
    """
    booking = booking_of(session, token, alone=True)
    if booking.state == BookingState.HELD:
        booking.state, booking.ended_at = BookingState.CANCELLED, clock.now()
        booking.reason = "You let go of the time. Nothing was charged."
        session.add(booking)
        let_go(session, booking)
        return booking
    if booking.state == BookingState.PAYING:
        raise BookingOver("Your payment is under way. Wait a moment, then cancel.")
    if booking.state != BookingState.BOOKED:
        return booking
    if booking.starts_at <= clock.now():
        raise BookingOver("This appointment has begun. Please call us.")
    cancel(
        session, booking, why="The patient cancelled online.", back=goes_back(session, booking, clock.now())
    )
    return booking


def cancel_at_desk(
    session: Session, actor: Identity, *, booking_id: int, reason: str, back: int | None = None
) -> Booking:
    """The desk cancels. back: cents that go back; None = by the rule. Raises NotAllowed, NotFound, BookingOver."""
    require(actor.role, Permission.COLLECT)
    booking = at_desk(session, actor, booking_id)
    if booking.state != BookingState.BOOKED:
        raise BookingOver(f"This booking is {booking.state}; there is nothing to cancel.")
    cents = goes_back(session, booking, clock.now()) if back is None else back
    words = " ".join(reason.split())[:200] or "no reason given"
    cancel(session, booking, why=f"Cancelled at the desk: {words}", back=cents, actor=actor)
    return booking


def refund_at_desk(session: Session, actor: Identity, *, booking_id: int, back: int, reason: str) -> Booking:
    """Give back what a booking that is over still keeps, or a part of it, in cents. Raises NotAllowed, NotFound,
    BookingOver: nothing is kept, or something went back already."""
    require(actor.role, Permission.COLLECT)
    booking = at_desk(session, actor, booking_id)
    charge = charge_of(session, booking, alone=True)
    taken = charge is not None and (charge.kind != "auth" or charge.taken_at is not None)
    if charge is None or not taken or charge.back != Back.NOTHING or not 0 < back <= charge.amount_cents:
        raise BookingOver("Nothing of this booking can be given back here. Do it at the processor.")
    words = " ".join(reason.split())[:200] or "no reason given"
    give_back(session, booking, charge, back, f"Refunded at the desk: {words}")
    booking.conflict = ""
    session.add(booking)
    audit(session, booking, "online booking refunded", actor)
    return booking


def let_rest(session: Session, actor: Identity, *, booking_id: int) -> Booking:
    """Somebody has seen what stands against a booking that is over, and leaves it as it is. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.COLLECT)
    booking = at_desk(session, actor, booking_id)
    if booking.state != BookingState.BOOKED and booking.conflict:
        booking.conflict = ""
        session.add(booking)
        note(session, booking, "Seen, and left as it is.", actor)
        audit(session, booking, "online booking left", actor)
    return booking


def cancel(
    session: Session,
    booking: Booking,
    *,
    why: str,
    back: int,
    actor: Identity | None = None,
    state: str = BookingState.CANCELLED,
    told_by_ehr: bool = False,
) -> None:
    """End a booking that stood (locked): time, money, EHR and patient. back: cents that go back of what was paid.

    told_by_ehr: it is the EHR that said so, which therefore needs not be told.
    """
    booking.state, booking.ended_at, booking.reason, booking.settled = state, clock.now(), why, True
    booking.conflict = ""
    session.add(booking)
    let_go(session, booking)
    note(session, booking, why, actor)
    back = settle_money(session, booking, back, why)
    if not told_by_ehr:
        tell_ehr(session, booking, status=AppointmentStatus.CANCELLED)
    touch(session)
    concern(session, booking.patient_id)
    audit(session, booking, "online booking ended", actor)
    if state == BookingState.CANCELLED:
        at = when(booking.starts_at, zone_of(session, booking))
        words = f" {_back_words(booking, back)}" if back else ""
        write(
            session,
            booking,
            "Your appointment is cancelled",
            f"your appointment on {at} is cancelled.{words}",
        )


def settle_money(session: Session, booking: Booking, back: int, why: str) -> int:
    """Give back or let go of `back` cents and keep the rest: how many do go back."""
    charge = charge_of(session, booking, alone=True)
    if charge is None:
        return 0
    back = max(0, min(back, charge.amount_cents))
    if charge.kind == "auth" and charge.taken_at is None:
        kept = charge.amount_cents - back
        if kept:
            take_hold(session, booking, charge, kept, why)
        else:
            give_back(session, booking, charge, charge.amount_cents, why)
        return back
    give_back(session, booking, charge, back, why)
    return back


def move_by_link(
    session: Session, token: str, *, starts_at: datetime, provider_id: int, location_id: int
) -> Booking:
    """The patient takes another time; what was paid stays paid. Raises BookingOver, TimeTaken, NotOffered, NotFound."""
    booking = booking_of(session, token, alone=True)
    if why := may_not_move(booking, clock.now()):
        raise BookingOver(why)
    return _move(session, booking, starts_at, provider_id, location_id)


def move_at_desk(
    session: Session,
    actor: Identity,
    *,
    booking_id: int,
    starts_at: datetime,
    provider_id: int,
    location_id: int,
) -> Booking:
    """The desk moves a booking, also late. Raises NotAllowed, NotFound, BookingOver, TimeTaken, NotOffered."""
    require(actor.role, Permission.COLLECT)
    booking = at_desk(session, actor, booking_id)
    if booking.state != BookingState.BOOKED:
        raise BookingOver(f"This booking is {booking.state}; there is nothing to move.")
    return _move(session, booking, starts_at, provider_id, location_id, actor)


def times_to_move_to(session: Session, booking_id: int, day: date, now: datetime) -> list[Time]:
    """The free times of a local day that the desk may move a booking to, with whoever gives its type."""
    booking = session.get_one(Booking, booking_id)
    kind = type_as_set_up(session, booking.online_type_id)
    return free(session, kind, day, 1, by=kind.providers, now=now, without=booking_id)


def may_not_move(booking: Booking, now: datetime) -> str:
    """Why the patient cannot move it by themselves, "" when they can. Late moving would undo the rule for cancelling."""
    if booking.state != BookingState.BOOKED:
        return "This appointment cannot be moved any more."
    if booking.starts_at <= now:
        return "This appointment has begun. Please call us."
    if booking.charge not in (Charge.NOTHING, Charge.CARD) and now > booking.starts_at - timedelta(
        hours=booking.cutoff_hours
    ):
        return "It is too late to move this appointment online. Please call us."
    return ""


def _move(
    session: Session,
    booking: Booking,
    starts_at: datetime,
    provider_id: int,
    location_id: int,
    actor: Identity | None = None,
) -> Booking:
    now = clock.now()
    kind = type_as_set_up(session, booking.online_type_id) if actor else offered_of(session, booking)
    if (starts_at, provider_id) == (booking.starts_at, booking.provider_id):
        return booking  # the second press of the same
    by = [
        each for each in kind.providers if (each.provider_id, each.location_id) == (provider_id, location_id)
    ]
    if not by:
        raise TimeTaken(TAKEN)
    lock_providers(session, sorted({booking.provider_id, provider_id}))
    sweep(session, [provider_id], now)
    day = clock.local_date(starts_at, by[0].time_zone)
    if starts_at not in {
        one.starts_at for one in free(session, kind, day, 1, by=by, now=now, without=booking.id)
    }:
        raise TimeTaken(TAKEN)
    before = booking.starts_at
    let_go(session, booking)
    booking.starts_at, booking.provider_id, booking.location_id = starts_at, provider_id, location_id
    booking.minutes, booking.prep_minutes = kind.offer.minutes, kind.offer.prep_minutes
    booking.group_name, booking.moved_at, booking.conflict = kind.offer.group, now, ""
    session.add(booking)
    session.flush()
    take_places(session, booking, kind.offer)
    tell_ehr(session, booking)
    zone = zone_of(session, booking)
    words = f"{when(before, zone)} to {when(starts_at, zone)}"
    note(session, booking, f"Moved from {words}. Nothing was charged for it.", actor)
    audit(session, booking, "online booking moved", actor)
    write(session, booking, "Your appointment is moved", f"your appointment is moved from {words}.")
    return booking


def at_desk(session: Session, actor: Identity, booking_id: int) -> Booking:
    """A booking of the actor's practice and place of work, locked. Raises NotFound."""
    found = session.get(Booking, booking_id)
    elsewhere = found is not None and actor.location_id not in (None, found.location_id)
    if found is None or found.practice_id != actor.practice_id or elsewhere:
        raise NotFound("This booking is not in the store any more. Refresh the list.")
    return locked(session, booking_id)


def _back_words(booking: Booking, cents: int) -> str:
    amount = short_dollars(cents)
    if booking.charge == Charge.HOLD:
        return f"The hold of {amount} on your card is released."
    return f"{amount} goes back to your card; your bank may take some days to show it."
