"""Paying for a booking in the processor's own frame: no field of ours ever holds a card number."""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import clock
from core.booking.details import BookingOver
from core.booking.holding import TimeTaken
from core.booking.missing import processor_of
from core.booking.offers import NotOffered
from core.booking.page import Shown, VisitPage, visit_page
from core.booking.paying import pay_for
from core.booking.reports import frame_hosts
from core.connections.commands import credentials, fortis_client, settings_of
from core.errors import BadInput, HuddleError, NotFound
from core.links.patient_page import Sender, sender_of
from core.store.engine import reader, transaction
from dashboard.web import sessions
from dashboard.web.booking.choose import closed_page
from dashboard.web.booking.parts import (
    CARDS,
    CHANGES,
    SCRIPT,
    Spoilt,
    form_of,
    say_where_to_ourselves,
    slowed,
    spoilt_page,
)
from dashboard.web.booking.visit import NO_SUCH, back_to, state_page
from dashboard.web.card import frame_of, is_production
from dashboard.web.headers import booking_policy
from dashboard.web.templates import script, style
from dashboard.web.visitors import HEADERS, SHEET, page

FRAME_SCRIPT = "card_frame.js"
NOT_NOW = "The card form cannot be opened right now, and nothing was charged. Please try again in a minute."
log = logging.getLogger("huddle.patients")


class VisitPay(HTTPEndpoint):
    """GET: a new ticket intention at the processor, and the page with its frame. POST leads there: who goes back to it
    later is not asked by the browser whether to send a form again."""

    async def get(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await slowed(request, "cards", CARDS, token)) is not None:
            return too_often
        return await run_in_threadpool(_open_frame, token)

    async def post(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await slowed(request, "changes", CHANGES, token)) is not None:
            return too_often
        return RedirectResponse(f"/book/visit/{token}/pay", status_code=303, headers=HEADERS)


class VisitPaid(HTTPEndpoint):
    """POST: the ticket the frame gave. Sent twice it charges once; the answer is the booking's own page."""

    async def get(self, request: Request) -> Response:
        return back_to(request.path_params["token"])

    async def post(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await slowed(request, "cards", CARDS, token)) is not None:
            return too_often
        try:
            form = await form_of(request)
        except Spoilt:
            return await spoilt_page()
        return await run_in_threadpool(_paid, token, form.get("ticket", ""))


def _open_frame(token: str) -> Response:
    with reader(sessions.engine()) as session:
        try:
            found = visit_page(session, token)
        except NotFound:
            return closed_page(sender_of(session), NO_SUCH)
        sender, hosts = sender_of(session, found.location_id), frame_hosts(session)
        connection = processor_of(session, 1)
        settings = settings_of(connection) if connection else {}
        secrets = credentials(connection) if connection else {}
    if found.shown not in (Shown.PAY, Shown.AGAIN):
        return back_to(token)
    if connection is None:
        return state_page(token, said=NOT_NOW, status=503)
    try:
        client = fortis_client(settings, secrets)
        try:
            opened = client.ticket_intention(None).client_token
        finally:
            client.close()
    except HuddleError as error:
        log.warning("the card frame could not be opened: %s", error.sentence)
        return state_page(token, said=NOT_NOW, status=503)
    return _frame(token, found, sender, settings["base_url"], opened, hosts)


def _frame(
    token: str, found: VisitPage, sender: Sender, base_url: str, client_token: str, hosts: tuple[str, ...]
) -> Response:
    source, origins = frame_of(base_url)
    answer = page(
        "book/frame.html",
        sender,
        found=found,
        token=token,
        left=max(0, int((found.held_until - clock.now()).total_seconds())),
        source=source,
        client_token=client_token,
        environment="production" if is_production(base_url) else "sandbox",
        frame_script=script(FRAME_SCRIPT),
        script=script(SCRIPT),
    )
    answer.headers["content-security-policy"] = booking_policy(
        style(SHEET), [script(FRAME_SCRIPT), script(SCRIPT)], frames=hosts, origins=origins
    )
    say_where_to_ourselves(answer)
    return answer


def _paid(token: str, ticket: str) -> Response:
    try:
        with transaction(sessions.engine()) as session:
            pay_for(session, token, ticket)
    except TimeTaken as error:
        return state_page(token, said=f"{error.sentence} Nothing was charged.", status=409)
    except BadInput as error:
        return state_page(token, said=error.sentence, status=422)
    except (BookingOver, NotOffered) as error:
        return state_page(token, said=error.sentence, status=409)
    except NotFound:
        return state_page(token)
    return back_to(token)
