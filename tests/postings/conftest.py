"""`office`: a store whose Genesis is a sandbox of this process, started afresh for each test."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from core.settings import settings
from tests.postings.office import Office
from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("genesis")) as running:
        yield running


@pytest.fixture
def sandbox(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    server.reset()
    monkeypatch.setenv("HUDDLE_SETTLE_SECONDS", "60")
    settings.cache_clear()
    yield server
    settings.cache_clear()


@pytest.fixture
def office(sqlite_store: Engine, sandbox: Sandbox) -> Office:
    return Office(sqlite_store, sandbox)
