"""`huddle import` of an EHR's own export: which system it is, rows made with its profile, and stored as practice files are.

The outcome is told by outcome.py.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlmodel import Session

from core import clock
from core.connections.commands import refuse_beside_demo
from core.connections.losses import Lost, held_rows
from core.connections.runs import fail_run, finish_run, start_run
from core.errors import BadInput
from core.integrations.ehr_exports.answers import Answers
from core.integrations.ehr_exports.apply import Made, apply
from core.integrations.ehr_exports.context import Setting
from core.integrations.ehr_exports.finding import Match, best, match
from core.integrations.ehr_exports.fold import fold
from core.integrations.ehr_exports.profile import Profile, built_in
from core.integrations.ehr_exports.sheets import Found, sheets_in
from core.integrations.practice_files.columns import FILES
from core.jobs.ehr_exports.outcome import Heard, book, told
from core.jobs.ehr_exports.result import ExportResult
from core.jobs.ehr_exports.source import MadeFile
from core.jobs.ehr_exports.undo import Remembering, begin_load, end_load
from core.jobs.practice_files.guarantors import practice_files_connection
from core.jobs.practice_files.load import CHUNK, _follow_up, _Import, _retry, _store_chunk, lose_unsent
from core.jobs.practice_files.result import FileCounts
from core.jobs.practice_files.rows import Known, table_of
from core.jobs.practice_files.waiting_rows import files_with_open_rows
from core.jobs.records.joining import join_records
from core.names import folded
from core.own_exports.commands import kept_profile, kept_profiles, save_profile
from core.patients.models import Patient
from core.practice.models import Practice
from core.practice.reports import practice_zone
from core.store.engine import reader, rehearsal, transaction

Progress = Callable[[str, int], None]
_NAMED = 5
_OF_ONE_RUN = frozenset({"as_of"})  # an answer that is not kept


def import_export(
    engine: Engine,
    path: Path,
    *,
    profile: Profile | None = None,
    answers: Mapping[str, Any] | None = None,
    connection_id: int | None = None,
    whole: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    by: str = "",
) -> ExportResult:
    """Load an export: a folder, a zip archive or one file. Without a profile, the kept or built-in one that knows it
    best. What was answered before need not be answered again; what is answered now is kept.

    whole: what the export no longer holds is gone (DOMAIN §0). dry_run: everything is done as usual and undone at the end. Raises BadInput when nobody knows whose files these are,
    the time zone is not known, or an answer fits no question.
    """
    return load_sheets(
        engine, sheets_in(path), path.name, profile=profile, answers=answers, connection_id=connection_id,
        whole=whole, dry_run=dry_run, progress=progress, by=by,
    )  # fmt: skip


def load_sheets(
    engine: Engine,
    found: Found,
    what: str,
    *,
    profile: Profile | None = None,
    answers: Mapping[str, Any] | None = None,
    connection_id: int | None = None,
    whole: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    by: str = "",
) -> ExportResult:
    """As import_export, of sheets that are open already. what: what to call them when nobody knows them."""
    with reader(engine) as session:
        own = {kept.name: kept.profile for kept in kept_profiles(session)}
        chosen = recognized(found, what, profile, {**built_in(), **own})
        kept = kept_profile(session, chosen.profile.profile)
    said = {**(kept.answers if kept else {}), **(answers or {})}
    if dry_run:
        with rehearsal(engine) as connection:
            result = load_match(connection, chosen, said, connection_id, progress, whole=whole)
        result.rehearsed = True
    else:
        result = load_match(engine, chosen, said, connection_id, progress, by=by, undoable=True, whole=whole)
        with transaction(engine) as session:
            save_profile(
                session, None, chosen.profile, answers={k: v for k, v in said.items() if k not in _OF_ONE_RUN},
                shape={**(kept.shape if kept else {}), **shape_of(chosen)},
            )  # fmt: skip
    result.notes += found.left_out
    if others := [f"{sheet.shown}{book(sheet.book)}" for sheet in chosen.left_out]:
        named = ", ".join(others[:_NAMED]) + (
            f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
        )
        result.notes.append(f"Nothing for Huddle is in: {named}.")
    return result


def shape_of(chosen: Match) -> dict[str, list[str]]:
    """The names of the columns that each table's file has."""
    return {opened.table.table: opened.names for opened in chosen.opened}


def recognized(
    found: Found, what: str, profile: Profile | None, profiles: Mapping[str, Profile] | None = None
) -> Match:
    """The profile of these files and what each file is. Raises BadInput when none knows them."""
    profiles = profiles or built_in()
    if not found.sheets:
        raise BadInput(" ".join([f"{what} holds no table that can be read.", *found.left_out]))
    chosen = match(profile, found.sheets) if profile else best(profiles.values(), found.sheets)
    if chosen is None or not chosen.opened:
        names = ", ".join(dict.fromkeys(sheet.shown for sheet in found.sheets[:4]))
        whose = f"are no export of {profile.title}" if profile else "are of no system that Huddle knows"
        raise BadInput(
            f"The columns of {names} {whose}. Say whose they are with --as ({', '.join(profiles)}), or match their "
            "columns on the page Integrations, under Your own export."
        )
    return chosen


def load_match(
    engine: Engine | Connection,
    chosen: Match,
    answers: Mapping[str, Any],
    connection_id: int | None = None,
    progress: Progress | None = None,
    *,
    by: str = "",
    undoable: bool = False,
    whole: bool = False,
) -> ExportResult:
    """Make rows of files whose profile is known, and store them. undoable: what it changes is written down, for a day.

    Raises BadInput as import_export does.
    """
    if connection_id is None:
        with transaction(engine) as session:
            connection_id = practice_files_connection(session)
    with reader(engine) as session:
        refuse_beside_demo(session)
        setting = _setting(session, connection_id, Answers(answers))
        practice = session.get(Practice, 1)
        name = practice.name if practice else ""
    made = apply(chosen, setting)
    fold(made, setting, name)
    _refuse_without_zone(made, setting)
    heard = Heard()
    names = [opened.sheet.shown for opened in made.opened]
    load_id = begin_load(engine, connection_id, chosen.profile.profile, names, by) if undoable else 0
    stored = _store(engine, connection_id, made, heard, progress, load_id, whole=whole)
    join_records(engine)
    result = told(chosen, made, setting, heard, stored)
    if undoable:
        end_load(engine, load_id, sum(counts.stored for counts in result.files.values()))
    return result


def _setting(session: Session, connection_id: int, answers: Answers) -> Setting:
    known = Known(session, connection_id)
    zone = known.zone_of(None) or ""
    said_at_set_up = "" if known.zones else practice_zone(session)
    table = Patient.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    people = session.execute(
        select(table.c.first_name, table.c.last_name).where(table.c.connection_id == connection_id)
    )
    names = {folded(f"{first} {last}") for first, last in people}
    place = table_of("locations").c
    places = session.execute(
        select(place.name, place.external_id).where(place.connection_id == connection_id)
    )
    known_places = {folded(name): external_id for name, external_id in places}
    zone_from = "as the location has it" if zone else "as said at the set-up"
    zone = zone or said_at_set_up
    setting = Setting(clock.now(), answers, zone, zone_from if zone else "", names, known_places)
    if said := answers.get("as_of"):
        try:
            moment = datetime.fromisoformat(said)
            setting.as_of = clock.local_instant(moment, answers.get("time_zone") or zone or "UTC")
        except (ValueError, KeyError):
            raise BadInput(f"“{said}” is not a moment such as 2026-11-23T08:00.") from None
    return setting


def _refuse_without_zone(made: Made, setting: Setting) -> None:
    at = [column.name for column in FILES["locations"].columns].index("time_zone")
    if not setting.zone and any(not row.cells[at] for row in made.rows.get("locations", [])):
        raise BadInput(
            "In which time zone is the practice? The export does not say. Answer it with --answer time_zone=America/Denver "
            "(or the zone that is yours)."
        )


def _store(
    engine: Engine | Connection,
    connection_id: int,
    made: Made,
    heard: Heard,
    progress: Progress | None,
    load_id: int,
    *,
    whole: bool,
) -> set[tuple[str, str]]:
    """Store everything in the order of the practice files. Returns (file, key) of the rows that are new or changed."""
    going = _Import(engine, connection_id, progress, watching=False, result=heard, whole=whole)
    stored: set[tuple[str, str]] = set()
    remembering = Remembering(engine, connection_id, load_id)
    with reader(engine) as session:
        waiting = files_with_open_rows(session, connection_id)
    for name in FILES:
        if name in waiting:
            _retry(going, FILES[name])
        faults = [fault for fault in made.faults if fault.file == name]
        if rows := made.rows.get(name, []):
            _store_file(going, MadeFile(name, rows, faults, made), stored, remembering)
        elif faults:
            _store_file(going, MadeFile(name, [], faults, made), stored, remembering)
    return stored


def _store_file(
    going: _Import, source: MadeFile, stored: set[tuple[str, str]], remembering: Remembering
) -> None:
    name = source.file.name
    going.result.add(name, FileCounts(), [])
    with transaction(going.engine) as session:
        run_id = start_run(session, going.connection_id, name, full=True)
    try:
        with reader(going.engine) as session:
            known = Known(session, going.connection_id)
            held = held_rows(session, table_of(name), going.connection_id) if going.whole else 0
        done = 0
        sent: set[int] = set()
        for chunk in _chunks(source.records()):
            keys = [record.external_id for record in chunk]
            remembering.before(name, keys)
            _store_chunk(going, source, known, run_id, chunk)
            sent.update(map(hash, keys))
            stored |= {(name, key) for key in remembering.after(name, keys)}
            done += len(chunk)
            if going.progress is not None:
                going.progress(name, done)
        with transaction(going.engine) as session:
            _follow_up(session, going.connection_id, name)
            lost = Lost()
            if going.whole:
                before = remembering.gone_before(session, name)
                lost = lose_unsent(session, going, name, run_id, held, sent)
                remembering.remember_gone(session, name, before)
            finish_run(session, run_id)
        going.tell_lost(name, lost)
    except BaseException:
        with transaction(going.engine) as session:
            fail_run(session, run_id, "The import was cut off in the middle; importing again completes it.")
        raise


def _chunks(records: Iterable[Any]) -> Iterable[list[Any]]:
    chunk: list[Any] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
