"""Changing the key that seals what is secret: a new key is put first, everything is sealed anew, the old key retires.

Both keys open until everything is under the new one, so that a process killed anywhere here loses nothing (running it
again completes it), and a server that runs meanwhile goes on: it reads the key file again whenever it changed.
"""

import time
from typing import NamedTuple

from sqlalchemy import Column, Engine, Table, select, text, update
from sqlmodel import Session

from core import tables
from core.audit.commands import record
from core.jobs.crashpoints import crashpoint
from core.jobs.lease import hold
from core.practice.models import Practice
from core.secrets import (
    add_key,
    make_key_file,
    open_sealed,
    reseal,
    retire_former_keys,
    sealed_newest,
)
from core.store.engine import reader, transaction

SEALED = "sealed_"  # what a column is called that holds sealed text
SETTLE_SECONDS = (
    3.0  # longer than anybody holds sealed text between reading a row and opening it, or before storing it
)


class Rotated(NamedTuple):
    """secrets: how many are sealed under the new key now."""

    secrets: int

    def sentence(self) -> str:
        if not self.secrets:
            return "A new key is in the key file; nothing was sealed under the former one."
        plural = "secret is" if self.secrets == 1 else "secrets are"
        return (
            f"{self.secrets} {plural} sealed under a new key, and the former key opens nothing any more. A copy of the "
            "store made before now opens only with the key file of its day: make a new copy, and keep the key apart."
        )


def sealed_columns() -> list[tuple[Table, Column[str]]]:
    """Every column that holds sealed text: whoever seals calls the column so."""
    return [
        (table, column)
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if column.name.startswith(SEALED)
    ]


def rotate_key(engine: Engine, *, settle_seconds: float = SETTLE_SECONDS) -> Rotated:
    """Seal everything under a new key. Raises Busy, WrongKey (the key file does not open it all), StoreError."""
    with hold(engine, "rotate key", busy="Another process is changing the key right now."):
        _require_all_open(engine)
        add_key()
        crashpoint("rotate.added")
        begun = False
        while _seal_anew(engine) or not begun:
            begun = True
            crashpoint("rotate.committed")
            time.sleep(settle_seconds)  # whoever sealed or read just before the new key came is done by then
        with transaction(engine) as session:
            count = sum(len(_sealed(session, table, column)) for table, column in sealed_columns())
            if session.get(Practice, 1) is not None:  # an empty store has nobody to write it down for
                record(session, who=None, action="key changed", detail={"secrets": count})
        retire_former_keys()
        crashpoint("rotate.retired")
    return Rotated(count)


def _require_all_open(engine: Engine) -> None:
    with reader(engine) as session:
        sealed = [value for table, column in sealed_columns() for _, value in _sealed(session, table, column)]
    if not sealed:
        make_key_file()
    for value in sealed:
        open_sealed(value)


def _seal_anew(engine: Engine) -> int:
    """Everything that is not under the newest key, in one transaction. Returns how many there were."""
    changed = 0
    with transaction(engine) as session:
        _hold_writers_off(session)
        for table, column in sealed_columns():
            (key,) = table.primary_key.columns
            for row, value in _sealed(session, table, column):
                if not sealed_newest(value):
                    session.execute(update(table).where(key == row).values({column.name: reseal(value)}))
                    changed += 1
        crashpoint("rotate.resealed")
    return changed


def _hold_writers_off(session: Session) -> None:
    """Whoever writes one of these tables has committed before we look; on SQLite nobody else writes anyway."""
    if session.get_bind().dialect.name == "postgresql":
        for name in sorted({table.name for table, _ in sealed_columns()}):
            session.execute(text(f'LOCK TABLE "{name}" IN SHARE ROW EXCLUSIVE MODE'))


def _sealed(session: Session, table: Table, column: Column[str]) -> list[tuple[int, str]]:
    (key,) = table.primary_key.columns
    rows = session.execute(select(key, column).where(column.is_not(None), column != "").order_by(key))
    return [(row[0], row[1]) for row in rows]
