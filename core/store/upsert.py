"""Writing synced rows: insert what is new, update what changed, never let old news win (RELIABILITY 9)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import String, Table, any_, bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from core import clock
from core.store.base import Synced
from core.store.version import touch


class Counts(NamedTuple):
    stored: int = 0
    unchanged: int = 0

    def __add__(self, other: "Counts") -> "Counts":  # type: ignore[override]
        return Counts(self.stored + other.stored, self.unchanged + other.unchanged)


def content_hash(values: Mapping[str, Any]) -> str:
    """A short digest of mapped values, the same for the same values in any order of keys."""
    return hashlib.blake2b(repr(sorted(values.items())).encode(), digest_size=16).hexdigest()


def _digests(rows: Sequence[Mapping[str, Any]], keep: frozenset[str]) -> list[str]:
    """The content hash of rows with the same keys: the keys are sorted once for all."""
    names = sorted(name for name in rows[0] if name != "version" and name not in keep)
    parts = "[" + ", ".join(f"({name!r}, %r)" for name in names) + "]"
    digest = hashlib.blake2b
    return [
        digest((parts % tuple([row[name] for name in names])).encode(), digest_size=16).hexdigest()
        for row in rows
    ]


def _chunks(rows: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def held(
    session: Session, table: Table, connection_id: int, external_ids: Sequence[str]
) -> dict[str, tuple[int, str, int | None, datetime | None]]:
    """What the store holds of these external ids: external id → (id, content_hash, version, gone_at)."""
    found: dict[str, tuple[int, str, int | None, datetime | None]] = {}
    columns = (
        table.c.external_id,
        table.c.id,
        table.c.content_hash,
        table.c.version,
        table.c.gone_at,
    )
    for chunk in _chunks(external_ids, 5_000):
        rows = session.execute(
            select(*columns).where(
                table.c.connection_id == connection_id, among(session, table.c.external_id, chunk)
            )
        )
        found.update({row[0]: (row[1], row[2], row[3], row[4]) for row in rows})
    return found


def among(session: Session, column: Any, texts: Sequence[str]) -> Any:
    """`column IN texts` as one parameter: a list of thousands is compiled and bound anew each time otherwise."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(bindparam(None, list(texts), type_=postgresql.ARRAY(String)))
    listed = func.json_each(bindparam(None, json.dumps(list(texts)), type_=String)).table_valued("value")
    return column.in_(select(listed.c.value))


def upsert(
    session: Session,
    model: type[Synced],
    connection_id: int,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: frozenset[str] = frozenset(),
) -> Counts:
    """Store rows of one connection, each a mapping with `external_id`, optionally `version`, and mapped columns.

    A row with the same content is unchanged (and comes back if it was gone). A row with a lower version than the
    one held is old news: unchanged. Of several rows with one external id the newest version, else the last, wins.
    All rows must have the same keys. `keep` names columns given only for new rows (never overwritten).
    Grows the data version when anything was stored. Raises nothing of its own; the caller's transaction decides.
    """
    if not rows:
        return Counts()
    table: Table = model.__table__  # type: ignore[attr-defined]
    latest: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        before = latest.get(row["external_id"])
        if before is None or (row.get("version") or 0) >= (before.get("version") or 0):
            latest[row["external_id"]] = row
    existing = held(session, table, connection_id, list(latest))
    now = clock.now()
    changed: list[dict[str, Any]] = []
    confirmed: list[dict[str, int]] = []
    for digest, (external_id, row) in zip(_digests(list(latest.values()), keep), latest.items(), strict=True):
        version = row.get("version")
        if (before := existing.get(external_id)) is not None:
            held_id, held_digest, held_version, gone_at = before
            if version is not None and held_version is not None and version < held_version:
                continue
            if digest == held_digest and gone_at is None:
                if version is not None and version != held_version:
                    confirmed.append({"held_id": held_id, "newer": version})
                continue
        changed.append(
            {
                **row,
                "connection_id": connection_id,
                "content_hash": digest,
                "version": version,
                "synced_at": now,
                "gone_at": None,
            }
        )
    if changed:
        _write(session, table, changed, keep)
        touch(session)
    if confirmed:
        # the same content under a newer version: without its version, the one in between would pass for news
        newer = update(table).where(table.c.id == bindparam("held_id")).values(version=bindparam("newer"))
        session.connection().execute(newer, confirmed)
    return Counts(len(changed), len(rows) - len(changed))


def _write(session: Session, table: Table, rows: Sequence[Mapping[str, Any]], keep: frozenset[str]) -> None:
    """One compiled statement, run once a row by the driver itself: what lies between takes as long as the store does."""
    connection = session.connection()
    dialect = connection.dialect
    names = tuple(rows[0])
    statement = _insert_or_newer(session, table, names, keep)
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    # with named parameters a column's own default is one more that the rows do not carry
    order = compiled.positiontup or list(compiled.params)
    if set(order) != set(names):  # left to the slow way, which knows
        session.execute(statement, rows)
        return
    bind = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    columns = [
        [row[name] if make is None else make(row[name]) for row in rows]
        for name, make in ((name, bind[name]) for name in order)
    ]
    lines = zip(*columns, strict=True)
    if compiled.positiontup:
        connection.exec_driver_sql(str(compiled), list(lines))
    else:
        connection.exec_driver_sql(str(compiled), [dict(zip(order, line, strict=True)) for line in lines])


def _insert_or_newer(session: Session, table: Table, names: Iterable[str], keep: frozenset[str]) -> Any:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    new = statement.excluded
    columns = {
        name: new[name] for name in names if name not in {"connection_id", "external_id"} and name not in keep
    }
    return statement.on_conflict_do_update(
        index_elements=["connection_id", "external_id"],
        set_=columns,
        where=or_(
            new.version.is_(None),
            table.c.version.is_(None),
            new.version >= table.c.version,
        ),
    )
