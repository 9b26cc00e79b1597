"""Setting online booking up: what is offered, by whom, when, and for how much. Each change leaves an audit row."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, delete, select

from core import clock
from core.audit.commands import record
from core.booking.checks import (
    check_hours,
    check_money,
    check_times,
    check_words,
    free_slug,
    host_name,
    tidy,
)
from core.booking.costs import Charge
from core.booking.free_times import FURTHEST_DAYS, GRAIN_MINUTES, LONGEST_MINUTES, Stretch, unfit_minutes
from core.booking.missing import missing_for
from core.booking.models import (
    BookingSwitch,
    DayOff,
    OnlineProvider,
    OnlineType,
    PrepayByName,
    ProviderHours,
    Who,
)
from core.connections.models import Connection
from core.errors import BadInput, NotFound
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require, require_whole
from core.practice.models import Location
from core.schedule.models import AppointmentType, Provider

_FIELDS = (
    "minutes", "step_minutes", "prep_minutes", "notice_minutes", "days_ahead", "capacity", "group_name", "who", "text",
    "charge", "price_cents", "deposit_cents", "refund_percent", "refund_percent_late", "cutoff_hours", "members_free",
)  # fmt: skip


def switch_booking(session: Session, actor: Identity, *, on: bool) -> None:
    """Open online booking, or stop it at once: times on offer are gone with the next page, whatever is booked stays.

    Raises NotAllowed.
    """
    require(actor.role, Permission.MANAGE_BOOKING)
    row = _switch(session, actor)
    if row.is_on == on:
        return
    row.is_on, row.changed_at, row.changed_by = on, clock.now(), actor.staff_id
    session.add(row)
    _audit(session, actor, "online booking opened" if on else "online booking stopped", "booking_switch", 1)


def save_booking_rules(
    session: Session,
    actor: Identity,
    *,
    no_shows_prepay: int | None,
    days_ahead_prepay: int | None,
    frame_hosts: Sequence[str] = (),
) -> None:
    """Who prepays whatever the type asks for, and on which hosts the pages may be shown in a frame.

    Raises NotAllowed, BadInput.
    """
    require(actor.role, Permission.MANAGE_BOOKING)
    if no_shows_prepay is not None and not 1 <= no_shows_prepay <= 20:
        raise BadInput("Say after how many missed visits a patient prepays: 1 to 20, or leave it empty.")
    if days_ahead_prepay is not None and not 1 <= days_ahead_prepay <= FURTHEST_DAYS:
        raise BadInput(f"Say how many days ahead is too far to book unpaid: 1 to {FURTHEST_DAYS}.")
    hosts = sorted({named for each in frame_hosts if (named := host_name(each))})
    row = _switch(session, actor)
    row.no_shows_prepay, row.days_ahead_prepay = no_shows_prepay, days_ahead_prepay
    row.frame_hosts = ",".join(hosts)
    row.changed_at, row.changed_by = clock.now(), actor.staff_id
    session.add(row)
    detail = {"no_shows": no_shows_prepay, "days": days_ahead_prepay, "hosts": len(hosts)}
    _audit(session, actor, "booking rules saved", "booking_switch", 1, detail)


def offer_type(session: Session, actor: Identity, *, appointment_type_id: int) -> OnlineType:
    """Begin to offer an appointment type, switched off until nothing is missing. Again gives the same.

    Raises NotAllowed, NotFound.
    """
    require(actor.role, Permission.MANAGE_BOOKING)
    kind = _type_of_practice(session, actor, appointment_type_id)
    already = session.exec(
        select(OnlineType).where(
            OnlineType.practice_id == actor.practice_id,
            OnlineType.appointment_type_id == appointment_type_id,
        )
    ).first()
    if already is not None:
        return already
    minutes = kind.minutes or 30
    if unfit_minutes(minutes):
        minutes = min(LONGEST_MINUTES, -(-minutes // GRAIN_MINUTES) * GRAIN_MINUTES)
    row = OnlineType(
        practice_id=actor.practice_id,
        appointment_type_id=appointment_type_id,
        slug=free_slug(session, actor.practice_id, kind.name),
        minutes=minutes,
        step_minutes=minutes,
        changed_at=clock.now(),
        changed_by=actor.staff_id,
    )
    session.add(row)
    session.flush()
    _audit(session, actor, "type offered online", "online_type", row.id or 0)
    return row


def save_type(
    session: Session,
    actor: Identity,
    *,
    online_type_id: int,
    minutes: int,
    step_minutes: int,
    prep_minutes: int = 0,
    notice_minutes: int,
    days_ahead: int,
    capacity: int = 1,
    group_name: str = "",
    who: str = Who.BOTH,
    text: str = "",
    charge: str = Charge.NOTHING,
    price_cents: int | None = None,
    deposit_cents: int | None = None,
    refund_percent: int = 100,
    refund_percent_late: int = 0,
    cutoff_hours: int = 24,
    members_free: bool = False,
) -> OnlineType:
    """How a type is offered from now on; what is booked already keeps what was agreed. price_cents None = the EHR's.

    A type that lacks something after the change (a price for what it charges) is switched off by this.
    Raises NotAllowed, NotFound, BadInput.
    """
    require(actor.role, Permission.MANAGE_BOOKING)
    row = online_type_of(session, actor, online_type_id, alone=True)
    text, group_name = text.strip(), " ".join(group_name.split())
    check_times(minutes, step_minutes, prep_minutes, notice_minutes, days_ahead, capacity)
    check_words(text, group_name, who)
    check_money(charge, price_cents, deposit_cents, refund_percent, refund_percent_late, cutoff_hours)
    given = (
        minutes, step_minutes, prep_minutes, notice_minutes, days_ahead, capacity, group_name, who, text, charge,
        price_cents, deposit_cents, refund_percent, refund_percent_late, cutoff_hours, members_free,
    )  # fmt: skip
    new: dict[str, Any] = dict(zip(_FIELDS, given, strict=True))
    changed = sorted(name for name, value in new.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, new[name])
    row.changed_at, row.changed_by = clock.now(), actor.staff_id
    session.add(row)
    session.flush()
    if row.is_on and missing_for(session, row):
        row.is_on = False
        session.add(row)
    _audit(session, actor, "online type saved", "online_type", online_type_id, {"changed": ",".join(changed)})
    return row


def assign_providers(
    session: Session, actor: Identity, *, online_type_id: int, provider_ids: Collection[int]
) -> None:
    """Exactly these providers take bookings of the type; without one it is switched off.

    Raises NotAllowed, NotFound.
    """
    require(actor.role, Permission.MANAGE_BOOKING)
    row = online_type_of(session, actor, online_type_id, alone=True)
    wanted = set(provider_ids)
    for provider_id in wanted:
        provider_of(session, actor, provider_id)
    session.exec(delete(OnlineProvider).where(col(OnlineProvider.online_type_id) == online_type_id))
    session.add_all(
        OnlineProvider(online_type_id=online_type_id, provider_id=each) for each in sorted(wanted)
    )
    session.flush()
    if not wanted:
        row.is_on = False
        session.add(row)
    _audit(session, actor, "online providers assigned", "online_type", online_type_id, {"count": len(wanted)})


def turn_type(session: Session, actor: Identity, *, online_type_id: int, on: bool) -> None:
    """Offer the type, or stop offering it. Raises NotAllowed, NotFound; BadInput with the first thing that is missing."""
    require(actor.role, Permission.MANAGE_BOOKING)
    row = online_type_of(session, actor, online_type_id, alone=True)
    if on and (missing := missing_for(session, row)):
        raise BadInput(missing[0].sentence)
    if row.is_on == on:
        return
    row.is_on, row.changed_at, row.changed_by = on, clock.now(), actor.staff_id
    session.add(row)
    action = "type switched on online" if on else "type switched off online"
    _audit(session, actor, action, "online_type", online_type_id)


def save_hours(
    session: Session,
    actor: Identity,
    *,
    provider_id: int,
    location_id: int,
    stretches: Sequence[Stretch],
) -> None:
    """A provider's whole week at a location: these stretches and breaks, and no others. None = not bookable there.

    Raises NotAllowed, NotFound; BadInput: not in steps of five minutes, ends before it begins, two that overlap.
    """
    require(actor.role, Permission.MANAGE_BOOKING)
    provider_of(session, actor, provider_id)
    _location_of(session, actor, location_id)
    check_hours(stretches)
    session.exec(
        delete(ProviderHours).where(
            col(ProviderHours.provider_id) == provider_id, col(ProviderHours.location_id) == location_id
        )
    )
    session.add_all(
        ProviderHours(provider_id=provider_id, location_id=location_id, **each._asdict())
        for each in stretches
    )
    session.flush()
    detail = {"location": location_id, "stretches": len(stretches)}
    _audit(session, actor, "booking hours saved", "provider", provider_id, detail)


def add_day_off(
    session: Session,
    actor: Identity,
    *,
    first_on: date,
    last_on: date,
    provider_id: int | None = None,
    location_id: int | None = None,
    reason: str = "",
) -> DayOff:
    """No bookings from `first_on` to `last_on` (local days). What is booked then stays. Raises NotAllowed, BadInput."""
    require(actor.role, Permission.MANAGE_BOOKING)
    if not first_on <= last_on <= first_on + timedelta(days=FURTHEST_DAYS):
        raise BadInput("The last day off is the first one or a day within a year after it.")
    if provider_id is not None:
        provider_of(session, actor, provider_id)
    _location_of(session, actor, location_id)
    row = DayOff(
        practice_id=actor.practice_id,
        provider_id=provider_id,
        location_id=location_id,
        first_on=first_on,
        last_on=last_on,
        reason=tidy(reason),
    )
    session.add(row)
    session.flush()
    _audit(session, actor, "day off added", "day_off", row.id or 0, {"from": first_on, "to": last_on})
    return row


def remove_day_off(session: Session, actor: Identity, *, day_off_id: int) -> None:
    """Bookable again. One that is gone already is no error. Raises NotAllowed."""
    require(actor.role, Permission.MANAGE_BOOKING)
    row = session.get(DayOff, day_off_id)
    if row is None or row.practice_id != actor.practice_id:
        return
    _location_of(session, actor, row.location_id)
    session.delete(row)
    _audit(session, actor, "day off removed", "day_off", day_off_id)


def set_prepay(
    session: Session, actor: Identity, *, patient_id: int, must_prepay: bool | None, reason: str = ""
) -> None:
    """This patient always prepays (True), never (False), or as the rules say (None). Raises NotAllowed, NotFound."""
    require(actor.role, Permission.MANAGE_BOOKING)
    patient_of(session, actor, patient_id)
    row = session.get(PrepayByName, patient_id)
    if must_prepay is None:
        if row is not None:
            session.delete(row)
    else:
        row = row or PrepayByName(patient_id=patient_id, must_prepay=must_prepay, set_at=clock.now())
        row.must_prepay, row.reason = must_prepay, tidy(reason)
        row.set_at, row.set_by = clock.now(), actor.staff_id
        session.add(row)
    _audit(session, actor, "prepayment by name", "patient", patient_id, {"must_prepay": must_prepay})


# What the commands stand on.


def online_type_of(
    session: Session, actor: Identity, online_type_id: int, *, alone: bool = False
) -> OnlineType:
    """The offered type, when it is of the actor's practice. alone: nobody else changes it meanwhile. Raises NotFound."""
    query = select(OnlineType).where(OnlineType.id == online_type_id)
    row = session.exec(query.with_for_update() if alone else query).first()
    if row is None or row.practice_id != actor.practice_id:
        raise NotFound("This type is not offered online. Add it first.")
    return row


def provider_of(session: Session, actor: Identity, provider_id: int) -> Provider:
    """The provider, when they are of the actor's practice. Raises NotFound."""
    row = session.get(Provider, provider_id)
    if row is None or row.gone_at is not None or not _of_practice(session, actor, row.connection_id):
        raise NotFound("This provider is not in the EHR any more. Refresh the page.")
    return row


def _type_of_practice(session: Session, actor: Identity, appointment_type_id: int) -> AppointmentType:
    row = session.get(AppointmentType, appointment_type_id)
    if row is None or row.gone_at is not None or not _of_practice(session, actor, row.connection_id):
        raise NotFound("This appointment type is not in the EHR any more. Refresh the page.")
    return row


def _location_of(session: Session, actor: Identity, location_id: int | None) -> None:
    """Raises NotFound; NotAllowed for another location than the person's own, and for all of them (None)."""
    require_whole(actor, location_id)
    if location_id is None:
        return
    row = session.get(Location, location_id)
    if row is None or row.gone_at is not None or row.practice_id != actor.practice_id:
        raise NotFound("This location is not in the EHR any more. Refresh the page.")


def _of_practice(session: Session, actor: Identity, connection_id: int) -> bool:
    connection = session.get(Connection, connection_id)
    return connection is not None and connection.practice_id == actor.practice_id


def _switch(session: Session, actor: Identity) -> BookingSwitch:
    return session.get(BookingSwitch, actor.practice_id, with_for_update=True) or BookingSwitch(
        practice_id=actor.practice_id, changed_at=clock.now()
    )


def _audit(
    session: Session,
    actor: Identity,
    action: str,
    subject_kind: str,
    subject_id: int,
    detail: Mapping[str, object] | None = None,
) -> None:
    record(session, who=actor, action=action, subject_kind=subject_kind, subject_id=subject_id, detail=detail)
