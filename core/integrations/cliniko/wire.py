"""Cliniko's records as they come over the wire (Cliniko §6.1): validated, and nothing kept that is not read.

Ids are text or numbers, references are links whose last part is the id, money is text. Notes, sexes, Medicare numbers
and the like are never read, so they reach neither the store nor the quarantine.
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict


def _id(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ref(value: Any) -> Any:
    """The id behind `{"links": {"self": "…/patients/123"}}`."""
    if value is None:
        return None
    try:
        return str(value["links"]["self"]).rstrip("/").rpartition("/")[2]
    except (KeyError, TypeError) as error:
        raise ValueError("is no link to another record") from error


def _visit_ref(value: Any) -> Any:
    """Only a link to an individual appointment: of a class we could not tell which attendee is meant."""
    if value is None or "appointments/" not in str(value) or "group" in str(value):
        return None
    return _ref(value)


def _dollars(value: Any) -> Any:
    """`"50.0"` in dollars and cents, as text. Raises ValueError for what is no amount of whole cents."""
    if value in (None, ""):
        return None
    try:
        amount = Decimal(str(value))
        exact = amount.is_finite() and amount == amount.quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise ValueError("is not an amount") from error
    if not exact:
        raise ValueError("is not an amount of whole cents")
    return f"{amount:.2f}"


Id = Annotated[str, BeforeValidator(_id)]
Ref = Annotated[str | None, BeforeValidator(_ref)]
VisitRef = Annotated[str | None, BeforeValidator(_visit_ref)]
Dollars = Annotated[str | None, BeforeValidator(_dollars)]
Text = str | None


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: Id
    updated_at: AwareDatetime


class Business(Wire):
    business_name: Text = None
    display_name: Text = None
    address_1: Text = None
    email_reply_to: Text = None
    time_zone_identifier: Text = None


class Practitioner(Wire):
    title: Text = None
    first_name: Text = None
    last_name: Text = None
    display_name: Text = None


class BillableItem(Wire):
    item_code: Text = None
    name: Text = None
    price: Dollars = None


class TypePrice(Wire):
    """A billable item of an appointment type."""

    appointment_type: Ref = None
    billable_item: Ref = None


class AppointmentType(Wire):
    name: Text = None
    duration_in_minutes: int | None = None
    category: Text = None


class Phone(BaseModel):
    model_config = ConfigDict(extra="ignore")

    phone_type: Text = None
    number: Text = None
    normalized_number: Text = None


class Patient(Wire):
    first_name: Text = None
    last_name: Text = None
    date_of_birth: Text = None
    email: Text = None
    patient_phone_numbers: list[Phone] | None = None
    accepted_sms_marketing: bool | None = None
    accepted_email_marketing: bool | None = None
    reminder_type: Text = None
    archived_at: AwareDatetime | None = None
    merged_with_patient: Ref = None


class _Off(Wire):
    """archived, deleted or cancelled: any of them takes a visit off the day."""

    archived_at: AwareDatetime | None = None
    deleted_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None

    @property
    def off(self) -> bool:
        return bool(self.archived_at or self.deleted_at or self.cancelled_at)


class IndividualAppointment(_Off):
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    patient_arrived: bool | None = None
    did_not_arrive: bool | None = None
    patient: Ref = None
    practitioner: Ref = None
    business: Ref = None
    appointment_type: Ref = None


class GroupAppointment(_Off):
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    practitioner: Ref = None
    business: Ref = None
    appointment_type: Ref = None


class Attendee(_Off):
    arrived: bool | None = None
    booking: Ref = None
    patient: Ref = None


class Invoice(Wire):
    number: Id | None = None
    issue_date: Text = None
    closed_at: AwareDatetime | None = None
    deleted_at: AwareDatetime | None = None
    status: int | None = None
    status_description: Text = None
    total_amount: Dollars = None
    patient: Ref = None
    business: Ref = None
    appointment: VisitRef = None
