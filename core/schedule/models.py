"""Providers, appointment types and appointments."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Synced, index_where_given, one_per_source
from core.store.types import UtcInstant


class AppointmentStatus(StrEnum):
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    RESCHEDULED = "rescheduled"  # the old copy of a moved visit
    NO_SHOW = "no_show"


class Provider(Synced, table=True):
    __table_args__ = (one_per_source(),)

    location_id: int | None = Field(default=None, foreign_key="location.id")
    name: str


class AppointmentType(Synced, table=True):
    """service_class joins a visit to the membership benefits that cover it."""

    __table_args__ = (one_per_source(),)

    name: str
    minutes: int | None = None
    service_class: str | None = None
    price_cents: int | None = None


class Appointment(Synced, table=True):
    """A day's list is read by location and UTC range of the local day, so a location may change its zone.

    Of FHIR: own_status is what the appointment itself says, encounters the word of each encounter that names it (JSON);
    named_visit: the appointment whose visit the row of an encounter, or of a further patient, is.
    """

    __table_args__ = (
        one_per_source(),
        index_where_given("named_visit"),
        Index(None, "location_id", "starts_at"),
        Index(None, "patient_id", "starts_at"),
    )

    patient_id: int = Field(foreign_key="patient.id")
    location_id: int = Field(foreign_key="location.id")
    provider_id: int | None = Field(default=None, foreign_key="provider.id")
    appointment_type_id: int | None = Field(default=None, foreign_key="appointment_type.id")
    starts_at: datetime = Field(sa_type=UtcInstant)
    minutes: int | None = None
    status: str
    own_status: str | None = None
    encounters: str | None = None
    named_visit: str | None = None
