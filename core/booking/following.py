"""Bookings and the EHR: found again there, followed there, and what is to be done when the two do not agree.

A booking is one appointment for ever: once the EHR has a row for it, that row is the appointment, and the booking only
says what was agreed and paid for it.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from core.booking.booked import charge_of, paid_cents, zone_of
from core.booking.busy import same_people
from core.booking.changing import cancel, goes_back, settle_money
from core.booking.costs import HOLD_LASTS
from core.booking.free_times import GRAIN_MINUTES, grains, span_of
from core.booking.holding import let_go, lock_providers, note, still_free
from core.booking.letters import when
from core.booking.models import (
    AtEhr,
    Back,
    BookedPlace,
    Booking,
    BookingCharge,
    BookingState,
    ChargeState,
    Known,
    OnlineType,
)
from core.booking.offers import offer_of
from core.booking.paying import give_back, locked, take_hold
from core.connections.models import Connection
from core.matching.commands import give_patient
from core.matching.rules import name_key
from core.money import short_dollars
from core.patients.models import LinkState, Patient, ProcessorContact
from core.payments.models import Payment, PaymentStatus
from core.schedule.models import Appointment, AppointmentStatus
from core.store.concerned import concern
from core.store.version import touch

LOOK_BACK, EHR_HAS = timedelta(days=30), timedelta(hours=1)
NO_WORD = timedelta(days=2)
_CAME = (AppointmentStatus.ARRIVED, AppointmentStatus.COMPLETED)
_DEAD = (AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULED)


def open_bookings(session: Session, now: datetime) -> list[int]:
    """Store ids of the bookings that still have something to follow."""
    return list(
        session.exec(
            select(Booking.id)
            .where(
                Booking.state == BookingState.BOOKED,
                or_(Booking.starts_at > now - LOOK_BACK, col(Booking.settled).is_(False)),
            )
            .order_by(col(Booking.id))
        )
    )  # type: ignore[return-value]


def follow_booking(session: Session, booking_id: int, now: datetime) -> None:
    """Find it in the EHR, take over what happened there, look for what stands against it, and see to its hold."""
    booking = locked(session, booking_id)
    if booking.state != BookingState.BOOKED:
        return
    before = _standing(booking)
    _follow(session, booking, now)
    if _standing(booking) != before:
        touch(session)
        concern(session, booking.patient_id)


def _standing(booking: Booking) -> tuple[object, ...]:
    """What the morning shows of it."""
    return (booking.state, booking.appointment_id, booking.patient_id, booking.conflict, booking.settled)


def _follow(session: Session, booking: Booking, now: datetime) -> None:
    if booking.appointment_id is None:
        _find(session, booking, now)
    visit = session.get(Appointment, booking.appointment_id) if booking.appointment_id else None
    if visit is not None:
        _take_over(session, booking, visit, now)
        visit = session.get(Appointment, booking.appointment_id)
    if booking.state != BookingState.BOOKED:
        return
    _see_to_hold(session, booking, now)
    if booking.starts_at > now:
        _say_conflict(session, booking, visit, now)
    elif visit is None and not booking.settled and now > booking.starts_at + NO_WORD:
        settle_money(session, booking, 0, "The visit's time is over, and the EHR said nothing of it.")
        booking.settled = True
    session.add(booking)


def _find(session: Session, booking: Booking, now: datetime) -> None:
    """The EHR's own row: by its id there, else the one visit with this provider at this time of this person."""
    taken = select(Booking.appointment_id).where(col(Booking.appointment_id).is_not(None))
    people = same_people(session, [booking.provider_id])[booking.provider_id]
    rows = session.exec(
        select(Appointment, Patient)
        .join(Connection, col(Connection.id) == Appointment.connection_id)
        .join(Patient, col(Patient.id) == Appointment.patient_id)
        .where(
            Connection.practice_id == booking.practice_id,
            col(Appointment.gone_at).is_(None),
            col(Appointment.id).not_in(taken),
            or_(
                (col(Appointment.external_id) == booking.ehr_ref) & (booking.ehr_ref != ""),
                (or_(col(Appointment.provider_id).in_(people), col(Appointment.provider_id).is_(None)))
                & (col(Appointment.starts_at) == booking.starts_at)
                & (col(Appointment.status).not_in(list(_DEAD))),
            ),
        )
        .order_by(col(Appointment.id))
    ).all()
    own = [row for row in rows if booking.ehr_ref and row[0].external_id == booking.ehr_ref]
    found = next(iter(own or [row for row in rows if _same_person(booking, row[1])]), None)
    if found is None:
        return
    visit, patient = found
    booking.appointment_id, booking.at_ehr = visit.id, AtEhr.MATCHED
    booking.ehr_starts_at = visit.starts_at
    note(session, booking, "The EHR has it.")
    if booking.patient_id != patient.id:
        name_it(session, booking, patient.id or 0)
    session.add(booking)


def _same_person(booking: Booking, patient: Patient) -> bool:
    if booking.patient_id is not None:
        return booking.patient_id == patient.id
    same_name = name_key(booking.first_name, booking.last_name) == name_key(
        patient.first_name, patient.last_name
    )
    return same_name and patient.birth_date in (None, booking.birth_date)


def name_it(session: Session, booking: Booking, patient_id: int) -> None:
    """It is this patient's booking, surely: what they paid for it is theirs as well."""
    booking.patient_id, booking.proposed_id, booking.known = patient_id, None, Known.MATCHED
    session.add(booking)
    refs = session.exec(
        select(BookingCharge.connection_id, BookingCharge.contact_ref).where(
            BookingCharge.booking_id == booking.id, col(BookingCharge.contact_ref).is_not(None)
        )
    ).all()
    for connection_id, contact_ref in set(refs):
        contact = session.exec(
            select(ProcessorContact).where(
                ProcessorContact.connection_id == connection_id,
                ProcessorContact.external_id == contact_ref,
                ProcessorContact.link_state != LinkState.LINKED,
            )
        ).first()
        if contact is not None and contact.ehr_id == booking.key:
            give_patient(session, contact, patient_id, "online booking")


def _take_over(session: Session, booking: Booking, visit: Appointment, now: datetime) -> None:
    """What the EHR says of its row since the last look."""
    if visit.status == AppointmentStatus.CANCELLED and visit.gone_at is None:
        _cancelled_in_ehr(session, booking, now)
        return
    if visit.gone_at is not None or visit.status == AppointmentStatus.RESCHEDULED:
        if (other := _successor(session, booking, visit)) is None:
            return  # said as a conflict: money moves by itself only where the EHR says that it is cancelled
        booking.appointment_id, visit = other.id, other
        note(session, booking, "The EHR has it under a new number.")
    if visit.status == AppointmentStatus.NO_SHOW:
        back = goes_back(session, booking, booking.starts_at)
        cancel(
            session, booking, why="The patient did not come.", back=back, state=BookingState.NO_SHOW,
            told_by_ehr=True,
        )  # fmt: skip
        return
    if visit.status in _CAME and not booking.settled:
        settle_money(session, booking, 0, "The patient arrived.")
        booking.settled = True
        session.add(booking)
    if visit.starts_at != booking.ehr_starts_at or (
        visit.provider_id not in (None, *same_people(session, [booking.provider_id])[booking.provider_id])
        and booking.moved_at is None
    ):
        _moved_in_ehr(session, booking, visit)


def _cancelled_in_ehr(session: Session, booking: Booking, now: datetime) -> None:
    """By the rule; but who cancelled is not said, and a practice that cancels late may want to give back what it kept."""
    back, paid = goes_back(session, booking, now), paid_cents(session, booking)
    cancel(session, booking, why="It was cancelled in the EHR.", back=back, told_by_ehr=True)
    if paid > back:
        kept = short_dollars(paid - back)
        booking.conflict = (
            f"Cancelled in the EHR after the cut-off: {kept} was kept. Refund it if you cancelled."
        )
        session.add(booking)


def _successor(session: Session, booking: Booking, visit: Appointment) -> Appointment | None:
    """The one newer visit of the same patient and type that no booking has: what the old copy was moved to."""
    taken = select(Booking.appointment_id).where(col(Booking.appointment_id).is_not(None))
    found = session.exec(
        select(Appointment)
        .where(
            Appointment.connection_id == visit.connection_id,
            Appointment.patient_id == visit.patient_id,
            col(Appointment.appointment_type_id) == visit.appointment_type_id,
            col(Appointment.id) > visit.id,
            col(Appointment.id).not_in(taken),
            col(Appointment.gone_at).is_(None),
            col(Appointment.status).not_in([*_DEAD, AppointmentStatus.NO_SHOW]),
        )
        .order_by(col(Appointment.id))
    ).all()
    return found[0] if len(found) == 1 else None


def _moved_in_ehr(session: Session, booking: Booking, visit: Appointment) -> None:
    """The desk moved it in the EHR: the EHR's word holds, whatever else stands there."""
    booking.ehr_starts_at = visit.starts_at
    provider_id = visit.provider_id or booking.provider_id
    if (visit.starts_at, provider_id) == (booking.starts_at, booking.provider_id):
        return
    lock_providers(session, sorted({booking.provider_id, provider_id}))
    let_go(session, booking)
    booking.starts_at, booking.provider_id = visit.starts_at, provider_id
    session.add(booking)
    session.flush()
    _stand_anyway(session, booking)
    note(session, booking, f"Moved in the EHR to {when(booking.starts_at, zone_of(session, booking))}.")


def _stand_anyway(session: Session, booking: Booking) -> None:
    """Places beyond everybody else's: the EHR may hold more people at one time than are offered online."""
    span = span_of(booking.starts_at, booking.minutes, booking.prep_minutes)
    at = span.starts_at
    aligned = at.replace(minute=at.minute - at.minute % GRAIN_MINUTES, second=0, microsecond=0)
    for at in grains(span._replace(starts_at=aligned)):
        taken = set(
            session.exec(
                select(BookedPlace.place).where(
                    BookedPlace.provider_id == booking.provider_id, BookedPlace.at == at
                )
            )
        )
        place = next(n for n in range(len(taken) + 1) if n not in taken)
        session.add(
            BookedPlace(provider_id=booking.provider_id, at=at, place=place, booking_id=booking.id or 0)
        )
    session.flush()


def _see_to_hold(session: Session, booking: Booking, now: datetime) -> None:
    """A hold is taken before the bank lets it go."""
    charge = charge_of(session, booking, alone=True)
    if charge is None or charge.kind != "auth" or charge.taken_at is not None:
        return
    if now >= (charge.done_at or charge.made_at) + HOLD_LASTS:
        take_hold(session, booking, charge, charge.amount_cents, "The bank would let it go soon.")


def _say_conflict(session: Session, booking: Booking, visit: Appointment | None, now: datetime) -> None:
    sentence = _conflict(session, booking, visit, now)
    if sentence == booking.conflict:
        return
    booking.conflict = sentence
    session.add(booking)
    note(session, booking, sentence or "What stood against it is gone.")


def _conflict(session: Session, booking: Booking, visit: Appointment | None, now: datetime) -> str:
    at = when(booking.starts_at, zone_of(session, booking))
    if not still_free(session, booking, offer_of(session.get_one(OnlineType, booking.online_type_id))):
        return (
            f"The EHR holds something else with this provider on {at}. Move it, call, or cancel and refund."
        )
    if visit is not None and (visit.gone_at is not None or visit.status in _DEAD):
        return f"The EHR has moved or removed the visit of {at}, and it is not known to where. Call, move it, or cancel."
    since = booking.moved_at or booking.booked_at or now
    if booking.at_ehr == AtEhr.REFUSED:
        return f"The EHR did not take the booking of {at}. Enter it there, or call the patient."
    if visit is not None and visit.starts_at != booking.starts_at and now > since + EHR_HAS:
        return f"The EHR still shows the old time. Move it there to {at}."
    return ""


def late_charges(session: Session) -> list[int]:
    """Store ids of charges that were given up, and that the processor made all the same."""
    return list(
        session.exec(
            select(BookingCharge.id)
            .join(
                Payment,
                (col(Payment.connection_id) == BookingCharge.connection_id)
                & (col(Payment.order_id) == BookingCharge.order_id),
            )
            .where(
                col(BookingCharge.state).in_([ChargeState.NOT_MADE, ChargeState.DECLINED]),
                BookingCharge.back == Back.NOTHING,
                col(Payment.status).in_([PaymentStatus.APPROVED, PaymentStatus.PENDING]),
                col(Payment.refund_ref).is_(None),
                col(Payment.gone_at).is_(None),
            )
            .distinct()
        )
    )  # type: ignore[return-value]


def give_back_late(session: Session, charge_id: int) -> None:
    """Money of a charge that was given up goes back: its booking is over."""
    found = session.get_one(BookingCharge, charge_id)
    booking = locked(session, found.booking_id)
    charge = session.get_one(BookingCharge, charge_id, with_for_update=True, populate_existing=True)
    if charge.state not in (ChargeState.NOT_MADE, ChargeState.DECLINED):
        return
    payment = session.exec(
        select(Payment).where(
            Payment.connection_id == charge.connection_id, Payment.order_id == charge.order_id
        )
    ).first()
    if payment is None:
        return
    charge.state, charge.payment_ref, charge.amount_cents = (
        ChargeState.ACCEPTED,
        payment.external_id,
        payment.amount_cents,
    )
    session.add(charge)
    give_back(session, booking, charge, charge.amount_cents, "It went through after it had been given up.")
