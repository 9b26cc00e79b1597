"""A sync with Cliniko killed at any named place: the next one completes it, row for row."""

from pathlib import Path

from sqlalchemy import Engine

from core import clock
from core.connections.reports import runs
from core.jobs.crashpoints import POINTS
from core.store.engine import open_store, reader
from tests.cliniko.office import NOW, connect_cliniko, expected, new_sandbox, practice, serve, stored, sync
from tests.conftest import fresh_sqlite
from tests.crash.syncing import start
from tests.crash.test_sync_survives import let_the_lease_run_out
from tests.sandbox.running import Sandbox


def connected(folder: Path, sandbox: Sandbox) -> tuple[Engine, int]:
    engine = open_store(fresh_sqlite(folder))
    return engine, connect_cliniko(engine, sandbox)


def test_killed_at_every_named_place_the_next_sync_completes(tmp_path: Path) -> None:
    sandbox = new_sandbox(tmp_path)
    try:
        serve(sandbox, practice())
        sandbox.control({"cliniko": {"settings": {"per_minute": 0}}})
        started = []
        for place in [f"{point}:{nth}" for point in POINTS for nth in (1, 9)]:
            engine, connection_id = connected(tmp_path, sandbox)
            started.append(
                (place, start(engine.url.render_as_string(False), connection_id, crash=place), engine)
            )
        for place, going, engine in started:
            assert going.said() == {}, place
            assert going.process.exitcode == -9, place
            let_the_lease_run_out(engine)
            with clock.frozen(NOW):
                results = sync(engine, 1, sandbox, full=True)
            assert [r.error for r in results if r.error] == [], place
            assert stored(engine) == expected(sandbox), place
            with reader(engine) as session:
                assert {run.state for run in runs(session, connection_id=1)} == {"done", "failed"}, place
    finally:
        sandbox.close()
