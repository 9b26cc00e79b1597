"""What a flood of connections, a slow visitor and a mangled header do to what `huddle serve` gives by itself: nothing."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from core.settings import ROOT
from dashboard.web.connections import BODY_SILENT, HEADER_SECONDS, PER_ADDRESS
from dashboard.web.visits import is_address
from tests.web.running import Running, free_port, staff_with_role

FLOOD = 1_200
SLACK = 8.0  # seconds more than the limits say: the machine may be busy


@pytest.fixture(scope="module")
def served(practice_store: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`huddle serve`, with as many open files as a usual machine allows a process."""
    port, log = free_port(), tmp_path_factory.mktemp("serve") / "log.txt"
    url = practice_store.url.render_as_string(hide_password=False)
    few = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (1024, min(4096, r.getrlimit(r.RLIMIT_NOFILE)[1])))"
    program = f"{few}\nfrom dashboard.serve import serve; raise SystemExit(serve('127.0.0.1', {port}))"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "HUDDLE_STORE": url, "HUDDLE_WORKER": "false"},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Running(f"http://127.0.0.1:{port}", process, log)
    running.wait()
    yield running
    running.stop()


def connection(served: Running, say: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", int(served.base_url.rpartition(":")[2])), timeout=20)
    if say:
        made.sendall(say)
    return made


def is_closed(made: socket.socket) -> bool:
    made.settimeout(0)
    try:
        while said := made.recv(4096):
            if said.startswith(b"HTTP/1.1 408"):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def seconds_until_closed(connections: list[socket.socket], most: float) -> float:
    began = time.monotonic()
    while not all(is_closed(each) for each in connections) and time.monotonic() - began < most:
        time.sleep(0.2)
    return time.monotonic() - began


def test_twelve_hundred_idle_connections_keep_nobody_out(served: Running) -> None:
    flood = [connection(served) for _ in range(FLOOD)]
    half_said = [
        connection(served, b"GET /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ") for _ in range(20)
    ]
    began = time.monotonic()
    with served.visitor() as visitor:
        assert visitor.get("/healthz").status_code == 200
        assert visitor.get("/signin").status_code == 200
    assert time.monotonic() - began < SLACK
    assert sum(not is_closed(each) for each in [*flood, *half_said]) <= PER_ADDRESS
    most = HEADER_SECONDS + SLACK
    assert seconds_until_closed([*flood, *half_said], most) < most
    assert served.log_file.stat().st_size < 100_000
    assert "Traceback" not in served.log


def test_a_body_that_stops_is_not_waited_for_and_no_traceback_tells_of_it(served: Running) -> None:
    head = b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    silent = connection(served, head + b"Content-Length: 500\r\n\r\nusername=da")
    aborted = connection(served, head + b"Content-Length: 500\r\n\r\nusername=da")
    aborted.close()
    most = BODY_SILENT + SLACK
    assert 2.0 < seconds_until_closed([silent], most) < most
    assert "Traceback" not in served.log


def test_a_websocket_and_a_reused_connection_are_left_alone(served: Running, practice_store: Engine) -> None:
    who = staff_with_role(practice_store, "owner", f"kept{uuid.uuid4().hex[:8]}")
    with served.sign_in(who.username) as client:
        cookie = f"sid={client.cookies['sid']}"
        asked = (
            "GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Cookie: {cookie}\r\n\r\n"
        ).format(host=served.base_url.removeprefix("http://"))
        page = connection(served, asked.encode())
        page.settimeout(20)
        assert b" 101 " in page.recv(4096)
        for _ in range(3):
            assert client.get("/session").status_code == 200
            time.sleep((HEADER_SECONDS + 2) / 3)
        assert not is_closed(page)
        page.close()


@pytest.mark.parametrize(
    "header", [("Origin", "http://["), ("Origin", "http://[::1"), ("Origin", "http://a:b"), ("Host", "[")]
)
def test_a_mangled_header_is_403_on_post_and_websocket(served: Running, header: tuple[str, str]) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    with served.visitor() as visitor:
        given = dict([header])
        assert visitor.post("/signin", data={"username": "x"}, headers=given).status_code == 403
        assert visitor.get("/_stcore/stream", headers={**upgrade, **given}).status_code == 403
        assert visitor.get("/healthz", headers=given).status_code == 403
    assert "Traceback" not in served.log
    assert len(header[1]) < 3 or header[1] not in served.log


def test_a_header_that_is_no_text_is_refused_without_a_traceback(served: Running) -> None:
    bad = connection(
        served,
        b"POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://\xff\xfe\r\nContent-Length: 0\r\n\r\n",
    )
    bad.settimeout(20)
    assert bad.recv(4096).split(b" ")[1] in {b"400", b"403"}
    assert "Traceback" not in served.log


def test_every_line_of_the_server_is_json(served: Running) -> None:
    with served.visitor() as visitor:
        visitor.get("/signin")
    connection(served, b"NONSENSE\r\n\r\n").close()
    own = [
        line
        for line in served.log.splitlines()
        if line.strip() and "URL:" not in line and "You can now" not in line
    ]
    after_start = [line for line in own if "Invalid HTTP" in line or "uvicorn" in line]
    assert all(line.startswith("{") for line in after_start)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("http://127.0.0.1:80", True), ("https://huddle.example", True), ("null", True), ("http://[::1]:8501", True),
     ("http://[", False), ("http://a b", False), ("", False), ("http://a:99999", False), ("http://é", False)],
)  # fmt: skip
def test_what_is_an_address(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one
