"""The patient account: services and ledger entries as the EHR posted them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field

from core.store.base import Row, Synced, index_where_given, one_per_source
from core.store.types import UtcInstant


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
        index_where_given("plan_id"),
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


class Answer(StrEnum):
    YES = "yes"
    NO = "no"


_STANDS = text("undone_at IS NULL")
_PAYS = text("undone_at IS NULL AND answer = 'yes'")


class DeskMatch(Row, table=True):
    """A person's answer whether money that only the ledger knows of paid something that was due (DOMAIN §3).

    patient_id: who was to pay it. due_kind, due_ref: the due item as core/dues/missing.py names it; plan_id,
    membership_id: what it belongs to. undone_at None: it stands. One standing answer for a row and an item, and one
    item at most that a row paid.
    """

    __table_args__ = (
        Index(
            "uq_desk_match_answer", "entry_id", "due_kind", "due_ref", unique=True,
            sqlite_where=_STANDS, postgresql_where=_STANDS,
        ),
        Index("uq_desk_match_paid", "entry_id", unique=True, sqlite_where=_PAYS, postgresql_where=_PAYS),
        Index(None, "patient_id"),
        index_where_given("plan_id"),
    )  # fmt: skip

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    entry_id: int = Field(foreign_key="ledger_entry.id")
    patient_id: int = Field(foreign_key="patient.id")
    due_kind: str
    due_ref: str
    plan_id: int | None = Field(default=None, foreign_key="plan.id")
    membership_id: int | None = Field(default=None, foreign_key="membership.id")
    answer: str  # a word of Answer
    amount_cents: int
    decided_at: datetime = Field(sa_type=UtcInstant)
    decided_by: str
    undone_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    undone_by: str = ""
