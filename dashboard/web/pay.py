"""GET /pay/{token}: counts the opening, then goes to the processor's page, or says kindly why there is none to go to."""

import logging
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.connections.commands import connection_of, settings_of
from core.integrations.http import is_loopback
from core.links.patient_page import PatientPage, Shown, page_of
from core.links.rules import LinkKind
from core.money import dollars
from core.settings import settings
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.web.visitors import HEADERS, count_opening, is_preview, page, slowed_down, visitor_of

STATUS = {Shown.UNKNOWN: 404, Shown.EXPIRED: 410, Shown.VOID: 410, Shown.REPLACED: 410, Shown.UNREADY: 503}
log = logging.getLogger("huddle.patients")


class Pay(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (wait := await slowed_down(request, token)) is not None:
            return wait
        found, elsewhere = await run_in_threadpool(_look, token)
        if is_preview(request):
            return page("preview.html", found.sender)
        if found.shown != Shown.UNKNOWN:
            await run_in_threadpool(count_opening, found, visitor_of(request))
        if found.shown == Shown.OPEN and elsewhere:
            return RedirectResponse(elsewhere, status_code=303, headers=HEADERS)
        shown = Shown.UNREADY if found.shown == Shown.OPEN else found.shown
        headers = {"refresh": "5"} if found.shown == Shown.UNREADY else {}
        return page(
            "pay.html",
            found.sender,
            status=STATUS.get(shown, 200),
            headers=headers,
            shown=shown,
            trying=found.shown == Shown.UNREADY,
            what=found.what,
            amount=dollars(found.amount_cents) if found.amount_cents else "",
        )


def _look(token: str) -> tuple[PatientPage, str]:
    with reader(sessions.engine()) as session:
        found = page_of(session, token, LinkKind.PAY)
        if found.shown != Shown.OPEN:
            return found, ""
        base = settings_of(connection_of(session, found.connection_id)).get("base_url", "")
    url = found.url or ""
    if may_send_to(url, base):
        return found, url
    log.error("link %s points to a page of another host; it was not opened", found.link_id)
    return found, ""


def may_send_to(url: str, base_url: str) -> bool:
    """Whether a page is the processor's: of its own domain (api.fortis.tech → *.fortis.tech) or of an allowed host."""
    try:
        wanted, base = urlsplit(url), urlsplit(base_url)
        host, api = (wanted.hostname or "").lower(), (base.hostname or "").lower()
    except ValueError:
        return False
    if wanted.username or wanted.password or not host or not url.isprintable() or "\\" in url:
        return False
    if is_loopback(host):
        return is_loopback(api) and wanted.scheme in {"http", "https"}
    allowed = {each.strip().lower() for each in settings().outbound_hosts.split(",")}
    home = domain_of(api)
    own = bool(home) and (host == home or host.endswith(f".{home}"))
    return wanted.scheme == "https" and (own or host in allowed)


def domain_of(api_host: str) -> str:
    """The domain of a processor by the host of its API: api.fortis.tech and api.sandbox.fortis.tech → fortis.tech."""
    if not api_host.startswith("api."):
        return ""
    rest = api_host.removeprefix("api.").removeprefix("sandbox.")
    return rest if rest.count(".") >= 1 else ""
