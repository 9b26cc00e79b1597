"""Everything the store holds about one patient, as plain rows: for a patient who asks what is kept of them.

Rows of every table that name the patient, and the rows that hang off those, in any depth; never a row that names another
patient, and no key, token or digest.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Table, or_, select
from sqlmodel import Session

from core.audit.models import AuditEntry
from core.errors import BadInput, NotFound
from core.patients.models import Patient
from core.patients.reports import NO_PATIENT
from core.store.base import table_of
from core.tables import metadata

Rows = dict[str, list[dict[str, Any]]]
HIDDEN = ("sealed", "token", "digest", "hash", "secret")  # words in names of columns that open something
NOT_THEIRS = frozenset(
    {"staff", "staff_session", "connection", "location", "practice", "provider", "audit_entry", "audit_seal"}
)  # shared by many; a row that hangs off one of these is not the patient's for that
AT_ONCE = 500


def patient_numbered(session: Session, number: str) -> int:
    """The store's id of the patient whom the EHR knows by this. Raises NotFound, BadInput when several sources use it."""
    patient = table_of(Patient)
    ids = session.execute(select(patient.c.id).where(patient.c.external_id == number)).scalars().all()
    if not ids:
        raise NotFound(
            f"No patient has the id {number} in the EHR. It stands in the first column of patients.csv."
        )
    if len(ids) > 1:
        raise BadInput(
            f"{len(ids)} patients of different sources have the id {number}. Ask for help before you hand it out."
        )
    return int(ids[0])


def patient_data(session: Session, patient_id: int) -> Rows:
    """Table → rows, the patient's own row first, what was written down about them last. Raises NotFound."""
    patient = table_of(Patient)
    own = session.execute(select(patient).where(patient.c.id == patient_id)).mappings().first()
    if own is None:
        raise NotFound(NO_PATIENT)
    found: Rows = {patient.name: [dict(own)]}
    seen: dict[str, set[Any]] = {patient.name: {patient_id}}
    for table in metadata.sorted_tables:
        if table.name in NOT_THEIRS or table.name == patient.name or len(table.primary_key.columns) != 1:
            continue
        rows = _rows(session, table, seen, patient_id)
        if rows:
            key = next(iter(table.primary_key.columns)).name
            seen[table.name] = {row[key] for row in rows}
            found[table.name] = rows
    entry = table_of(AuditEntry)
    about = (entry.c.subject_kind == "patient") & (entry.c.subject_id == str(patient_id))
    told = session.execute(select(entry).where(about).order_by(entry.c.id)).mappings()
    found[entry.name] = [dict(row) for row in told]
    return {name: [_plain(row) for row in rows] for name, rows in found.items() if rows}


def as_json(data: Rows) -> str:
    """Readable, dates and instants in ISO form."""
    return json.dumps(data, ensure_ascii=False, indent=2)


def _rows(session: Session, table: Table, seen: dict[str, set[Any]], patient_id: int) -> list[dict[str, Any]]:
    """Rows that refer to one that is the patient's already; metadata lists what is referred to first."""
    to_patients = [
        column for column in table.columns if any(key.column.table.name == "patient" for key in column.foreign_keys)
    ]  # fmt: skip
    ways: list[ColumnElement[bool]] = [column == patient_id for column in to_patients]
    for column in table.columns:
        for key in column.foreign_keys:
            parents = seen.get(key.column.table.name, set()) if key.column.table.name != "patient" else set()
            ways += [column.in_(some) for some in _some(parents)]
    if not ways:
        return []
    rows = [dict(row) for row in session.execute(select(table).where(or_(*ways))).mappings()]
    return [row for row in rows if not _anothers(row, [column.name for column in to_patients], patient_id)]


def _anothers(row: dict[str, Any], columns: Iterable[str], patient_id: int) -> bool:
    """Whether it names patients, and this one is not among them."""
    named = [row[name] for name in columns if row[name] is not None]
    return bool(named) and patient_id not in named


def _some(keys: set[Any]) -> Iterable[list[Any]]:
    ordered = sorted(keys, key=str)
    return (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime | date | time) else value
        for name, value in row.items()
        if value is not None and not any(word in name for word in HIDDEN)
    }
