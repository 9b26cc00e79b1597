"""Storing Cliniko's records: one page, one transaction (DESIGN §1 “In”), into the tables that practice files fill.

Every record of a page is stored, unchanged, set aside or quarantined, and nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session

from core import clock
from core.connections.losses import sent_again
from core.connections.quarantine import quarantine, resolve
from core.integrations.cliniko.records import FILE_OF, Read, id_of, read
from core.integrations.cliniko.rows import ATTENDEE, SETTLED, Setting
from core.integrations.practice_files.columns import FILES
from core.integrations.practice_files.records import Parsed
from core.integrations.records import Rejected
from core.jobs.crashpoints import crashpoint
from core.jobs.practice_files.result import FileCounts
from core.jobs.practice_files.rows import MODELS, Known, complete, table_of
from core.schedule.models import AppointmentStatus
from core.store.upsert import held, upsert
from core.store.version import touch

_WORKED_OUT = {"patients": frozenset({"location_id"})}  # by where they were last, see placing.py
_AT_ONCE = 5_000


class Stored(NamedTuple):
    """counts: of the page. merged: patients who are another one now, and which."""

    counts: FileCounts
    merged: dict[str, str]


@dataclass(slots=True)
class _Page:
    """What comes together while a page is looked through. rows: ready for the store, with the record they are of.

    unsaid: columns that Cliniko says nothing about: what the store holds of them stays.
    """

    rejected: list[Rejected] = field(default_factory=list)
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    withdrawn: list[tuple[str, str, int]] = field(default_factory=list)
    aside: set[str] = field(default_factory=set)
    unsaid: frozenset[str] = frozenset()
    merged: dict[str, str] = field(default_factory=dict)


def row_id(resource: str, record_id: str) -> str:
    """Under which external id the row of a record stands."""
    return f"{ATTENDEE}{record_id}" if resource == "attendees" else record_id


def store_page(
    session: Session, connection_id: int, resource: str, records: Sequence[Any], setting: Setting
) -> Stored:
    """Store the records of one page. The caller's transaction decides; a record's own fault raises nothing."""
    page = _Page()
    found: list[Read] = []
    for record in records:
        one = read(resource, record, setting)
        if isinstance(one, Rejected):
            page.rejected.append(one._replace(external_id=row_id(resource, id_of(record))))
        elif one.merged_into:
            page.merged[one.external_id] = one.merged_into
        else:
            found.append(one)
            if one.aside:
                page.aside.add(one.external_id)
            page.withdrawn += [(*gone, one.version) for gone in one.withdrawn]
    _resolve_references(session, connection_id, resource, found, page)
    return Stored(_write(session, connection_id, resource, len(records), page), page.merged)


def _resolve_references(
    session: Session, connection_id: int, resource: str, found: Iterable[Read], page: _Page
) -> None:
    """Rows that other rows are found for; the others wait in quarantine for them, whole records each."""
    file = FILES[FILE_OF[resource]]
    known = Known(session, connection_id)
    known.look_up(session, file, [row for one in found for _file, row in one.rows])
    for one in found:
        done = complete(known, file, [_loosened(known, row) for _file, row in one.rows], whole=False)
        if done.rejected:
            page.rejected.append(
                done.rejected[0]._replace(external_id=row_id(resource, one.external_id), line=None)
            )
            continue
        for parsed, row in done.rows:
            page.unsaid = parsed.absent(file) | _WORKED_OUT.get(file.name, frozenset())
            page.rows.append((one.external_id, row | {"version": one.version}))


def _loosened(known: Known, row: Parsed) -> Parsed:
    """What an invoice owes does not hang on the visit it was written for: a visit that is not here is left out."""
    visit = row.values.get("appointment_id")
    if visit is None or visit in known.parents.get("appointments", {}):
        return row
    return row._replace(values=row.values | {"appointment_id": None})


def _write(session: Session, connection_id: int, resource: str, came: int, page: _Page) -> FileCounts:
    """Put the page into the store. A record counts as stored when any row of it changed."""
    file = FILE_OF[resource]
    table, rows = table_of(file), [row for _record, row in page.rows]
    ids = [row["external_id"] for row in rows]
    before = held(session, table, connection_id, ids)
    upsert(session, MODELS[file], connection_id, rows, keep=page.unsaid)
    crashpoint("sync.upsert")
    after = held(session, table, connection_id, ids)
    changed = {
        record
        for record, row in page.rows
        if _state(before, row["external_id"]) != _state(after, row["external_id"])
    }
    changed |= _withdraw(session, connection_id, page.withdrawn)
    changed -= page.aside
    resolve(session, connection_id, file, [*ids, *page.aside, *page.merged])
    sent_again(session, connection_id, resource, table, ids)
    quarantined = quarantine(session, connection_id, file, page.rejected)
    aside = len(page.aside)
    return FileCounts(came, len(changed), came - len(changed) - quarantined - aside, quarantined, aside)


def _state(rows: dict[str, tuple[int, str, int | None, Any]], external_id: str) -> tuple[str, bool] | None:
    """What of a held row tells that it changed: its content, and whether it is gone."""
    found = rows.get(external_id)
    return (found[1], found[3] is None) if found else None


def _withdraw(session: Session, connection_id: int, gone: Sequence[tuple[str, str, int]]) -> set[str]:
    """Mark rows gone that must not stand, unless the store holds newer news. Returns the records they are of."""
    records: set[str] = set()
    by_file: dict[str, dict[str, int]] = {}
    for file, external_id, version in gone:
        by_file.setdefault(file, {})[external_id] = version
    for file, wanted in by_file.items():
        there = held(session, table_of(file), connection_id, list(wanted))
        rows = [
            {"held_id": held_id, "newer": wanted[external_id]}
            for external_id, (held_id, _digest, before, gone_at) in there.items()
            if gone_at is None and (before is None or before <= wanted[external_id])
        ]
        _mark_gone(session, table_of(file), rows)
        stood = {row["held_id"] for row in rows}
        records |= {key.removesuffix(SETTLED) for key, row in there.items() if row[0] in stood}
    return records


def _mark_gone(session: Session, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        values = {"gone_at": clock.now(), "version": bindparam("newer")}
        session.connection().execute(
            update(table).where(table.c.id == bindparam("held_id")).values(values), list(rows)
        )
        touch(session)


def close_what_is_over(session: Session, connection_id: int) -> int:
    """A visit whose patient has arrived is completed once its time is over: Cliniko does not tell it again."""
    visit = table_of("appointments")
    here = session.execute(
        select(visit.c.id, visit.c.starts_at, visit.c.minutes).where(
            visit.c.connection_id == connection_id,
            visit.c.status == AppointmentStatus.ARRIVED,
            visit.c.gone_at.is_(None),
        )
    )
    now = clock.now()
    over = [key for key, starts, minutes in here if starts + timedelta(minutes=minutes or 0) <= now]
    for start in range(0, len(over), _AT_ONCE):
        chunk = visit.c.id.in_(over[start : start + _AT_ONCE])
        session.execute(update(visit).where(chunk).values(status=AppointmentStatus.COMPLETED.value))
    if over:
        touch(session)
    return len(over)
