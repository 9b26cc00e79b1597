"""`sandbox`: the small practice over real HTTP, its clock standing at 8 in the morning of 2026-11-21 in New York."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.running import Sandbox, run_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path) as running:
        running.control({"now": "2026-11-21T13:00:00Z", "freeze": True})
        yield running
