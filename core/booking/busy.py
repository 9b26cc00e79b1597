"""What takes each provider's time: the EHR's visits, of every source that syncs, and our own holds and bookings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from core.booking.free_times import Busy, span_of
from core.booking.models import LIVE, Booking, OnlineType, ProviderHours
from core.connections.models import Connection
from core.practice.models import Location
from core.schedule.models import Appointment, AppointmentStatus, AppointmentType, Provider

LONGEST_VISIT = timedelta(hours=24)
USUAL_MINUTES = 30
_DEAD = (AppointmentStatus.CANCELLED, AppointmentStatus.RESCHEDULED, AppointmentStatus.NO_SHOW)


def group_of(row: OnlineType) -> str:
    """What this type counts together with."""
    return f"group {row.group_name}" if row.group_name else f"type {row.id}"


def busy_of(
    session: Session,
    provider_ids: Sequence[int],
    start: datetime,
    end: datetime,
    *,
    without: int | None = None,
) -> Mapping[int, list[Busy]]:
    """What takes these providers' time between two instants. without: a booking left out, with its visit.

    A booking that the EHR has as a visit of its own counts once. One person may stand in several sources, under one name:
    what any of them holds takes their time. A visit that names no provider takes the time of everybody who works at its
    location: it may be theirs.
    """
    found: dict[int, list[Busy]] = {each: [] for each in provider_ids}
    whose = _whose(session, provider_ids)
    ours = session.exec(
        select(Booking).where(
            col(Booking.provider_id).in_(list(whose)),
            col(Booking.state).in_(list(LIVE)),
            Booking.starts_at > start - LONGEST_VISIT,
            Booking.starts_at < end + LONGEST_VISIT,
        )
    ).all()
    own_visits = {each.appointment_id for each in ours if each.appointment_id is not None}
    for each in ours:
        if each.id != without:
            span = span_of(each.starts_at, each.minutes, each.prep_minutes)
            for provider_id in whose[each.provider_id]:
                found[provider_id].append(Busy(*span, each.group_name))
    works_at = _works_at(session, provider_ids)
    for visit, busy in _visits(session, whose, start, end, own_visits):
        if visit.provider_id is not None:
            takers: Iterable[int] = whose[visit.provider_id]
        else:
            takers = (one for one in provider_ids if visit.location_id in works_at.get(one, ()))
        for provider_id in takers:
            found[provider_id].append(busy)
    return found


def same_people(session: Session, provider_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
    """Of each provider every row that is the same person: of the same practice and name, in whatever source."""
    rows = session.exec(
        select(Provider.id, Provider.name, Connection.practice_id)
        .join(Connection, col(Connection.id) == Provider.connection_id)
        .where(or_(col(Provider.gone_at).is_(None), col(Provider.id).in_(list(provider_ids))))
        .order_by(col(Provider.id))
    ).all()
    by_name: dict[tuple[int, str], list[int]] = {}
    for provider_id, name, practice_id in rows:
        by_name.setdefault((practice_id, " ".join(name.casefold().split())), []).append(provider_id or 0)
    wanted = set(provider_ids)
    return {one: people for people in by_name.values() for one in people if one in wanted}


def _whose(session: Session, provider_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
    """Of each row of a provider the wanted ones whose time it takes."""
    found: dict[int, list[int]] = {}
    for wanted, people in same_people(session, provider_ids).items():
        for one in people:
            found.setdefault(one, []).append(wanted)
    return found


def _works_at(session: Session, provider_ids: Sequence[int]) -> Mapping[int, set[int]]:
    found: dict[int, set[int]] = {}
    rows = select(ProviderHours.provider_id, ProviderHours.location_id)
    for provider_id, location_id in session.exec(
        rows.where(col(ProviderHours.provider_id).in_(list(provider_ids))).distinct()
    ):
        found.setdefault(provider_id, set()).add(location_id)
    return found


def _visits(
    session: Session, providers: Iterable[int], start: datetime, end: datetime, own: set[int]
) -> Iterator[tuple[Appointment, Busy]]:
    groups = _groups(session)
    wanted = (
        select(Appointment, AppointmentType.minutes)
        .outerjoin(AppointmentType, col(AppointmentType.id) == Appointment.appointment_type_id)
        .where(
            # all of them: the index stands by location and time
            col(Appointment.location_id).in_(select(Location.id)),
            or_(col(Appointment.provider_id).in_(list(providers)), col(Appointment.provider_id).is_(None)),
            Appointment.starts_at > start - LONGEST_VISIT,
            Appointment.starts_at < end + LONGEST_VISIT,
            col(Appointment.gone_at).is_(None),
            col(Appointment.status).not_in(list(_DEAD)),
        )
    )
    for visit, usual in session.exec(wanted):
        if visit.id not in own:
            minutes = visit.minutes or usual or USUAL_MINUTES
            group, prep = groups.get(visit.appointment_type_id or 0, ("", 0))
            yield visit, Busy(*span_of(visit.starts_at, minutes, prep), group)


def _groups(session: Session) -> Mapping[int, tuple[str, int]]:
    """Of each offered type the group it counts in and the minutes kept free before it, by the EHR's type."""
    return {
        row.appointment_type_id: (group_of(row), row.prep_minutes) for row in session.exec(select(OnlineType))
    }
