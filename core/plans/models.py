"""Treatment and payment plans and their instalments."""

from datetime import date
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Synced, index_where_given, one_per_source


class PlanStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class Plan(Synced, table=True):
    """payer_id: who pays, when not the patient (a family contract). card_ref: external id of the card it charges,
    which may live at a processor. Pause dates are inclusive; an empty end is open."""

    __table_args__ = (
        one_per_source(),
        Index(None, "patient_id"),
        index_where_given("payer_id"),
    )

    patient_id: int = Field(foreign_key="patient.id")
    payer_id: int | None = Field(default=None, foreign_key="patient.id")
    kind: str = "treatment"  # treatment, payment
    name: str = ""
    start_date: date | None = None
    end_date: date | None = None
    total_cents: int | None = None
    visits: int | None = None
    status: str = PlanStatus.ACTIVE
    paused_from: date | None = None
    paused_to: date | None = None
    card_ref: str | None = None


class Instalment(Synced, table=True):
    __table_args__ = (one_per_source(), Index(None, "plan_id", "due_date"))

    plan_id: int = Field(foreign_key="plan.id")
    due_date: date
    amount_cents: int
    waived_cents: int = 0
