"""Cliniko on the wire, as facts §6.1 describe it; written from them, not from our client.

Basic auth with the key and an empty password, a User-Agent `Name (mail@address)`, 200 requests a minute for a key, lists
with `links` and `total_entries`, references as links, ids as text (or as numbers, when the settings want it).
"""

import base64
import binascii
import hmac
import re
from collections import deque
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from data.sandbox.cliniko import control, keys, query, records
from data.sandbox.faults import Kind
from data.sandbox.state import State

LARGEST_PAGE, USUAL_PAGE = 100, 50
A_MINUTE = 60.0
_NAMED = re.compile(r"[^()]+ \([^()@\s]+@[^()@\s]+\.[^()@\s]+\)")
Body = dict[str, Any]


class Refused(Exception):
    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}


def router(state: State) -> Router:
    line = _Line(state)
    return Router(
        [
            Route("/v1/settings", line.endpoint(_settings)),
            Route("/v1/user", line.endpoint(_user)),
            Route("/v1/practitioners/inactive", line.endpoint(_inactive)),
            Route("/v1/{resource}", line.endpoint(_list)),
            Route("/v1/{resource}/{record_id}", line.endpoint(_one)),
            Route("/{path:path}", line.endpoint(_nothing)),
        ],
        redirect_slashes=False,
    )


class _Line:
    """Who may ask, how often, and what an answer looks like. asked: when this minute's requests came."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.asked: deque[float] = deque()

    def endpoint(self, answer: Any) -> Any:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            try:
                body = await run_in_threadpool(self._answer, request, answer)
                response = JSONResponse(body)
            except Refused as refusal:
                response = JSONResponse({"message": str(refusal)}, refusal.status, headers=refusal.headers)
            except query.BadQuery as error:
                response = JSONResponse({"message": str(error)}, 400)
            except ClientDisconnect:
                return
            await response(scope, receive, send)

        return _Asgi(app)

    def _answer(self, request: Request, answer: Any) -> Any:
        with self.state.transaction():
            records.ready(self.state)
            wanted = control.settings(self.state)
            self._count(wanted["per_minute"])
            _require_key(self.state, request)
            if request.method != "GET":
                raise Refused(404, "Not found")
            body = answer(self.state, request)
        return _as_wanted(body, wanted, request)

    def _count(self, most: int) -> None:
        now = self.state.now().timestamp()
        while self.asked and (self.asked[0] <= now - A_MINUTE or self.asked[0] > now):
            self.asked.popleft()
        if most and len(self.asked) >= most:
            self.state.remember("cliniko too many", self.state.remembered("cliniko too many", 0) + 1)
            raise Refused(
                429, "Too many requests", {"X-RateLimit-Reset": str(int(self.asked[0] + A_MINUTE) + 1)}
            )
        self.asked.append(now)


class _Asgi:
    """A bare ASGI app, so that starlette does not take it for a handler of requests."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def _require_key(state: State, request: Request) -> None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        key, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        key, colon, password = "", "", ""
    shard = key.rpartition("-")[2] if "-" in key else "au1"
    known = hmac.compare_digest(key.encode(), keys.api_key(state).encode())
    if scheme != "Basic" or not colon or password or shard != keys.SHARD or not known:
        raise Refused(401, "Unauthorized")
    if not _NAMED.fullmatch(request.headers.get("User-Agent", "")):
        raise Refused(403, "The User-Agent header must name the application and a contact address")


def _settings(state: State, _request: Request) -> Body:
    first = next(iter(records.every(state, "businesses")), {})
    return {
        "account": {"name": first.get("business_name", "Nobody's practice"), "country": "United States"},
        "time_zone": first.get("time_zone_identifier", "UTC"),
    }


def _user(_state: State, _request: Request) -> Body:
    return {"id": "1", "first_name": "Olivia", "last_name": "Owner", "role": "administrator", "active": True}


def _nothing(_state: State, _request: Request) -> Body:
    raise Refused(404, "Not found")


def _one(state: State, request: Request) -> Body:
    found = records.get(state, request.path_params["resource"], request.path_params["record_id"])
    if found is None:
        raise Refused(404, "Not found")
    return found


def _inactive(state: State, request: Request) -> Body:
    return _page(state, request, "practitioners", " AND json_extract(said, '$.active') = 0")


def _list(state: State, request: Request) -> Body:
    resource = request.path_params["resource"]
    if resource not in records.RESOURCES:
        raise Refused(404, "Not found")
    active = " AND json_extract(said, '$.active') = 1" if resource == "practitioners" else ""
    return _page(state, request, resource, active)


def _page(state: State, request: Request, resource: str, also: str) -> Body:
    given = request.query_params
    number, size = (
        _number(given.get("page"), 1, 10**9),
        _number(given.get("per_page"), USUAL_PAGE, LARGEST_PAGE),
    )
    asked = query.asked(resource, given.getlist("q[]"), given.get("sort", ""))
    fault = request.scope.get("fault")
    shown = {Kind.REPEATED_PAGE: max(1, number - 1), Kind.CURSOR_LOOP: 1}.get(fault, number)
    rows, total = records.listed(
        state, resource, asked.where + also, asked.values, asked.order, (shown - 1) * size, size
    )
    links = {"self": _address(request, number)}
    if number > 1:
        links["previous"] = _address(request, number - 1)
    if number * size < total or fault == Kind.CURSOR_LOOP:
        links["next"] = _address(request, number + 1)
    return {resource: rows, "total_entries": total, "links": links}


def _number(text: str | None, usual: int, most: int) -> int:
    if text is None:
        return usual
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise query.BadQuery("page and per_page are whole numbers")
    return int(text)


def _address(request: Request, page: int) -> str:
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    here = request.url
    return f"{here.scheme}://{here.netloc}{here.path}?{urlencode([*asked, ('page', str(page))])}"


def _as_wanted(body: Any, wanted: dict[str, Any], request: Request) -> Any:
    """Ids as numbers, and links that lead elsewhere, when the settings say so."""
    links = body.get("links", {})
    if wanted["next_host"] and "next" in links:
        here = f"{request.url.scheme}://{request.url.netloc}"
        links["next"] = links["next"].replace(here, wanted["next_host"])
    if wanted["number_ids"]:
        for rows in body.values():
            for row in rows if isinstance(rows, list) else ():
                row["id"] = int(row["id"])
    return body
