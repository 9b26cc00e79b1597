"""What other systems told us, stored once before it is believed (DESIGN §2.7)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from core.store.base import Row
from core.store.types import UtcInstant


class InboxState(StrEnum):
    """parked: what it speaks of is not here yet; looked at again."""

    WAITING = "waiting"
    APPLIED = "applied"
    PARKED = "parked"
    FAILED = "failed"


class InboxEvent(Row, table=True):
    """One event of one source: what is used of it, card numbers masked. The same event again is the same row."""

    __table_args__ = (UniqueConstraint("source", "event_id"), Index(None, "state", "not_before"))

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    connection_id: int | None = Field(default=None, foreign_key="connection.id")
    source: str
    event_id: str
    kind: str = ""
    body: str = "{}"
    received_at: datetime = Field(sa_type=UtcInstant)
    state: str = InboxState.WAITING
    attempts: int = 0
    not_before: datetime = Field(sa_type=UtcInstant)
    applied_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    reason: str = ""
