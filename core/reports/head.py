"""What every report carries beside its rows: place, instant, day, and how fresh its sources are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from core import clock
from core.connections.models import ConnectionState
from core.connections.reports import sources as connection_sources
from core.practice.models import Location


@dataclass(frozen=True, slots=True)
class SourceCell:
    """How fresh one connection is. synced_at None = never. failing: its last sync did not succeed; sentence says why."""

    name: str
    kind: str
    synced_at: datetime | None
    stale: bool
    sentence: str
    failing: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A report as the page shows it and as `huddle report` prints it.

    location: the EHR's location id; None = every location. totals are for the headline (cents or counts).
    """

    report: str
    as_of: datetime
    day: date
    location: str | None
    location_name: str
    time_zone: str
    sources: tuple[SourceCell, ...]
    rows: tuple[Any, ...]


def source_cells(session: Session, as_of: datetime) -> tuple[SourceCell, ...]:
    """How fresh each connection is at that instant (aware UTC), for the head of every report."""
    return tuple(
        SourceCell(
            one.name, one.kind, one.synced_at, one.stale, one.sentence, one.state == ConnectionState.FAILING
        )
        for one in connection_sources(session, now=as_of)
    )


def make_report(
    session: Session,
    name: str,
    places: list[Location],
    location_id: int | None,
    as_of: datetime,
    rows: Iterable[Any],
    day: date | None = None,
) -> Report:
    """The rows with the head every report has: place, instant and local day, and how fresh its sources are."""
    zone = places[0].time_zone if places else "UTC"
    one = places[0] if location_id is not None else None
    title = one.name if one else ", ".join(place.name for place in places)
    return Report(
        report=name,
        as_of=as_of,
        day=day or clock.local_date(as_of, zone),
        location=one.external_id if one else None,
        location_name=title,
        time_zone=zone,
        sources=source_cells(session, as_of),
        rows=tuple(rows),
    )
