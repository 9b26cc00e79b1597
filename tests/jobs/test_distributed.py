"""`huddle worker`: several processes share one PostgreSQL store, and a killed one loses nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import func, select

from core.connections.commands import connect
from core.connections.models import SyncRun
from core.errors import BadInput
from core.jobs.distributed import worker_app
from core.jobs.queues import queue_states, workers_alive
from core.patients.models import Patient
from core.store.engine import open_store, reader, transaction
from tests.a_practice import write_practice
from tests.conftest import fresh_postgres

AT_MOST = 120  # seconds, on a machine with other work


@pytest.fixture
def shared_store() -> Iterator[Engine]:
    engine = open_store(fresh_postgres())
    yield engine
    engine.dispose()


def start(engine: Engine) -> subprocess.Popen[bytes]:
    url = engine.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-m", "dashboard.cli", "worker"],
        env={**os.environ, "HUDDLE_STORE": url, "HUDDLE_SYNC_EVERY_MINUTES": "1"},
        stderr=subprocess.DEVNULL,
    )


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + AT_MOST
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def count(engine: Engine, what: type) -> int:
    with reader(engine) as session:
        return session.exec(select(func.count()).select_from(what)).one()


def test_workers_share_the_work_and_the_others_go_on_when_one_is_killed(
    shared_store: Engine, tmp_path: Path
) -> None:
    folder = write_practice(tmp_path / "files")
    running = [start(shared_store) for _ in range(2)]
    try:
        wait_until(lambda: workers_alive(shared_store) == 2)
        os.kill(running[0].pid, signal.SIGKILL)
        with transaction(shared_store) as session:
            connect(
                session, kind="practice_files", name="files", settings={"folder": str(folder)}, secrets={}
            )
        wait_until(lambda: count(shared_store, Patient) > 0)
        assert all(one.failed == 0 for one in queue_states(shared_store))
    finally:
        running[1].terminate()
        assert running[1].wait(AT_MOST) == 0
        running[0].wait(AT_MOST)
    with reader(shared_store) as session:
        states = set(session.exec(select(SyncRun.state)))
    assert states == {"done"}


def test_a_sqlite_store_says_what_does_the_work_instead(sqlite_store: Engine) -> None:
    with pytest.raises(BadInput, match="huddle serve does the same work"):
        worker_app(sqlite_store)
    assert queue_states(sqlite_store) == []


def test_every_job_of_the_registry_is_on_the_queue(shared_store: Engine) -> None:
    from core.jobs.registry import JOBS

    tasks = set(worker_app(shared_store).tasks)
    assert {job.name for job in JOBS} <= tasks
    assert {"sync", "outbox", "inbox"} <= tasks
