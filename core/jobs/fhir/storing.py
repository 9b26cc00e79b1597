"""Storing FHIR resources: one chunk, one transaction (DESIGN §1 “In”), into the tables that practice files fill.

Every resource of a chunk is stored, unchanged or quarantined, and nothing else: what Huddle keeps no row of (a cancelled
coverage, a charge that is on its invoice) is unchanged, or stored when a row had to go for it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session

from core import clock
from core.connections.losses import Lost, lose
from core.connections.quarantine import quarantine, resolve
from core.integrations.fhir.files import Unit
from core.integrations.fhir.records import Reference
from core.integrations.fhir.refs import Setting, meant
from core.integrations.practice_files.columns import FILES
from core.integrations.records import Rejected
from core.jobs.fhir.meanings import merged, remember
from core.jobs.fhir.reading import FILE_OF, Ready, field_of, id_of, instant, read, rejected
from core.jobs.fhir.visits import ENCOUNTER, SHARED, Visit, forget, hear, keepers, settle, visits_of
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
    visits: dict[str, list[Visit]] = field(default_factory=dict)
    sent: dict[str, set[str]] = field(default_factory=dict)
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
    ready = [_whose(chunk.places.instead, each) for each in ready]
    if kind == "Appointment":
        ready = _each_patient(chunk, ready)
    _make_beside(chunk, ready)
    _look_up(chunk, ready)
    if kind == "Encounter":
        named = {name for each in ready for name in each.mapped.instead_of}
        chunk.visits = visits_of(session, places.connection_id, named)
    for each in ready:
        _judge(chunk, each)
    stored = _write(chunk)
    remember(session, places.connection_id, places.setting.identifiers)
    turned_away = len(chunk.turned_away)
    counts = FileCounts(len(units), stored, len(units) - stored - turned_away, turned_away)
    newest = max((each.version or 0 for each in ready), default=0)
    unknown = Counter((kind, name) for each in ready for name in each.mapped.unknown)
    return Stored(counts, chunk.turned_away, chunk.notes, newest, unknown)


def _judge(chunk: _Chunk, each: Ready) -> None:
    """What one resource adds to the chunk."""
    made = each.mapped
    if each.row and (visit := _booked(chunk, each)):
        _hear(chunk, each, visit)
    elif each.row:
        if not _add_row(chunk, each):
            return
        chunk.gone_too += [Gone(file, key, each.version) for file, key in made.withdrawn]
    elif made.says:
        if not _say(chunk, each):
            return
    else:
        _take_away(chunk, [Gone(file, key, each.version) for file, key in made.withdrawn])
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
    if chunk.sent:
        leaving = settle(session, connection_id, chunk.sent)
        chunk.gone_too += [Gone("appointments", key, None) for key in leaving]
    stored += _withdraw(session, connection_id, chunk.gone)
    _withdraw(session, connection_id, chunk.gone_too)
    spoilt = {row.external_id for _file, row in chunk.turned_away}
    resolve(session, connection_id, chunk.kind, [each for each in chunk.used if each not in spoilt])
    quarantine(session, connection_id, chunk.kind, [row for _file, row in chunk.turned_away])
    return stored


def _whose(instead: Mapping[str, str], each: Ready) -> Ready:
    """Everything that names a patient who was merged into another one is the other's."""
    if not instead:
        return each
    for _file, parsed in [each.row, *each.second] if each.row else []:
        if (named := str(parsed.values.get("patient_id") or "")) in instead:
            parsed.values["patient_id"] = instead[named]
    made = each.mapped
    made.shared_by = list(dict.fromkeys(instead.get(name, name) for name in made.shared_by))
    if made.says and made.says[0] == "patients":
        file, patient, column, value = made.says
        made.says = (file, instead.get(patient, patient), column, instead.get(value, value))
    return each


def _each_patient(chunk: _Chunk, ready: list[Ready]) -> list[Ready]:
    """An appointment of several patients is a visit of each: the first one's under its own id, whoever that was first."""
    shared = [each for each in ready if each.row and len(each.mapped.shared_by) > 1]
    if not shared:
        return ready
    kept = keepers(chunk.session, chunk.places.connection_id, [each.external_id for each in shared])
    chunk.places.known.learn_patients(
        chunk.session, {name for each in shared for name in each.mapped.shared_by}
    )
    return [
        _parted(chunk, each, kept) if each.row and len(each.mapped.shared_by) > 1 else each for each in ready
    ]


def _parted(chunk: _Chunk, each: Ready, kept: Mapping[str, str]) -> Ready:
    assert each.row is not None  # asked for rows only
    there = chunk.places.known.parents["patients"]
    patients = [name for name in each.mapped.shared_by if name in there] or each.mapped.shared_by[:1]
    for name in each.mapped.shared_by:
        if name not in there and name not in patients:
            each.mapped.notes.append(
                ("participant", f"{name} is not in patients; the visit is stored without them")
            )
    first = kept[each.external_id] if kept.get(each.external_id) in patients else patients[0]
    file, parsed = each.row
    mine = parsed._replace(values={**parsed.values, "patient_id": first})
    others = [
        (
            file,
            parsed._replace(
                external_id=key, values={**parsed.values, "external_id": key, "patient_id": name}
            ),
        )
        for name in patients
        if name != first and (key := f"{each.external_id}{SHARED}{name}")
    ]
    return each._replace(row=(file, mine), second=others)


def _booked(chunk: _Chunk, each: Ready) -> Visit | None:
    """The appointment whose visit an encounter is, where it is on the list; of a shared one the patient's own row."""
    assert each.row is not None  # asked for rows only
    whose = each.row[1].values.get("patient_id")
    for name in each.mapped.instead_of:
        rows = [
            row
            for row in chunk.visits.get(name, [])
            if not row.gone and not row.external_id.startswith(ENCOUNTER)
        ]
        if mine := next((row for row in rows if row.patient == whose), None):
            return mine
    return None


def _hear(chunk: _Chunk, each: Ready, visit: Visit) -> None:
    """The encounter lends its status to the appointment, and has no row of its own."""
    assert each.row is not None  # asked for rows only
    own = Gone(each.row[0], each.row[1].external_id, each.version)
    told = hear(chunk.session, visit, each.external_id, each.row[1].values["status"], each.version)
    if told is None:
        chunk.gone.append(own)
        return
    rows = chunk.visits[visit.named_visit or visit.external_id]
    rows[rows.index(visit)] = told
    chunk.said += 1
    chunk.gone_too.append(own)


def _take_away(chunk: _Chunk, gone: list[Gone]) -> None:
    """Rows that must not stand. An encounter lends its word no more; what was shared is over for all who shared it."""
    session, connection_id = chunk.session, chunk.places.connection_id
    changed = 0
    if chunk.kind == "Encounter":
        changed = forget(session, connection_id, [each.external_id.removeprefix(ENCOUNTER) for each in gone])
    elif chunk.kind == "Appointment":
        for each in list(gone):
            rows = visits_of(session, connection_id, [each.external_id])[each.external_id]
            gone += [Gone("appointments", row.external_id, each.version) for row in rows if _shares(row)]
    if changed:
        chunk.said += 1
        chunk.gone_too += gone
    else:
        chunk.gone += gone[:1]
        chunk.gone_too += gone[1:]


def _shares(row: Visit) -> bool:
    return row.named_visit is not None and not row.gone and not row.external_id.startswith(ENCOUNTER)


def store_deletions(session: Session, kind: str, places: Places, units: Sequence[Unit]) -> Stored:
    """What a sender says is gone: rows leave every report, unless what is held is newer. Each counts as a row that came."""
    chunk = _Chunk(session, kind, places)
    gone: list[Gone] = []
    for unit in units:
        own = _deleted_id(unit, kind, places.setting)
        found = [] if unit.over or own is None else _rows_of(kind, own)
        if not unit.over and not found:
            chunk.note(unit, "request", "says that it is deleted, which changes nothing here")
        gone += [Gone(file, key, instant(unit.at)) for file, key in found]
    for each in gone:
        if kind == "Encounter":
            forget(session, places.connection_id, [each.external_id.removeprefix(ENCOUNTER)])
        elif kind == "Appointment":
            rows = visits_of(session, places.connection_id, [each.external_id])[each.external_id]
            _withdraw(
                session,
                places.connection_id,
                [Gone(each.file, row.external_id, each.version) for row in rows if _shares(row)],
            )
    taken = min(_withdraw(session, places.connection_id, gone), len(units))
    counts = FileCounts(len(units), taken, len(units) - taken, 0, 0, taken)
    resolve(session, places.connection_id, kind, [each.external_id for each in gone])
    return Stored(counts, [], chunk.notes, 0)


def _deleted_id(unit: Unit, kind: str, setting: Setting) -> str | None:
    own = unit.resource.get("id")
    if not isinstance(own, str) or "?" not in own:
        return unit.aliases.get(f"urn:uuid:{own}", own) if isinstance(own, str) else None
    return meant(setting, Reference(reference=own), kind)


def _rows_of(kind: str, own: str) -> list[tuple[str, str]]:
    """The rows that a resource of that kind has, by file and key."""
    if kind not in FILE_OF:
        return []
    key = f"{kind}/{own}" if kind in ("Encounter", "ChargeItem", "Invoice") else own
    further = [("ledger", f"{key}/paid")] if kind == "Invoice" else []
    return [(FILE_OF[kind], key), *further]


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
    records = [parsed for each in ready if each.row for _file, parsed in [each.row, *each.second]]
    if records:
        chunk.places.known.look_up(chunk.session, FILES[FILE_OF[chunk.kind]], records)


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
        if chunk.kind == "Patient":
            row["ehr_number"] = each.mapped.number
        elif file == "appointments":
            row |= {"own_status": row["status"], "named_visit": _named_visit(chunk.kind, each, row)}
        made.append(row)
    chunk.rows.append(made[0])
    chunk.second += made[1:]
    if chunk.kind == "Appointment":
        chunk.sent[each.external_id] = {row["external_id"] for row in made}
    absent = each.row[1].absent(FILES[each.row[0]])
    chunk.keep = absent | {"location_id"} if chunk.kind == "Patient" else absent
    return True


def _named_visit(kind: str, each: Ready, row: Mapping[str, Any]) -> str | None:
    if kind == "Encounter":
        return next(iter(each.mapped.instead_of), None)
    return each.external_id if row["external_id"] != each.external_id else None


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


def held_of(session: Session, kind: str, connection_id: int) -> int:
    """How many rows of this kind of resource are there, before it is read whole."""
    if kind not in FILE_OF:
        return 0
    table = table_of(FILE_OF[kind])
    mine = (table.c.connection_id == connection_id, table.c.gone_at.is_(None))
    here = session.execute(select(table.c.external_id).where(*mine)).scalars()
    return sum(resource_of(kind, external_id) is not None for external_id in here)


def mark_absent(session: Session, kind: str, connection_id: int, seen: set[str], held: int) -> Lost:
    """After a whole read: rows of this kind whose resource was not among what came are gone, or a person is asked."""
    if kind not in FILE_OF:
        return Lost()  # it has no row of its own

    def sent(external_id: str) -> bool:
        own = resource_of(kind, external_id)
        return own is None or own in seen

    return lose(session, connection_id, kind, table_of(FILE_OF[kind]), held=held, sent=sent)


def resource_of(kind: str, external_id: str) -> str | None:
    """The id of the resource a row came from; None when it came from another kind of resource, or from none."""
    if external_id == OWN_LOCATION:
        return None
    named, slash, rest = external_id.partition(SHARED)[0].partition("/")
    if not slash:
        return named if kind not in ("Encounter", "ChargeItem", "Invoice") else None
    return rest.removesuffix("/paid") if named == kind else None


def ids_of(units: Iterable[Unit]) -> set[str]:
    """The ids of resources as they came, usable or not: what is there is not gone."""
    return {id_of(unit.resource) for unit in units} - {""}
