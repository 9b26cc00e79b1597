"""What comes before the gate: headers that nobody sends by mistake are refused, and a visitor who leaves is no error."""

import logging
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("huddle.visits")


class Visits:
    """403 for a Host or Origin that is no address; an upload broken off ends quietly."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if not readable(Headers(scope=scope)):
            await _refuse(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            log.info("a visitor left before their request was read")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        refusal: Message = {"type": "websocket.close", "code": 1008}  # before accept: the server answers 403
        await send(refusal)
        return
    answer = PlainTextResponse("This request could not be understood and was refused.\n", status_code=403)
    await answer(scope, receive, send)


def readable(headers: Headers) -> bool:
    """Whether Host and Origin, where given, are addresses."""
    hosts = [f"http://{host}" for host in headers.getlist("host")]
    return len(hosts) <= 1 and all(is_address(each) for each in [*hosts, *headers.getlist("origin")])


def is_address(text: str) -> bool:
    """Whether a URL of a host can be taken apart; `null`, which browsers send as Origin, is one."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return text == "null" or bool(parts.hostname and (parts.port is None or parts.port > 0))
    except ValueError:
        return False
