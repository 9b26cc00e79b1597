"""A mail server and a text gateway that do little and do it fast, for what is measured or killed a thousand times."""

import asyncio
import base64
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP

ACCOUNT, TOKEN = "AC" + "0" * 32, "token-of-the-test"


@contextmanager
def mail_server(take: Callable[[str, bytes], Any]) -> Iterator[int]:
    """The port of a mail server in a thread of this process. take: recipient and the mail, once for each it accepts."""
    loop = asyncio.new_event_loop()

    class Taking:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            for recipient in envelope.rcpt_tos:
                take(recipient, envelope.content)
            return "250 taken"

    def protocol() -> SMTP:
        return SMTP(Taking(), hostname="mail.example", loop=loop)

    # its own thread from the first step: a browser's loop may be running in this one
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = loop.create_server(protocol, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result(10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


class Gateway(ThreadingHTTPServer):
    """Messages.json of a Twilio-compatible gateway. honours_keys: the same Idempotency-Key is the same text.

    slow: the share of texts after which it takes its time (seconds) to answer, so that a client dies waiting.
    """

    daemon_threads = True

    def __init__(self, *, honours_keys: bool, slow: tuple[float, float] = (0.1, 0.05)) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.honours_keys, self.slow = honours_keys, slow
        self.taken: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.chance = random.Random(1)  # noqa: S311 - to be replayed
        self.repeats = 0

    @property
    def fields(self) -> dict[str, str]:
        """What `connect` needs."""
        address = f"http://127.0.0.1:{self.server_address[1]}"
        given = {
            "base_url": address,
            "account_sid": ACCOUNT,
            "auth_token": TOKEN,
            "from_number": "+13035550100",
        }
        return {
            **given,
            "per_second": "0",
            **({"key_header": "Idempotency-Key"} if self.honours_keys else {}),
        }

    def take(self, form: dict[str, str], key: str | None) -> dict[str, Any]:
        with self.lock:
            for known in self.taken:
                if self.honours_keys and key and known["key"] == key:
                    self.repeats += 1
                    return known
            text = {"sid": f"SM{len(self.taken):032x}", "to": form["To"], "body": form["Body"], "key": key}
            text |= {
                "status": "queued",
                "num_segments": "1",
                "direction": "outbound-api",
                "date_created": formatdate(),
            }
            self.taken.append(text)
            return text

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is what this is for."""


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway  # type: ignore[assignment]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        signed = (
            self.headers["Authorization"]
            == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        )
        if not signed:
            return self._answer(401, {"code": 20003})
        text = self.server.take(form, self.headers.get("Idempotency-Key"))
        share, seconds = self.server.slow
        if self.server.chance.random() < share:
            time.sleep(seconds)
        return self._answer(201, text)

    def do_GET(self) -> None:
        to = parse_qs(urlsplit(self.path).query)["To"][0]
        with self.server.lock:
            self._answer(
                200, {"messages": [text for text in reversed(self.server.taken) if text["to"] == to]}
            )

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *said: Any) -> None:
        """Silence: a thousand lines say nothing."""


@contextmanager
def gateway(*, honours_keys: bool) -> Iterator[Gateway]:
    """A gateway in threads of this process."""
    server = Gateway(honours_keys=honours_keys)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
