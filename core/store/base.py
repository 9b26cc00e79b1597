"""What every table shares. Naming convention first: Alembic needs names for what it will alter."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from core.store.types import UtcInstant

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """Every table's base: the table is named after its class, LedgerEntry → ledger_entry."""

    @declared_attr  # pyright: ignore
    def __tablename__(cls) -> str:  # pyright: ignore
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Synced(Row):
    """A row that another system owns: one per (connection, external id), never older than what we hold.

    version: the other system's modification stamp, Unix seconds; None where it gives none (files).
    content_hash: of the mapped values, so "unchanged" is decided without comparing columns.
    gone_at: when a full sync no longer found it (UTC); reports leave such rows out.
    """

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    external_id: str
    version: int | None = None
    content_hash: str = ""
    synced_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    gone_at: datetime | None = Field(default=None, sa_type=UtcInstant)


def one_per_source() -> UniqueConstraint:
    """The constraint that makes a doubled row impossible rather than unlikely."""
    return UniqueConstraint("connection_id", "external_id")


def index_where_given(column: str) -> Index:
    """An index of a column that is mostly empty, over the rows that have it: small, and the planner trusts it."""
    given = text(f"{column} IS NOT NULL")
    return Index(None, column, sqlite_where=given, postgresql_where=given)


def one_stands(name: str, column: str, ended: str) -> Index:
    """At most one row of a column's value is not ended: a race fails at the store rather than leaving two."""
    stands = text(f"{ended} IS NULL")
    return Index(name, column, unique=True, sqlite_where=stands, postgresql_where=stands)


def table_of(model: type[SQLModel]) -> Any:
    """The SQLAlchemy table behind a model, for statements that read columns instead of live rows."""
    return model.__table__  # type: ignore[attr-defined]
