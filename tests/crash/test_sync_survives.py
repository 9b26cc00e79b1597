"""A sync killed at any named place, or run by many at once, leaves the same rows as an undisturbed one."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.connections.models import Lease
from core.connections.reports import runs
from core.jobs.crashpoints import POINTS
from core.jobs.lease import LEASE_SECONDS, Busy, LeaseLost, hold
from core.jobs.records.tables import MODELS
from core.jobs.sync import sync_connection
from core.store.engine import open_store, reader, transaction
from tests.conftest import fresh_sqlite
from tests.crash.syncing import start
from tests.jobs.connecting import connect_sandbox, held
from tests.sandbox.running import Sandbox, run_sandbox

TOLD = {
    "contacts": "first_name",
    "tokens": "last_four",
    "recurrings": "amount_cents",
    "transactions": "status",
}


def everything(engine: Engine, connection_id: int) -> dict[str, Any]:
    return {
        name: held(engine, connection_id, name, "version", *filter(None, [TOLD.get(name)])) for name in MODELS
    }


def let_the_lease_run_out(engine: Engine) -> None:
    """What a minute of waiting does; that it is a minute at most is shown below."""
    with transaction(engine) as session:
        for lease in session.exec(select(Lease)):
            assert (lease.until - clock.now()).total_seconds() <= 60
            lease.until = clock.now()


def test_killed_at_every_named_place_the_next_sync_completes(tmp_path: Path) -> None:
    with run_sandbox(tmp_path) as sandbox:
        untouched, calm = connected(tmp_path, sandbox)
        sync_connection(untouched, calm)
        assert len(everything(untouched, calm)["transactions"]) == 5
        started = []
        for place in [f"{point}:{nth}" for point in POINTS for nth in (1, 6)]:
            engine, connection_id = connected(tmp_path, sandbox)
            going = start(engine.url.render_as_string(False), connection_id, crash=place)
            started.append((place, going, engine, connection_id))
        for place, going, engine, connection_id in started:
            assert going.said() == {}, place
            assert going.process.exitcode == -9, place
            let_the_lease_run_out(engine)
            results = sync_connection(engine, connection_id)
            assert [r.error for r in results if r.error] == [], place
            assert everything(engine, connection_id) == everything(untouched, calm), place
            with reader(engine) as session:
                kept = runs(session, connection_id=connection_id)
            assert {run.state for run in kept} == {"done", "failed"}, place
            assert all(run.rows_in == run.stored + run.unchanged + run.quarantined for run in kept), place


def connected(folder: Path, sandbox: Sandbox) -> tuple[Engine, int]:
    engine = open_store(fresh_sqlite(folder))
    return engine, connect_sandbox(engine, sandbox)


def test_six_processes_at_once_one_syncs_and_the_others_leave_with_a_sentence(
    store_url: str, tmp_path: Path
) -> None:
    with run_sandbox(tmp_path) as sandbox:
        engine = open_store(store_url)
        connection_id = connect_sandbox(engine, sandbox)
        sandbox.control({"faults": [{"kind": "latency", "latency_ms": 50}]})
        answers = [each.said() for each in [start(store_url, connection_id) for _ in range(6)]]
        synced = [answer for answer in answers if "busy" not in answer]
        assert [answer["errors"] for answer in synced] == [[]] * len(synced)
        assert sum(answer["stored"] for answer in synced) == 15
        assert {answer["busy"] for answer in answers if "busy" in answer} <= {
            "Fortis is being synced by another process right now."
        }
        assert len(everything(engine, connection_id)["transactions"]) == 5
        engine.dispose()


def test_a_lease_is_for_one_and_runs_out_within_a_minute(store: Engine) -> None:
    begun = clock.now()
    with clock.frozen(begun), hold(store, "sync 1", busy="busy"):
        with pytest.raises(Busy, match="busy"), hold(store, "sync 1", busy="busy"):
            pass
        with hold(store, "sync 2", busy="busy"):
            pass
    assert LEASE_SECONDS <= 60


def test_who_lost_the_lease_commits_nothing(sqlite_store: Engine) -> None:
    with hold(sqlite_store, "sync 1", busy="busy") as slow:
        let_the_lease_run_out(sqlite_store)
        with (
            hold(sqlite_store, "sync 1", busy="busy"),
            pytest.raises(LeaseLost),
            transaction(sqlite_store) as session,
        ):
            slow.confirm(session)
