"""What the rules of the morning need to know of a patient's online bookings: prepaid, held, and what stands against them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from core.booking.models import Booking, BookingCharge, BookingState, ChargeState
from core.store.base import table_of

_booking, _charge = table_of(Booking), table_of(BookingCharge)


class BookingFacts(NamedTuple):
    """One booking that stands. appointment_id: the EHR's visit (store id), None while it has none. starts_at: UTC.

    prepaid_cents: paid for it; held_cents: only held on the card, and not paid before it is taken. conflict: a sentence.
    """

    key: str
    appointment_id: int | None
    starts_at: datetime
    conflict: str
    prepaid_cents: int
    held_cents: int


def bookings_of(session: Session, patient_ids: Sequence[int]) -> list[tuple[int, BookingFacts]]:
    """The standing bookings of these patients, by patient."""
    accepted = (_charge.c.booking_id == _booking.c.id) & (_charge.c.state == ChargeState.ACCEPTED.value)
    rows = session.execute(
        select(
            _booking.c.patient_id,
            _booking.c.key,
            _booking.c.appointment_id,
            _booking.c.starts_at,
            _booking.c.conflict,
            _charge.c.kind,
            _charge.c.amount_cents,
            _charge.c.back_cents,
            _charge.c.taken_at,
        )
        .select_from(_booking.outerjoin(_charge, accepted))
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
) -> BookingFacts:
    kept = (amount_cents or 0) - (back_cents or 0)
    held = kept if kind == "auth" and taken_at is None else 0
    return BookingFacts(key, appointment_id, starts_at, conflict, kept - held, held)
