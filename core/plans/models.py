"""Treatment and payment plans, their instalments and former terms, and what people promised and decided about them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Row, Synced, index_where_given, one_per_source, one_stands
from core.store.types import UtcInstant


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


class PlanVersion(Row, table=True):
    """Terms of a plan (instalment_id None) or of one instalment as they were until `replaced_at`.

    terms: JSON of the columns a contract consists of; see core/plans/versions.py.
    """

    __table_args__ = (Index(None, "plan_id"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id")
    instalment_id: int | None = Field(default=None, foreign_key="instalment.id")
    replaced_at: datetime = Field(sa_type=UtcInstant)
    terms: str


class PlanPromise(Row, table=True):
    """Somebody said they would pay. said_by: who, in the desk's words; due_on: local date; withdrawn_at None = stands; one of a plan stands."""

    __table_args__ = (Index(None, "plan_id"), one_stands("uq_plan_promise_stands", "plan_id", "withdrawn_at"))

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    plan_id: int = Field(foreign_key="plan.id")
    amount_cents: int
    due_on: date
    said_by: str
    recorded_at: datetime = Field(sa_type=UtcInstant)
    recorded_by: str
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    withdrawn_by: str = ""
    withdrawn_why: str = ""


class Settling(StrEnum):
    COLLECT = "collect"
    WAIVE = "waive"


class PlanSettlement(Row, table=True):
    """What a person decided about a plan that was ended early (DOMAIN §4). amount_cents: what was owed then.

    One of a plan stands. undone_by "": another decision took its place.
    """

    __table_args__ = (Index(None, "plan_id"), one_stands("uq_plan_settlement_stands", "plan_id", "undone_at"))

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    plan_id: int = Field(foreign_key="plan.id")
    decision: str  # a word of Settling
    amount_cents: int
    why: str
    decided_at: datetime = Field(sa_type=UtcInstant)
    decided_by: str
    undone_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    undone_by: str = ""
