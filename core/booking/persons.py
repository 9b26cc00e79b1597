"""A person at the desk says whom a booking is for (DOMAIN §11)."""

from sqlmodel import Session

from core.booking.booked import audit, tell_ehr
from core.booking.changing import at_desk
from core.booking.following import name_it
from core.booking.holding import note
from core.booking.models import AtEhr, Booking, Known
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require


def confirm_patient(session: Session, actor: Identity, *, booking_id: int, patient_id: int) -> Booking:
    """It is this patient: the booking, and what was paid for it, are theirs. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.COLLECT)
    booking = at_desk(session, actor, booking_id)
    patient_of(session, actor, patient_id)
    if booking.patient_id == patient_id:
        return booking
    name_it(session, booking, patient_id)
    note(session, booking, "A person said which patient it is.", actor)
    if booking.at_ehr != AtEhr.MATCHED:
        tell_ehr(session, booking)
    audit(session, booking, "online booking named", actor)
    return booking


def say_new(session: Session, actor: Identity, *, booking_id: int) -> Booking:
    """It is nobody the practice knows yet. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.COLLECT)
    booking = at_desk(session, actor, booking_id)
    if booking.known == Known.PROPOSED:
        booking.known, booking.proposed_id, booking.evidence = Known.NEW, None, ""
        session.add(booking)
        note(session, booking, "A person said that it is somebody new.", actor)
        audit(session, booking, "online booking named", actor)
    return booking
