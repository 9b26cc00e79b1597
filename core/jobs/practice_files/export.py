"""`huddle export DIR`: everything an EHR or a processor told us, as practice files (CONTRACTS §3). Nobody is locked in.

Loading them into an empty store gives the same reports. What Huddle itself decided (links, tasks, messages) is not in
them, nor what is gone upstream. They are made for loading: ids and names are written as they are, not as a spreadsheet
would have them.
"""

import csv
import os
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Session

from core import clock
from core.errors import BadInput
from core.integrations.practice_files.columns import FILES, Column, PracticeFile
from core.jobs.practice_files.rows import table_of
from core.money import decimal_text

_READ_AT_ONCE = 5_000
# a person collects it each time: nothing runs by itself
_NO_SUCH_WORD = {("recurrings", "reminder"): "on_hold"}
_OF_TEXT = {  # columns that hold the key of a row of another file as text, which may be of another connection
    ("plans", "card_id"): "cards",
    ("memberships", "card_id"): "cards",
    ("recurrings", "card_id"): "cards",
    ("payments", "refund_of"): "payments",
    ("payments", "recurring_id"): "recurrings",
}

Key = tuple[int, str]  # connection, external id


class _Names:
    """What every row is called in the files: its external id, with the connection's number before it where two
    connections have given the same one."""

    def __init__(self, session: Session) -> None:
        self.by_id: dict[str, dict[int, str]] = {}
        self.by_key: dict[str, dict[Key, str]] = {}
        for file in FILES:
            self._learn(session, file)

    def _learn(self, session: Session, file: str) -> None:
        """Rows that are there, and whose owners are."""
        c = table_of(file).c
        owners = [column for column in FILES[file].columns if column.parent and column.required]
        ids: dict[int, str] = {}
        keys: dict[Key, str] = {}
        taken: set[str] = set()
        rows = session.execute(
            select(c.id, c.connection_id, c.external_id, *(c[column.target] for column in owners))
            .where(c.gone_at.is_(None))
            .order_by(c.connection_id, c.id)
        )
        for row_id, connection_id, external_id, *owner_ids in rows:
            if any(
                owner not in self.by_id[column.parent]
                for column, owner in zip(owners, owner_ids, strict=True)
            ):
                continue
            name = external_id if external_id not in taken else f"{connection_id}:{external_id}"
            taken.add(name)
            ids[row_id] = keys[connection_id, external_id] = name
        self.by_id[file], self.by_key[file] = ids, keys

    def of_text(self, file: str, connection_id: int, external_id: str) -> str:
        """The name of a row that is meant by its external id: of the same connection, else of any."""
        keys = self.by_key[file]
        if found := keys.get((connection_id, external_id)):
            return found
        return next((name for (_at, key), name in keys.items() if key == external_id), external_id)


def export_practice(session: Session, folder: Path) -> dict[str, int]:
    """Write every practice file into a folder, readable by this user alone. Returns how many rows each has.

    Raises BadInput when the folder is not empty or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(folder.iterdir()):
            raise BadInput(
                f"The folder {folder} is not empty. Name a new one, so that nothing in it is overwritten."
            )
        names = _Names(session)
        zones = _zones(session)
        return {
            file.name: _write(session, folder / f"{file.name}.csv", file, names, zones)
            for file in FILES.values()
        }
    except OSError as error:
        raise BadInput(f"The folder {folder} cannot be written: {error.strerror}.") from error


class _Zones:
    """Whose wall clock an instant is written on. only: where there is one location, it needs no naming."""

    def __init__(self, by_location: dict[int, str], of_patient: dict[int, int | None]) -> None:
        self.by_location, self.of_patient = by_location, of_patient
        self.only = next(iter(by_location)) if len(by_location) == 1 else None

    def of(self, row: Any) -> str:
        here = row.get("location_id") or self.of_patient.get(row.get("patient_id") or 0) or self.only
        return self.by_location.get(here or 0, "UTC")


def _zones(session: Session) -> _Zones:
    places, people = table_of("locations").c, table_of("patients").c
    by_location = {
        row[0]: row[1]
        for row in session.execute(select(places.id, places.time_zone).where(places.gone_at.is_(None)))
    }
    several = len(by_location) > 1
    of_patient = (
        {row[0]: row[1] for row in session.execute(select(people.id, people.location_id))} if several else {}
    )
    return _Zones(by_location, of_patient)


def _write(session: Session, path: Path, file: PracticeFile, names: _Names, zones: _Zones) -> int:
    columns = [
        column for column in file.columns if not (column.name == "location_id" and _unsaid(file.name, zones))
    ]
    cells = [_cell(file.name, column, names, zones) for column in columns]
    written = 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        for row in _rows(session, table_of(file.name)):
            line = [cell(row) for cell in cells]
            if None not in line:
                writer.writerow(line)
                written += 1
    return written


def _unsaid(file: str, zones: _Zones) -> bool:
    """Where there is one location, a visit is at it."""
    return file == "appointments" and zones.only is not None


def _rows(session: Session, table: Table) -> Iterator[Any]:
    found = session.execute(
        select(table)
        .where(table.c.gone_at.is_(None))
        .order_by(table.c.id)
        .execution_options(yield_per=_READ_AT_ONCE)
    )
    return iter(found.mappings())


_Cell = Callable[[Any], str | None]


def _cell(file: str, column: Column, names: _Names, zones: _Zones) -> _Cell:
    """How one column is written; None for a row that means nothing here (what it belongs to is gone)."""
    target = column.target
    if target == "external_id":
        ids = names.by_id[file]
        return lambda row: ids.get(row["id"])
    if column.parent:
        return _parent(file, column, names, zones)
    if file == "patients" and column.name == "guarantor_id":
        people = names.by_id["patients"]
        return lambda row: people.get(row["guarantor_id"] or 0) or row["guarantor_ref"] or ""
    if other := _OF_TEXT.get((file, column.name)):
        return lambda row: names.of_text(other, row["connection_id"], row[target]) if row[target] else ""
    if target == "expiry_text":
        return _expiry
    if target.endswith("_cents"):
        return lambda row: "" if row[target] is None else decimal_text(row[target])
    if target.endswith("_basis_points"):
        return lambda row: "" if row[target] is None else decimal_text(row[target])
    return lambda row: _plain(file, row[target], zones, row)


def _parent(file: str, column: Column, names: _Names, zones: _Zones) -> _Cell:
    ids, target = names.by_id[column.parent], column.target
    if file == "patients" and target == "location_id" and zones.only is not None:
        return lambda _row: ""  # the only one there is
    return lambda row: ids.get(row[target] or 0, "")


def _expiry(row: Any) -> str:
    if row["expires_on"] is not None:
        return f"{row['expires_on']:%m/%y}"
    return row["expiry_text"] or ""


def _plain(file: str, value: Any, zones: _Zones, row: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(clock.zone(zones.of(row))).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return _NO_SUCH_WORD.get((file, value), str(value)) if isinstance(value, str) else str(value)
