"""Payments on their way to the EHR's ledger, whether posting is on, and what the ledger was read back to hold."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from core.store.base import Row, Synced, index_where_given, one_per_source
from core.store.types import UtcInstant


class State(StrEnum):
    """unknown: it may have been posted; it is looked up by its key, never sent again blindly."""

    WAITING = "waiting"
    SENDING = "sending"
    POSTED = "posted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CLEARED = "cleared"


class Hold(StrEnum):
    """Why a waiting row does not go out by itself."""

    NONE = ""
    NOT_LINKED = "patient not linked"
    SUSPECTED = "perhaps posted already"


class Part(StrEnum):
    """What of a payment a row posts. refund: a processor's row of its own. reversal: a status that took it back."""

    PAYMENT = "payment"
    REFUND = "refund"
    REVERSAL = "reversal"


class LedgerPosting(Row, table=True):
    """One amount to post once. key: of the processor's connection and transaction, for ever.

    amount_cents: below 0 for money that goes back. posted_on: the payment's day at its location. acts_as: the person
    who asked for it by hand; None = the connection's own login. batch: of a file drop. settle_after: from when a
    doubtful row may be looked up. reason: a sentence for the staff.
    """

    __table_args__ = (
        UniqueConstraint("practice_id", "key"),
        Index(None, "connection_id", "state", "not_before"),
        Index(None, "payment_id"),
        Index(None, "practice_id", "posted_on"),
        index_where_given("batch"),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    connection_id: int = Field(foreign_key="connection.id")
    payment_id: int = Field(foreign_key="payment.id")
    part: str = Part.PAYMENT
    key: str
    patient_id: int | None = Field(default=None, foreign_key="patient.id")
    amount_cents: int
    happened_at: datetime = Field(sa_type=UtcInstant)
    posted_on: date
    order_id: str
    state: str = State.WAITING
    hold: str = Hold.NONE
    reason: str = ""
    entry_ref: str = ""
    batch: str | None = None
    tries: int = 0
    acts_as: int | None = Field(default=None, foreign_key="staff.id")
    cleared_by: int | None = Field(default=None, foreign_key="staff.id")
    created_at: datetime = Field(sa_type=UtcInstant)
    not_before: datetime = Field(sa_type=UtcInstant)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    settle_after: datetime | None = Field(default=None, sa_type=UtcInstant)
    finished_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class PostingSwitch(Row, table=True):
    """Whether payments are posted by a connection, and from which day on. acknowledged: a start in the past was accepted
    after seeing what would be posted. trouble: why nothing goes out now, a sentence. looked_at: the data version at
    which payments were last gathered, -1 = never."""

    connection_id: int = Field(primary_key=True, foreign_key="connection.id")
    practice_id: int = Field(default=1, foreign_key="practice.id")
    is_on: bool = False
    date_start: date
    acknowledged: bool = False
    changed_at: datetime = Field(sa_type=UtcInstant)
    changed_by: int | None = Field(default=None, foreign_key="staff.id")
    trouble: str = ""
    looked_at: int = -1


class PostedEntry(Synced, table=True):
    """A ledger row of the EHR that came from a merchant, as read back. amount_cents: below 0 for a refund."""

    __table_args__ = (one_per_source(), Index(None, "key"), Index(None, "posted_on"))

    key: str = ""
    patient_ref: str = ""
    order_id: str = ""
    kind: str
    amount_cents: int
    posted_on: date
