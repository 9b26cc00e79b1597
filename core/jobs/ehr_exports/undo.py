"""Undoing a load of an export within a day: rows it brought are gone again, rows it changed are as they were.

What a row was like is written down before it is changed, so a load that is killed can be undone too. A row that something
else has changed since stays as it is now.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Date, Engine, bindparam, delete, insert, select, update
from sqlmodel import Session, col

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.jobs.practice_files.rows import table_of
from core.own_exports.models import LOADS_UNDONE_WITHIN, ExportLoad, ExportLoadRow
from core.permissions import Identity, Permission, require
from core.store.base import table_of as own_table
from core.store.engine import reader, transaction
from core.store.types import UtcInstant
from core.store.upsert import held
from core.store.version import touch

_OURS = {"id", "connection_id", "external_id"}
_AT_ONCE = 5_000
_ROW, _LOAD = own_table(ExportLoadRow), own_table(ExportLoad)


class Undone(NamedTuple):
    """removed: rows that the load had brought. restored: rows as they were. left: rows that have changed since."""

    removed: int
    restored: int
    left: int


@dataclass(slots=True)
class Remembering:
    """Writes down what a load changes, chunk by chunk: `before` the chunk is stored, `after` it. load_id 0: nothing is
    written down, only told."""

    engine: Engine | Connection
    connection_id: int
    load_id: int
    _seen: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def before(self, file: str, keys: Sequence[str]) -> None:
        table, wanted = table_of(file), list(dict.fromkeys(keys))
        with transaction(self.engine) as session:
            there = _rows(session, file, self.connection_id, wanted)
            self._seen = {key: (row["content_hash"], row["gone_at"] is None) for key, row in there.items()}
            rows = [
                {
                    "load_id": self.load_id, "file": file, "external_id": key, "after_hash": "",
                    "before": _written(table, there[key]) if key in there else "",
                }
                for key in wanted
            ]  # fmt: skip
            if rows and self.load_id:
                session.execute(insert(_ROW), rows)

    def after(self, file: str, keys: Sequence[str]) -> set[str]:
        """The keys that are new or changed now; of the others nothing is remembered."""
        wanted = list(dict.fromkeys(keys))
        with transaction(self.engine) as session:
            now = held(session, table_of(file), self.connection_id, wanted)
            changed = {
                key: row[1] for key, row in now.items() if (row[1], row[3] is None) != self._seen.get(key)
            }
            if self.load_id:
                self._keep_only(session, file, wanted, changed)
        return set(changed)

    def gone_before(self, session: Session, file: str) -> set[str]:
        """The keys of rows that are gone already."""
        c = table_of(file).c
        mine = (c.connection_id == self.connection_id, c.gone_at.is_not(None))
        return set(session.execute(select(c.external_id).where(*mine)).scalars())

    def remember_gone(self, session: Session, file: str, before: set[str]) -> None:
        """Write down, in the transaction that says so, the rows that a whole load found gone."""
        newly = sorted(self.gone_before(session, file) - before) if self.load_id else []
        rows = _rows(session, file, self.connection_id, newly)
        if rows:
            table = table_of(file)
            told = [
                {
                    "load_id": self.load_id, "file": file, "external_id": key, "after_hash": row["content_hash"],
                    "before": _written(table, {**row, "gone_at": None}),
                }
                for key, row in rows.items()
            ]  # fmt: skip
            session.execute(insert(_ROW), told)

    def _keep_only(self, session: Session, file: str, keys: Sequence[str], changed: dict[str, str]) -> None:
        mine = (_ROW.c.load_id == self.load_id, _ROW.c.file == file)
        same = [key for key in keys if key not in changed]
        for start in range(0, len(same), _AT_ONCE):
            session.execute(delete(_ROW).where(*mine, _ROW.c.external_id.in_(same[start : start + _AT_ONCE])))
        given = update(_ROW).where(*mine, _ROW.c.external_id == bindparam("key"))
        if changed:
            session.connection().execute(
                given.values(after_hash=bindparam("digest")),
                [{"key": key, "digest": digest} for key, digest in changed.items()],
            )


def begin_load(
    engine: Engine | Connection, connection_id: int, profile: str, files: Sequence[str], by: str
) -> int:
    """Note that a load begins. Returns its id."""
    values = {
        "connection_id": connection_id, "profile": profile, "files": "\n".join(files), "stored": 0,
        "began_at": clock.now(), "began_by": by, "undone_by": "",
    }  # fmt: skip
    with transaction(engine) as session:
        return session.execute(insert(_LOAD).values(values).returning(_LOAD.c.id)).scalar_one()


def end_load(engine: Engine | Connection, load_id: int, stored: int) -> None:
    with transaction(engine) as session:
        session.execute(update(_LOAD).where(_LOAD.c.id == load_id).values(stored=stored))


def loads_to_undo(session: Session) -> list[ExportLoad]:
    """Loads of the last day that changed something and are not undone, the newest first."""
    return list(
        session.execute(
            select(ExportLoad)
            .where(
                col(ExportLoad.undone_at).is_(None),
                col(ExportLoad.began_at) > clock.now() - LOADS_UNDONE_WITHIN,
                col(ExportLoad.stored) > 0,
            )
            .order_by(col(ExportLoad.id).desc())
        ).scalars()
    )


def undo_load(session: Session, actor: Identity, load_id: int) -> Undone:
    """Take back what a load of the last day did. Raises NotAllowed, NotFound; BadInput when it is undone or too old."""
    require(actor.role, Permission.MANAGE_CONNECTIONS)
    load = session.get(ExportLoad, load_id, with_for_update=True)
    if load is None:
        raise NotFound("There is no such load.")
    if load.undone_at is not None:
        raise BadInput(f"This load was undone already, by {load.undone_by or 'the system'}.")
    if load.began_at < clock.now() - LOADS_UNDONE_WITHIN:
        raise BadInput("This load is more than a day old. Load the export of before once more instead.")
    done = Undone(0, 0, 0)
    rows = session.execute(
        select(_ROW.c.file, _ROW.c.external_id, _ROW.c.before, _ROW.c.after_hash)
        .where(_ROW.c.load_id == load_id)
        .order_by(_ROW.c.id.desc())
    ).all()
    for file, external_id, before, after_hash in rows:
        outcome = _back(session, load.connection_id, file, external_id, before, after_hash)
        done = Undone(*(a + b for a, b in zip(done, outcome, strict=True)))
    session.execute(
        update(_LOAD).where(_LOAD.c.id == load_id).values(undone_at=clock.now(), undone_by=actor.username)
    )
    touch(session)
    record(session, who=actor, action="export load undone", subject_kind="export_load", subject_id=load_id,
           detail=done._asdict())  # fmt: skip
    return done


def _back(
    session: Session, connection_id: int, file: str, external_id: str, before: str, after_hash: str
) -> tuple[int, int, int]:
    table = table_of(file)
    mine = [table.c.connection_id == connection_id, table.c.external_id == external_id]
    if after_hash:
        mine.append(table.c.content_hash == after_hash)
    elif before:
        return 0, 0, 0  # it was never changed
    values: dict[str, Any] = _read(table, before) if before else {"gone_at": clock.now()}
    changed = session.execute(update(table).where(*mine).values(values)).rowcount  # type: ignore[attr-defined]
    if not changed:
        return 0, 0, 1 if after_hash else 0
    return (0, 1, 0) if before else (1, 0, 0)


def _rows(session: Session, file: str, connection_id: int, keys: Sequence[str]) -> dict[str, Any]:
    table = table_of(file)
    wanted = list(dict.fromkeys(keys))
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = session.execute(
            select(table).where(
                table.c.connection_id == connection_id,
                table.c.external_id.in_(wanted[start : start + _AT_ONCE]),
            )
        ).mappings()
        found |= {row["external_id"]: dict(row) for row in rows}
    return found


def _written(table: Any, row: dict[str, Any]) -> str:
    return json.dumps({name: _plain(value) for name, value in row.items() if name not in _OURS})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _read(table: Any, text: str) -> dict[str, Any]:
    return {name: _value(table.c[name].type, value) for name, value in json.loads(text).items()}


def _value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, UtcInstant):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, Date) else value


def loads_of_today(engine: Engine) -> list[ExportLoad]:
    """As loads_to_undo, in a read of its own."""
    with reader(engine) as session:
        found = loads_to_undo(session)
        session.expunge_all()
        return found
