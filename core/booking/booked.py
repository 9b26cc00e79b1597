"""The moment a booking is one: its time is sure, the EHR is told, and so is the patient."""

from typing import Any

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.booking.costs import Charge
from core.booking.holding import let_go, note
from core.booking.letters import when, write
from core.booking.models import AtEhr, Booking, BookingCharge, BookingState, ChargeState, OnlineType
from core.connections.models import Connection, ConnectionState, Kind
from core.money import short_dollars
from core.outbox import commands as outbox
from core.outbox.models import OutboxKind
from core.patients.models import Patient
from core.permissions import Identity
from core.practice.models import Location
from core.schedule.models import AppointmentStatus, AppointmentType, Provider
from core.store.concerned import concern
from core.store.version import touch

SUBJECT = "booking"


def book(session: Session, booking: Booking) -> None:
    """It is booked: everything that costs something is paid by now. The booking must be locked and hold its places."""
    now = clock.now()
    booking.state, booking.booked_at, booking.refused, booking.reason = BookingState.BOOKED, now, "", ""
    session.add(booking)
    session.flush()
    tell_ehr(session, booking)
    zone = zone_of(session, booking)
    paid = paid_cents(session, booking)
    amount = f" {_paid_words(booking, paid)}" if paid else ""
    note(session, booking, f"Booked online for {when(booking.starts_at, zone)}.{amount}")
    sentence = f"your appointment on {when(booking.starts_at, zone)} is booked.{amount}"
    write(session, booking, "Your appointment is booked", sentence)
    audit(session, booking, "booked online")


def fail(session: Session, booking: Booking, reason: str, *, state: str = BookingState.FAILED) -> None:
    """Neither an appointment nor a payment: the time is free again, and the patient is told plainly."""
    booking.state, booking.ended_at, booking.reason = state, clock.now(), reason
    session.add(booking)
    let_go(session, booking)
    note(session, booking, reason)
    zone = zone_of(session, booking)
    sentence = f"your appointment on {when(booking.starts_at, zone)} could not be booked. {reason}"
    if booking.email:
        write(session, booking, "Your appointment is not booked", sentence)
    audit(session, booking, "online booking failed")


def paid_cents(session: Session, booking: Booking) -> int:
    """What is paid or held for it, less what goes back, in cents."""
    found = charge_of(session, booking)
    return max(0, found.amount_cents - found.back_cents) if found is not None else 0


def charge_of(session: Session, booking: Booking, *, alone: bool = False) -> BookingCharge | None:
    """The charge that was accepted; None when nothing was, or all of it went back."""
    query = select(BookingCharge).where(
        BookingCharge.booking_id == booking.id, BookingCharge.state == ChargeState.ACCEPTED
    )
    return session.exec(query.with_for_update() if alone else query).first()


def tell_ehr(session: Session, booking: Booking, *, status: str = AppointmentStatus.SCHEDULED) -> None:
    """Have the EHR hold it as it stands now. Where the EHR cannot be called it waits in the file to import."""
    connection = session.exec(
        select(Connection)
        .where(
            Connection.practice_id == booking.practice_id,
            Connection.kind == Kind.GENESIS,
            col(Connection.state).in_((ConnectionState.CONNECTED, ConnectionState.FAILING)),
        )
        .order_by(col(Connection.id))
        .limit(1)
    ).first()
    booking.ehr_version += 1
    if booking.at_ehr != AtEhr.MATCHED:
        booking.at_ehr = AtEhr.TO_IMPORT if connection is None else AtEhr.WAITING
    session.add(booking)
    session.flush()
    touch(session)
    concern(session, booking.patient_id)
    if connection is not None:
        outbox.put(
            session,
            kind=OutboxKind.BOOKING_EHR,
            payload=ehr_row(session, booking, status=status),
            connection_id=connection.id,
            location_id=booking.location_id,
            subject_kind=SUBJECT,
            subject_id=booking.id or 0,
        )


def ehr_row(session: Session, booking: Booking, *, status: str) -> dict[str, Any]:
    """A booking in the EHR's own ids. starts_at: local to the location; patient_ref "" = the EHR has nobody yet."""
    place = session.get_one(Location, booking.location_id)
    provider = session.get_one(Provider, booking.provider_id)
    offered = session.get_one(OnlineType, booking.online_type_id)
    kind = session.get_one(AppointmentType, offered.appointment_type_id)
    patient = session.get(Patient, booking.patient_id) if booking.patient_id else None
    local = booking.starts_at.astimezone(clock.zone(place.time_zone))
    return {
        "key": booking.key,
        "version": booking.ehr_version,
        "patient_ref": patient.external_id if patient else "",
        "first_name": booking.first_name,
        "last_name": booking.last_name,
        "birth_date": booking.birth_date.isoformat() if booking.birth_date else "",
        "email": booking.email or "",
        "mobile_phone": booking.mobile_phone or "",
        "location_ref": place.external_id,
        "provider_ref": provider.external_id,
        "type_ref": kind.external_id,
        "starts_at": local.isoformat(timespec="minutes"),
        "minutes": booking.minutes,
        "status": status,
        "ehr_ref": booking.ehr_ref,
    }


def zone_of(session: Session, booking: Booking) -> str:
    """The time zone of a booking's location."""
    return session.get_one(Location, booking.location_id).time_zone


def audit(session: Session, booking: Booking, action: str, actor: Identity | None = None) -> None:
    """One audit row: states and cents, never who."""
    record(
        session,
        who=actor,
        action=action,
        subject_kind=SUBJECT,
        subject_id=booking.id or 0,
        detail={"state": booking.state, "cents": booking.amount_cents},
    )


def _paid_words(booking: Booking, cents: int) -> str:
    amount = short_dollars(cents)
    return f"{amount} is held on your card." if booking.charge == Charge.HOLD else f"You paid {amount}."
