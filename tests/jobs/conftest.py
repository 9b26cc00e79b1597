"""`sandbox`: the small practice of tests/sandbox over real HTTP. `connection_id`: a store connected to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.jobs.connecting import connect_sandbox
from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
def connection_id(store: Engine, sandbox: Sandbox) -> int:
    return connect_sandbox(store, sandbox)
