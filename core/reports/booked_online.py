"""The morning's rows of visits that were booked online and that the EHR has not shown yet."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from core.booking.facts import UnseenBooking
from core.findings.facts import PatientFacts
from core.findings.flags import Kind
from core.findings.judge import judge
from core.findings.setting import Setting
from core.patients.person import Person
from core.reports.patient_row import patient_row
from core.reports.rows import MorningRow, PatientRow
from core.reports.rules import worst_of
from core.schedule.models import AppointmentStatus
from core.schedule.rules import VisitFacts

_OF_A_STRANGER = (Kind.PREPAID, Kind.HELD, Kind.BOOKING_CONFLICT, Kind.NOT_IN_EHR)


def not_in_ehr(
    unseen: Iterable[UnseenBooking], of_patients: Mapping[int, PatientFacts], setting: Setting
) -> Iterator[MorningRow]:
    """One row a booking: judged like a visit of the EHR's where it is surely a patient's."""
    for one in unseen:
        visit = _visit(one)
        known = of_patients.get(one.patient_id or 0)
        about = (
            patient_row(judge(replace(known, visits=[*known.visits, visit]), setting, visit))
            if known is not None
            else _stranger(one, visit, setting)
        )
        yield MorningRow(
            appointment_id=one.facts.key,
            starts_at=one.starts_at,
            minutes=one.minutes,
            provider=one.provider,
            provider_id=one.provider_ref,
            appointment_type=one.appointment_type,
            status=AppointmentStatus.SCHEDULED,
            about=about,
        )


def _visit(one: UnseenBooking) -> VisitFacts:
    return VisitFacts(
        -one.booking_id,
        one.facts.key,
        one.patient_id or -one.booking_id,
        one.provider_id,
        one.appointment_type_id,
        one.service_class,
        one.starts_at,
        one.minutes,
        AppointmentStatus.SCHEDULED,
        one.price_cents,
    )


def _stranger(one: UnseenBooking, visit: VisitFacts, setting: Setting) -> PatientRow:
    """Somebody nobody knows surely yet: nothing is said of them but what they booked and paid."""
    phone = one.mobile_phone or ""
    person = Person(
        -one.booking_id, one.facts.key, one.first_name, one.last_name, None, phone[-4:] or None, None
    )
    facts = PatientFacts(person, visits=[visit], bookings=[one.facts])
    row = patient_row(judge(facts, setting, visit))
    flags = tuple(flag for flag in row.flags if flag.kind in _OF_A_STRANGER)
    loud = [flag.reason for flag in flags if flag.kind == Kind.BOOKING_CONFLICT]
    return replace(
        row, flags=flags, severity=worst_of(flags), at_risk_cents=0, collect_now_cents=0, say=" ".join(loud)
    )
