"""One sandbox for the module, emptied before each test; no quiet hours, unless a test is about them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from core.settings import settings
from tests.messages.clinic import Clinic, connect_wires, open_clinic
from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture(scope="module")
def _one_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("messages")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_one_sandbox: Sandbox) -> Sandbox:
    _one_sandbox.reset()
    return _one_sandbox


@pytest.fixture(autouse=True)
def _any_hour(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_QUIET_FROM", "0")
    monkeypatch.setenv("HUDDLE_QUIET_UNTIL", "0")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def clinic(sqlite_store: Engine, sandbox: Sandbox) -> Clinic:
    """One patient who agreed, everything connected."""
    connect_wires(sqlite_store, sandbox)
    return open_clinic(sqlite_store)
