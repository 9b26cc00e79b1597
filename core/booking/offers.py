"""What is on offer to patients now, and what stands in the way of each provider's time. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from core import clock
from core.booking.busy import busy_of, group_of
from core.booking.free_times import Busy, Offer, Stretch, free_times
from core.booking.missing import missing_for, providers_of
from core.booking.models import (
    BookingSwitch,
    DayOff,
    OnlineType,
    ProviderHours,
)
from core.errors import NotFound
from core.practice.models import Location
from core.schedule.models import AppointmentType, Provider


class NotOffered(NotFound):
    """This cannot be booked online, now or at all. The sentence is for the patient."""


@dataclass(frozen=True, slots=True)
class Bookable:
    """A provider at a location, as a patient may choose them."""

    provider_id: int
    provider: str
    location_id: int
    location: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class OfferedType:
    """A type that patients can book now. price_cents None = not known, and then not charged."""

    online_type_id: int
    appointment_type_id: int
    slug: str
    name: str
    text: str
    who: str
    offer: Offer
    charge: str
    price_cents: int | None
    deposit_cents: int | None
    refund_percent: int
    refund_percent_late: int
    cutoff_hours: int
    members_free: bool
    providers: tuple[Bookable, ...]


@dataclass(frozen=True, slots=True)
class Time:
    """A time that is free now: with whom, when (UTC)."""

    starts_at: datetime
    by: Bookable


def is_open(session: Session, practice_id: int = 1) -> bool:
    """Whether online booking is switched on."""
    switch = session.get(BookingSwitch, practice_id)
    return switch is not None and switch.is_on


def offered_types(session: Session, practice_id: int = 1) -> list[OfferedType]:
    """Everything that patients can book now, by name; nothing while online booking is stopped."""
    if not is_open(session, practice_id):
        return []
    rows = session.exec(
        select(OnlineType, AppointmentType)
        .join(AppointmentType, col(AppointmentType.id) == OnlineType.appointment_type_id)
        .where(
            OnlineType.practice_id == practice_id,
            col(OnlineType.is_on),
            col(AppointmentType.gone_at).is_(None),
        )
        .order_by(AppointmentType.name)
    ).all()
    return [_offered(session, row, kind) for row, kind in rows if not missing_for(session, row)]


def offered_type(session: Session, slug: str, practice_id: int = 1) -> OfferedType:
    """The type of an address. Raises NotOffered."""
    found = next((each for each in offered_types(session, practice_id) if each.slug == slug), None)
    if found is None:
        raise NotOffered("This appointment cannot be booked online at the moment.")
    return found


def type_as_set_up(session: Session, online_type_id: int) -> OfferedType:
    """A type as it is set up, on offer or not: for the desk, which may move a booking while online booking is stopped."""
    row = session.get_one(OnlineType, online_type_id)
    return _offered(session, row, session.get_one(AppointmentType, row.appointment_type_id))


def types_as_set_up(session: Session, practice_id: int = 1) -> list[OfferedType]:
    """Every type with its set-up, on offer or not, by name: for a look at the pages before they are opened."""
    rows = session.exec(
        select(OnlineType.id)
        .join(AppointmentType, col(AppointmentType.id) == OnlineType.appointment_type_id)
        .where(OnlineType.practice_id == practice_id, col(AppointmentType.gone_at).is_(None))
        .order_by(AppointmentType.name)
    ).all()
    return [type_as_set_up(session, each) for each in rows if each is not None]


def offer_of(row: OnlineType) -> Offer:
    """The times' part of an offered type."""
    return Offer(
        row.minutes,
        row.step_minutes,
        row.prep_minutes,
        row.notice_minutes,
        row.days_ahead,
        row.capacity,
        group_of(row),
    )


def _offered(session: Session, row: OnlineType, kind: AppointmentType) -> OfferedType:
    return OfferedType(
        online_type_id=row.id or 0,
        appointment_type_id=row.appointment_type_id,
        slug=row.slug,
        name=kind.name,
        text=row.text,
        who=row.who,
        offer=offer_of(row),
        charge=row.charge,
        price_cents=row.price_cents or kind.price_cents,
        deposit_cents=row.deposit_cents,
        refund_percent=row.refund_percent,
        refund_percent_late=row.refund_percent_late,
        cutoff_hours=row.cutoff_hours,
        members_free=row.members_free,
        providers=bookable(session, providers_of(session, row.id or 0)),
    )


def bookable(session: Session, provider_ids: Sequence[int]) -> tuple[Bookable, ...]:
    """These providers at each location where they have hours, by name."""
    rows = session.exec(
        select(Provider, Location)
        .join(ProviderHours, col(ProviderHours.provider_id) == Provider.id)
        .join(Location, col(Location.id) == ProviderHours.location_id)
        .where(
            col(Provider.id).in_(list(provider_ids)),
            col(ProviderHours.is_break).is_(False),
            col(Location.gone_at).is_(None),
            col(Provider.gone_at).is_(None),
        )
        .distinct()
    ).all()
    found = {
        (provider.id, place.id): Bookable(
            provider.id or 0, provider.name, place.id or 0, place.name, place.time_zone
        )
        for provider, place in rows
    }
    return tuple(sorted(found.values(), key=lambda each: (each.provider, each.location, each.provider_id)))


def free(
    session: Session,
    kind: OfferedType,
    first: date,
    days: int,
    *,
    by: Iterable[Bookable],
    now: datetime,
    without: int | None = None,
) -> list[Time]:
    """The free times of these providers that begin on `days` local days from `first` on, in order.

    without: a booking that does not stand in its own way (it is being moved).
    """
    wanted = tuple(by)
    if not wanted or days <= 0:
        return []
    ids = sorted({each.provider_id for each in wanted})
    margin = timedelta(days=1)
    start = datetime.combine(first, datetime.min.time(), clock.EPOCH.tzinfo) - margin
    busy = busy_of(session, ids, start, start + timedelta(days=days) + 2 * margin, without=without)
    weeks = _weeks(session, ids)
    off = _days_off(session, first, first + timedelta(days=days))
    found = []
    for each in wanted:
        for ahead in range(days):
            day = first + timedelta(days=ahead)
            if any(row.covers(day, each) for row in off):
                continue
            stretches = weeks.get((each.provider_id, each.location_id), ())
            near = _near(day, busy[each.provider_id])
            times = free_times(day, kind.offer, stretches, near, now=now, zone=each.time_zone)
            found += [Time(at, each) for at in times]
    return sorted(found, key=lambda one: (one.starts_at, one.by.provider, one.by.provider_id))


def _near(day: date, busy: Sequence[Busy]) -> list[Busy]:
    """What could stand in the way on a local day, in whatever zone."""
    midnight = datetime.combine(day, datetime.min.time(), clock.EPOCH.tzinfo)
    start, end = midnight - timedelta(days=1), midnight + timedelta(days=2)
    return [each for each in busy if each.starts_at < end and each.ends_at > start]


def _weeks(session: Session, provider_ids: Sequence[int]) -> Mapping[tuple[int, int], Sequence[Stretch]]:
    found: dict[tuple[int, int], list[Stretch]] = {}
    rows = session.exec(select(ProviderHours).where(col(ProviderHours.provider_id).in_(list(provider_ids))))
    for row in rows:
        stretch = Stretch(row.weekday, row.starts_minute, row.ends_minute, row.is_break)
        found.setdefault((row.provider_id, row.location_id), []).append(stretch)
    return found


@dataclass(frozen=True, slots=True)
class _Off:
    first_on: date
    last_on: date
    provider_id: int | None
    location_id: int | None

    def covers(self, day: date, by: Bookable) -> bool:
        return (
            self.first_on <= day <= self.last_on
            and self.provider_id in (None, by.provider_id)
            and self.location_id in (None, by.location_id)
        )


def _days_off(session: Session, first: date, last: date) -> list[_Off]:
    rows = session.exec(select(DayOff).where(DayOff.last_on >= first, DayOff.first_on <= last))
    return [_Off(row.first_on, row.last_on, row.provider_id, row.location_id) for row in rows]
