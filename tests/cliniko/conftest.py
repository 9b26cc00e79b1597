"""`sandbox`: the small practice of office.py over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import clock
from core.integrations import http
from core.integrations.cliniko import client as cliniko
from tests.cliniko.office import NOW, new_sandbox, practice, serve
from tests.sandbox.running import Sandbox


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, and no long wait for an answer that never comes."""
    monkeypatch.setattr(http, "READ_SECONDS", 1.5)
    monkeypatch.setattr(cliniko, "PAGE_SIZE", 9)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    running = new_sandbox(tmp_path)
    serve(running, practice())
    try:
        with clock.frozen(NOW):
            yield running
    finally:
        running.close()
