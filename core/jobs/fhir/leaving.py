"""What must not stand: deletions, rows that a resource withdraws, and what a whole read no longer found."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session

from core import clock
from core.connections.losses import Lost, lose
from core.connections.quarantine import resolve
from core.integrations.fhir.files import Unit
from core.integrations.fhir.records import Reference
from core.integrations.fhir.refs import Setting, meant
from core.jobs.fhir.chunk import OWN_LOCATION, Chunk, Gone, Places, Stored
from core.jobs.fhir.meanings import remember
from core.jobs.fhir.reading import FILE_OF, id_of, instant
from core.jobs.fhir.visits import ENCOUNTER, SHARED, Visit, forget, visits_of
from core.jobs.practice_files.result import FileCounts
from core.jobs.practice_files.rows import table_of
from core.store.upsert import held
from core.store.version import touch

UNCHANGED = "says that it is deleted, which changes nothing here"
UNTOLD = (
    "says that something is deleted, but not by its id: which one cannot be told, so nothing was taken away"
)


def take_away(chunk: Chunk, gone: list[Gone]) -> None:
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
    chunk = Chunk(session, kind, places)
    gone: list[Gone] = []
    for unit in units:
        own = _deleted_id(unit, kind, places.setting)
        found = [] if unit.over or own is None else _rows_of(kind, own)
        if not unit.over and not found:
            chunk.note(unit, "request", UNCHANGED if own else UNTOLD)
        gone += [Gone(file, key, instant(unit.at)) for file, key in found]
        if own and not unit.over:  # whoever bears its identifiers next is meant by them
            places.setting.identifiers.learn(kind, (), own)
    remember(session, places.connection_id, places.setting.identifiers)
    for each in gone:
        if kind == "Encounter":
            forget(session, places.connection_id, [each.external_id.removeprefix(ENCOUNTER)])
        elif kind == "Appointment":
            rows = visits_of(session, places.connection_id, [each.external_id])[each.external_id]
            withdraw(
                session,
                places.connection_id,
                [Gone(each.file, row.external_id, each.version) for row in rows if _shares(row)],
            )
    taken = min(withdraw(session, places.connection_id, gone), len(units))
    counts = FileCounts(len(units), taken, len(units) - taken, 0, 0, taken)
    resolve(session, places.connection_id, kind, [each.external_id for each in gone])
    return Stored(counts, [], chunk.notes, 0)


def _deleted_id(unit: Unit, kind: str, setting: Setting) -> str | None:
    own = unit.resource.get("id")
    if not isinstance(own, str) or "?" not in own:
        return unit.aliases.get(f"urn:uuid:{own}", own) if isinstance(own, str) else None
    found = meant(setting, Reference(reference=own), kind)
    return found if found and "?" not in found else None


def _rows_of(kind: str, own: str) -> list[tuple[str, str]]:
    """The rows that a resource of that kind has, by file and key."""
    if kind not in FILE_OF:
        return []
    key = f"{kind}/{own}" if kind in ("Encounter", "ChargeItem", "Invoice") else own
    further = [("ledger", f"{key}/paid")] if kind == "Invoice" else []
    return [(FILE_OF[kind], key), *further]


def withdraw(session: Session, connection_id: int, gone: Sequence[Gone]) -> int:
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
