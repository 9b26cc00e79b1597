"""What can go wrong between a client and a processor, on demand (POST /control, `faults`).

The faults stand before the processor and the text gateway as ASGI middleware: a request either meets one of them or
passes untouched. The mail server asks for its own (see mail/server.py).
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Kind(StrEnum):
    LATENCY = "latency"  # waits latency_ms, then answers as usual; adds to any other fault
    STATUS = (
        "status"  # answers `status` (429, 500, 502, ...) and does nothing; retry_after goes into the header
    )
    WRONG_KEYS = "wrong_keys"  # answers 401 although the keys are right, as if they had been withdrawn
    DROP = "drop"  # does nothing and drops the connection: nobody is there
    TIMEOUT_BEFORE = "timeout_before"  # does nothing and never answers
    TIMEOUT_AFTER = "timeout_after"  # does what was asked and never answers
    RESET = "reset"  # does what was asked, sends half of the body and drops the connection
    GARBAGE = "garbage"  # 200 with text that is no JSON
    HALF_PAGE = "half_page"  # a list loses its second half; the totals stay
    EMPTY_PAGE = "empty_page"  # a list is empty; the totals stay
    REPEATED_PAGE = "repeated_page"  # page n answers with the records of page n - 1
    CURSOR_LOOP = "cursor_loop"  # always the first page, and there is always a next one
    DUPLICATE_IDS = "duplicate_ids"  # the first half of a list comes twice
    RENAMED_FIELDS = "renamed_fields"  # records whose keys changed their names


LISTS_ONLY = frozenset(
    {
        Kind.HALF_PAGE,
        Kind.EMPTY_PAGE,
        Kind.REPEATED_PAGE,
        Kind.CURSOR_LOOP,
        Kind.DUPLICATE_IDS,
        Kind.RENAMED_FIELDS,
    }
)
FOR_MAIL = frozenset(
    {Kind.LATENCY, Kind.STATUS, Kind.DROP, Kind.TIMEOUT_BEFORE, Kind.TIMEOUT_AFTER, Kind.RESET}
)
# and what `match` may say
PLACES = {
    "fortis": ("method", "path"),
    "sms": ("method", "path"),
    "genesis": ("method", "path"),
    "cash_practice": ("method", "path"),
    "cliniko": ("method", "path"),
    "smtp": ("to",),
}
_UNAUTHORISED = {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token"}


@dataclass(slots=True)
class Fault:
    kind: Kind
    at: str = "fortis"
    method: str | None = None
    path: str = ""
    times: int | None = None
    probability: float | None = None
    seed: int = 0
    status: int = 500
    retry_after: int | None = None
    latency_ms: int = 0
    fired: int = 0
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        numbers = (self.times, self.status, self.retry_after, self.latency_ms, self.seed)
        if not all(number is None or isinstance(number, int) for number in numbers):
            raise ValueError("times, status, retry_after, latency_ms and seed are whole numbers")
        if self.probability is not None and not isinstance(self.probability, int | float):
            raise ValueError("probability is a number from 0 to 1")
        if self.at == "smtp" and self.kind not in FOR_MAIL:
            raise ValueError(
                f"the mail server knows the faults {', '.join(sorted(FOR_MAIL))}, not {self.kind}"
            )

    @classmethod
    def parse(cls, wish: dict[str, Any]) -> "Fault":
        """A fault of POST /control. Raises ValueError or TypeError with what is wrong with it."""
        if not isinstance(wish, dict):
            raise TypeError(f'a fault is an object such as {{"kind": "status", "status": 500}}, not {wish!r}')
        wish = dict(wish)
        at = wish.get("at", "fortis")
        if at not in PLACES:
            raise ValueError(f"at is one of {', '.join(PLACES)}, not {at!r}")
        match = _matched(wish.pop("match", None) or {}, PLACES[at])
        if wish.get("kind") not in list(Kind):
            raise ValueError(f"kind is one of {', '.join(Kind)}, not {wish.get('kind')!r}")
        try:
            path = match.get("to", match.get("path", ""))
            for front in ("/fortis", "/twilio", "/genesis", "/cashpractice", "/cliniko"):
                path = path.removeprefix(front)
            return cls(kind=Kind(wish.pop("kind")), method=match.get("method"), path=path, **wish)
        except TypeError as error:
            raise ValueError(f"fault {wish}: {error}") from error

    def meets(self, method: str, path: str, at: str = "fortis") -> bool:
        """Whether this fault happens to this request; counts it when it does."""
        if at != self.at:
            return False
        if self.times is not None and self.fired >= self.times:
            return False
        if (self.method and self.method.upper() != method) or not path.startswith(self.path):
            return False
        if self.kind in LISTS_ONLY and method != "GET":
            return False
        if self.probability is not None and self._dice.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        shown = ("times", "probability", "seed", "status", "retry_after", "latency_ms", "fired")
        match = {"to": self.path} if self.at == "smtp" else {"method": self.method, "path": self.path}
        return {
            "kind": self.kind,
            "at": self.at,
            "match": match,
            **{name: getattr(self, name) for name in shown},
        }


def _matched(match: Any, names: tuple[str, ...]) -> dict[str, str]:
    """What a fault is held to. Raises ValueError or TypeError with how to write it."""
    example = json.dumps(
        {"to": "ana@"} if names == ("to",) else {"method": "GET", "path": "/v1/transactions"}
    )
    if not isinstance(match, dict):
        raise TypeError(f"match is an object such as {example}, not {match!r}")
    if set(match) - set(names) or not all(isinstance(value, str) for value in match.values()):
        raise ValueError(f"match takes {' and '.join(names)} as text, such as {example}")
    return match


class Faults:
    """The faults in force, in the order they were asked for."""

    def __init__(self) -> None:
        self.wanted: list[Fault] = []

    def choose(self, method: str, path: str, at: str = "fortis") -> tuple[float, Fault | None]:
        """Seconds to wait, and the first fault that meets this request."""
        wait = 0.0
        for fault in self.wanted:
            if not fault.meets(method, path, at):
                continue
            wait += fault.latency_ms / 1000
            if fault.kind is not Kind.LATENCY:
                return wait, fault
        return wait, None


class FaultyLine:
    """ASGI middleware: the line between client and processor, as bad as `faults` want it."""

    def __init__(self, app: App, faults: Faults, at: str = "fortis") -> None:
        self.app, self.faults, self.at = app, faults, at

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        wait, fault = self.faults.choose(scope["method"], path, self.at)
        if wait:
            await asyncio.sleep(wait)
        if fault is None:
            await self.app(scope, receive, send)
        else:
            await self._fail(fault, scope, receive, send)

    async def _fail(self, fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
        match fault.kind:
            case Kind.STATUS:
                await _answer(send, fault.status, _gateway_body(fault.status), fault.retry_after)
            case Kind.WRONG_KEYS:
                await _answer(send, 401, json.dumps(_UNAUTHORISED).encode())
            case Kind.DROP:
                headers = [(b"content-length", b"1")]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": b"", "more_body": True})
            case Kind.TIMEOUT_BEFORE:
                await _until_gone(receive)
            case Kind.TIMEOUT_AFTER:
                await _collected(self.app, scope, receive)
                await _until_gone(receive)
            case Kind.RESET:
                status, headers, body = await _collected(self.app, scope, receive)
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
                # Returning with the answer unfinished makes the server drop the connection.
            case Kind.GARBAGE:
                _, _, body = await _collected(self.app, scope, receive)
                await _answer(send, 200, b"<html>" + body[: len(body) // 2])
            case _:
                await self._bad_page(fault.kind, scope, receive, send)

    async def _bad_page(self, kind: Kind, scope: Message, receive: Receive, send: Send) -> None:
        if kind in (Kind.REPEATED_PAGE, Kind.CURSOR_LOOP):
            scope = {**scope, "fault": kind}  # only the list itself can answer with another page
        status, headers, body = await _collected(self.app, scope, receive)
        document = json.loads(body) if body else None
        if (name := _list_in(document)) is not None:
            document[name] = _spoilt(kind, document[name])
            body = json.dumps(document).encode()
            headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _list_in(document: Any) -> str | None:
    """Under which name an answer holds its records: Fortis's `list`, or the only list there is (Cliniko)."""
    if not isinstance(document, dict):
        return None
    lists = [name for name, value in document.items() if isinstance(value, list)]
    return "list" if "list" in lists else next(iter(lists), None)


def _spoilt(kind: Kind, rows: list[Any]) -> list[Any]:
    match kind:
        case Kind.HALF_PAGE:
            return rows[: len(rows) // 2]
        case Kind.EMPTY_PAGE:
            return []
        case Kind.DUPLICATE_IDS:
            return rows + rows[: (len(rows) + 1) // 2]
        case Kind.RENAMED_FIELDS:
            return [
                {f"{name}_v2" if name != "id" else "uuid": value for name, value in row.items()}
                for row in rows
            ]
    return rows


async def _collected(
    app: App, scope: Message, receive: Receive
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Let the processor act and keep its answer back."""
    start: Message = {}
    parts: list[bytes] = []

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    return start["status"], list(start["headers"]), b"".join(parts)


async def _answer(send: Send, status: int, body: bytes, retry_after: int | None = None) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _until_gone(receive: Receive) -> None:
    """Say nothing until the client hangs up or the sandbox stops."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _gateway_body(status: int) -> bytes:
    words = {
        429: "Too Many Requests",
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
    }
    return json.dumps({"message": words.get(status, "Error")}).encode()
