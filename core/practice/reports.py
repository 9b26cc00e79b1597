"""The locations of the practice, for choosing one."""

from typing import NamedTuple

from sqlmodel import Session, col, select

from core.errors import NotFound
from core.practice.models import Location, Practice


class LocationChoice(NamedTuple):
    """key: the store's id. external_id: the EHR's own, as addresses and exports carry it."""

    key: int
    external_id: str
    name: str
    time_zone: str


def places(session: Session, only: int | None = None) -> list[LocationChoice]:
    """Every location by name; `only` the one a person works at, when they work at one."""
    wanted = select(Location).where(col(Location.gone_at).is_(None)).order_by(Location.name)
    if only is not None:
        wanted = wanted.where(Location.id == only)
    return [
        LocationChoice(row.id or 0, row.external_id, row.name, row.time_zone) for row in session.exec(wanted)
    ]


def locations(session: Session, location_id: int | None = None) -> list[Location]:
    """The practice's locations by name, or the one asked for. Raises NotFound for an id that is not there."""
    query = select(Location).where(Location.gone_at.is_(None)).order_by(Location.name, Location.id)  # type: ignore[union-attr,arg-type]
    found = list(session.execute(query).scalars())
    if location_id is None:
        return found
    chosen = [place for place in found if place.id == location_id]
    if not chosen:
        raise NotFound("That location is not in the store any more. Choose another one.")
    return chosen


def first_of(session: Session) -> int | None:
    """Store id of the location that patients of no location stand with: the first of all, whichever is looked at."""
    return next((place.id for place in locations(session)), None)


def practice_zone(session: Session) -> str:
    """The practice's time zone as said at the set-up; "" when nobody said."""
    found = session.get(Practice, 1)
    return found.time_zone if found else ""
