"""What the morning needs to know of online bookings: prepaid, held, what stands against them, and which the EHR has not."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from core.booking.models import Booking, BookingCharge, BookingState, ChargeState, OnlineType
from core.schedule.models import AppointmentType, Provider
from core.store.base import table_of

_booking, _charge = table_of(Booking), table_of(BookingCharge)
_offered, _kind, _provider = table_of(OnlineType), table_of(AppointmentType), table_of(Provider)
_ACCEPTED = (_charge.c.booking_id == _booking.c.id) & (_charge.c.state == ChargeState.ACCEPTED.value)
_FACTS = (
    _booking.c.key,
    _booking.c.appointment_id,
    _booking.c.starts_at,
    _booking.c.conflict,
    _charge.c.kind,
    _charge.c.amount_cents,
    _charge.c.back_cents,
    _charge.c.taken_at,
    _charge.c.payment_ref,
)


class BookingFacts(NamedTuple):
    """One booking that stands. appointment_id: the EHR's visit (store id), None while it has none. starts_at: UTC.

    prepaid_cents: paid for it; held_cents: only held on the card, and not paid before it is taken. payment_ref: the processor's. conflict: a sentence.
    """

    key: str
    appointment_id: int | None
    starts_at: datetime
    conflict: str
    prepaid_cents: int
    held_cents: int
    payment_ref: str | None = None


class UnseenBooking(NamedTuple):
    """A booking that stands and that the EHR has not shown yet. patient_id None: nobody knows surely who it is.

    price_cents: of the type in the EHR, None = unknown.
    """

    booking_id: int
    patient_id: int | None
    first_name: str
    last_name: str
    mobile_phone: str | None
    starts_at: datetime
    minutes: int
    provider_id: int
    provider_ref: str
    provider: str
    appointment_type_id: int
    appointment_type: str
    service_class: str | None
    price_cents: int | None
    facts: BookingFacts


def bookings_of(session: Session, patient_ids: Sequence[int]) -> list[tuple[int, BookingFacts]]:
    """The standing bookings of these patients, by patient."""
    rows = session.execute(
        select(_booking.c.patient_id, *_FACTS)
        .select_from(_booking.outerjoin(_charge, _ACCEPTED))
        .where(
            _booking.c.patient_id.in_(list(patient_ids)),
            _booking.c.state == BookingState.BOOKED.value,
        )
        .order_by(_booking.c.id)
    )
    return [(row[0], _facts(*row[1:])) for row in rows]


def _facts(
    key: str,
    appointment_id: int | None,
    starts_at: datetime,
    conflict: str,
    kind: str | None,
    amount_cents: int | None,
    back_cents: int | None,
    taken_at: datetime | None,
    payment_ref: str | None,
) -> BookingFacts:
    kept = (amount_cents or 0) - (back_cents or 0)
    held = kept if kind == "auth" and taken_at is None else 0
    return BookingFacts(key, appointment_id, starts_at, conflict, kept - held, held, payment_ref)


def unseen_bookings(
    session: Session, *, practice_id: int, location_id: int, start: datetime, end: datetime
) -> list[UnseenBooking]:
    """What is booked online at a location from `start` to just before `end` (UTC) and has no visit of the EHR's yet."""
    rows = session.execute(
        select(
            _booking.c.id,
            _booking.c.patient_id,
            _booking.c.first_name,
            _booking.c.last_name,
            _booking.c.mobile_phone,
            _booking.c.starts_at,
            _booking.c.minutes,
            _provider.c.id,
            _provider.c.external_id,
            _provider.c.name,
            _kind.c.id,
            _kind.c.name,
            _kind.c.service_class,
            _kind.c.price_cents,
            *_FACTS,
        )
        .select_from(
            _booking.join(_provider, _provider.c.id == _booking.c.provider_id)
            .join(_offered, _offered.c.id == _booking.c.online_type_id)
            .join(_kind, _kind.c.id == _offered.c.appointment_type_id)
            .outerjoin(_charge, _ACCEPTED)
        )
        .where(
            _booking.c.practice_id == practice_id,
            _booking.c.state == BookingState.BOOKED.value,
            _booking.c.starts_at >= start,
            _booking.c.starts_at < end,
            _booking.c.location_id == location_id,
            _booking.c.appointment_id.is_(None),
        )
        .order_by(_booking.c.starts_at, _booking.c.id)
    )
    return [UnseenBooking._make((*row[:14], _facts(*row[14:]))) for row in rows]
