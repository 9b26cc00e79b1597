"""What is to go out to another system: one row each, written with the business change (DESIGN §2.6)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Row, index_where_given
from core.store.types import UtcInstant


class OutboxKind(StrEnum):
    """What goes out. How each is sent stands in core/jobs/outbox/senders.py."""

    EMAIL = "email"
    TEXT = "text"
    INVOICE_MAKE = "invoice"
    INVOICE_CLOSE = "close invoice"
    INVOICE_REOPEN = "reopen invoice"
    INVOICE_RESEND = "processor's reminder of an invoice"
    INVOICE_DETACH = "detach payment"
    PAYLINK_MAKE = "payment link"
    PAYLINK_DROP = "drop payment link"
    PAYLINK_RESEND = "processor's reminder of a payment link"
    CARD_KEEP = "new card"
    CARD_RETIRE = "remove card"
    DRAFT_POINT = "move draft to new card"
    DECLINED_RERUN = "charge again"
    DECLINED_RESEND = "processor's e-mail about a decline"
    DECLINED_PUT_OFF = "put a declined payment off"
    DECLINED_REQUEST = "payment request for a declined payment"
    CARD_CHARGE = "charge the card on file"
    TASK_POST = "task for the EHR"
    TASK_CLOSE = "close task at the EHR"
    BOOKING_CHARGE = "charge an online booking"
    BOOKING_BACK = "give a booking's money back"
    BOOKING_TAKE = "take a booking's hold"
    BOOKING_EHR = "booking for the EHR"


class OutboxState(StrEnum):
    """unknown: it may or may not have happened; looked up after a settle window, never blindly sent again."""

    WAITING = "waiting"
    SENDING = "sending"
    SETTLED = "settled"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


OPEN_STATES = (OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNKNOWN)


class OutboxRow(Row, table=True):
    """One thing to send. id: random, made before the first attempt; the key by which a repeat is recognised.

    payload, result: JSON without secrets, card numbers or clinical words. not_before, settle_after: UTC.
    settle_after: when an unknown row may be looked up. reason: a sentence for the staff.
    fence: grows each time a worker takes the row, to send it or to look it up; only who took it last may write down what
    came of it. held_until: until when the worker that took it has it alone (it says again that it lives), UTC.
    """

    __table_args__ = (
        Index(None, "state", "connection_id", "not_before"),
        Index(None, "subject_kind", "subject_id"),
        index_where_given("batch_id"),
    )

    id: str = Field(primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    kind: str
    connection_id: int | None = Field(default=None, foreign_key="connection.id")
    subject_kind: str = ""
    subject_id: str = ""
    batch_id: int | None = None
    payload: str = "{}"
    state: str = OutboxState.WAITING
    not_before: datetime = Field(sa_type=UtcInstant)
    created_at: datetime = Field(sa_type=UtcInstant)
    created_by: int | None = Field(default=None, foreign_key="staff.id")
    claimed_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    attempts: int = 0
    fence: int = 0
    held_until: datetime | None = Field(default=None, sa_type=UtcInstant)
    settle_after: datetime | None = Field(default=None, sa_type=UtcInstant)
    finished_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    result: str = "{}"
    reason: str = ""
