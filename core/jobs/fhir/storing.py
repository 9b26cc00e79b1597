"""Storing FHIR resources: one chunk, one transaction (DESIGN §1 “In”), into the tables that practice files fill.

Every resource of a chunk is stored, unchanged or quarantined, and nothing else: what Huddle keeps no row of (a cancelled
coverage, a charge that is on its invoice) is unchanged, or stored when a row had to go for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session

from core import clock
from core.connections.quarantine import quarantine, resolve
from core.integrations.fhir.files import Unit
from core.integrations.fhir.refs import Setting
from core.integrations.practice_files.columns import FILES
from core.integrations.records import Rejected
from core.jobs.fhir.reading import FILE_OF, Ready, field_of, id_of, read, rejected
from core.jobs.practice_files.result import FileCounts
from core.jobs.practice_files.rows import MODELS, Known, complete, table_of
from core.store.upsert import held, upsert
from core.store.version import touch

OWN_LOCATION = "huddle-practice"  # the place of a practice whose EHR names none
_ASKED = 5_000


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


class Places:
    """What is known of this connection's rows, over a whole load: see practice_rows.Known."""

    def __init__(self, session: Session, connection_id: int, setting: Setting) -> None:
        self.connection_id, self.setting = connection_id, setting
        self.known = Known(session, connection_id)
        if self.known.only is None and not self.known.zones:
            self._elsewhere(session)
        self.made: set[tuple[str, str]] = set()  # types and services
        self.told: set[tuple[str, str]] = set()  # rows that somebody else's resource has spoken about

    def _elsewhere(self, session: Session) -> None:
        """Without a place of its own, everything is at the practice's first one."""
        table = table_of("locations").c
        first = session.execute(
            select(table.id, table.time_zone).where(table.gone_at.is_(None)).order_by(table.id).limit(1)
        ).first()
        if first is not None:
            self.known.only, self.known.zones = first[0], {first[0]: first[1]}


@dataclass(slots=True)
class _Chunk:
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
    used: list[str] = field(default_factory=list)

    def note(self, unit: Unit, name: str, note: str) -> None:
        self.notes.append(Note(unit.file, unit.line, name, note))


def store_chunk(session: Session, kind: str, places: Places, units: Sequence[Unit]) -> Stored:
    """Store resources of one kind. The caller's transaction decides; nothing is raised for a resource's own fault."""
    chunk = _Chunk(session, kind, places)
    ready: list[Ready] = []
    for unit in units:
        found = read(kind, unit, places.setting)
        if isinstance(found, Rejected):
            chunk.turned_away.append((unit.file, found))
        else:
            ready.append(found)
    ready.sort(key=lambda each: each.order)
    _make_beside(chunk, ready)
    _look_up(chunk, ready)
    already = _already_visits(chunk, ready)
    for each in ready:
        _judge(chunk, each, already)
    stored = _write(chunk)
    turned_away = len(chunk.turned_away)
    counts = FileCounts(len(units), stored, len(units) - stored - turned_away, turned_away)
    newest = max((each.version or 0 for each in ready), default=0)
    return Stored(counts, chunk.turned_away, chunk.notes, newest)


def _judge(chunk: _Chunk, each: Ready, already: set[str]) -> None:
    """What one resource adds to the chunk."""
    made = each.mapped
    if each.row and not already.isdisjoint(made.instead_of):
        chunk.gone.append(Gone(each.row[0], each.row[1].external_id, each.version))
    elif each.row:
        if not _add_row(chunk, each):
            return
        chunk.gone_too += [Gone(file, key, each.version) for file, key in made.withdrawn]
    elif made.says:
        if not _say(chunk, each):
            return
    else:
        gone = [Gone(file, key, each.version) for file, key in made.withdrawn]
        chunk.gone += gone[:1]
        chunk.gone_too += gone[1:]
    chunk.used.append(each.external_id)
    for name, note in made.notes:
        chunk.note(each.unit, name, note)


def _write(chunk: _Chunk) -> int:
    """Put the chunk into the store. Returns how many of its resources changed something."""
    session, connection_id = chunk.session, chunk.places.connection_id
    stored = chunk.said
    if chunk.rows:
        model = MODELS[FILE_OF[chunk.kind]]
        stored += upsert(session, model, connection_id, chunk.rows, keep=chunk.keep).stored
        upsert(session, model, connection_id, chunk.second, keep=chunk.keep)
    stored += _withdraw(session, connection_id, chunk.gone)
    _withdraw(session, connection_id, chunk.gone_too)
    spoilt = {row.external_id for _file, row in chunk.turned_away}
    resolve(session, connection_id, chunk.kind, [each for each in chunk.used if each not in spoilt])
    quarantine(session, connection_id, chunk.kind, [row for _file, row in chunk.turned_away])
    return stored


def _make_beside(chunk: _Chunk, ready: Iterable[Ready]) -> None:
    """Types of visits and services, under the first name they came with: it may differ from visit to visit."""
    new: dict[str, dict[str, dict[str, Any]]] = {}
    made = chunk.places.made
    for each in ready:
        for file, parsed in each.beside:
            if (file, parsed.external_id) not in made:
                made.add((file, parsed.external_id))
                new.setdefault(file, {})[parsed.external_id] = parsed.values
    for file, rows in new.items():
        kept = frozenset(next(iter(rows.values()))) - {"external_id"}
        upsert(chunk.session, MODELS[file], chunk.places.connection_id, list(rows.values()), keep=kept)


def _look_up(chunk: _Chunk, ready: Iterable[Ready]) -> None:
    records = [each.row[1] for each in ready if each.row]
    if records:
        chunk.places.known.look_up(chunk.session, FILES[FILE_OF[chunk.kind]], records)


def _already_visits(chunk: _Chunk, ready: Iterable[Ready]) -> set[str]:
    """Appointments that are on the list, of those that encounters say they are the visit of."""
    wanted = sorted({each for one in ready for each in one.mapped.instead_of})
    if not wanted:
        return set()
    found = held(chunk.session, table_of("appointments"), chunk.places.connection_id, wanted)
    return {external_id for external_id, row in found.items() if row[3] is None}


def _add_row(chunk: _Chunk, each: Ready) -> bool:
    """The row and those that stand and fall with it, references resolved; or quarantine, waiting for them."""
    assert each.row is not None  # asked for rows only
    made: list[dict[str, Any]] = []
    for file, parsed in [each.row, *each.second]:
        done = complete(chunk.places.known, FILES[file], [parsed._replace(notes=())], whole=False)
        if done.rejected:
            fault = done.rejected[0]
            name, reason = field_of(chunk.kind, fault.column), fault.reason.removeprefix(f"{fault.column} ")
            chunk.turned_away.append((each.unit.file, rejected(chunk.kind, each.unit, name, reason)))
            return False
        for _line, column, note in done.notes:
            chunk.note(each.unit, field_of(chunk.kind, column), note)
        row = {**done.rows[0][1], "version": each.version}
        made.append({**row, "ehr_number": each.mapped.number} if chunk.kind == "Patient" else row)
    chunk.rows.append(made[0])
    chunk.second += made[1:]
    absent = each.row[1].absent(FILES[each.row[0]])
    chunk.keep = absent | {"location_id"} if chunk.kind == "Patient" else absent
    return True


def _say(chunk: _Chunk, each: Ready) -> bool:
    """Write what a resource says about another one's row: who pays for a patient, where a provider works.

    The first word of a load counts; of a provider's place, the first word ever. Quarantined while the row is missing.
    """
    assert each.mapped.says is not None
    file, external_id, column, value = each.mapped.says
    table, connection_id = table_of(file), chunk.places.connection_id
    if external_id not in held(chunk.session, table, connection_id, [external_id]):
        return _wait(chunk, each, external_id, "Patient" if file == "patients" else "Practitioner")
    given: Any = value
    if column == "location_id":
        there = held(chunk.session, table_of("locations"), connection_id, [value])
        if value not in there:
            return _wait(chunk, each, value, "Location")
        given = there[value][0]
    if (file, external_id) in chunk.places.told:
        return True
    chunk.places.told.add((file, external_id))
    open_yet = (
        table.c[column].is_(None) if column == "location_id" else table.c[column].is_distinct_from(given)
    )
    mine = (table.c.connection_id == connection_id, table.c.external_id == external_id)
    changed = chunk.session.execute(update(table).where(*mine, open_yet).values({column: given}))
    if changed.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has one
        touch(chunk.session)
        chunk.said += 1
    return True


def _wait(chunk: _Chunk, each: Ready, missing: str, kind: str) -> bool:
    name = {"Patient": "subject", "Practitioner": "practitioner", "Location": "location"}[kind]
    reason = f"{missing} is not among what came of {kind}"
    chunk.turned_away.append((each.unit.file, rejected(chunk.kind, each.unit, name, reason)))
    return False


def _withdraw(session: Session, connection_id: int, gone: Sequence[Gone]) -> int:
    """Mark rows gone that must not stand, unless the store holds newer news. Returns how many stood."""
    by_file: dict[str, dict[str, int | None]] = {}
    for file, external_id, version in gone:
        by_file.setdefault(file, {})[external_id] = version
    changed = 0
    for file, wanted in by_file.items():
        table = table_of(file)
        rows = [
            {"held_id": row_id, "newer": version if version is not None else before}
            for external_id, (row_id, _digest, before, gone_at) in held(
                session, table, connection_id, list(wanted)
            ).items()
            if gone_at is None
            and not ((version := wanted[external_id]) is not None and before is not None and version < before)
        ]
        changed += mark_gone(session, table, rows)
    return changed


def mark_gone(session: Session, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Mark rows gone, each by held_id with the version (newer) that says so. Returns how many."""
    if rows:
        statement = update(table).where(table.c.id == bindparam("held_id"))
        values = {"gone_at": clock.now(), "version": bindparam("newer")}
        session.connection().execute(statement.values(values), list(rows))
        touch(session)
    return len(rows)


def mark_absent(session: Session, kind: str, connection_id: int, seen: set[str]) -> int:
    """After a whole read: rows of this kind whose resource was not among what came are gone. Returns how many."""
    if kind not in FILE_OF:
        return 0  # it has no row of its own
    table = table_of(FILE_OF[kind])
    here = session.execute(
        select(table.c.id, table.c.external_id, table.c.version).where(
            table.c.connection_id == connection_id, table.c.gone_at.is_(None)
        )
    )
    rows = [
        {"held_id": row_id, "newer": version}
        for row_id, external_id, version in here
        if (own := resource_of(kind, external_id)) is not None and own not in seen
    ]
    for start in range(0, len(rows), _ASKED):
        mark_gone(session, table, rows[start : start + _ASKED])
    return len(rows)


def resource_of(kind: str, external_id: str) -> str | None:
    """The id of the resource a row came from; None when it came from another kind of resource, or from none."""
    if external_id == OWN_LOCATION:
        return None
    named, slash, rest = external_id.partition("/")
    if not slash:
        return external_id if kind not in ("Encounter", "ChargeItem", "Invoice") else None
    return rest.removesuffix("/paid") if named == kind else None


def ids_of(units: Iterable[Unit]) -> set[str]:
    """The ids of resources as they came, usable or not: what is there is not gone."""
    return {id_of(unit.resource) for unit in units} - {""}
