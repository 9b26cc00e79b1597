"""The morning and patients reports: a few indexed queries, then the rules (CONTRACTS §2).

Every page, export and `huddle report` goes through these functions, so they all show the same numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from core import clock
from core.connections.models import PROCESSORS, Connection, ConnectionState, SyncCursor
from core.connections.reports import sources as connection_sources
from core.errors import BadInput, NotFound
from core.findings.gather import gather
from core.findings.judge import Setting, judge
from core.patients.models import Patient
from core.practice.models import Location
from core.reports.patient_row import patient_row
from core.reports.rows import MorningRow, PatientRow, Report, SourceCell
from core.schedule.models import Appointment, AppointmentStatus, AppointmentType, Provider
from core.settings import settings
from core.store.base import table_of

REPORTS = ("morning", "patients", "cards", "arrears", "memberships", "links", "tasks")
# of Fortis, Cash Practice, its report of auto-debits, and practice files
CARD_RESOURCES = ("tokens", "billing", "auto_debits", "cards")
CARDS_TOO_OLD = timedelta(hours=72)  # older than this and nobody can say what is on file (DOMAIN, head)
NOT_COMING = (AppointmentStatus.CANCELLED.value, AppointmentStatus.RESCHEDULED.value)
AT_ONCE = 1_000  # patients judged in one go: bounds memory, keeps IN lists short


def report_by_name(
    session: Session, name: str, *, day: date | None = None, as_of: str = "", location: str = ""
) -> Report:
    """A report as the command line asks for it. as_of: ISO, local to the location without an offset, "" = now.

    location: the EHR's location id, "" = every location. Raises BadInput (name, as_of) and NotFound (location).
    """
    place = _location(session, location) if location else None
    zone = place.time_zone if place else _first_zone(session)
    instant = _instant(as_of, zone) if as_of else clock.now()
    location_id = place.id if place else None
    if name == "morning":
        return morning(session, location_id=location_id, day=day, as_of=instant)
    if name == "patients":
        return patients(session, location_id=location_id, as_of=instant)
    if name == "cards":
        from core.reports.cards import cards  # it builds on this module

        return cards(session, location_id=location_id, as_of=instant)
    if name == "arrears":
        from core.reports.arrears import arrears  # which is made with the parts of this module

        return arrears(session, location_id=location_id, as_of=instant)
    if name == "memberships":
        from core.reports.memberships import memberships  # likewise

        return memberships(session, location_id=location_id, as_of=instant)
    if name == "links":
        from core.links.ledger_report import links_report  # likewise

        return links_report(session, location_id=location_id, as_of=instant)
    if name == "tasks":
        from core.reports.tasks import tasks_report  # likewise

        return tasks_report(session, location_id=location_id, as_of=instant)
    raise BadInput(f"There is no report “{name}”. There are: {', '.join(REPORTS)}.")


def morning(session: Session, *, location_id: int | None, day: date | None, as_of: datetime) -> Report:
    """The visits of one local day in start order, each with what is wrong with its money.

    day None = today at the location. Cancelled visits and the old copies of moved ones are left out, no-shows kept.
    """
    places = locations(session, location_id)
    rows: list[MorningRow] = []
    for place in places:
        assert place.id is not None
        setting = setting_of(session, place, as_of)
        rows += _visits_of_day(session, place.id, day or setting.today, setting)
    rows.sort(key=lambda row: (row.starts_at, row.about.patient))
    return make_report(session, "morning", places, location_id, as_of, rows, day)


def patients(
    session: Session, *, location_id: int | None, as_of: datetime, keys: Sequence[int] | None = None
) -> Report:
    """Active patients by last name with the same columns as the morning; `keys` (store ids) narrows and orders."""
    places = locations(session, location_id)
    rows = [row for place in places for row in _patient_rows(session, place, as_of, keys)]
    if keys is not None:
        wanted = {key: place for place, key in enumerate(keys)}
        rows.sort(key=lambda row: wanted[row.key])
    return make_report(session, "patients", places, location_id, as_of, rows)


def locations(session: Session, location_id: int | None = None) -> list[Location]:
    """The practice's locations by name, or the one asked for. Raises NotFound for an id that is not there."""
    query = select(Location).where(Location.gone_at.is_(None)).order_by(Location.name, Location.id)  # type: ignore[union-attr,arg-type]
    found = list(session.execute(query).scalars())
    if location_id is None:
        return found
    chosen = [place for place in found if place.id == location_id]
    if not chosen:
        raise NotFound("That location is not in the store any more. Choose another one.")
    return chosen


def first_of(session: Session) -> int | None:
    """Store id of the location that patients of no location stand with: the first of all, whichever is looked at."""
    return next((place.id for place in locations(session)), None)


def setting_of(session: Session, place: Location, as_of: datetime) -> Setting:
    """What is the same for all patients of a location at an instant (aware UTC)."""
    cursor, connection = table_of(SyncCursor), table_of(Connection)
    cursors = session.execute(
        select(cursor.c.resource, cursor.c.synced_at, connection.c.kind)
        .join_from(cursor, connection, cursor.c.connection_id == connection.c.id)
        .where(cursor.c.synced_at.is_not(None), connection.c.state != ConnectionState.DISCONNECTED.value)
    ).all()
    fresh = clock.now() - CARDS_TOO_OLD
    return Setting(
        as_of=as_of,
        today=clock.local_date(as_of, place.time_zone),
        time_zone=place.time_zone,
        everyone_needs_card=settings().card_policy == "everyone",
        cards_known=any(resource in CARD_RESOURCES and synced >= fresh for resource, synced, _ in cursors),
        processors=any(kind in PROCESSORS for _, _, kind in cursors),
        ledger_known=any(resource == "ledger" for resource, _, _ in cursors),
    )


def _visits_of_day(session: Session, location_id: int, day: date, setting: Setting) -> Iterator[MorningRow]:
    start, end = clock.day_bounds(day, setting.time_zone)
    visit, provider, kind = table_of(Appointment), table_of(Provider), table_of(AppointmentType)
    listed = session.execute(
        select(
            visit.c.id,
            visit.c.patient_id,
            visit.c.external_id,
            visit.c.starts_at,
            visit.c.minutes,
            visit.c.status,
            provider.c.name,
            provider.c.external_id,
            kind.c.name,
        )
        .select_from(
            visit.outerjoin(provider, visit.c.provider_id == provider.c.id).outerjoin(
                kind, visit.c.appointment_type_id == kind.c.id
            )
        )
        .where(
            visit.c.location_id == location_id,
            visit.c.starts_at >= start,
            visit.c.starts_at < end,
            visit.c.status.not_in(NOT_COMING),
            visit.c.gone_at.is_(None),
        )
    ).all()
    of_patients = gather(
        session, [row[1] for row in listed], as_of=setting.as_of, time_zone=setting.time_zone, since=start
    )
    for (
        key,
        patient_id,
        external_id,
        starts_at,
        minutes,
        status,
        provider_name,
        provider_id,
        kind_name,
    ) in listed:
        facts = of_patients[patient_id]
        at_hand = next((one for one in facts.visits if one.id == key), None)
        yield MorningRow(
            appointment_id=external_id,
            starts_at=starts_at,
            minutes=minutes,
            provider=provider_name,
            provider_id=provider_id,
            appointment_type=kind_name,
            status=status,
            about=patient_row(judge(facts, setting, at_hand)),
        )


def _patient_rows(
    session: Session, place: Location, as_of: datetime, keys: Sequence[int] | None
) -> Iterator[PatientRow]:
    setting = setting_of(session, place, as_of)
    for chunk in active_patients(session, place, first=place.id == first_of(session), keys=keys):
        facts = gather(session, chunk, as_of=as_of, time_zone=setting.time_zone)
        for one in facts.values():
            yield patient_row(judge(one, setting))


def active_patients(
    session: Session, place: Location, *, first: bool, keys: Sequence[int] | None = None
) -> Iterator[list[int]]:
    """Store ids of a location's active patients by name, in chunks. Patients of no location stand with the first one."""
    table = table_of(Patient)
    where = table.c.location_id == place.id
    if first:
        where = where | table.c.location_id.is_(None)
    query = select(table.c.id).where(where, table.c.active, table.c.gone_at.is_(None))
    if keys is not None:
        query = query.where(table.c.id.in_(list(keys)))
    ids = list(session.execute(query.order_by(table.c.last_name, table.c.first_name, table.c.id)).scalars())
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def source_cells(session: Session) -> tuple[SourceCell, ...]:
    """How fresh each connection is, for the head of every report."""
    return tuple(
        SourceCell(
            one.name, one.kind, one.synced_at, one.stale, one.sentence, one.state == ConnectionState.FAILING
        )
        for one in connection_sources(session, now=clock.now())
    )


def make_report(
    session: Session,
    name: str,
    places: list[Location],
    location_id: int | None,
    as_of: datetime,
    rows: Iterable[Any],
    day: date | None = None,
) -> Report:
    """The rows with the head every report has: place, instant and local day, and how fresh its sources are."""
    zone = places[0].time_zone if places else "UTC"
    one = places[0] if location_id is not None else None
    title = one.name if one else ", ".join(place.name for place in places)
    return Report(
        report=name,
        as_of=as_of,
        day=day or clock.local_date(as_of, zone),
        location=one.external_id if one else None,
        location_name=title,
        time_zone=zone,
        sources=source_cells(session),
        rows=tuple(rows),
    )


def _location(session: Session, external_id: str) -> Location:
    found = next((place for place in locations(session) if place.external_id == external_id), None)
    if found is None:
        known = ", ".join(place.external_id for place in locations(session)) or "none yet"
        raise NotFound(f"There is no location “{external_id}”. There are: {known}.")
    return found


def _first_zone(session: Session) -> str:
    return next((place.time_zone for place in locations(session)), "UTC")


def _instant(text: str, time_zone: str) -> datetime:
    try:
        return clock.local_instant(datetime.fromisoformat(text), time_zone)
    except ValueError as error:
        raise BadInput(
            f"“{text}” is not an instant such as 2026-11-23T08:00 or 2026-11-23T14:00Z."
        ) from error
