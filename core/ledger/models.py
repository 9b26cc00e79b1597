"""The patient account: services and ledger entries as the EHR posted them."""

from datetime import date
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Synced, index_where_given, one_per_source


class EntryKind(StrEnum):
    CHARGE = "charge"
    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"


class Part(StrEnum):
    PATIENT = "patient"
    INSURER = "insurer"


class Service(Synced, table=True):
    __table_args__ = (one_per_source(),)

    code: str | None = None
    name: str
    price_cents: int | None = None


class LedgerEntry(Synced, table=True):
    """Amounts are positive: charges and refunds raise what is owed, payments and adjustments lower it
    (a negative adjustment raises it). CONTRACTS §3."""

    __table_args__ = (
        one_per_source(),
        Index(None, "patient_id", "posted_on"),
        index_where_given("order_id"),
    )

    patient_id: int = Field(foreign_key="patient.id")
    posted_on: date
    kind: str
    part: str
    amount_cents: int
    service_id: int | None = Field(default=None, foreign_key="service.id")
    appointment_id: int | None = Field(default=None, foreign_key="appointment.id")
    plan_id: int | None = Field(default=None, foreign_key="plan.id")
    order_id: str | None = None
    description: str | None = None
