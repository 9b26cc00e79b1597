"""A counter that grows with every transaction that changed synced data: caches and open pages look at it."""

from datetime import datetime

from sqlalchemy import Table, func, select, update
from sqlmodel import Field, Session

from core import clock
from core.store.base import Row
from core.store.types import UtcInstant


class DataVersion(Row, table=True):
    id: int = Field(default=1, primary_key=True)
    counter: int = 0
    changed_at: datetime | None = Field(default=None, sa_type=UtcInstant)


_TABLE: Table = DataVersion.__table__  # type: ignore[attr-defined]


def touch(session: Session) -> None:
    """Say that synced data changed, in the transaction that changed them."""
    grown = session.execute(update(_TABLE).values(counter=_TABLE.c.counter + 1, changed_at=clock.now()))
    if grown.rowcount == 0:  # type: ignore[attr-defined]
        session.add(DataVersion(id=1, counter=1, changed_at=clock.now()))
        session.flush()


def data_version(session: Session) -> int:
    """The present counter; 0 in an empty store."""
    return session.execute(select(func.max(_TABLE.c.counter))).scalar() or 0
