"""The one door: an ASGI middleware before every page, file and websocket (DESIGN §2.3).

Signed out, a visitor reaches the public addresses below and nothing else: no script runs, no file is served.
Signed in, Streamlit learns who it is from headers that only this door can set.
"""

import re
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core.permissions import Identity
from dashboard.web import sessions
from dashboard.web.store_away import AWAY, store_away

PUBLIC = frozenset(
    {"/signin", "/signout", "/healthz", "/metrics", "/favicon.png", "/_stcore/health", "/_stcore/host-config"}
)
PUBLIC_BELOW = ("/static/",)  # Streamlit's own scripts, fonts and styles
# what stands behind these proves itself by what it holds (a token, a key, the set-up link), from whatever site it comes
BY_TOKEN = re.compile(
    r"/(?:webhooks|pay|stop|setup|welcome)/[^/\\\0\r\n]{1,200}|/card/[^/\\\0\r\n]{1,200}(?:/enter|/done)?"
)
# booking pages: open to everybody; what another site makes a browser send there is refused
BOOKING = re.compile(
    r"/book(?:/|/[a-z0-9-]{1,60}|/visit/[A-Za-z0-9_-]{1,64}(?:/(?:details|pay|paid|cancel|move|code|appointment\.ics))?)?"
)
OWN_HEADERS = b"x-huddle-"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """Lets signed-in people through with their identity, sends others to sign in, refuses other sites."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        scope = {
            **scope,
            "headers": [h for h in scope["headers"] if not h[0].lower().startswith(OWN_HEADERS)],
        }
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        identity = None
        if same_host(headers.get("origin"), headers.get("host")):
            with suppress(*AWAY):  # nobody is let in while nobody can be looked up
                identity = await run_in_threadpool(sessions.who, sessions.token_of(HTTPConnection(scope)))
        if identity is None:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before accept: the server answers 403
            return
        await self.app(_introduce(scope, identity), receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        if is_by_token(path):
            await self.app(scope, receive, send)
            return
        if method not in SAFE and from_elsewhere(Headers(scope=scope)):
            answer = PlainTextResponse("This came from another site and was refused.\n", status_code=403)
            await answer(scope, receive, send)
            return
        if is_public(path):
            await self.app(scope, receive, send)
            return
        try:
            identity = await run_in_threadpool(sessions.who, sessions.token_of(HTTPConnection(scope)))
            if identity and Headers(scope=scope).get("sec-fetch-mode") == "navigate":
                await run_in_threadpool(sessions.note_activity, identity)
        except AWAY as error:
            await store_away(HTTPConnection(scope), error)(scope, receive, send)
            return
        if identity is None:
            await _turn_away(scope)(scope, receive, send)
            return
        await self.app(_introduce(scope, identity), receive, send)


def is_public(path: str) -> bool:
    """Whether an address is open to everyone. A path that climbs or doubles its slashes never is."""
    if path in PUBLIC or is_by_token(path) or BOOKING.fullmatch(path):
        return True
    return path.startswith(PUBLIC_BELOW) and not any(bad in path for bad in ("..", "//", "\\", "\0"))


def is_by_token(path: str) -> bool:
    """Whether an address is a patient's link or a webhook: no session, and no cookie, has a say there."""
    return BY_TOKEN.fullmatch(path) is not None and ".." not in path


def same_host(origin: str | None, host: str | None) -> bool:
    """Whether an Origin header names the host that was asked. Browsers always send one with a websocket."""
    try:
        return bool(origin and host) and urlsplit(origin or "").netloc.lower() == (host or "").lower()
    except ValueError:
        return False


def from_elsewhere(headers: Headers) -> bool:
    """Whether another site made the browser send this (it says so in Sec-Fetch-Site or Origin)."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    return "origin" in headers and not same_host(headers["origin"], headers.get("host"))


def _turn_away(scope: Scope) -> Any:
    if scope["method"] not in {"GET", "HEAD"}:
        return PlainTextResponse("You are signed out. Sign in and try again.\n", status_code=401)
    if Headers(scope=scope).get("sec-fetch-dest", "document") not in {"document", "iframe"}:
        return PlainTextResponse("You are signed out.\n", status_code=401)
    query = scope.get("query_string", b"").decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"/signin?next={quote(wanted, safe='')}", status_code=303)


def _introduce(scope: Scope, identity: Identity) -> Scope:
    """The scope with the headers that .streamlit/config.toml's trustedUserHeaders turns into st.user."""
    own = [
        (b"x-huddle-user", identity.username.encode()),
        (b"x-huddle-session", str(identity.session_id).encode()),
    ]
    return {**scope, "headers": [*scope["headers"], *own]}
