"""Cash Practice's records in the sandbox: one table, each record kept as the JSON it is answered with.

All values are text. `Changed` (Unix seconds) moves with every change and never back.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from data.sandbox.state import State

Record = dict[str, Any]

KEYS = {
    "users": "User_ID",
    "customers": "Customer_ID",
    "billing": "Billing_ID",
    "auto-debits": "Sch_ID",
    "payments": "Order_ID",
    "alerts": "Alert_ID",
}
_PUT = "INSERT OR REPLACE INTO cash_practice (resource, id, changed, said) VALUES (?, ?, ?, ?)"


def load(state: State, records: Mapping[str, Iterable[Record]]) -> None:
    """Take ready-made records by resource. Raises ValueError for a resource there is none of."""
    if unknown := set(records) - set(KEYS):
        raise ValueError(f"Cash Practice keeps no {', '.join(sorted(unknown))}")
    with state.transaction() as db:
        for resource, rows in records.items():
            key = KEYS[resource]
            db.executemany(_PUT, [(resource, row[key], int(row["Changed"]), json.dumps(row)) for row in rows])


def any_there(state: State) -> bool:
    return bool(state.select("SELECT 1 FROM cash_practice LIMIT 1"))


def get(state: State, resource: str, record_id: str) -> Record | None:
    rows = state.select("SELECT said FROM cash_practice WHERE resource = ? AND id = ?", [resource, record_id])
    return json.loads(rows[0][0]) if rows else None


def find(state: State, resource: str, **equal: str) -> list[Record]:
    """Records with these values, in the order of their ids."""
    where = "".join(f" AND json_extract(said, '$.{name}') = ?" for name in equal)
    sql = f"SELECT said FROM cash_practice WHERE resource = ?{where} ORDER BY id"  # noqa: S608 (names are ours)
    return [json.loads(said) for (said,) in state.select(sql, [resource, *equal.values()])]


def listed(
    state: State, resource: str, *, since: int, after: tuple[int, str] | None, limit: int
) -> tuple[list[Record], int]:
    """Records changed at or after `since`, behind the place `after`, oldest change first; and how many there are."""
    where, values = "resource = ? AND changed >= ?", [resource, since]
    if after is not None:
        where += " AND (changed > ? OR (changed = ? AND id > ?))"
        values += [after[0], after[0], after[1]]
    total = state.select(f"SELECT count(*) FROM cash_practice WHERE {where}", values)[0][0]  # noqa: S608 (constants)
    sql = f"SELECT said FROM cash_practice WHERE {where} ORDER BY changed, id LIMIT ?"  # noqa: S608
    return [json.loads(said) for (said,) in state.select(sql, [*values, limit])], total


def put(state: State, resource: str, record: Record) -> Record:
    """Keep a new or changed record; Changed becomes now, never back."""
    key = KEYS[resource]
    before = get(state, resource, record[key]) or {}
    changed = max(int(state.now().timestamp()), int(before.get("Changed", 0)))
    record = record | {"Changed": str(changed)}
    with state.transaction() as db:
        db.execute(_PUT, (resource, record[key], changed, json.dumps(record)))
    return record


def change(state: State, resource: str, record_id: str, **fields: Any) -> Record:
    """Other values for some fields. Raises ValueError when there is no such record."""
    record = get(state, resource, record_id) if resource in KEYS else None
    if record is None:
        raise ValueError(f"Cash Practice has no {resource} {record_id}")
    return put(state, resource, record | fields)


def remove(state: State, resource: str, record_id: str) -> None:
    """Raises ValueError when there is no such record."""
    with state.transaction() as db:
        gone = db.execute("DELETE FROM cash_practice WHERE resource = ? AND id = ?", [resource, record_id])
        if not gone.rowcount:
            raise ValueError(f"Cash Practice has no {resource} {record_id}")


def next_number(state: State, prefix: str) -> str:
    """`O9000001`, `O9000002` …: ids of what happens from now on, after all that was loaded."""
    with state.transaction():
        count = state.remembered("cash practice ids", 9_000_000) + 1
        state.remember("cash practice ids", count)
    return f"{prefix}{count}"
