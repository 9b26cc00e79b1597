"""Storing FHIR resources: one chunk, one transaction (DESIGN §1 “In”), into the tables that practice files fill.

Every resource of a chunk is stored, unchanged or quarantined, and nothing else: what Huddle keeps no row of (a cancelled
coverage, a charge that is on its invoice) is unchanged, or stored when a row had to go for it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import Session

from core.connections.quarantine import quarantine, resolve
from core.integrations.fhir.files import Unit
from core.integrations.practice_files.columns import FILES
from core.integrations.records import Rejected
from core.jobs.fhir.chunk import Chunk, Gone, Places, Stored
from core.jobs.fhir.leaving import take_away, withdraw
from core.jobs.fhir.meanings import remember
from core.jobs.fhir.reading import FILE_OF, Ready, field_of, read, rejected
from core.jobs.fhir.sharing import each_patient, whose
from core.jobs.fhir.visits import ENCOUNTER, Visit, hear, settle, visits_of
from core.jobs.practice_files.result import FileCounts
from core.jobs.practice_files.rows import MODELS, complete, table_of
from core.store.upsert import held, upsert
from core.store.version import touch


def store_chunk(session: Session, kind: str, places: Places, units: Sequence[Unit]) -> Stored:
    """Store resources of one kind. The caller's transaction decides; nothing is raised for a resource's own fault."""
    chunk = Chunk(session, kind, places)
    ready: list[Ready] = []
    for unit in units:
        found = read(kind, unit, places.setting)
        if isinstance(found, Rejected):
            chunk.turned_away.append((unit.file, found))
        else:
            ready.append(found)
    ready.sort(key=lambda each: each.order)
    ready = [whose(chunk.places.instead, each) for each in ready]
    if kind == "Appointment":
        ready = each_patient(chunk, ready)
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


def _judge(chunk: Chunk, each: Ready) -> None:
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
        take_away(chunk, [Gone(file, key, each.version) for file, key in made.withdrawn])
    chunk.used.append(each.external_id)
    for name, note in made.notes:
        chunk.note(each.unit, name, note)


def _write(chunk: Chunk) -> int:
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
    stored += withdraw(session, connection_id, chunk.gone)
    withdraw(session, connection_id, chunk.gone_too)
    spoilt = {row.external_id for _file, row in chunk.turned_away}
    resolve(session, connection_id, chunk.kind, [each for each in chunk.used if each not in spoilt])
    quarantine(session, connection_id, chunk.kind, [row for _file, row in chunk.turned_away])
    return stored


def _booked(chunk: Chunk, each: Ready) -> Visit | None:
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


def _hear(chunk: Chunk, each: Ready, visit: Visit) -> None:
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


def _make_beside(chunk: Chunk, ready: Iterable[Ready]) -> None:
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


def _look_up(chunk: Chunk, ready: Iterable[Ready]) -> None:
    records = [parsed for each in ready if each.row for _file, parsed in [each.row, *each.second]]
    if records:
        chunk.places.known.look_up(chunk.session, FILES[FILE_OF[chunk.kind]], records)


def _add_row(chunk: Chunk, each: Ready) -> bool:
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


def _say(chunk: Chunk, each: Ready) -> bool:
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


def _wait(chunk: Chunk, each: Ready, missing: str, kind: str) -> bool:
    name = {"Patient": "subject", "Practitioner": "practitioner", "Location": "location"}[kind]
    reason = f"{missing} is not among what came of {kind}"
    chunk.turned_away.append((each.unit.file, rejected(chunk.kind, each.unit, name, reason)))
    return False
