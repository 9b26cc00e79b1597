"""Payments, scheduled drafts (recurrings) and declined drafts, as processors and files know them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field

from core.store.base import Synced, index_where_given, one_per_source
from core.store.types import UtcInstant


class PaymentStatus(StrEnum):
    APPROVED = "approved"
    PENDING = "pending"
    DECLINED = "declined"
    RETURNED = "returned"
    REFUNDED = "refunded"
    VOIDED = "voided"
    CHARGED_BACK = "charged_back"


class RecurringStatus(StrEnum):
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    ENDED = "ended"


REMINDER = "reminder"
"""A recurring's status beside these where it collects nothing by itself: a person does, each time (Cash Practice §2.1)."""


class Recurring(Synced, table=True):
    """A draft that runs by itself. card_ref and contact_ref are external ids at the same connection;
    pays_for: the EHR's plan or membership id, where the processor was told it."""

    __table_args__ = (
        one_per_source(),
        Index(None, "patient_id"),
        index_where_given("plan_id"),
        index_where_given("membership_id"),
    )

    patient_id: int | None = Field(default=None, foreign_key="patient.id")
    contact_ref: str | None = None
    card_ref: str | None = None
    pays_for: str | None = None
    plan_id: int | None = Field(default=None, foreign_key="plan.id")
    membership_id: int | None = Field(default=None, foreign_key="membership.id")
    amount_cents: int
    interval: int = 1
    interval_unit: str = "month"  # day, week, month
    next_run_on: date | None = None
    status: str = RecurringStatus.ACTIVE


# money that went back: few rows, and each can reopen an old debt, so they are found by themselves
TAKEN_BACK = text("(status IN ('charged_back', 'refunded', 'returned', 'voided') OR refund_ref IS NOT NULL)")
# few too: which drafts failed lately, of everybody
DECLINED = text("status = 'declined'")


class Payment(Synced, table=True):
    """refund_ref: external id of the payment this one gives back (its amount is positive).
    recurring_ref: external id of the draft that ran it. surcharge_cents: the part of the amount that is a fee on top.
    A status of refunded, returned, voided or charged_back means the whole payment (CONTRACTS §3)."""

    __table_args__ = (
        one_per_source(),
        Index(None, "patient_id", "happened_at"),
        Index("ix_payment_declined", "happened_at", sqlite_where=DECLINED, postgresql_where=DECLINED),
        Index("ix_payment_taken_back", "patient_id", sqlite_where=TAKEN_BACK, postgresql_where=TAKEN_BACK),
        index_where_given("plan_id"),
        index_where_given("membership_id"),
        index_where_given("refund_ref"),
        index_where_given("invoice_ref"),
        index_where_given("order_id"),
    )

    patient_id: int | None = Field(default=None, foreign_key="patient.id")
    contact_ref: str | None = None
    card_ref: str | None = None
    recurring_ref: str | None = None
    plan_id: int | None = Field(default=None, foreign_key="plan.id")
    instalment_id: int | None = Field(default=None, foreign_key="instalment.id")
    membership_id: int | None = Field(default=None, foreign_key="membership.id")
    invoice_ref: str | None = None
    happened_at: datetime = Field(sa_type=UtcInstant)
    amount_cents: int
    surcharge_cents: int = 0
    status: str
    reason_code: str | None = None
    refund_ref: str | None = None
    order_id: str | None = None
    method: str | None = None  # card, bank, cash, check


class DeclinedDraft(Synced, table=True):
    """A recurring's declined run, kept by the processor as its own record until it is paid (Fortis §6).

    retry_on: the local day it was put off to. closed: somebody gave it up at the processor.
    """

    __table_args__ = (one_per_source(),)

    declined_payment_ref: str | None = None
    payment_ref: str | None = None
    recurring_ref: str | None = None
    status: str = "unpaid"  # paid, unpaid, closed
    retry_on: date | None = None
    happened_at: datetime | None = Field(default=None, sa_type=UtcInstant)
