"""The tab “Jobs” of the activity page: who does the work, what waits, what was given up."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from procrastinate import App
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from core.connections.commands import connect
from core.jobs.distributed import prepare_queue, worker_app
from core.jobs.queues import failed_jobs, queue_states
from core.settings import ROOT, settings
from core.staff import commands, reports
from core.store.engine import open_store, reader, transaction
from dashboard.web import metrics
from tests.conftest import fresh_postgres
from tests.web.running import staff_with_role


def opened(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every word of the tab, for an owner."""
    monkeypatch.setenv("HUDDLE_STORE", engine.url.render_as_string(hide_password=False))
    settings.cache_clear()
    owner = staff_with_role(engine, "owner")
    with transaction(engine) as session:
        token = commands.start_session(session, owner)
    with reader(engine) as session:
        who = reports.look_up(session, token)
    assert who is not None
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    app.user["session"] = str(who.session_id)
    app.run()
    app.query_params["tab"] = "Jobs"
    found = app.switch_page("../pages/activity.py").run()
    settings.cache_clear()
    assert (list(found.exception), list(found.error)) == ([], [])
    tables = [str(one.proto) for one in found.get("bidi_component")]
    return "\n".join([*(one.value for one in (*found.markdown, *found.warning, *found.caption)), *tables])


@pytest.fixture
def shared_store() -> Iterator[Engine]:
    engine = open_store(fresh_postgres())
    prepare_queue(engine)
    yield engine
    engine.dispose()


def fail(app: App, connection_id: int) -> None:
    """A job of the queue “sync” that cannot be done."""

    def no_use(connection_id: int) -> None:
        raise ValueError("no use")

    task = app.task(name="sync once", queue="sync")(no_use)
    with app.open():
        task.defer(connection_id=connection_id)
    with ThreadPoolExecutor(
        1
    ) as apart:  # a test of a browser before may have left a loop running in this thread
        apart.submit(lambda: asyncio.run(_work(app))).result()


async def _work(app: App) -> None:
    async with app.open_async():
        await app.run_worker_async(queues=["sync"], wait=False, install_signal_handlers=False)


def test_a_job_that_was_given_up_is_listed_with_its_connection_and_counted(
    shared_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(shared_store) as session:
        files = connect(
            session, kind="practice_files", name="Own files", settings={"folder": "."}, secrets={}
        )
        key = files.id or 0
    fail(worker_app(shared_store), key)
    (failed,) = failed_jobs(shared_store, 10)
    assert (failed.job, failed.connection, failed.attempts) == ("sync once", "Own files", 1)
    (syncs,) = [one for one in queue_states(shared_store) if one.queue == "sync"]
    assert (syncs.waiting, syncs.doing, syncs.failed) == (0, 0, 1)
    said = opened(shared_store, monkeypatch)
    assert "No worker is alive" in said
    assert "Own files" in said
    assert "Syncs" in said
    assert "Housekeeping" in said  # nothing of it waits: it is shown all the same


def test_a_store_that_no_worker_shares_says_who_should_do_the_work(
    sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = opened(sqlite_store, monkeypatch)
    assert "huddle worker" in said
    assert "given up" not in said
    assert failed_jobs(sqlite_store, 10) == []


def test_metrics_forget_a_queue_that_is_empty_by_now(
    shared_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLE_STORE", shared_store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    fail(worker_app(shared_store), 1)
    assert b'huddle_queue_jobs{queue="sync",state="failed"} 1.0' in metrics._latest()
    with shared_store.begin() as connection:
        connection.exec_driver_sql("DELETE FROM procrastinate_events")
        connection.exec_driver_sql("DELETE FROM procrastinate_jobs")
    assert b'queue="sync"' not in metrics._latest()
    settings.cache_clear()
