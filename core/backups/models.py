"""Which backups were made, and whether each could be read again."""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from core.store.base import Row
from core.store.types import UtcInstant


class BackupRun(Row, table=True):
    """One attempt. good: written, and read back whole under its key. size: bytes of the file. reason: what went wrong."""

    __table_args__ = (Index(None, "good", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    at: datetime = Field(sa_type=UtcInstant)
    file_name: str = ""
    size: int = Field(default=0, sa_type=BigInteger)
    seconds: float = 0.0
    good: bool = False
    reason: str = ""
