"""Who did or saw what, when. Rows are only ever added."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Row
from core.store.types import UtcInstant


class AuditEntry(Row, table=True):
    """detail: JSON without secrets and without clinical words. staff_id None = the system itself or nobody signed in."""

    __table_args__ = (Index(None, "at"), Index(None, "subject_kind", "subject_id"))

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    at: datetime = Field(sa_type=UtcInstant)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    who: str = ""
    action: str
    subject_kind: str = ""
    subject_id: str = ""
    detail: str = "{}"


class AuditSeal(Row, table=True):
    """An entry's place in the chain (core/audit/chain.py). No foreign key: a seal outlives an entry that was removed."""

    number: int = Field(primary_key=True)
    entry_id: int = Field(unique=True)
    signature: str


class AuditHead(Row, table=True):
    """Where the chain ends: how many entries it has and the last signature. mark: of both, under the key file."""

    id: int = Field(default=1, primary_key=True)
    entries: int = 0
    signature: str = ""
    mark: str = ""
