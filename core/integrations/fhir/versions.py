"""Which version of FHIR a resource was written in, where it shows: what reads wrong in R4 may be right in another."""

from collections.abc import Mapping
from typing import Any

DSTU2, STU3, R5 = "DSTU2", "STU3", "R5"

# fields that a kind of resource has in one version and not in R4
_FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "Patient": {DSTU2: ("careProvider", "animal")},
    "Practitioner": {DSTU2: ("practitionerRole",)},
    "PractitionerRole": {R5: ("contact", "communication", "characteristic")},
    "Encounter": {
        R5: ("actualPeriod", "plannedStartDate", "subjectStatus", "admission", "careTeam", "virtualService"),
        STU3: ("incomingReferral",),
        DSTU2: ("indication", "patient"),
    },
    "Appointment": {
        R5: ("subject", "class", "cancellationDate", "recurrenceTemplate", "virtualService", "note"),
        STU3: ("incomingReferral", "indication"),
    },
    "Coverage": {
        R5: ("insurer", "paymentBy", "kind"),
        DSTU2: ("issuer", "bin", "subscriberId", "plan", "group"),
        STU3: ("grouping", "sequence"),
    },
    "ChargeItem": {R5: ("unitPriceComponent", "totalPriceComponent")},
    "Invoice": {R5: ("creation", "periodDate", "periodPeriod")},
    "Location": {R5: ("contact", "form", "characteristic")},
    "Account": {R5: ("diagnosis", "procedure", "balance", "currency", "calculatedAt")},
    "Organization": {R5: ("qualification",)},
}
_PROFILES = {
    "/fhir/1.0": DSTU2,
    "/DSTU2/": DSTU2,
    "/fhir/3.0": STU3,
    "/STU3/": STU3,
    "/fhir/5.0": R5,
    "/R5/": R5,
}


def other_version(kind: str, resource: Mapping[str, Any]) -> str:
    """DSTU2, STU3 or R5 where a resource gives itself away; "" for R4, and where nothing tells."""
    for version, shaped in ((DSTU2, _dstu2), (R5, _r5), (STU3, _stu3)):
        if shaped(kind, resource) or any(name in resource for name in _FIELDS.get(kind, {}).get(version, ())):
            return version
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, Mapping) else None
    for profile in profiles if isinstance(profiles, list) else []:
        for words, version in _PROFILES.items():
            if isinstance(profile, str) and words in profile:
                return version
    return ""


def _dstu2(kind: str, resource: Mapping[str, Any]) -> bool:
    names = resource.get("name")
    first = names[0] if isinstance(names, list) and names else names
    if (
        kind in ("Patient", "Practitioner")
        and isinstance(first, Mapping)
        and isinstance(first.get("family"), list)
    ):
        return True
    return (kind == "Practitioner" and isinstance(names, Mapping)) or (
        kind == "Encounter" and isinstance(resource.get("class"), str)
    )


def _r5(kind: str, resource: Mapping[str, Any]) -> bool:
    if kind == "Encounter":
        people = resource.get("participant")
        actors = (
            any(isinstance(each, Mapping) and "actor" in each for each in people)
            if isinstance(people, list)
            else False
        )
        return (
            isinstance(resource.get("class"), list)
            or actors
            or resource.get("status") in ("completed", "discharged")
        )
    return False


def _stu3(kind: str, resource: Mapping[str, Any]) -> bool:
    return kind == "Encounter" and isinstance(resource.get("appointment"), Mapping)
