"""Reading a practice from Cliniko: list by list, what changed since last time or everything.

A page is a transaction, so a sync that is killed leaves whole pages, and the next one completes it. Lists come in the
order of their changes, so each page moves the cursor; a full read says what is gone, more than a fifth at once by a person.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, select
from sqlmodel import Session

from core import clock
from core.connections.commands import cliniko_client
from core.connections.losses import lose
from core.connections.runs import add_counts, fail_run, finish_run, place_of, start_run
from core.errors import HuddleError, Refused, UnreadableAnswer
from core.integrations.cliniko.client import RESOURCES, Cliniko, RawPage
from core.integrations.cliniko.records import FILE_OF, id_of
from core.integrations.cliniko.rows import ATTENDEE, SETTLED, Setting
from core.integrations.practice_files.columns import FILES
from core.jobs.cliniko.merges import carry_over, keep_merges, known_merges
from core.jobs.cliniko.storing import close_what_is_over, store_page
from core.jobs.crashpoints import crashpoint
from core.jobs.practice_files.guarantors import name_practice
from core.jobs.practice_files.placing import place_patients
from core.jobs.practice_files.result import FileCounts, in_run
from core.jobs.practice_files.rows import table_of
from core.jobs.practice_files.waiting_rows import retry_waiting
from core.store.engine import reader, transaction

OVERLAP_SECONDS = 300  # read again each time: a page may have been answered before its rows were written
GROUPS = "group_appointments"


class Came(NamedTuple):
    """What the sync of one list came to. error: one sentence, "" when it was read to its end."""

    resource: str
    counts: FileCounts
    error: str = ""
    retry_after: float | None = None
    retried: int = 0


@dataclass(slots=True)
class _Sync:
    """One sync going on. confirm: called in every transaction (a lease). said: told after each page, may raise to stop."""

    engine: Engine
    connection_id: int
    full: bool
    confirm: Callable[[Session], None]
    said: Callable[[str], None]
    client: Cliniko
    setting: Setting
    result: list[Came] = field(default_factory=list)


def sync_cliniko(
    engine: Engine,
    connection_id: int,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    full: bool,
    confirm: Callable[[Session], None],
    said: Callable[[str], None],
    **wire: Any,
) -> list[Came]:
    """Sync every list. What cannot be read of one is an error in the result; a refused key or no answer ends the sync.

    wire: transport, sleep, monotonic of http.Reader, for replays.
    """
    client = cliniko_client(settings, secrets, **wire)
    setting = Setting("UTC", clock.now(), settings.get("closed_invoices") or "owed")
    going = _Sync(engine, connection_id, full, confirm, said, client, setting)
    try:
        for resource in RESOURCES:
            error = _read_list(going, resource)
            if error is not None and not isinstance(error, Refused | UnreadableAnswer):
                break  # the others would only meet the same
    finally:
        client.close()
    return going.result


def _read_list(going: _Sync, resource: str) -> HuddleError | None:
    with transaction(going.engine) as session:
        going.confirm(session)
        place = place_of(session, going.connection_id, resource)
        whole = going.full or RESOURCES[resource].whole or not place.cursor
        since = None if whole else max(0, int(place.cursor) - OVERLAP_SECONDS)
        run_id = start_run(session, going.connection_id, resource, full=whole)
        held = _held(session, going.connection_id, resource)
    counts, error, retried = FileCounts(), None, 0
    seen: set[str] = set()
    try:
        _prepare(going, resource)
        retried = retry_waiting(going.engine, going.connection_id, FILES[FILE_OF[resource]])
        for page in _pages(going, resource, since):
            crashpoint("sync.page")
            counts = counts.plus(_store(going, resource, run_id, page))
            crashpoint("sync.commit")
            seen.update(map(id_of, page.rows))
            going.said(f"{resource.replace('_', ' ')}, {counts.rows:,} read")
        gone = _finish(going, resource, run_id, seen if whole else None, held)
        counts = counts._replace(gone=gone)
    except HuddleError as problem:
        error = problem
        with transaction(going.engine) as session:
            fail_run(session, run_id, problem.sentence)
    except BaseException:
        with transaction(going.engine) as session:
            fail_run(session, run_id, "Something went wrong inside Huddle; the log says more.")
        raise
    said = (error.sentence, error.retry_after) if error else ("", None)
    going.result.append(Came(resource, counts, *said, retried))
    return error


def _prepare(going: _Sync, resource: str) -> None:
    """What has to be known before a list can be read."""
    setting = going.setting
    if resource == "businesses":
        setting.zone = going.client.account().time_zone or setting.zone
        with reader(going.engine) as session:
            setting.merged = known_merges(session, going.connection_id)
    elif resource == "appointment_types":
        setting.prices = going.client.type_prices()
    elif resource == "invoices":
        places = table_of("locations").c
        with reader(going.engine) as session:
            mine = select(places.external_id, places.time_zone).where(
                places.connection_id == going.connection_id
            )
            setting.zones = {row[0]: row[1] for row in session.execute(mine)}


def _pages(going: _Sync, resource: str, since: int | None) -> Iterator[RawPage]:
    if resource != "attendees":
        yield from going.client.pages(resource, since=since)
        return
    groups = going.setting.groups
    changed = {group.id: group for group in going.client.groups(since)}
    groups.update(changed)
    if since is not None:  # a class that was moved moves its attendees, who did not change themselves
        for group_id in changed:
            for page in going.client.attendees_of(group_id):
                yield RawPage(page.rows, None)
    for page in going.client.pages("attendees", since=since):
        for row in page.rows:
            _find_group(going, row)
        yield page


def _find_group(going: _Sync, row: Any) -> None:
    """Ask for a class that did not change itself, once."""
    try:
        group_id = str(row["booking"]["links"]["self"]).rstrip("/").rpartition("/")[2]
    except (KeyError, TypeError):
        return  # the record says so itself when it is read
    if group_id not in going.setting.groups and (found := going.client.group(group_id)) is not None:
        going.setting.groups[group_id] = found


def _store(going: _Sync, resource: str, run_id: int, page: RawPage) -> FileCounts:
    """Rows, quarantine, counts and cursor of one page: all of it or nothing."""
    with transaction(going.engine) as session:
        going.confirm(session)
        stored = store_page(session, going.connection_id, resource, page.rows, going.setting)
        keep_merges(session, going.connection_id, stored.merged)
        add_counts(session, run_id, **in_run(stored.counts))
        crashpoint("sync.cursor")
        _move_cursor(session, going.connection_id, resource, page.high)
    going.setting.merged.update(stored.merged)
    return stored.counts


def _move_cursor(session: Session, connection_id: int, resource: str, high: int | None) -> None:
    """Forwards only, and never past now: a record dated in the future must not hide those after it."""
    if high is None or RESOURCES[resource].whole:
        return
    place = place_of(session, connection_id, resource)
    reached = min(high, int(clock.now().timestamp()))
    if reached > int(place.cursor or -1):
        place.cursor = str(reached)
        session.add(place)


def _finish(going: _Sync, resource: str, run_id: int, seen: set[str] | None, held: int) -> int:
    """The list was read to its end: what is gone, what rests on it, freshness. Returns how many rows are gone."""
    gone = 0
    connection_id = going.connection_id
    with transaction(going.engine) as session:
        going.confirm(session)
        if seen is not None:
            mine = _is_of(resource)
            lost = lose(
                session,
                connection_id,
                resource,
                table_of(FILE_OF[resource]),
                held=held,
                sent=lambda key: not mine(key) or _record_of(key) in seen,
            )
            gone = lost.gone
            if sentence := lost.sentence(resource.replace("_", " ")):
                going.said(sentence)
            add_counts(session, run_id, gone=gone)
        if resource == "businesses":
            name_practice(session, connection_id)
        elif resource == "patients":
            carry_over(session, connection_id, going.setting)
        elif resource in ("individual_appointments", "attendees"):
            place_patients(session, connection_id)
            close_what_is_over(session, connection_id)
        place = place_of(session, connection_id, resource)
        if not place.cursor and not RESOURCES[resource].whole:
            place.cursor = "0"  # nothing there yet; their clock may stand anywhere beside ours
        finish_run(session, run_id)
    return gone


def _held(session: Session, connection_id: int, resource: str) -> int:
    """How many rows of a list are here, before it is read."""
    table = table_of(FILE_OF[resource])
    here = select(func.count()).select_from(table)
    here = here.where(table.c.connection_id == connection_id, table.c.gone_at.is_(None))
    if FILE_OF[resource] == "appointments":
        of_class = table.c.external_id.startswith(ATTENDEE)
        here = here.where(of_class if resource == "attendees" else ~of_class)
    return session.execute(here).scalar_one()


def _is_of(resource: str) -> Callable[[str], bool]:
    """Whether a row's external id is one of this list's: two lists share the table of visits."""
    if resource == "attendees":
        return lambda key: key.startswith(ATTENDEE)
    return lambda key: not key.startswith(ATTENDEE)


def _record_of(key: str) -> str:
    """The id of the record a row is of."""
    return key.removeprefix(ATTENDEE).removesuffix(SETTLED)
