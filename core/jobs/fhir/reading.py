"""From one FHIR resource to a row that is ready for the store, or to a rejected one that says why."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from core import clock
from core.integrations.fhir.files import UNREADABLE, Unit, kind_of
from core.integrations.fhir.mapped import Cells, Mapped
from core.integrations.fhir.records import MODELS, Fault, Resource, parse
from core.integrations.fhir.refs import Setting
from core.integrations.fhir.rows import mapped
from core.integrations.fhir.versions import other_version
from core.integrations.practice_files.columns import FILES
from core.integrations.practice_files.records import Parsed, RowParsing
from core.integrations.records import Rejected, SetAside

# which of our files a kind of resource fills
FILE_OF = {
    "Location": "locations",
    "Practitioner": "providers",
    "Patient": "patients",
    "Coverage": "coverages",
    "Appointment": "appointments",
    "Encounter": "appointments",
    "ChargeItem": "ledger",
    "Invoice": "ledger",
}
# our columns in FHIR's words, for those who look for the field at fault
_FIELDS = {
    "name": "name",
    "time_zone": "extension",
    "first_name": "name.given",
    "last_name": "name.family",
    "birth_date": "birthDate",
    "email": "telecom",
    "mobile_phone": "telecom",
    "phone": "telecom",
    "payer": "payor",
    "rank": "order",
    "active_from": "period.start",
    "active_to": "period.end",
    "copay": "costToBeneficiary",
    "coinsurance_percent": "costToBeneficiary",
    "deductible": "costToBeneficiary",
    "out_of_pocket_max": "costToBeneficiary",
    "description": "code",
}
_BY_KIND = {
    "Coverage": {"patient_id": "beneficiary", "kind": "type"},
    "Appointment": {"patient_id": "participant", "provider_id": "participant", "starts_at": "start"},
    "Encounter": {
        "patient_id": "subject",
        "provider_id": "participant",
        "location_id": "location",
        "starts_at": "period.start",
        "appointment_type_id": "type",
    },
    "ChargeItem": {"patient_id": "subject", "amount": "priceOverride", "service_id": "code"},
    "Invoice": {"patient_id": "subject", "amount": "totalNet"},
}
# fields at fault when a resource only waits for another one
WAITING = frozenset(
    {"subject", "participant", "beneficiary", "start", "period.start", "practitioner", "location"}
)
_LARGEST_KEPT = 64 * 1024  # characters of a resource kept in quarantine
_AHEAD = timedelta(days=2)  # a clock may be wrong; a stamp further ahead would hold off all later news
LEFT_OUT = "left_out"


class Ready(NamedTuple):
    """A resource that can be stored once whom it refers to is found. row, second, beside: parsed rows with their file.

    version: Unix seconds of meta.lastUpdated, None without one. order: to sort several versions of one resource.
    """

    unit: Unit
    external_id: str
    version: int | None
    order: tuple[datetime, int]
    mapped: Mapped
    row: tuple[str, Parsed] | None
    second: list[tuple[str, Parsed]]
    beside: list[tuple[str, Parsed]]


def read(kind: str, unit: Unit, setting: Setting) -> Ready | Rejected:
    """Parse, map and check one resource. Whether those it refers to exist is for the store to say."""
    if unit.fault:
        return Rejected("", unit.line, "", f"{_where(unit)}: the line {unit.fault}", unit.resource)
    if kind_of(unit.resource) != kind:
        return Rejected(
            "", unit.line, "", f"{_where(unit)}: changed while it was read", _kept(UNREADABLE, unit.resource)
        )
    unknown: list[Fault] = []
    parsed = parse(kind, unit.resource, unknown)
    if isinstance(parsed, Fault):
        return rejected(kind, unit, parsed.field, _with_version(kind, unit, parsed.reason))
    beside: list[tuple[str, Cells]] = []
    made = mapped(
        kind,
        parsed,
        setting._replace(aliases=unit.aliases, contained=_contained(unit.resource), beside=beside),
    )
    if isinstance(made, Fault):
        return rejected(kind, unit, made.field, _with_version(kind, unit, made.reason))
    made.beside += beside
    made.notes += [(fault.field, f"{fault.reason}; it is kept as unknown") for fault in unknown]
    made.unknown += [fault.field for fault in unknown]
    found = _checked(kind, unit, parsed, made)
    if version := other_version(kind, unit.resource):
        if isinstance(found, Rejected):
            return found._replace(reason=f"{found.reason}. {OTHER_VERSION.format(version)}")
        found.mapped.notes.append(("resourceType", STORED_FROM.format(version)))
    return found


OTHER_VERSION = "It is FHIR {}, and Huddle reads R4"
STORED_FROM = "is of FHIR {}, and Huddle reads R4: what that version says in other words was left out"


def _with_version(kind: str, unit: Unit, reason: str) -> str:
    """The reason, and the version of FHIR where it is another: a wrong field may be right there."""
    version = other_version(kind, unit.resource)
    return f"{reason}. {OTHER_VERSION.format(version)}" if version else reason


def _contained(resource: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    held = resource.get("contained")
    return {
        each["id"].removeprefix("#"): each
        for each in (held if isinstance(held, list) else [])
        if isinstance(each, Mapping) and isinstance(each.get("id"), str)
    }


def instant(stamp: str) -> int | None:
    """Unix seconds of an instant as a sender writes it; None when it is none, or cannot be right."""
    try:
        at = datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return int(at.timestamp()) if clock.EPOCH <= at <= clock.now() + _AHEAD else None


def rejected(kind: str, unit: Unit, field: str, reason: str) -> Rejected:
    """A resource turned away. The reason is a sentence with the file, the field and what is wrong with it."""
    return Rejected(
        id_of(unit.resource),
        unit.line,
        field,
        f"{_where(unit)}: {field} {reason}",
        _kept(kind, unit.resource),
    )


def field_of(kind: str, column: str) -> str:
    """What FHIR calls one of our columns."""
    return _BY_KIND.get(kind, {}).get(column) or _FIELDS.get(column, column)


def id_of(resource: Any) -> str:
    """The id of what may be a resource, "" without a usable one."""
    own = resource.get("id") if isinstance(resource, Mapping) else None
    return own[:200] if isinstance(own, str) else ""


def _checked(kind: str, unit: Unit, resource: Resource, made: Mapped) -> Ready | Rejected:
    rows: list[tuple[str, Parsed]] = []
    for file, cells in ([made.row] if made.row else []) + made.second:
        found = _parsed(file, unit.line, cells)
        if isinstance(found, Rejected):
            field = field_of(kind, found.column)
            return rejected(kind, unit, field, found.reason.removeprefix(f"{found.column} "))
        rows.append((file, found))
    for _file, found in rows:
        made.notes += [(field_of(kind, name), note) for name, note in found.notes]
        made.notes += [
            (field_of(kind, name), f"{why}; it is kept as unknown") for name, why in found.unknown if why
        ]
        made.unknown += [field_of(kind, name) for name, _why in found.unknown]
    beside: list[tuple[str, Parsed]] = []
    for file, cells in made.beside:
        found = _named(file, tuple(cells.items()))
        if isinstance(found, Rejected):
            made.notes.append((field_of(kind, found.column), "cannot be used; the row is stored without it"))
        else:
            beside.append((file, found))
    version, order = _version(resource, made)
    return Ready(unit, resource.id, version, order, made, rows[0] if rows else None, rows[1:], beside)


def _parsed(file: str, line: int | None, cells: Cells) -> Parsed | Rejected:
    found = _parser(file, tuple(cells))(line or 0, list(cells.values()))
    assert not isinstance(found, SetAside)  # resources come of no printed report
    return found


@lru_cache(maxsize=5_000)
def _named(file: str, cells: tuple[tuple[str, str], ...]) -> Parsed | Rejected:
    """A type of visit or a service: few of them, named by resource after resource."""
    return _parsed(file, None, dict(cells))


@lru_cache(maxsize=64)
def _parser(file: str, names: tuple[str, ...]) -> RowParsing:
    return RowParsing(FILES[file], {name: place for place, name in enumerate(names)}, printed=False)


_NEVER = datetime.min.replace(tzinfo=UTC)


def _version(resource: Resource, made: Mapped) -> tuple[int | None, tuple[datetime, int]]:
    """meta.lastUpdated as Unix seconds; one that cannot be right is as none, and said."""
    stamp = resource.meta.last_updated if resource.meta else None
    count = resource.meta.version_id if resource.meta else None
    numbered = int(count) if count and count.isascii() and count.isdecimal() and len(count) < 10 else 0
    if not stamp:
        return None, (_NEVER, numbered)
    try:
        at = datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        made.notes.append(("meta.lastUpdated", "is not an instant; which version is newer cannot be told"))
        return None, (_NEVER, numbered)
    if not clock.EPOCH <= at <= clock.now() + _AHEAD:
        made.notes.append(("meta.lastUpdated", "cannot be right; which version is newer cannot be told"))
        return None, (_NEVER, numbered)
    return int(at.timestamp()), (at, numbered)


def _where(unit: Unit) -> str:
    return f"{unit.file} {unit.line}" if unit.line else unit.file


def _kept(kind: str, resource: Any) -> dict[str, Any]:
    """The fields that we read, as they came: what a later try needs, and no more of a patient's record."""
    if kind == UNREADABLE or not isinstance(resource, Mapping):
        return {"text": str(resource)[:1_000]}
    names = {field.alias or name for name, field in MODELS[kind].model_fields.items()} | {"resourceType"}
    kept = {name: value for name, value in resource.items() if name in names}
    if len(json.dumps(kept, default=str)) <= _LARGEST_KEPT:
        return kept
    return {"resourceType": kind, "id": id_of(resource), LEFT_OUT: "larger than Huddle keeps in quarantine"}
