"""What follows once one kind of FHIR resource has been read to its end, and waiting ones that are tried again."""

import json
from collections.abc import Iterator

from sqlalchemy import Table, func, select
from sqlmodel import Session

from core.connections.models import QuarantinedRow
from core.connections.quarantine import open_rows
from core.integrations.fhir.files import Unit
from core.integrations.fhir.refs import Setting
from core.jobs.fhir.chunk import OWN_LOCATION
from core.jobs.fhir.meanings import merged
from core.jobs.fhir.merging import hand_over
from core.jobs.fhir.reading import LEFT_OUT, WAITING
from core.jobs.practice_files.guarantors import link_guarantors, name_practice
from core.jobs.practice_files.placing import place_patients
from core.jobs.practice_files.rows import MODELS, table_of
from core.jobs.practice_files.waiting_rows import MASKED
from core.practice.models import Practice
from core.store.upsert import upsert

_WAITING: Table = QuarantinedRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_AT_ONCE = 1_000


def follow(session: Session, connection_id: int, kind: str, setting: Setting) -> None:
    """What rests on a kind of resource as a whole."""
    if kind == "Location":
        name_practice(session, connection_id)
    elif kind in ("Patient", "Account"):
        link_guarantors(session, connection_id)
    if kind == "Patient":
        hand_over(session, connection_id, merged(session, connection_id, setting.identifiers))
    if kind in ("Appointment", "Encounter"):
        place_patients(session, connection_id)


def give_a_place(session: Session, connection_id: int, setting: Setting) -> str:
    """Without any location in the store, one for the whole practice: visits need one. Returns what was done, or ""."""
    table = table_of("locations")
    if session.execute(select(table.c.id).where(table.c.gone_at.is_(None)).limit(1)).first() is not None:
        return ""
    practice = session.get(Practice, 1)
    row = {
        "external_id": OWN_LOCATION,
        "practice_id": 1,
        "name": (practice.name if practice else "") or "The practice",
        "time_zone": setting.zone,
    }
    upsert(session, MODELS["locations"], connection_id, [row])
    return f"No location came; every visit is at “{row['name']}”, in {setting.zone} ({setting.zone_from})."


def first_zone(session: Session) -> str:
    """The time zone of the practice's first location, else the one said at the set-up, "" when there is neither."""
    table = table_of("locations")
    query = select(table.c.time_zone).where(table.c.gone_at.is_(None))
    practice = session.get(Practice, 1)
    said = practice.time_zone if practice else ""
    return session.execute(query.order_by(table.c.id).limit(1)).scalar() or said


def waiting(session: Session, connection_id: int, kind: str, after: int) -> tuple[list[Unit], int]:
    """Quarantined resources of one kind that only wait for others, from an id on, and the id to go on from (0: done).

    Of several with one id only the one seen last; those too large or masked wait for a person.
    """
    c = _WAITING.c
    newest = (
        select(func.max(c.id))
        .where(*open_rows(connection_id, kind), c.external_id != "")
        .group_by(c.external_id)
    )
    rows = session.execute(
        select(c.id, c.line, c.raw, c.reason)
        .where(c.id.in_(newest), c.column.in_(WAITING), c.id > after)
        .order_by(c.id)
        .limit(_AT_ONCE)
    ).all()
    units = [
        Unit(_file_of(reason, line), line, resource)
        for _id, line, raw, reason in rows
        if MASKED not in raw and LEFT_OUT not in (resource := json.loads(raw))
    ]
    return units, rows[-1][0] if rows else 0


def _file_of(reason: str, line: int | None) -> str:
    """The file that a reason names (see fhir_reading.rejected)."""
    return reason.partition(": ")[0].removesuffix(f" {line}")


def in_turn(units: Iterator[Unit], size: int) -> Iterator[list[Unit]]:
    """Lists of at most so many."""
    chunk: list[Unit] = []
    for unit in units:
        chunk.append(unit)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
