"""GET /card/{token} and its two steps: a new card by the patient's own hand, typed into the processor's own frame.

The page in which it is typed holds the processor's frame and nothing of ours that could read it: no field of ours
ever holds a card number. What comes back is a one-use ticket.
"""

import logging
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import clock
from core.connections.commands import connection_of, credentials, fortis_client, settings_of
from core.dates import short_day
from core.errors import HuddleError
from core.integrations.http import is_loopback
from core.links.card_links import LinkOver, finish_card_entry
from core.links.patient_page import PatientPage, Shown, page_of
from core.links.rules import LinkKind
from core.money import dollars
from core.store.engine import reader, transaction
from dashboard.web import sessions
from dashboard.web.headers import frame_page_policy
from dashboard.web.limits import Limit, wait
from dashboard.web.pay import domain_of
from dashboard.web.templates import script, style
from dashboard.web.visitors import (
    HEADERS,
    SHEET,
    address_of,
    count_opening,
    is_preview,
    page,
    please_wait,
    slowed_down,
    visitor_of,
)
from dashboard.web.webhooks import read_up_to

STATUS = {Shown.UNKNOWN: 404, Shown.EXPIRED: 410, Shown.VOID: 410, Shown.REPLACED: 410}
TRIES = Limit(12, 3600.0)  # card forms opened, and cards typed, by one address or for one link
SCRIPT = "commercejs-v1.0.0.min.js"
LARGEST_FORM = 2_048  # bytes
log = logging.getLogger("huddle.patients")


class Card(HTTPEndpoint):
    """What the link is for and what happens next; a press of the button opens the frame."""

    async def get(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await slowed_down(request, token)) is not None:
            return too_often
        found = await run_in_threadpool(_look, token)
        if is_preview(request):
            return page("preview.html", found.sender)
        if found.shown != Shown.UNKNOWN:
            await run_in_threadpool(count_opening, found, visitor_of(request))
        return _state(token, found)


class CardEnter(HTTPEndpoint):
    """POST: a new ticket intention at the processor, and the page with its frame."""

    async def get(self, request: Request) -> Response:
        return _back(request)

    async def post(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await _tried_too_often(request, token)) is not None:
            return too_often
        pay = pay_in(await read_up_to(request, LARGEST_FORM) or b"")
        found = await run_in_threadpool(_look, token)
        if found.shown != Shown.OPEN:
            return _back(request)
        try:
            base_url, client_token = await run_in_threadpool(_intention, found)
        except HuddleError as error:
            log.warning("the card frame could not be opened: %s", error.sentence)
            return _state(token, found, trouble=True, status=503)
        return _frame(token, found, base_url, client_token, pay if pay == found.failed_cents else 0)


class CardDone(HTTPEndpoint):
    """POST: the ticket the frame gave. Sent twice it makes one card; the answer is the link's own page again."""

    async def get(self, request: Request) -> Response:
        return _back(request)

    async def post(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await _tried_too_often(request, token)) is not None:
            return too_often
        form = await read_up_to(request, LARGEST_FORM) or b""
        try:
            await run_in_threadpool(_finish, token, ticket_in(form), pay_in(form))
        except LinkOver:
            return _back(request)
        except HuddleError:
            found = await run_in_threadpool(_look, token)
            return _state(token, found, trouble=True, status=422)
        return _back(request)


def ticket_in(form: bytes) -> str:
    """The ticket of the form, "" when there is none."""
    fields = parse_qs(form.decode("ascii", "replace"), max_num_fields=4) if form.count(b"&") < 4 else {}
    return fields.get("ticket", [""])[0]


def pay_in(form: bytes) -> int:
    """The cents that the patient ticked to pay with the new card, 0 when they did not."""
    fields = parse_qs(form.decode("ascii", "replace"), max_num_fields=4) if form.count(b"&") < 4 else {}
    words = fields.get("pay", [""])[0]
    return int(words) if words.isascii() and words.isdigit() and len(words) < 10 else 0


def _look(token: str) -> PatientPage:
    with reader(sessions.engine()) as session:
        return page_of(session, token, LinkKind.CARD)


def _finish(token: str, ticket: str, pay_cents: int) -> None:
    with transaction(sessions.engine()) as session:
        finish_card_entry(session, token, ticket, pay_cents=pay_cents)


def _intention(found: PatientPage) -> tuple[str, str]:
    """The processor's address, and what opens its frame. Raises HuddleError."""
    with reader(sessions.engine()) as session:
        connection = connection_of(session, found.connection_id)
        settings, secrets = settings_of(connection), credentials(connection)
    client = fortis_client(settings, secrets)
    try:
        return settings["base_url"], client.ticket_intention(found.contact_ref).client_token
    finally:
        client.close()


def _back(request: Request) -> Response:
    return RedirectResponse(f"/card/{request.path_params['token']}", status_code=303, headers=HEADERS)


async def _tried_too_often(request: Request, token: str) -> Response | None:
    """Opening the frame and handing in a card are slowed down sooner: they ask the processor."""
    seconds = max(wait("card tries", address_of(request), TRIES), wait("card tries of", token[:200], TRIES))
    return await please_wait(seconds) if seconds else await slowed_down(request, token)


def _state(token: str, found: PatientPage, *, trouble: bool = False, status: int | None = None) -> Response:
    headers = {"refresh": "3"} if found.shown == Shown.SAVING else {}
    return page(
        "card.html",
        found.sender,
        status=status or STATUS.get(found.shown, 200),
        headers=headers,
        shown=found.shown,
        card=found.card,
        until=short_day(found.until, clock.now().date()) if found.until else "",
        refused=found.refused or trouble,
        token=token,
        failed=dollars(found.failed_cents) if found.failed_cents else "",
        failed_cents=found.failed_cents,
    )


def _frame(token: str, found: PatientPage, base_url: str, client_token: str, pay_cents: int) -> Response:
    source, origins = frame_of(base_url)
    answer = page(
        "card_frame.html",
        found.sender,
        card=found.card,
        token=token,
        source=source,
        client_token=client_token,
        environment="production" if is_production(base_url) else "sandbox",
        pay_cents=pay_cents,
        pays=dollars(pay_cents) if pay_cents else "",
        script=script("card_frame.js"),
    )
    answer.headers["content-security-policy"] = frame_page_policy(
        style(SHEET), script("card_frame.js"), origins=origins
    )
    return answer


def frame_of(base_url: str) -> tuple[str, list[str]]:
    """The processor's script and the origins its frame may come from, by the address of its API (Fortis §1).

    https://api.fortis.tech → https://js.fortis.tech/…; a sandbox on this machine serves both itself.
    """
    base = urlsplit(base_url)
    host = base.hostname or ""
    origin = f"{base.scheme}://{base.netloc}"
    if is_loopback(host) or not domain_of(host):
        return f"{base_url.rstrip('/')}/js/{SCRIPT}", [origin]
    scripts = f"https://js.{host.removeprefix('api.')}"
    return f"{scripts}/{SCRIPT}", [scripts, origin]


def is_production(base_url: str) -> bool:
    """Whether real cards are charged at this address."""
    host = urlsplit(base_url).hostname or ""
    return not is_loopback(host) and ".sandbox." not in host
