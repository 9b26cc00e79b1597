"""Somebody who is called: keeps what came and answers as told.

with listening() as ear:
    ... url=f"{ear.url}/hook" ...
    calls = ear.wait_for(2)
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


@dataclass
class Heard:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Ear:
    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # of the next answers; 200 after these
    answer: bytes = b""

    def wait_for(self, count: int, seconds: float = 10) -> list[Heard]:
        """What came, once there are this many."""
        deadline = time.monotonic() + seconds
        while len(self.heard) < count:
            assert time.monotonic() < deadline, f"only {len(self.heard)} of {count} calls came"
            time.sleep(0.01)
        return self.heard


@contextmanager
def listening() -> Iterator[Ear]:
    ear = Ear()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            ear.heard.append(Heard(self.path, headers, body))
            self.send_response(ear.statuses.pop(0) if ear.statuses else 200)
            self.send_header("content-length", str(len(ear.answer)))
            self.end_headers()
            self.wfile.write(ear.answer)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    ear.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield ear
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
