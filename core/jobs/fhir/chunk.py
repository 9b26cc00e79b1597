"""What comes together while one chunk of FHIR resources is looked through, and what it is measured against."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from core.integrations.fhir.files import Unit
from core.integrations.fhir.refs import Setting
from core.integrations.records import Rejected
from core.jobs.fhir.meanings import merged
from core.jobs.fhir.visits import Visit
from core.jobs.practice_files.result import FileCounts
from core.jobs.practice_files.rows import Known, table_of

OWN_LOCATION = "huddle-practice"  # the place of a practice whose EHR names none


class Note(NamedTuple):
    """Something worth telling of a resource that lost nothing. field: in FHIR's words."""

    file: str
    line: int | None
    field: str
    note: str


class Gone(NamedTuple):
    """A row that must not stand. file: the practice file of its table. version: of the news that says so."""

    file: str
    external_id: str
    version: int | None


class Stored(NamedTuple):
    """counts: of the chunk. rejected: with the file each stands in. newest: the highest version, Unix seconds, or 0."""

    counts: FileCounts
    rejected: list[tuple[str, Rejected]]
    notes: list[Note]
    newest: int
    unknown: Counter[tuple[str, str]] = Counter()


class Places:
    """What is known of this connection's rows, over a whole load: see practice_rows.Known."""

    def __init__(self, session: Session, connection_id: int, setting: Setting) -> None:
        self.connection_id, self.setting = connection_id, setting
        self.known = Known(session, connection_id)
        if self.known.only is None and not self.known.zones:
            self._elsewhere(session)
        self.made: set[tuple[str, str]] = set()  # types and services
        self.told: set[tuple[str, str]] = set()  # rows that somebody else's resource has spoken about
        self.instead = merged(session, connection_id, setting.identifiers)  # patients → who stays

    def _elsewhere(self, session: Session) -> None:
        """Without a place of its own, everything is at the practice's first one."""
        table = table_of("locations").c
        first = session.execute(
            select(table.id, table.time_zone).where(table.gone_at.is_(None)).order_by(table.id).limit(1)
        ).first()
        if first is not None:
            self.known.only, self.known.zones = first[0], {first[0]: first[1]}


@dataclass(slots=True)
class Chunk:
    """What comes together while a chunk is looked through. gone: rows to withdraw, counted; gone_too: not counted."""

    session: Session
    kind: str
    places: Places
    turned_away: list[tuple[str, Rejected]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    second: list[dict[str, Any]] = field(default_factory=list)
    keep: frozenset[str] = frozenset()
    gone: list[Gone] = field(default_factory=list)
    gone_too: list[Gone] = field(default_factory=list)
    said: int = 0
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    sent: dict[str, set[str]] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)

    def note(self, unit: Unit, name: str, note: str) -> None:
        self.notes.append(Note(unit.file, unit.line, name, note))
