"""`desk`: a front desk on both stores. `sandbox`: its processor over real HTTP, one for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store.engine import open_store
from tests.conftest import fresh_sqlite
from tests.links.desk import Desk, open_desk, processor
from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("processor"), processor()) as running:
        yield running


@pytest.fixture
def sandbox(_running: Sandbox) -> Sandbox:
    _running.control({"clear": True})
    _running.reset(processor())
    return _running


@pytest.fixture(scope="session")
def _opened(_running: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Desk]:
    """A desk opened once; each test gets a copy of its store, which is quicker than opening anew."""
    folder = tmp_path_factory.mktemp("desk")
    _running.control({"clear": True})
    _running.reset(processor())
    engine = open_store(fresh_sqlite(folder))
    desk = open_desk(engine, _running, folder)
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[attr-defined]
    engine.dispose()
    return Path(engine.url.database or ""), desk


@pytest.fixture
def desk(_opened: tuple[Path, Desk], sandbox: Sandbox, tmp_path: Path) -> Iterator[Desk]:
    path, first = _opened
    (tmp_path / "desk.db").write_bytes(path.read_bytes())
    engine = open_store(f"sqlite:///{tmp_path / 'desk.db'}")
    yield Desk(engine, sandbox, first.connection_id, first.actor)
    engine.dispose()
