"""Security headers on every answer, errors and redirects included (RELIABILITY §2, ASVS 3.4)."""

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.web.sessions import over_tls

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
FOR_EVER = ("/static/",)  # file names carry a hash of their content


class SecurityHeaders:
    """Adds the headers; a route that says its own Content-Security-Policy keeps it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), scope)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _add(headers: MutableHeaders, scope: Scope) -> None:
    for name, value in ALWAYS.items():
        if name != "referrer-policy" or name not in headers:  # a page may say less of itself, never more
            headers[name] = value
    headers.setdefault("content-security-policy", dashboard_policy())
    if over_tls(scope):
        headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
    if not scope["path"].startswith(FOR_EVER):
        headers["cache-control"] = "no-store"


@lru_cache(maxsize=1)
def dashboard_policy() -> str:
    """The policy under which all of Streamlit works: its one inline script by hash, blob: for inline components."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(content_hash(script) for script in inline)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {hashes} blob:",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


def plain_page_policy(style: str, script: str = "") -> str:
    """For plain pages of ours: nothing but one inline style sheet, our pictures and our forms, and at most one script."""
    runs = f"script-src {content_hash(script)}; " if script else ""
    return (
        f"default-src 'none'; {runs}style-src {content_hash(style)}; img-src 'self' data:; font-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def frame_page_policy(style: str, script: str, *, origins: Sequence[str]) -> str:
    """For the one page that holds the processor's frame: its script and its frame, our one inline script, no more.

    origins: of the processor, the one its script comes from first.
    """
    theirs = " ".join(origins)
    return (
        f"default-src 'none'; script-src {content_hash(script)} {origins[0]}; frame-src {theirs}; connect-src {theirs}; "
        f"style-src {content_hash(style)}; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def booking_policy(
    style: str, scripts: Sequence[str], *, frames: Sequence[str] = (), origins: Sequence[str] = ()
) -> str:
    """For the booking pages: our own small scripts by hash, and in some the processor's script and frame.

    frames: the hosts that may show the page in a frame; none = nobody. origins: of the processor, its script's first.
    """
    ours = " ".join(content_hash(each) for each in scripts)
    theirs = " ".join(origins)
    around = " ".join(_shown_on(host) for host in frames) or "'none'"
    framed = f"frame-src {theirs}; connect-src {theirs}; " if theirs else ""
    return (
        f"default-src 'none'; script-src {ours}{f' {origins[0]}' if origins else ''}; {framed}"
        f"style-src {content_hash(style)}; img-src 'self' data:; font-src 'self'; form-action 'self'; "
        f"frame-ancestors {around}; base-uri 'none'"
    )


def _shown_on(host: str) -> str:
    local = host.startswith(("localhost", "127."))
    return f"http://{host}" if local else f"https://{host}"


def content_hash(text: str) -> str:
    """The CSP source of an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
