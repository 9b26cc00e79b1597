"""A patient who was merged into another one hands over all that hangs on them (DOMAIN §0, §14)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Index, Table, UniqueConstraint, and_, exists, select, update
from sqlmodel import Session, SQLModel

import core.tables  # noqa: F401 (every table that a patient hangs in)
from core import clock
from core.jobs.practice_files.rows import table_of
from core.store.version import touch


def hand_over(session: Session, connection_id: int, merged: Mapping[str, str]) -> int:
    """merged: external id → that of the patient who stays. The old one is inactive. Returns how many had anything left."""
    patient = table_of("patients")
    changed = 0
    wanted = sorted({*merged, *merged.values()})
    ids: dict[str, int] = {}
    for start in range(0, len(wanted), 5_000):
        rows = session.execute(
            select(patient.c.external_id, patient.c.id).where(
                patient.c.connection_id == connection_id,
                patient.c.external_id.in_(wanted[start : start + 5_000]),
            )
        )
        ids |= {row[0]: row[1] for row in rows}
    for old, stays in merged.items():
        if old in ids and stays in ids:
            changed += _one(session, ids[old], ids[stays]) > 0
    if changed:
        touch(session)
    return changed


def _one(session: Session, old: int, stays: int) -> int:
    patient = table_of("patients")
    moved = session.execute(
        update(patient)
        .where(patient.c.id == old, patient.c.active)
        .values(active=False, synced_at=clock.now())
    ).rowcount  # type: ignore[attr-defined]  # an UPDATE's result has one
    for table in SQLModel.metadata.tables.values():
        for column in table.columns:
            if any(key.target_fullname == "patient.id" for key in column.foreign_keys):
                moved += _move(session, table, column, old, stays)
    return moved


def _move(session: Session, table: Table, column: Column[Any], old: int, stays: int) -> int:
    """Rows that would stand there twice stay where they are."""
    where = [column == old]
    if table.name == "patient":
        where.append(table.c.id != stays)  # nobody pays for themselves
    for names in _unique_with(table, column.name):
        other = table.alias()
        same = [other.c[name] == table.c[name] for name in names if name != column.name]
        where.append(~exists().where(and_(other.c[column.name] == stays, *same)))
    values: dict[str, Any] = {column.name: stays}
    if "synced_at" in table.c:
        values["synced_at"] = clock.now()
    return session.execute(update(table).where(*where).values(**values)).rowcount  # type: ignore[attr-defined]


def _unique_with(table: Table, name: str) -> list[list[str]]:
    keys = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    keys += [each for each in table.indexes if isinstance(each, Index) and each.unique]  # type: ignore[misc]
    columns = [[column.name for column in key.columns] for key in keys]
    return [names for names in columns if name in names]
