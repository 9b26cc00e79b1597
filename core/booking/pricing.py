"""What booking a type costs this person now, as far as the store surely knows them."""

from sqlmodel import Session

from core import clock
from core.booking.costs import Charge, Cost, cost
from core.booking.models import Booking, BookingSwitch, OnlineType
from core.booking.offers import OfferedType, offered_type
from core.booking.whom import person_of
from core.practice.models import Location


def price(session: Session, booking: Booking) -> Cost:
    """Work out what this person pays now and keep it with the booking."""
    kind, switch = offered_of(session, booking), session.get(BookingSwitch, booking.practice_id)
    place = session.get_one(Location, booking.location_id)
    ahead = clock.local_date(booking.starts_at, place.time_zone) - clock.today(place.time_zone)
    found = cost(
        Charge(kind.charge),
        kind.price_cents,
        kind.deposit_cents,
        person=person_of(session, booking.patient_id),
        days_ahead=ahead.days,
        no_shows_prepay=switch.no_shows_prepay if switch else None,
        days_ahead_prepay=switch.days_ahead_prepay if switch else None,
    )
    booking.charge, booking.amount_cents, booking.prepaid_why = found.charge, found.cents, found.why
    return found


def offered_of(session: Session, booking: Booking) -> OfferedType:
    """The type of a booking, while it is on offer. Raises NotOffered."""
    row = session.get_one(OnlineType, booking.online_type_id)
    return offered_type(session, row.slug, booking.practice_id)
