"""The fields of FHIR R4 resources that Huddle reads, as small models of our own; everything else is left alone.

A field we read must be of its FHIR type: a wrong one makes the resource unusable, and its path is told. What we do not
read may be anything. Names are FHIR's, spelt as Python spells them.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

_ID = re.compile(r"[A-Za-z0-9\-._]{1,128}")  # FHIR allows 64 and no underscore; servers are not that strict


def _number(value: Any) -> Decimal:
    """A JSON number as it was written: the shortest text of a parsed one has its digits, up to 15 of them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is not a number")  # noqa: TRY004 (pydantic turns no TypeError into its own error)
    return Decimal(str(value))


Amount = Annotated[Decimal, BeforeValidator(_number)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class Fault(NamedTuple):
    """Why a resource cannot be used. field: its path in FHIR's words (period.start). reason: says so after the field."""

    field: str
    reason: str


class Part(BaseModel):
    """Anything inside a resource."""

    model_config = ConfigDict(extra="ignore", strict=True, alias_generator=to_camel)


class Meta(Part):
    last_updated: str | None = None
    version_id: str | None = None


class Period(Part):
    start: str | None = None
    end: str | None = None


class Coding(Part):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Part):
    """A CodeableConcept."""

    coding: list[Coding] = []
    text: str | None = None

    def codes(self) -> list[str]:
        return [each.code for each in self.coding if each.code]


class Identifier(Part):
    use: str | None = None
    type: Concept | None = None
    system: str | None = None
    value: str | None = None


class Reference(Part):
    reference: str | None = None
    type: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class HumanName(Part):
    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: list[str | None] = []  # null: a given name of which only an extension is known
    prefix: list[str | None] = []
    period: Period | None = None


class ContactPoint(Part):
    system: str | None = None
    value: str | None = None
    use: str | None = None
    rank: Count | None = None
    period: Period | None = None


class Address(Part):
    text: str | None = None
    line: list[str | None] = []
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None


class Extension(Part):
    url: str | None = None
    value_code: str | None = None
    value_string: str | None = None


class Money(Part):
    value: Amount | None = None
    currency: str | None = None


class Quantity(Part):
    value: Amount | None = None
    unit: str | None = None


class Resource(Part):
    id: str
    meta: Meta | None = None


class Organization(Resource):
    identifier: list[Identifier] = []
    name: str | None = None
    alias: list[str | None] = []


class PatientLink(Part):
    """type: replaced-by and replaces are a merge; refer and seealso are not."""

    other: Reference | None = None
    type: str | None = None


class Patient(Resource):
    identifier: list[Identifier] = []
    active: bool | None = None
    name: list[HumanName] = []
    telecom: list[ContactPoint] = []
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    link: list[PatientLink] = []


class Practitioner(Resource):
    identifier: list[Identifier] = []
    name: list[HumanName] = []


class PractitionerRole(Resource):
    identifier: list[Identifier] = []
    active: bool | None = None
    practitioner: Reference | None = None
    location: list[Reference] = []


class Location(Resource):
    identifier: list[Identifier] = []
    name: str | None = None
    alias: list[str | None] = []
    description: str | None = None
    telecom: list[ContactPoint] = []
    address: Address | None = None
    extension: list[Extension] = []


class Participant(Part):
    """Of an appointment (actor, status) or of an encounter (individual)."""

    status: str | None = None
    actor: Reference | None = None
    individual: Reference | None = None
    type: list[Concept] = []


class Appointment(Resource):
    status: str
    service_type: list[Concept] = []
    appointment_type: Concept | None = None
    start: str | None = None
    end: str | None = None
    minutes_duration: Count | None = None
    participant: list[Participant] = []


class EncounterPlace(Part):
    """Where an encounter was."""

    location: Reference | None = None


class Encounter(Resource):
    status: str
    type: list[Concept] = []
    service_type: Concept | None = None
    subject: Reference | None = None
    participant: list[Participant] = []
    appointment: list[Reference] = []
    period: Period | None = None
    location: list[EncounterPlace] = []


class Cost(Part):
    """What the patient pays of a visit, under a coverage."""

    type: Concept | None = None
    value_money: Money | None = None
    value_quantity: Quantity | None = None


class Coverage(Resource):
    status: str
    type: Concept | None = None
    beneficiary: Reference | None = None
    period: Period | None = None
    payor: list[Reference] = []
    insurer: Reference | None = None  # what R5 calls it
    order: Count | None = None
    cost_to_beneficiary: list[Cost] = []


class Guarantor(Part):
    party: Reference | None = None
    period: Period | None = None


class Account(Resource):
    status: str
    subject: list[Reference] = []
    guarantor: list[Guarantor] = []


class ChargeItem(Resource):
    status: str
    code: Concept | None = None
    subject: Reference | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None
    entered_date: str | None = None
    price_override: Money | None = None


class Invoice(Resource):
    identifier: list[Identifier] = []
    status: str
    subject: Reference | None = None
    recipient: Reference | None = None
    date: str | None = None
    total_net: Money | None = None
    total_gross: Money | None = None


MODELS: dict[str, type[Resource]] = {
    model.__name__: model
    for model in (
        Organization,
        Location,
        Practitioner,
        PractitionerRole,
        Patient,
        Account,
        Coverage,
        Appointment,
        Encounter,
        ChargeItem,
        Invoice,
    )
}

_WORDS = {
    "missing": "is missing",
    "string_type": "is not text",
    "bool_type": "is neither true nor false",
    "list_type": "is not a list",
    "model_type": "is not made of fields",
    "int_type": "is not a whole number",
}


# fields without which a resource means nothing: its key, whose it is, when, how much, and whether it stands
_MATTER = frozenset(
    [
        "id",
        "status",
        "subject",
        "participant",
        "start",
        "period",
        "beneficiary",
        "date",
        "totalNet",
        "totalGross",
        "priceOverride",
        "practitioner",
        "occurrenceDateTime",
        "occurrencePeriod",
        "enteredDate",
        "guarantor",
    ]
)


def parse(kind: str, resource: Mapping[str, Any], unknown: list[Fault] | None = None) -> Resource | Fault:
    """The fields we read of a resource of that kind, or why it cannot be used.

    unknown: takes the fields that cannot be read and that it can do without.
    """
    while True:
        try:
            parsed = MODELS[kind].model_validate(resource)
            break
        except ValidationError as error:
            fault = _fault(error)
            name = fault.field.partition(".")[0]
            if unknown is None or name in _MATTER or name not in resource:
                return fault
            unknown.append(fault)
            resource = {each: value for each, value in resource.items() if each != name}
    if _ID.fullmatch(parsed.id) is None:
        return Fault("id", "is not an id such as a server gives")
    return parsed


def _fault(error: ValidationError) -> Fault:
    """The first thing wrong. What stands in the field is not quoted: it may be anything."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path = ".".join(str(step) for step in first["loc"])
    return Fault(path, _WORDS.get(first["type"], "cannot be read as FHIR R4 has it"))
