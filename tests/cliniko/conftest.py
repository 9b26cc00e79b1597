"""`sandbox`: the small practice of office.py over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import clock
from tests.cliniko.office import NOW, new_sandbox, practice, serve
from tests.sandbox.running import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    running = new_sandbox(tmp_path)
    serve(running, practice())
    try:
        with clock.frozen(NOW):
            yield running
    finally:
        running.close()
