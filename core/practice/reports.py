"""The locations of the practice, for choosing one."""

from typing import NamedTuple

from sqlmodel import Session, col, select

from core.practice.models import Location


class Place(NamedTuple):
    """key: the store's id. external_id: the EHR's own, as addresses and exports carry it."""

    key: int
    external_id: str
    name: str
    time_zone: str


def places(session: Session, only: int | None = None) -> list[Place]:
    """Every location by name; `only` the one a person works at, when they work at one."""
    wanted = select(Location).where(col(Location.gone_at).is_(None)).order_by(Location.name)
    if only is not None:
        wanted = wanted.where(Location.id == only)
    return [Place(row.id or 0, row.external_id, row.name, row.time_zone) for row in session.exec(wanted)]
