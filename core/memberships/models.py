"""Membership plans, their benefits per service class, members, and extra visits."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field

from core.store.base import Row, Synced, index_where_given, one_per_source
from core.store.types import UtcInstant

_STANDS = text("undone_at IS NULL")


class MembershipStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"


class MembershipPlan(Synced, table=True):
    """period: month (calendar), anchor (from the member's billing day) or package (prepaid: the whole term).

    Dues run every billing_every days, weeks or months (billing_unit), where no draft at the processor says otherwise.
    """

    __table_args__ = (one_per_source(),)

    name: str
    price_cents: int | None = None
    period: str = "month"
    rollover_cap: int | None = None
    rollover_periods: int | None = None
    no_show_forfeits: bool = False
    billing_every: int = 1
    billing_unit: str = "month"  # day, week, month


class MembershipBenefit(Synced, table=True):
    """visits None = unlimited; per_week: a second limit beside it, None = there is none."""

    __table_args__ = (one_per_source(), Index(None, "membership_plan_id"))

    membership_plan_id: int = Field(foreign_key="membership_plan.id")
    service_class: str
    visits: int | None = None
    per_week: int | None = None


class Membership(Synced, table=True):
    """pool_id: memberships of one source with the same one share their visits (a family)."""

    __table_args__ = (one_per_source(), Index(None, "patient_id"), index_where_given("pool_id"))

    patient_id: int = Field(foreign_key="patient.id")
    membership_plan_id: int = Field(foreign_key="membership_plan.id")
    start_date: date
    end_date: date | None = None
    anchor_day: int | None = None
    status: str = MembershipStatus.ACTIVE
    frozen_from: date | None = None
    frozen_to: date | None = None
    card_ref: str | None = None
    next_draft_on: date | None = None
    pool_id: str | None = None


class MembershipExtra(Synced, table=True):
    """kind: rollover (taken as it stands) or add_on, for the period that starts on period_start."""

    __table_args__ = (one_per_source(), Index(None, "membership_id"))

    membership_id: int = Field(foreign_key="membership.id")
    period_start: date
    service_class: str
    kind: str
    visits: int


class MembershipChoice(Row, table=True):
    """What was decided about one visit beyond a membership; fields as in core/memberships/choices.py (ChoiceFacts).

    Of each visit at most one choice stands; undone ones stay as they were. plan_id: the bigger plan asked for.
    """

    __table_args__ = (
        Index(
            None,
            "membership_id",
            "appointment_id",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    membership_id: int = Field(foreign_key="membership.id")
    appointment_id: int = Field(foreign_key="appointment.id")
    kind: str  # a word of ChoiceKind
    starts_at: datetime = Field(sa_type=UtcInstant)
    cents: int | None = None
    extras_seen: int = 0
    plan_id: int | None = Field(default=None, foreign_key="membership_plan.id")
    visits: int | None = None
    reason: str
    chosen_at: datetime = Field(sa_type=UtcInstant)
    chosen_by: str
    undone_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    undone_by: str = ""
