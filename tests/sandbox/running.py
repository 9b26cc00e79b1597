"""A sandbox over real HTTP for tests: in a thread of this process, or as a process of its own to be killed.

with run_sandbox(tmp_path, {"contacts": [...]}) as sandbox:
    httpx.get(f"{sandbox.base_url}/v1/contacts", headers=sandbox.headers)
    sandbox.control({"faults": [{"kind": "status", "status": 500, "times": 1}]})
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from data.sandbox.app import listen, server_of
from data.sandbox.fortis.load import load
from data.sandbox.state import RESOURCES, State
from data.sandbox.tables import TABLES
from tests.sandbox.records import LOCATION_ID, small_practice

PROJECT = Path(__file__).parents[2]


class Sandbox:
    """A running sandbox. `base_url` is what a Fortis client is given; its paths begin with /v1 after that."""

    def __init__(self, folder: Path, records: dict[str, list[dict[str, Any]]], *, own_process: bool) -> None:
        self.state = State(folder)
        load(self.state, records)
        self.location_id = LOCATION_ID
        self.headers = dict(self.state.login)
        self.own_process = own_process
        self.client = httpx.Client(verify=False, trust_env=False, timeout=10)  # noqa: S501 (loopback without TLS)
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def root_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.root_url}/fortis"

    @property
    def keys(self) -> dict[str, str]:
        """The login by its names at /control: user_id, user_api_key, developer_id."""
        return {name.replace("-", "_"): value for name, value in self.headers.items()}

    def control(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """POST /control; the answer. An unknown wish fails the test."""
        answer = self.client.post(f"{self.root_url}/control", json=wishes)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def request(self, method: str, path: str, **also: Any) -> httpx.Response:
        """A signed-in request, path from /v1 on."""
        headers = {**self.headers, **also.pop("headers", {})}
        return self.client.request(method, f"{self.base_url}{path}", headers=headers, **also)

    def reset(self, records: dict[str, list[dict[str, Any]]] | None = None) -> None:
        """As if it had just been made of these records (default: the small practice): quicker than a new server."""
        self.state.faults.wanted = []
        with self.state.transaction() as db:
            for table in (*RESOURCES, *TABLES):
                db.execute(f"DELETE FROM {table}")
            db.execute("DELETE FROM meta WHERE name != 'seed'")
            load(self.state, small_practice() if records is None else records)

    def start(self) -> None:
        listener = listen(self.port)
        self.port = listener.getsockname()[1]
        if self.own_process:
            listener.close()
            command = [sys.executable, "-m", "data.sandbox", str(self.state.folder), str(self.port)]
            self.process = subprocess.Popen(command, cwd=PROJECT)
        else:
            self._server = server_of(self.state)
            self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
            self._thread.start()
        self._wait()

    def _wait(self) -> None:
        for _ in range(1600):
            try:
                self.client.get(f"{self.root_url}/control", timeout=1)
            except httpx.TransportError:
                time.sleep(0.025)
            else:
                return
        raise AssertionError("the sandbox did not start")

    def kill(self) -> None:
        """Gone at once: the process by SIGKILL, the thread's server with its connections dropped."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self._server and self._thread:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(timeout=10)
            self._server = self._thread = None

    def restart(self) -> None:
        """Kill it and start it again on the same port, with everything it remembered."""
        self.kill()
        self.start()

    def close(self) -> None:
        self.kill()
        self.client.close()
        self.state.close()


@contextmanager
def run_sandbox(
    folder: Path, fortis: dict[str, list[dict[str, Any]]] | None = None, *, own_process: bool = False
) -> Iterator[Sandbox]:
    """A sandbox holding these wire-shaped records (default: the small practice of tests/sandbox/records.py)."""
    sandbox = Sandbox(
        folder / "sandbox", small_practice() if fortis is None else fortis, own_process=own_process
    )
    try:
        yield sandbox
    finally:
        sandbox.close()
