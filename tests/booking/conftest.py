"""An office at a sandbox, made anew for each test; the sandbox's server is one for all of them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from core.integrations import http
from tests.booking.office import Office, open_office
from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    server.reset()
    return server


@pytest.fixture
def office(sqlite_store: Engine, sandbox: Sandbox) -> Office:
    return open_office(sqlite_store, sandbox)


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fortis is not waited for as long as in a practice."""
    monkeypatch.setattr(http, "READ_SECONDS", 1.5)
