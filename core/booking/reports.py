"""How online booking is set up, as its page shows it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from core import clock
from core.booking.free_times import Stretch
from core.booking.missing import Missing, missing_for, missing_for_practice, providers_of, warnings_for
from core.booking.models import BookingSwitch, DayOff, OnlineType, PrepayByName, ProviderHours
from core.connections.models import Connection
from core.patients.models import Patient
from core.practice.models import Location
from core.schedule.models import AppointmentType, Provider
from core.settings import settings


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One appointment type of the EHR. online_type_id None: not offered yet, and the rest is what it would begin with.

    Minutes, hours, days and cents as in models.OnlineType. price_cents: what is charged; ehr_price_cents: the EHR's.
    url: the patient's address, "" without a public one.
    """

    appointment_type_id: int
    name: str
    online_type_id: int | None
    slug: str
    is_on: bool
    minutes: int
    ehr_minutes: int | None
    step_minutes: int
    prep_minutes: int
    notice_minutes: int
    days_ahead: int
    capacity: int
    group_name: str
    who: str
    text: str
    charge: str
    own_price_cents: int | None
    ehr_price_cents: int | None
    price_cents: int | None
    deposit_cents: int | None
    refund_percent: int
    refund_percent_late: int
    cutoff_hours: int
    members_free: bool
    provider_ids: tuple[int, ...]
    missing: tuple[Missing, ...]
    warnings: tuple[str, ...]
    url: str


@dataclass(frozen=True, slots=True)
class HoursRow:
    """One provider's week at one location."""

    provider_id: int
    location_id: int
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class ProviderRow:
    provider_id: int
    name: str
    location_id: int | None


@dataclass(frozen=True, slots=True)
class PlaceRow:
    location_id: int
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class DayOffRow:
    """provider, location: names; "" = everybody, everywhere."""

    day_off_id: int
    first_on: date
    last_on: date
    provider: str
    location: str
    reason: str


@dataclass(frozen=True, slots=True)
class ByNameRow:
    patient_id: int
    patient: str
    must_prepay: bool
    reason: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class SetUp:
    """Everything the set-up page shows. url: of the page with all types, "" without a public address.

    missing: what nobody can book without, of the practice and of each type that is offered.
    """

    is_on: bool
    no_shows_prepay: int | None
    days_ahead_prepay: int | None
    frame_hosts: tuple[str, ...]
    url: str
    types: tuple[TypeRow, ...]
    providers: tuple[ProviderRow, ...]
    places: tuple[PlaceRow, ...]
    hours: tuple[HoursRow, ...]
    days_off: tuple[DayOffRow, ...]
    by_name: tuple[ByNameRow, ...]
    missing: tuple[Missing, ...]


def booking_setup(session: Session, *, practice_id: int = 1, as_of: datetime | None = None) -> SetUp:
    """The set-up of a practice. as_of: days off that ended before it (UTC) are left out; None = now."""
    switch = session.get(BookingSwitch, practice_id)
    mine = select(col(Connection.id)).where(col(Connection.practice_id) == practice_id)
    providers = session.exec(
        select(Provider)
        .where(col(Provider.connection_id).in_(mine), col(Provider.gone_at).is_(None))
        .order_by(Provider.name)
    ).all()
    places = session.exec(
        select(Location)
        .where(Location.practice_id == practice_id, col(Location.gone_at).is_(None))
        .order_by(Location.name)
    ).all()
    types = _types(session, practice_id)
    is_on = bool(switch and switch.is_on)
    missing = missing_for_practice(
        session, practice_id, is_on=is_on, offers=any(each.is_on for each in types)
    )
    missing += [lack for each in types if each.online_type_id for lack in each.missing]
    return SetUp(
        is_on=is_on,
        no_shows_prepay=switch.no_shows_prepay if switch else None,
        days_ahead_prepay=switch.days_ahead_prepay if switch else None,
        frame_hosts=frame_hosts(session, practice_id),
        url=book_url(),
        types=types,
        providers=tuple(ProviderRow(each.id or 0, each.name, each.location_id) for each in providers),
        places=tuple(PlaceRow(each.id or 0, each.name, each.time_zone) for each in places),
        hours=_hours(session, [each.id or 0 for each in providers]),
        days_off=_days_off(session, practice_id, as_of or clock.now(), providers, places),
        by_name=_by_name(session, practice_id),
        missing=tuple(missing),
    )


def book_url(slug: str = "") -> str:
    """Where patients book: everything, or one type. "" while Huddle has no public address."""
    public = settings().public_url.rstrip("/")
    return f"{public}/book{f'/{slug}' if slug else ''}" if public else ""


def frame_hosts(session: Session, practice_id: int = 1) -> tuple[str, ...]:
    """The hosts that may show the booking pages in a frame."""
    switch = session.get(BookingSwitch, practice_id)
    return tuple(each for each in (switch.frame_hosts if switch else "").split(",") if each)


def snippet(slug: str = "") -> str:
    """What a practice pastes into its own site; "" while there is no public address."""
    url = book_url(slug)
    return (
        f'<iframe src="{url}" title="Book an appointment" width="100%" height="900"></iframe>' if url else ""
    )


def _types(session: Session, practice_id: int) -> tuple[TypeRow, ...]:
    mine = select(col(Connection.id)).where(col(Connection.practice_id) == practice_id)
    kinds = session.exec(
        select(AppointmentType)
        .where(col(AppointmentType.connection_id).in_(mine), col(AppointmentType.gone_at).is_(None))
        .order_by(AppointmentType.name)
    ).all()
    offered = {
        row.appointment_type_id: row
        for row in session.exec(select(OnlineType).where(OnlineType.practice_id == practice_id))
    }
    return tuple(_type_row(session, kind, offered.get(kind.id or 0)) for kind in kinds)


def _type_row(session: Session, kind: AppointmentType, row: OnlineType | None) -> TypeRow:
    shown = row or OnlineType(
        appointment_type_id=kind.id or 0,
        slug="",
        minutes=kind.minutes or 30,
        step_minutes=kind.minutes or 30,
        changed_at=clock.EPOCH,
    )
    same = (
        "slug", "is_on", "minutes", "step_minutes", "prep_minutes", "notice_minutes", "days_ahead", "capacity",
        "group_name", "who", "text", "charge", "deposit_cents", "refund_percent", "refund_percent_late",
        "cutoff_hours", "members_free",
    )  # fmt: skip
    return TypeRow(
        **{name: getattr(shown, name) for name in same},
        appointment_type_id=kind.id or 0,
        name=kind.name,
        online_type_id=row.id if row else None,
        ehr_minutes=kind.minutes,
        own_price_cents=shown.price_cents,
        ehr_price_cents=kind.price_cents,
        price_cents=shown.price_cents or kind.price_cents,
        provider_ids=tuple(providers_of(session, row.id or 0)) if row else (),
        missing=tuple(missing_for(session, row)) if row else (),
        warnings=tuple(warnings_for(session, row)) if row else (),
        url=book_url(row.slug) if row else "",
    )


def _hours(session: Session, provider_ids: list[int]) -> tuple[HoursRow, ...]:
    rows = session.exec(
        select(ProviderHours)
        .where(col(ProviderHours.provider_id).in_(provider_ids))
        .order_by(
            col(ProviderHours.provider_id),
            col(ProviderHours.location_id),
            col(ProviderHours.weekday),
            col(ProviderHours.starts_minute),
        )
    )
    found: dict[tuple[int, int], list[Stretch]] = {}
    for row in rows:
        stretch = Stretch(row.weekday, row.starts_minute, row.ends_minute, row.is_break)
        found.setdefault((row.provider_id, row.location_id), []).append(stretch)
    return tuple(HoursRow(*key, tuple(stretches)) for key, stretches in found.items())


def _days_off(
    session: Session,
    practice_id: int,
    as_of: datetime,
    providers: Sequence[Provider],
    places: Sequence[Location],
) -> tuple[DayOffRow, ...]:
    names = {each.id: each.name for each in providers}
    where = {each.id: each.name for each in places}
    rows = session.exec(
        select(DayOff)
        .where(DayOff.practice_id == practice_id, DayOff.last_on >= as_of.date())
        .order_by(col(DayOff.first_on), col(DayOff.id))
    )
    return tuple(
        DayOffRow(
            row.id or 0,
            row.first_on,
            row.last_on,
            names.get(row.provider_id, ""),
            where.get(row.location_id, ""),
            row.reason,
        )
        for row in rows
    )


def _by_name(session: Session, practice_id: int) -> tuple[ByNameRow, ...]:
    rows = session.exec(
        select(PrepayByName, Patient)
        .join(Patient, col(Patient.id) == PrepayByName.patient_id)
        .join(Connection, col(Connection.id) == Patient.connection_id)
        .where(Connection.practice_id == practice_id)
        .order_by(Patient.last_name, Patient.first_name)
    )
    return tuple(
        ByNameRow(
            rule.patient_id,
            f"{patient.first_name} {patient.last_name}".strip(),
            rule.must_prepay,
            rule.reason,
            rule.set_at,
        )
        for rule, patient in rows
    )
