"""A real dashboard in a process of its own, and people to sign in to it: for tests that need the whole server.

with run_dashboard(store_url) as dashboard:
    desk = dashboard.sign_in("front.desk")     # an httpx.Client with the session's cookie
    assert desk.get("/").status_code == 200
"""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import bcrypt
import httpx
from sqlalchemy import Engine

from core.settings import ROOT
from core.staff.commands import add_staff
from core.staff.models import Staff
from core.store.engine import transaction
from dashboard.serve import command

PASSWORD = "three quiet otters"


@dataclass(frozen=True)
class Running:
    """base_url without a slash at the end; log is what the server printed so far."""

    base_url: str
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def wait(self) -> None:
        """Until it answers, at most two minutes; says what it printed when it does not."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.base_url}/healthz", timeout=2).status_code < 500:
                    return
            time.sleep(0.1)
        raise AssertionError(f"The dashboard did not start:\n{self.log}")

    def visitor(self) -> httpx.Client:
        """A browser nobody is signed in with. It does not follow redirects."""
        return httpx.Client(base_url=self.base_url, timeout=20)

    def sign_in(self, username: str, password: str = PASSWORD) -> httpx.Client:
        """A browser somebody is signed in with."""
        with self.visitor() as door:
            answer = door.post("/signin", data={"username": username, "password": password, "next": "/"})
        assert answer.status_code == 303, (answer.status_code, answer.text[:300])
        client = self.visitor()
        client.cookies.update(answer.cookies)
        return client

    def stop(self) -> int:
        """SIGTERM, as a service manager does; the server's exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextlib.contextmanager
def run_dashboard(store_url: str, *, port: int | None = None, **environment: str) -> Iterator[Running]:
    """`streamlit run dashboard/app.py` on a free loopback port (or `port`), up when the block begins, gone when it ends.

    environment: further settings, such as HUDDLE_IDLE_MINUTES="1". The worker is off unless HUDDLE_WORKER="true".
    """
    port = port or free_port()
    log_file = Path(tempfile.mkdtemp(prefix="huddle-serve-")) / "log.txt"
    proxies = {"FORWARDED_ALLOW_IPS": environment.get("HUDDLE_TRUSTED_PROXIES", "")}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command("127.0.0.1", port),
            cwd=ROOT,
            env=os.environ | {"HUDDLE_STORE": store_url, "HUDDLE_WORKER": "false"} | proxies | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    running = Running(f"http://127.0.0.1:{port}", process, log_file)
    try:
        running.wait()
        yield running
    finally:
        if process.poll() is None:
            running.stop()


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def staff_with_role(engine: Engine, role: str, username: str = "") -> Staff:
    """A person of that role who signs in with PASSWORD; their user name is the role with a dot for the space."""
    with transaction(engine) as session:
        return add_staff(
            session,
            None,
            username=username or role.replace(" ", "."),
            display_name=(username or role).replace(".", " ").title(),
            role=role,
            password_hash=cheap_hash(PASSWORD),
        )


@lru_cache(maxsize=8)
def cheap_hash(password: str) -> str:
    """A bcrypt hash of few rounds: tests sign in often."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
