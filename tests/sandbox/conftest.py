"""`sandbox`: the small practice over real HTTP, its clock standing at 8 in the morning of 2026-11-21 in New York.

One server serves all tests of a folder and starts each of them afresh. Who kills it starts one with `run_sandbox`.
"""

from collections.abc import Iterator

import pytest

from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    server.reset()
    server.control({"now": "2026-11-21T13:00:00Z", "freeze": True})
    return server
