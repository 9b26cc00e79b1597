"""The worker syncs by itself, never twice at once, ends cleanly, and tidies up."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import func, select

from core import clock
from core.connections.models import Connection, Lease, SyncRun
from core.connections.reports import runs, sources
from core.connections.runs import finish_run, start_run
from core.jobs.housekeeping import tidy
from core.jobs.registry import due_syncs, interval
from core.jobs.sync import sync_connection
from core.jobs.worker import Worker
from core.practice.models import Practice
from core.staff.models import SignInAttempt, Staff, StaffSession
from core.store.engine import reader, transaction
from tests.jobs.connecting import connect_sandbox, held
from tests.sandbox.running import Sandbox

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def worker(sqlite_store: Engine) -> Iterator[Worker]:
    running = Worker(sqlite_store, tick_seconds=0.2)
    yield running
    running.stop(10)


def fresh(engine: Engine) -> bool:
    with reader(engine) as session:
        return [source.stale for source in sources(session, now=clock.now())] == [False]


def test_it_syncs_by_itself_and_stops_cleanly(sqlite_store: Engine, sandbox: Sandbox, worker: Worker) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    assert not worker.alive()
    worker.start()
    worker.start()
    wait_until(lambda: fresh(sqlite_store))
    assert worker.alive()
    worker.stop(10)
    assert not worker.alive()
    assert len(held(sqlite_store, connection_id, "transactions")) == 5
    with reader(sqlite_store) as session:
        assert {run.state for run in runs(session)} == {"done"}
        assert session.scalar(select(func.count()).select_from(Lease)) == 0
    assert not [
        thread for thread in threading.enumerate() if thread.name.startswith(("lease", "APScheduler"))
    ]


def test_it_goes_on_when_the_processor_is_gone_and_when_it_is_back(
    sqlite_store: Engine, sandbox: Sandbox, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.integrations.http.FIRST_WAIT_SECONDS", 0.005)
    monkeypatch.setattr("core.jobs.registry.interval", lambda _connection_id: timedelta(seconds=0.3))
    connect_sandbox(sqlite_store, sandbox)
    sandbox.kill()
    worker.start()
    wait_until(lambda: bool(failed(sqlite_store)))
    sandbox.restart()
    wait_until(lambda: fresh(sqlite_store))


def failed(engine: Engine) -> list[str]:
    with reader(engine) as session:
        return [run.error for run in runs(session) if run.state == "failed"]


def test_told_to_stop_a_sync_ends_after_its_page_and_the_next_completes(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    stop = threading.Event()
    results = sync_connection(sqlite_store, connection_id, stop=stop, progress=lambda _said: stop.set())
    assert results[-1].error == "The sync was stopped; the next one goes on from here."
    sync_connection(sqlite_store, connection_id)
    assert len(held(sqlite_store, connection_id, "transactions")) == 5


def plain_connection(engine: Engine) -> int:
    with transaction(engine) as session:
        session.add(Practice(id=1))
        session.flush()
        connection = Connection(kind="fortis", name="Fortis", created_at=NOON)
        session.add(connection)
        session.flush()
        return connection.id or 0


def ran(engine: Engine, connection_id: int, at: datetime, *, full: bool = False) -> None:
    with clock.frozen(at), transaction(engine) as session:
        finish_run(session, start_run(session, connection_id, "transactions", full=full))


def due(engine: Engine, at: datetime) -> list[bool]:
    """Whether each connection that is due now is due for everything."""
    with reader(engine) as session:
        return [each.full for each in due_syncs(session, now=at)]


def test_a_connection_is_due_once_in_its_interval(sqlite_store: Engine) -> None:
    connection_id = plain_connection(sqlite_store)
    assert due(sqlite_store, NOON) == [True]  # never synced: everything
    ran(sqlite_store, connection_id, NOON, full=True)
    every = interval(connection_id)
    assert timedelta(minutes=5) <= every <= timedelta(minutes=5, seconds=30)
    assert due(sqlite_store, NOON + every - timedelta(seconds=1)) == []
    assert due(sqlite_store, NOON + every) == [False]
    assert due(sqlite_store, NOON - timedelta(hours=1)) == [False]  # the clock was put back: not for ever


@pytest.mark.parametrize(
    ("after", "full"),
    [(timedelta(hours=6), False), (timedelta(hours=14, minutes=30), True), (timedelta(hours=40), True)],
)
def test_everything_is_read_anew_every_night(sqlite_store: Engine, after: timedelta, full: bool) -> None:
    connection_id = plain_connection(sqlite_store)
    ran(sqlite_store, connection_id, NOON - timedelta(hours=8), full=True)
    assert due(sqlite_store, NOON + after) == [full]


def test_housekeeping_deletes_what_is_long_over_and_nothing_else(sqlite_store: Engine) -> None:
    connection_id = plain_connection(sqlite_store)
    for days in (50, 45, 40, 1):
        ran(sqlite_store, connection_id, NOON - timedelta(days=days), full=days == 45)
    with transaction(sqlite_store) as session:
        session.add(Staff(id=1, username="mia", role="owner", password_hash="", created_at=NOON))
        session.flush()
        for days in (60, 1):
            at = NOON - timedelta(days=days)
            lasts = {"created_at": at, "last_seen_at": at, "expires_at": at}
            session.add(StaffSession(token_hash=str(days), staff_id=1, **lasts))
            session.add(SignInAttempt(at=at, username="mia"))
            session.add(Lease(name=f"sync {days}", holder="x", until=at + timedelta(hours=12)))
    with clock.frozen(NOON):
        done = tidy(sqlite_store)
        assert (done["sessions"], done["sign-in attempts"], done["runs"], done["leases"]) == (1, 1, 2, 1)
        assert set(tidy(sqlite_store).values()) == {0}
    with reader(sqlite_store) as session:
        kept = {run.started_at: run.full for run in session.exec(select(SyncRun))}
    assert kept == {NOON - timedelta(days=45): True, NOON - timedelta(days=1): False}
