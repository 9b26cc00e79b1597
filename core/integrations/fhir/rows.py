"""FHIR resources to rows of practice files (CONTRACTS §3): the same cells, checked by the same readers.

What FHIR's words for places, people and visits mean here is decided in this file (money: fhir_money_rows.py);
docs/decisions/0019 says it in sentences.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from core.integrations.fhir import records as r
from core.integrations.fhir.mapped import Mapped, coded, first
from core.integrations.fhir.money_rows import charge_item, coverage, invoice
from core.integrations.fhir.people import (
    email_of,
    mobile_of,
    name_of,
    number_of,
    over,
    phone_of,
    written_name,
)
from core.integrations.fhir.records import Concept, Fault, Period, Resource
from core.integrations.fhir.refs import MERGED, ORGANIZATION, ROLE, Setting, kind_meant, meant

_ZONE = "http://hl7.org/fhir/StructureDefinition/timezone"


def mapped(kind: str, resource: Resource, setting: Setting) -> Mapped | Fault:
    """What a parsed resource comes to, or why it cannot be used."""
    return _MAPPINGS[kind](resource, setting)


def _location(place: r.Location, setting: Setting) -> Mapped | Fault:
    setting.identifiers.learn("Location", place.identifier, place.id)
    zones = [each.value_code or each.value_string for each in place.extension if each.url == _ZONE]
    zone = next((each for each in zones if each), "")
    name = place.name or next((each for each in place.alias if each), None) or place.description or ""
    cells = {
        "location_id": place.id,
        "name": name,
        "time_zone": zone or setting.zone,
        "phone": phone_of(place.telecom),
        "email": email_of(place.telecom),
        "address": _address(place.address),
    }
    note = ("extension (timezone)", f"is not there; the time zone is {setting.zone}, {setting.zone_from}")
    return Mapped(("locations", cells), notes=[] if zone else [note])


def _address(address: r.Address | None) -> str:
    if address is None:
        return ""
    parts = [*address.line, address.city, address.state, address.postal_code]
    return address.text or ", ".join(part for part in parts if part)


def _organization(payer: r.Organization, setting: Setting) -> Mapped | Fault:
    """Nothing of its own: its name is what coverages call their payer."""
    setting.identifiers.learn(ORGANIZATION, payer.identifier, payer.id)
    if name := payer.name or next((each for each in payer.alias if each), ""):
        setting.identifiers.keep(ORGANIZATION, payer.id, name[:500])
    return Mapped()


def _practitioner(person: r.Practitioner, setting: Setting) -> Mapped | Fault:
    setting.identifiers.learn("Practitioner", person.identifier, person.id)
    return Mapped(("providers", {"provider_id": person.id, "name": written_name(person.name)}))


def _role(role: r.PractitionerRole, setting: Setting) -> Mapped | Fault:
    setting.identifiers.learn(ROLE, role.identifier, role.id)
    person = meant(setting, role.practitioner, "Practitioner")
    if person:
        setting.identifiers.keep(ROLE, role.id, person)
    place = meant(setting, role.location[0], "Location") if len(role.location) == 1 else None
    if role.active is False or person is None or place is None:
        return Mapped()
    return Mapped(says=("providers", person, "location_id", place))


def _patient(person: r.Patient, setting: Setting) -> Mapped | Fault:
    first, last = name_of(person.name)
    setting.identifiers.learn("Patient", person.identifier, person.id)
    _merges(person, setting)
    deceased = person.deceased_boolean is True or bool(person.deceased_date_time)
    notes: list[tuple[str, str]] = []
    born = person.birth_date or ""
    if len(born) in (4, 7):
        notes.append(
            ("birthDate", f"is only a {'year' if len(born) == 4 else 'month'}; it is kept as unknown")
        )
        born = ""
    if not (first or last):
        notes.append(("name", "is not there; the patient is kept without one"))
    cells = {
        "patient_id": person.id,
        "first_name": first,
        "last_name": last,
        "birth_date": born,
        "email": email_of(person.telecom),
        "mobile_phone": mobile_of(person.telecom),
        "active": "no" if deceased or person.active is False else "yes",
    }
    return Mapped(("patients", cells), number=number_of(person.identifier), notes=notes)


def _merges(person: r.Patient, setting: Setting) -> None:
    """Patient.link: replaced-by and replaces tell the same, from either side."""
    for link in person.link:
        other = meant(setting, link.other, "Patient")
        if other and other != person.id and link.type == "replaced-by":
            setting.identifiers.keep(MERGED, person.id, other)
        elif other and other != person.id and link.type == "replaces":
            setting.identifiers.keep(MERGED, other, person.id)


def _account(account: r.Account, setting: Setting) -> Mapped | Fault:
    """Who pays for whom, where both are patients; an account of several patients or of none says nothing."""
    whose = [found for each in account.subject if (found := meant(setting, each, "Patient"))]
    paying = [each for each in account.guarantor if not over(each.period)]
    if account.status != "active" or len(whose) != 1 or not paying:
        return Mapped()
    payer = meant(setting, paying[0].party, "Patient")
    if payer is None or payer == whose[0]:
        named = kind_meant(paying[0].party)
        note = (
            ("guarantor.party", f"is a {named}, which Huddle does not keep")
            if named not in ("", "Patient")
            else None
        )
        return Mapped(notes=[note] if note else [])
    return Mapped(says=("patients", whose[0], "guarantor_ref", payer))


_VISITS = {
    "pending": "scheduled",
    "booked": "scheduled",
    "arrived": "arrived",
    "checked-in": "arrived",
    "fulfilled": "completed",
    "cancelled": "cancelled",
    "noshow": "no_show",
}
_NO_VISITS = frozenset({"proposed", "waitlist", "entered-in-error"})


def _appointment(visit: r.Appointment, setting: Setting) -> Mapped | Fault:
    if visit.status in _NO_VISITS or (visit.status == "cancelled" and not visit.start):
        return Mapped(withdrawn=[("appointments", visit.id)])
    if visit.status not in _VISITS:
        return Fault("status", "is none of FHIR's words for an appointment")
    if visit.start and (fault := _no_instant(visit.start, "start")):
        return fault
    actors = [each.actor for each in visit.participant if each.status != "declined"]
    concepts = [*visit.service_type, *([visit.appointment_type] if visit.appointment_type else [])]
    minutes = visit.minutes_duration or _minutes(visit.start, visit.end)
    patients = list(dict.fromkeys(found for each in actors if (found := meant(setting, each, "Patient"))))
    declined = [each.actor for each in visit.participant if each.status == "declined"]
    notes = [
        ("participant", f"{whom} who declined is not expected")
        for whom, kind in (("a patient", "Patient"), ("a practitioner", "Practitioner"))
        if any(meant(setting, each, kind) for each in declined)
    ]
    if not patients and any(meant(setting, each, "Patient") for each in declined):
        return Mapped(withdrawn=[("appointments", visit.id)], notes=notes)
    made = _visit(
        visit.id,
        _VISITS[visit.status],
        concepts,
        patient_id=next(iter(patients), ""),
        provider_id=first(setting, actors, "Practitioner"),
        location_id=first(setting, actors, "Location"),
        starts_at=visit.start or "",
        minutes=minutes,
    )
    made.notes += notes
    made.shared_by = patients
    return made


_ENCOUNTERS = {
    "planned": "scheduled",
    "arrived": "arrived",
    "triaged": "arrived",
    "in-progress": "arrived",
    "onleave": "arrived",
    "finished": "completed",
    "cancelled": "cancelled",
}


def _encounter(visit: r.Encounter, setting: Setting) -> Mapped | Fault:
    own = f"Encounter/{visit.id}"
    if visit.status in ("entered-in-error", "unknown"):
        return Mapped(withdrawn=[("appointments", own)])
    if visit.status not in _ENCOUNTERS:
        return Fault("status", "is none of FHIR's words for an encounter")
    period = visit.period or Period()
    if period.start and (fault := _no_instant(period.start, "period.start")):
        return fault
    made = _visit(
        own,
        _ENCOUNTERS[visit.status],
        [*visit.type, *([visit.service_type] if visit.service_type else [])],
        patient_id=first(setting, [visit.subject], "Patient"),
        provider_id=first(setting, _performers(visit), "Practitioner"),
        location_id=first(setting, [each.location for each in visit.location], "Location"),
        starts_at=period.start or "",
        minutes=_minutes(period.start, period.end),
    )
    made.instead_of = [known for each in visit.appointment if (known := meant(setting, each, "Appointment"))]
    return made


def _performers(visit: r.Encounter) -> list[r.Reference | None]:
    """The primary performer first (PPRF), then everybody else who took part."""
    ordered = sorted(
        visit.participant, key=lambda each: not any("PPRF" in role.codes() for role in each.type)
    )
    return [each.individual for each in ordered]


def _visit(own: str, status: str, concepts: list[Concept], *, minutes: int | None, **cells: str) -> Mapped:
    kind = next((found for each in concepts if (found := coded(each))), None)
    cells = {
        **cells,
        "appointment_id": own,
        "appointment_type_id": kind[0] if kind else "",
        "minutes": str(minutes) if minutes is not None else "",
        "status": status,
    }
    beside = [("appointment_types", {"appointment_type_id": kind[0], "name": kind[1]})] if kind else []
    return Mapped(("appointments", cells), beside=beside)


def _no_instant(moment: str, path: str) -> Fault | None:
    """A visit needs its hour, and FHIR gives every hour an offset: without one, whose clock it is is not known."""
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return Fault(path, "is not a date and time like 2026-11-21T09:30:00-07:00")
    if len(moment) <= 10:
        return Fault(path, "has no time of day")
    return None if read.tzinfo is not None else Fault(path, "has no offset from UTC")


def _minutes(start: str | None, end: str | None) -> int | None:
    """Whole minutes between two instants; None when not known, or longer than a day (a stay, not a visit)."""
    try:
        length = datetime.fromisoformat(end or "") - datetime.fromisoformat(start or "")
    except (ValueError, TypeError):
        return None
    minutes = int(length.total_seconds() // 60)
    return minutes if 0 <= minutes <= 1_440 else None


_MAPPINGS: dict[str, Callable[[Any, Setting], Mapped | Fault]] = {
    "Organization": _organization,
    "Location": _location,
    "Practitioner": _practitioner,
    "PractitionerRole": _role,
    "Patient": _patient,
    "Account": _account,
    "Coverage": coverage,
    "Appointment": _appointment,
    "Encounter": _encounter,
    "ChargeItem": charge_item,
    "Invoice": invoice,
}
