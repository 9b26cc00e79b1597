"""Cliniko's records in the sandbox: one table, each record kept as the JSON it is answered with.

`updated_at` moves with every change and never back. The practice is read from the export the first time it is asked for.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from data.sandbox.cliniko import practice
from data.sandbox.state import State

Record = dict[str, Any]

RESOURCES = (
    "businesses",
    "practitioners",
    "appointment_types",
    "billable_items",
    "appointment_type_billable_items",
    "patients",
    "individual_appointments",
    "group_appointments",
    "attendees",
    "unavailable_blocks",
    "invoices",
    "invoice_items",
)
_PUT = "INSERT OR REPLACE INTO cliniko (resource, id, created, updated, left_out, said) VALUES (?, ?, ?, ?, ?, ?)"
_MADE = "cliniko made"


def moment(instant: datetime) -> str:
    """As Cliniko writes instants: UTC, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ready(state: State) -> None:
    """Read the practice from the export, once for each sandbox. Inside a transaction of the caller's."""
    if state.remembered(_MADE) is None:
        load(state, practice.from_export(state.folder / "ehr", state.now()))
        state.remember(_MADE, True)


def load(state: State, records: Mapping[str, Iterable[Record]]) -> None:
    """Take ready-made records by resource. Raises ValueError for a resource there is none of."""
    if unknown := set(records) - set(RESOURCES):
        raise ValueError(f"Cliniko keeps no {', '.join(sorted(unknown))}")
    with state.transaction() as db:
        for resource, rows in records.items():
            db.executemany(_PUT, (_row(resource, row) for row in rows))
        state.remember(_MADE, True)


def get(state: State, resource: str, record_id: str) -> Record | None:
    rows = state.select("SELECT said FROM cliniko WHERE resource = ? AND id = ?", [resource, record_id])
    return json.loads(rows[0][0]) if rows else None


def every(state: State, resource: str) -> Iterator[Record]:
    """All records of one kind, in the order they were created."""
    sql = "SELECT said FROM cliniko WHERE resource = ? ORDER BY created, id"
    return (json.loads(said) for (said,) in state.select(sql, [resource]))


def listed(
    state: State, resource: str, where: str, values: list[Any], order: str, offset: int, limit: int
) -> tuple[list[Record], int]:
    """One page of records and how many there are in all. where, order: of query.py, values bound."""
    chosen = f"FROM cliniko WHERE resource = ?{where}"
    total = state.select(f"SELECT count(*) {chosen}", [resource, *values])[0][0]
    sql = f"SELECT said {chosen} ORDER BY {order} LIMIT ? OFFSET ?"
    rows = state.select(sql, [resource, *values, limit, offset])
    return [json.loads(said) for (said,) in rows], total


def put(state: State, resource: str, record: Record) -> Record:
    """Keep a new or changed record; updated_at becomes now, never back. Raises ValueError for an unknown resource."""
    if resource not in RESOURCES:
        raise ValueError(f"Cliniko keeps no {resource}")
    now = moment(state.now())
    before = get(state, resource, str(record["id"])) or {}
    record = before | {"created_at": now} | record
    record["updated_at"] = max(now, before.get("updated_at", ""))
    with state.transaction() as db:
        db.execute(_PUT, _row(resource, record))
    return record


def change(state: State, resource: str, record_id: str, **fields: Any) -> Record:
    """Other values for some fields. Raises ValueError when there is no such record."""
    record = get(state, resource, record_id) if resource in RESOURCES else None
    if record is None:
        raise ValueError(f"Cliniko has no {resource} {record_id}")
    return put(state, resource, record | fields)


def remove(state: State, resource: str, record_id: str) -> None:
    """Raises ValueError when there is no such record."""
    with state.transaction() as db:
        gone = db.execute("DELETE FROM cliniko WHERE resource = ? AND id = ?", [resource, record_id])
        if not gone.rowcount:
            raise ValueError(f"Cliniko has no {resource} {record_id}")


def _row(resource: str, record: Record) -> tuple[Any, ...]:
    """left_out: which of the marks that lists leave out (archived, cancelled, deleted) the record carries."""
    marks = [name for name in ("archived_at", "cancelled_at", "deleted_at") if record.get(name)]
    return (
        resource,
        str(record["id"]),
        record["created_at"],
        record["updated_at"],
        " ".join(marks),
        json.dumps(record),
    )
