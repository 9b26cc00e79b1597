"""Membership plans, their benefits per service class, members, and extra visits."""

from datetime import date
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Synced, one_per_source


class MembershipStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"


class MembershipPlan(Synced, table=True):
    """period: month (calendar) or anchor (from the member's billing day)."""

    __table_args__ = (one_per_source(),)

    name: str
    price_cents: int | None = None
    period: str = "month"
    rollover_cap: int | None = None
    rollover_periods: int | None = None
    no_show_forfeits: bool = False


class MembershipBenefit(Synced, table=True):
    """visits None = unlimited."""

    __table_args__ = (one_per_source(), Index(None, "membership_plan_id"))

    membership_plan_id: int = Field(foreign_key="membership_plan.id")
    service_class: str
    visits: int | None = None


class Membership(Synced, table=True):
    __table_args__ = (one_per_source(), Index(None, "patient_id"))

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


class MembershipExtra(Synced, table=True):
    """kind: rollover (taken as it stands) or add_on, for the period that starts on period_start."""

    __table_args__ = (one_per_source(), Index(None, "membership_id"))

    membership_id: int = Field(foreign_key="membership.id")
    period_start: date
    service_class: str
    kind: str
    visits: int
