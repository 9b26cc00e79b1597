"""`desk`: a front desk on both stores. `sandbox`: its processor over real HTTP, one for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

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


@pytest.fixture
def desk(sqlite_store: Engine, sandbox: Sandbox, tmp_path: Path) -> Desk:
    return open_desk(sqlite_store, sandbox, tmp_path)
