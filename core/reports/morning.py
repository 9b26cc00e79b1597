"""The morning and patients reports: a few indexed queries, then the rules (CONTRACTS §2).

Every page, export and `huddle report` goes through these functions, so they all show the same numbers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from core import clock
from core.booking.facts import unseen_bookings
from core.findings.facts import PatientFacts
from core.findings.gather import gather
from core.findings.judge import Setting, judge
from core.findings.setting import setting_of
from core.patients.models import Patient
from core.patients.reports import active_patients
from core.practice.models import Location
from core.practice.reports import first_of, locations
from core.reports.booked_online import not_in_ehr
from core.reports.head import Report, make_report
from core.reports.patient_row import patient_row
from core.reports.rows import MorningRow, PatientRow
from core.schedule.models import Appointment, AppointmentStatus, AppointmentType, Provider
from core.store.base import table_of

NOT_COMING = (AppointmentStatus.CANCELLED.value, AppointmentStatus.RESCHEDULED.value)


def morning(session: Session, *, location_id: int | None, day: date | None, as_of: datetime) -> Report:
    """The visits of one local day in start order, each with what is wrong with its money.

    day None = today at the location. Cancelled visits and the old copies of moved ones are left out, no-shows kept.
    """
    places = locations(session, location_id)
    rows: list[MorningRow] = []
    for place in places:
        assert place.id is not None
        setting = setting_of(session, place, as_of)
        rows += _visits_of_day(session, place, day or setting.today, setting)
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


def _visits_of_day(session: Session, place: Location, day: date, setting: Setting) -> list[MorningRow]:
    """The EHR's visits of a local day, and what was booked online for it and the EHR has not shown yet."""
    start, end = clock.day_bounds(day, setting.time_zone)
    unseen = unseen_bookings(
        session, practice_id=place.practice_id, location_id=place.id or 0, start=start, end=end
    )
    listed = _listed(session, place.id or 0, start, end)
    ids = [*(row[1] for row in listed), *(one.patient_id for one in unseen if one.patient_id is not None)]
    of_patients = gather(session, ids, as_of=setting.as_of, time_zone=setting.time_zone, since=start)
    rows = list(_rows(listed, of_patients, setting))
    there = {_who_and_when(row) for row in rows}
    rows += [row for row in not_in_ehr(unseen, of_patients, setting) if _who_and_when(row) not in there]
    return rows


def _who_and_when(row: MorningRow) -> tuple[datetime, str]:
    """The EHR's row may be here before the booking is found again in it: one visit, not two."""
    return row.starts_at, row.about.patient.casefold()


def _listed(session: Session, location_id: int, start: datetime, end: datetime) -> Sequence[Any]:
    visit, provider, kind = table_of(Appointment), table_of(Provider), table_of(AppointmentType)
    patient = table_of(Patient)
    return session.execute(
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
            visit.join(patient, visit.c.patient_id == patient.c.id)
            .outerjoin(provider, visit.c.provider_id == provider.c.id)
            .outerjoin(kind, visit.c.appointment_type_id == kind.c.id)
        )
        .where(
            visit.c.location_id == location_id,
            visit.c.starts_at >= start,
            visit.c.starts_at < end,
            visit.c.status.not_in(NOT_COMING),
            visit.c.gone_at.is_(None),
            patient.c.gone_at.is_(None),  # whoever is gone upstream leaves every report (DOMAIN §0)
        )
    ).all()


def _rows(
    listed: Iterable[Any], of_patients: Mapping[int, PatientFacts], setting: Setting
) -> Iterator[MorningRow]:
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
