"""Quarantined rows of practice files that only wait for a row of another file: tried again at every import."""

import json
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select
from sqlmodel import Session

from core.connections.models import QuarantinedRow
from core.connections.quarantine import open_rows, resolve
from core.integrations.practice_files.columns import PracticeFile
from core.integrations.practice_files.records import Parsed, parse_raw
from core.jobs.practice_files.rows import MODELS, Known, complete, waits_on
from core.plans.versions import keep_old_terms
from core.store.engine import transaction
from core.store.upsert import upsert

_TABLE: Table = QuarantinedRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_CHUNK = 2_000
MASKED = "[card number ending"  # a masked id is not the id any more: such a row waits for a person


def files_with_open_rows(session: Session, connection_id: int) -> set[str]:
    """The files of which anything is in quarantine."""
    found = select(_TABLE.c.resource).where(
        _TABLE.c.connection_id == connection_id, _TABLE.c.resolved_at.is_(None)
    )
    return set(session.execute(found.distinct()).scalars())


def retry_waiting(engine: Engine | Connection, connection_id: int, file: PracticeFile) -> int:
    """Store what can be stored now. Of several waiting rows with one key only the one seen last is tried.

    Returns how many rows left the quarantine for the store.
    """
    stored, after = 0, 0
    older: set[int] | None = None
    while True:
        with transaction(engine) as session:
            if older is None:
                older = _older(session, connection_id, file.name)
            rows = session.execute(
                select(_TABLE.c.id, _TABLE.c.line, _TABLE.c.raw)
                .where(
                    *open_rows(connection_id, file.name),
                    _TABLE.c.column.in_(waits_on(file)),
                    _TABLE.c.external_id != "",
                    _TABLE.c.id > after,
                )
                .order_by(_TABLE.c.id)
                .limit(_CHUNK)
            ).all()
            if not rows:
                return stored
            after = rows[-1][0]
            tried = [_parsed(file, line, raw) for row_id, line, raw in rows if row_id not in older]
            stored += _store(session, connection_id, file, [record for record in tried if record])


def _older(session: Session, connection_id: int, resource: str) -> set[int]:
    """Ids of open rows for whose key a newer one is open too."""
    c = _TABLE.c
    doubled = (
        select(c.external_id)
        .where(*open_rows(connection_id, resource), c.external_id != "")
        .group_by(c.external_id)
        .having(func.count() > 1)
    )
    newest: dict[str, int] = {}
    ids: set[int] = set()
    for row_id, external_id in session.execute(
        select(c.id, c.external_id)
        .where(*open_rows(connection_id, resource), c.external_id.in_(doubled))
        .order_by(c.last_seen_at, c.line, c.id)
    ):
        newest[external_id] = row_id
        ids.add(row_id)
    return ids - set(newest.values())


def _parsed(file: PracticeFile, line: int | None, raw: str) -> Parsed | None:
    record = parse_raw(file, line, json.loads(raw)) if MASKED not in raw else None
    return record if isinstance(record, Parsed) else None


def _store(session: Session, connection_id: int, file: PracticeFile, records: list[Parsed]) -> int:
    known = Known(session, connection_id)
    known.look_up(session, file, records)
    ready = complete(known, file, records).rows
    by_columns: dict[frozenset[str], list[dict[str, Any]]] = {}
    for record, row in ready:
        by_columns.setdefault(record.absent(file), []).append(row)
    for absent, rows in by_columns.items():
        keep_old_terms(session, MODELS[file.name], connection_id, rows, keep=absent)
        upsert(session, MODELS[file.name], connection_id, rows, keep=absent)
    resolve(session, connection_id, file.name, [record.external_id for record, _row in ready])
    return len(ready)
