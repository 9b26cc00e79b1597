"""Online bookings as the desk sees them: of the day and to come, what needs a person, and what went back. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, or_, select

from core import clock
from core.booking.booked import ehr_row
from core.booking.costs import Charge
from core.booking.models import (
    AtEhr,
    Back,
    Booking,
    BookingCharge,
    BookingState,
    BookingStep,
    ChargeState,
    Known,
    OnlineType,
    PrepayByName,
    Who,
)
from core.money import short_dollars
from core.patients.models import Patient
from core.practice.models import Location
from core.schedule.models import AppointmentStatus, AppointmentType, Provider
from core.staff.models import Staff

CALL_WITHIN = timedelta(days=7)
CSV_COLUMNS = (
    "appointment_id", "patient_id", "provider_id", "appointment_type_id", "starts_at", "minutes", "status",
    "first_name", "last_name", "birth_date", "mobile_phone", "email",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BookingRow:
    """One booking. Instants are UTC (time_zone: the location's), amounts cents.

    patient_id: store id of the sure patient; proposed_id, proposed: who it may be, for a person to confirm. must_prepay: of
    the sure patient by name, None = as the rules say. paid: a sentence, "" when nothing is. back: how money that goes back stands (models.Back). needs: what a person has to do.
    """

    booking_id: int
    state: str
    starts_at: datetime
    time_zone: str
    minutes: int
    provider_id: int
    provider: str
    location_id: int
    location: str
    online_type_id: int
    appointment_type: str
    patient: str
    patient_id: int | None
    known: str
    proposed_id: int | None
    proposed: str
    evidence: str
    must_prepay: bool | None
    mobile_phone: str
    email: str
    charge: str
    amount_cents: int
    paid_cents: int
    paid: str
    prepaid_why: str
    back: str
    back_cents: int
    back_why: str
    at_ehr: str
    conflict: str
    reason: str
    created_at: datetime
    booked_at: datetime | None
    ended_at: datetime | None
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step in a booking's history. who: "" = the patient, or Huddle itself."""

    at: datetime
    words: str
    who: str


def bookings_between(
    session: Session, first: date, last: date, *, location_id: int | None = None, practice_id: int = 1
) -> list[BookingRow]:
    """What stands or stood for the local days from `first` to `last`, in the order of time; given-up holds left out."""
    start = datetime.combine(first, datetime.min.time(), clock.EPOCH.tzinfo) - timedelta(days=1)
    end = datetime.combine(last, datetime.min.time(), clock.EPOCH.tzinfo) + timedelta(days=2)
    states = (BookingState.BOOKED, BookingState.PAYING, BookingState.NO_SHOW, BookingState.CANCELLED)
    found = _rows(
        session,
        select(Booking).where(
            Booking.starts_at >= start,
            Booking.starts_at < end,
            col(Booking.state).in_(states),
            Booking.last_name != "",
        ),
        practice_id,
        location_id,
    )
    return [row for row in found if first <= clock.local_date(row.starts_at, row.time_zone) <= last]


def bookings_waiting(
    session: Session, *, now: datetime | None = None, location_id: int | None = None, practice_id: int = 1
) -> list[BookingRow]:
    """What needs a person: somebody to confirm, something at the EHR, money that could not go back. Soonest first."""
    now = now or clock.now()
    refused = select(BookingCharge.booking_id).where(BookingCharge.back == Back.REFUSED)
    found = _rows(
        session,
        select(Booking).where(
            or_(
                (col(Booking.state) == BookingState.BOOKED)
                & (col(Booking.starts_at) > now - timedelta(days=1)),
                col(Booking.id).in_(refused),
                (col(Booking.conflict) != "") & (col(Booking.ended_at) > now - CALL_WITHIN),
                (col(Booking.state) == BookingState.PAYING)
                & (col(Booking.hold_until) < now - timedelta(minutes=15)),
            )
        ),
        practice_id,
        location_id,
    )
    return [row for row in found if row.needs]


def holds_unpaid(
    session: Session, *, now: datetime | None = None, location_id: int | None = None, practice_id: int = 1
) -> list[BookingRow]:
    """Who gave their name, held a time that has not passed, and did not finish: call them. The latest first."""
    now = now or clock.now()
    found = _rows(
        session,
        select(Booking).where(
            col(Booking.state).in_([BookingState.EXPIRED, BookingState.FAILED]),
            Booking.last_name != "",
            Booking.starts_at > now,
            Booking.created_at > now - CALL_WITHIN,
        ),
        practice_id,
        location_id,
    )
    came_back = set(
        session.exec(
            select(Booking.mobile_phone).where(
                Booking.state == BookingState.BOOKED, Booking.created_at > now - CALL_WITHIN
            )
        )
    )
    waiting = [row for row in found if row.mobile_phone not in came_back]
    return sorted(waiting, key=lambda row: row.created_at, reverse=True)


def money_back(
    session: Session, *, since: datetime, location_id: int | None = None, practice_id: int = 1
) -> list[BookingRow]:
    """What went back (or is on its way) since an instant, and why. The latest first."""
    charged = select(BookingCharge.booking_id).where(
        BookingCharge.back != Back.NOTHING, BookingCharge.made_at >= since - timedelta(days=366)
    )
    found = _rows(session, select(Booking).where(col(Booking.id).in_(charged)), practice_id, location_id)
    late = [row for row in found if (row.ended_at or row.created_at) >= since]
    return sorted(late, key=lambda row: row.ended_at or row.created_at, reverse=True)


def history(session: Session, booking_id: int) -> list[StepRow]:
    """Everything that happened to a booking, oldest first."""
    rows = session.exec(
        select(BookingStep, Staff.display_name)
        .outerjoin(Staff, col(Staff.id) == BookingStep.staff_id)
        .where(BookingStep.booking_id == booking_id)
        .order_by(col(BookingStep.at), col(BookingStep.id))
    )
    return [StepRow(step.at, step.words, name or "") for step, name in rows]


def for_the_ehr(session: Session, *, practice_id: int = 1) -> list[dict[str, str]]:
    """Bookings that no EHR could be told, as rows to import there: the appointments' columns (CONTRACTS §3) and who it is."""
    rows = session.exec(
        select(Booking)
        .where(
            Booking.practice_id == practice_id,
            Booking.at_ehr == AtEhr.TO_IMPORT,
            Booking.state == BookingState.BOOKED,
        )
        .order_by(col(Booking.starts_at))
    )
    found = []
    for booking in rows:
        said = ehr_row(session, booking, status=AppointmentStatus.SCHEDULED)
        found.append(
            {
                "appointment_id": booking.key,
                "patient_id": said["patient_ref"],
                "provider_id": said["provider_ref"],
                "appointment_type_id": said["type_ref"],
                "starts_at": said["starts_at"],
                "minutes": str(said["minutes"]),
                "status": said["status"],
                **{name: str(said[name]) for name in CSV_COLUMNS[7:]},
            }
        )
    return found


def _rows(session: Session, query: Any, practice_id: int, location_id: int | None) -> list[BookingRow]:
    query = query.where(Booking.practice_id == practice_id)
    if location_id is not None:
        query = query.where(Booking.location_id == location_id)
    bookings = session.exec(query.order_by(col(Booking.starts_at), col(Booking.id))).all()
    charges = _charges(session, [each.id or 0 for each in bookings])
    return [_row(session, each, charges.get(each.id or 0, ())) for each in bookings]


def _charges(session: Session, ids: Sequence[int]) -> dict[int, list[BookingCharge]]:
    found: dict[int, list[BookingCharge]] = {}
    query = select(BookingCharge).where(col(BookingCharge.booking_id).in_(ids))
    for row in session.exec(query.order_by(col(BookingCharge.id))):
        found.setdefault(row.booking_id, []).append(row)
    return found


def _row(session: Session, booking: Booking, charges: Sequence[BookingCharge]) -> BookingRow:
    place = session.get_one(Location, booking.location_id)
    offered = session.get_one(OnlineType, booking.online_type_id)
    paid = sum(each.amount_cents - each.back_cents for each in charges if each.state == ChargeState.ACCEPTED)
    back = next((each for each in reversed(charges) if each.back != Back.NOTHING), None)
    proposed = session.get(Patient, booking.proposed_id) if booking.proposed_id else None
    by_name = session.get(PrepayByName, booking.patient_id) if booking.patient_id else None
    return BookingRow(
        booking_id=booking.id or 0,
        state=booking.state,
        starts_at=booking.starts_at,
        time_zone=place.time_zone,
        minutes=booking.minutes,
        provider_id=booking.provider_id,
        provider=session.get_one(Provider, booking.provider_id).name,
        location_id=booking.location_id,
        location=place.name,
        online_type_id=booking.online_type_id,
        appointment_type=session.get_one(AppointmentType, offered.appointment_type_id).name,
        patient=f"{booking.first_name} {booking.last_name}".strip(),
        patient_id=booking.patient_id,
        known=booking.known,
        proposed_id=booking.proposed_id,
        proposed=f"{proposed.first_name} {proposed.last_name}".strip() if proposed else "",
        evidence=booking.evidence,
        must_prepay=by_name.must_prepay if by_name else None,
        mobile_phone=booking.mobile_phone or "",
        email=booking.email or "",
        charge=booking.charge,
        amount_cents=booking.amount_cents,
        paid_cents=paid,
        paid=_paid(booking, charges, paid),
        prepaid_why=booking.prepaid_why,
        back=back.back if back else Back.NOTHING,
        back_cents=back.back_cents if back else 0,
        back_why=back.back_why if back else "",
        at_ehr=booking.at_ehr,
        conflict=booking.conflict,
        reason=booking.reason,
        created_at=booking.created_at,
        booked_at=booking.booked_at,
        ended_at=booking.ended_at,
        needs=tuple(_needs(booking, offered, charges)),
    )


def _paid(booking: Booking, charges: Sequence[BookingCharge], cents: int) -> str:
    kept = next((each for each in charges if each.state == ChargeState.ACCEPTED), None)
    if kept is None:
        return ""
    if booking.charge == Charge.CARD:
        return "Card on file"
    if booking.charge == Charge.HOLD and kept.taken_at is None:
        return f"{short_dollars(cents)} held"
    return f"Prepaid {short_dollars(cents)}"


def _needs(booking: Booking, offered: OnlineType, charges: Sequence[BookingCharge]) -> Iterable[str]:
    if any(each.back == Back.REFUSED for each in charges):
        yield "The money could not be given back by itself. Refund it at the processor."
    if any(each.taken_at is not None and each.reason for each in charges):
        yield "The hold could not be taken. Ask for the amount another way."
    if booking.conflict:
        yield booking.conflict
    if booking.state == BookingState.PAYING:
        order = charges[-1].order_id if charges else ""
        yield f"Nobody knows yet whether it was paid. Look for order {order} at the processor."
    if booking.state != BookingState.BOOKED:
        return
    if booking.at_ehr == AtEhr.TO_IMPORT:
        new = " Somebody new: add them there first." if booking.known == Known.NEW else ""
        yield f"Import it into the EHR: it is in the file of bookings.{new}"
    if booking.known == Known.PROPOSED:
        yield "Probably a patient: say whether it is them."
    if booking.known == Known.NEW and offered.who == Who.EXISTING:
        yield "This type is for existing patients, and nobody here answers to these facts. Call first."
    if booking.known == Known.MATCHED and offered.who == Who.NEW:
        yield "This type is for new patients, and this is one you know."
