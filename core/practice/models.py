"""The practice and its locations. A day always belongs to a location, through its time zone."""

from sqlmodel import Field

from core.store.base import Row, Synced, one_per_source


class Practice(Row, table=True):
    """time_zone: what was said at the set-up; it holds until a location says its own. "" = nothing was said."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    time_zone: str = ""


class Location(Synced, table=True):
    __table_args__ = (one_per_source(),)

    practice_id: int = Field(default=1, foreign_key="practice.id")
    name: str
    time_zone: str
    phone: str | None = None
    email: str | None = None
    address: str | None = None
