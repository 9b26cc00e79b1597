"""`huddle serve`: it starts with its worker, stops cleanly, and says plainly why it cannot."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from core.errors import BadInput, StoreError
from core.settings import ROOT, settings
from dashboard.serve import command, serve
from tests.web.running import Running, free_port


def test_it_starts_with_its_worker_and_a_sigterm_stops_both(sqlite_store: Engine, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from dashboard.serve import serve; raise SystemExit(serve('127.0.0.1', {port}))",
            ],
            env={**os.environ, "HUDDLE_STORE": sqlite_store.url.render_as_string(hide_password=False)},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Running(f"http://127.0.0.1:{port}", process, log)
    running.wait()
    assert httpx.get(f"{running.base_url}/healthz").json()["worker"] == "running"
    assert running.stop() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{running.base_url}/healthz")
    assert "Traceback" not in running.log


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput, match=r"Port \d+ is in use. Stop what runs there"):
            serve("127.0.0.1", taken.getsockname()[1])


def test_a_store_that_is_no_store_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "picture.db"
    picture.write_bytes(b"\x89PNG not a store at all" * 50)
    monkeypatch.setenv("HUDDLE_STORE", f"sqlite:///{picture}")
    settings.cache_clear()
    try:
        with pytest.raises(StoreError, match="really a Huddle store"):
            serve("127.0.0.1", 0)
    finally:
        settings.cache_clear()


def test_the_server_runs_our_app_and_only_where_it_was_told() -> None:
    words = command("127.0.0.1", 8501)
    assert words[-4].endswith("dashboard/app.py")
    assert "--server.address=127.0.0.1" in words
    assert "--server.port=8501" in words
