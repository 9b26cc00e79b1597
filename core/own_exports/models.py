"""A practice's own way of reading its exports, and what each load of one changed, so that it can be undone."""

from datetime import datetime, timedelta

from sqlalchemy import Index
from sqlmodel import Field

from core.store.base import Row
from core.store.types import UtcInstant

LOADS_UNDONE_WITHIN = timedelta(days=1)


class SourceProfile(Row, table=True):
    """profile: the JSON of an ehr_exports profile, "" for the built-in one of that name. answers: JSON, what people said
    once. shape: JSON, table → the column names its file had. connection_id: whose folder or uploads it reads."""

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    connection_id: int | None = Field(default=None, foreign_key="connection.id")
    name: str = Field(unique=True)
    profile: str = ""
    answers: str = "{}"
    shape: str = "{}"
    saved_at: datetime = Field(sa_type=UtcInstant)
    saved_by: str = ""


class ExportLoad(Row, table=True):
    """One load of an export. files: the names of its files, one a line. stored: rows of the export that changed something."""

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    profile: str
    files: str = ""
    stored: int = 0
    began_at: datetime = Field(sa_type=UtcInstant)
    began_by: str = ""
    undone_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    undone_by: str = ""


class ExportLoadRow(Row, table=True):
    """A row that a load changed. file: of the practice files. before: JSON of its columns, "" when it was not there.
    after_hash: the content it was given; a row that something else has changed since is not undone."""

    __table_args__ = (Index(None, "load_id", "file", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    load_id: int = Field(foreign_key="export_load.id")
    file: str
    external_id: str
    before: str = ""
    after_hash: str = ""
