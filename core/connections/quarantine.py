"""Rows that could not be used: kept whole until they are mended at the source or let go."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from core import clock
from core.connections.models import QuarantinedRow
from core.integrations.records import Rejected
from core.secrets import mask_card_numbers

_TABLE: Table = QuarantinedRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_CHUNK = 5_000


def quarantine(session: Session, connection_id: int, resource: str, rejected: Sequence[Rejected]) -> int:
    """Keep rejected rows; the same bad row again is the same row, seen again. Returns how many were given.

    Card numbers are masked before anything is stored (DOMAIN §13).
    """
    if not rejected:
        return 0
    now = clock.now()
    rows: dict[str, dict[str, Any]] = {}
    for row in rejected:
        raw = json.dumps(_masked(row.raw), sort_keys=True, default=str)
        external_id, column = _text(row.external_id), _text(row.column)
        digest = hashlib.blake2b(f"{external_id}\0{column}\0{raw}".encode(), digest_size=16).hexdigest()
        rows[digest] = {
            "connection_id": connection_id,
            "resource": resource,
            "external_id": external_id,
            "line": row.line,
            "column": column,
            "reason": _text(row.reason),
            "raw": raw,
            "digest": digest,
            "first_seen_at": now,
            "last_seen_at": now,
            "resolved_at": None,
        }
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_TABLE)
    new = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "resource", "digest"],
            set_={name: new[name] for name in ("line", "reason", "last_seen_at", "resolved_at")},
        ),
        list(rows.values()),
    )
    return len(rejected)


def open_rows(connection_id: int, resource: str) -> tuple[Any, ...]:
    """The conditions of rows of one file or resource that are still in quarantine."""
    return (
        _TABLE.c.connection_id == connection_id,
        _TABLE.c.resource == resource,
        _TABLE.c.resolved_at.is_(None),
    )


def resolve(session: Session, connection_id: int, resource: str, external_ids: Sequence[str]) -> int:
    """Mark rows mended whose external id has been stored since. Returns how many."""
    if not external_ids:
        return 0
    waiting = (*open_rows(connection_id, resource), _TABLE.c.external_id != "")
    if session.execute(select(_TABLE.c.id).where(*waiting).limit(1)).first() is None:
        return 0
    mended = 0
    for start in range(0, len(external_ids), _CHUNK):
        chunk = list(external_ids[start : start + _CHUNK])
        result = session.execute(
            update(_TABLE).where(*waiting, _TABLE.c.external_id.in_(chunk)).values(resolved_at=clock.now())
        )
        mended += result.rowcount  # type: ignore[attr-defined]  # an UPDATE's result has one
    return mended


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_card_numbers(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        masked = mask_card_numbers(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, Mapping):
        return {mask_card_numbers(str(key)): _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value


def _text(value: str) -> str:
    """Storable on both engines: no NUL, no lone surrogate, no card number."""
    return mask_card_numbers(value).replace("\0", "").encode(errors="replace").decode()
