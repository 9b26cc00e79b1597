"""A small FHIR R4 server for tests, on loopback, in a thread of its own: search with pages, _lastUpdated, and faults."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fhir.invented import Json

TOKEN = "token-of-the-test-server"


@dataclass
class Served:
    """What the server holds and how it behaves. faults: answers (status, headers, body) given first, one a call.

    next_at: where it says its next page lies, "" = where it is. lost: it counts its resources and hands out none.
    calls: the paths asked for.
    """

    resources: list[Json] = field(default_factory=list)
    page: int = 7
    version: str = "4.0.1"
    next_at: str = ""
    circle: bool = False
    lost: bool = False
    faults: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def searched(self, kind: str, asked: dict[str, list[str]]) -> Json:
        since = asked.get("_lastUpdated", [""])[0].removeprefix("ge").removesuffix("Z")
        found = [each for each in self.resources if each["resourceType"] == kind and _stamp(each) >= since]
        start = int(asked.get("_start", ["0"])[0])
        more = start + self.page < len(found)
        link = [{"relation": "self", "url": f"{self.base_url}/{kind}"}]
        if more or self.circle:
            at = self.next_at or self.base_url
            link.append({"relation": "next", "url": f"{at}/{kind}?_start={start + self.page if more else 0}"})
        entries: list[Json] = [
            {"resource": each, "search": {"mode": "match"}} for each in found[start : start + self.page]
        ]
        entries.append({"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}})
        if self.lost:
            link, entries = [], []
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": link,
            "entry": entries,
        }

    def capabilities(self) -> Json:
        kinds = sorted({each["resourceType"] for each in self.resources} | {"Patient"})
        rest = [{"mode": "server", "resource": [{"type": kind} for kind in kinds]}]
        return {"resourceType": "CapabilityStatement", "fhirVersion": self.version, "rest": rest}


def _stamp(resource: Json) -> str:
    return resource.get("meta", {}).get("lastUpdated", "9999")


@contextmanager
def serving(*resources: Json, **how: Any) -> Iterator[Served]:
    """The server with these resources, until the block ends."""
    served = Served(list(resources), **how)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            served.calls.append(self.path)
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return self._say(401, {}, "{}")
            if served.faults:
                return self._say(*served.faults.pop(0))
            name = address.path.removeprefix("/fhir/")
            body = (
                served.capabilities()
                if name == "metadata"
                else served.searched(name, parse_qs(address.query))
            )
            return self._say(200, {}, json.dumps(body))

        def _say(self, status: int, headers: dict[str, str], body: str) -> None:
            sent = body.encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/fhir+json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        served.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
