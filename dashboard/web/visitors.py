"""Who knocks at a patient's page: their address, whether a program only previews the link, how often they come."""

import logging
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from core.errors import StoreError
from core.links.patient_page import PatientPage, Sender, note_opened, sender_of
from core.store.engine import reader, transaction
from dashboard.web import sessions
from dashboard.web.limits import Limit, wait
from dashboard.web.templates import plain_page

log = logging.getLogger("huddle.patients")
SHEET = "patient.css"
HEADERS = {"referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow"}
BY_ADDRESS = Limit(120, 600.0)  # a whole waiting room behind one address is still let in
BY_TOKEN = Limit(40, 600.0)
PREVIEWS = (  # programs that fetch a link to show what it is, or to look for harm in it; patients use none of them
    "facebookexternalhit", "facebot", "twitterbot", "whatsapp", "telegrambot", "slackbot", "discordbot",
    "linkedinbot", "skypeuripreview", "googlebot", "google-safety", "googleimageproxy", "google-pagerenderer",
    "bingbot", "bingpreview", "applebot", "yahoo", "duckduckbot", "pinterest", "redditbot", "viber", "snapchat",
    "embedly", "iframely", "mimecast", "proofpoint", "barracuda", "safelinks", "office existence discovery",
    "microsoft office", "python-requests", "curl/", "wget/", "go-http-client", "headlesschrome/preview", "bot/",
)  # fmt: skip


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy the server trusts, its word for it."""
    return request.client.host if request.client else ""


def visitor_of(request: Request) -> str:
    """Something that tells two visitors apart for a day; only a digest of it is ever kept."""
    return f"{address_of(request)} {request.headers.get('user-agent', '')}"


def count_opening(found: PatientPage, visitor: str) -> None:
    """Write down that a link was opened. Where that cannot be written the patient gets their page all the same."""
    try:
        with transaction(sessions.engine()) as session:
            note_opened(session, found, visitor=visitor)
    except (SQLAlchemyError, StoreError) as error:
        log.warning("the opening of link %s could not be counted: %s", found.link_id, type(error).__name__)


def is_preview(request: Request) -> bool:
    """Whether nobody looks: HEAD, a prefetch, or a program that previews links."""
    if request.method == "HEAD":
        return True
    purpose = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    agent = request.headers.get("user-agent", "").lower()
    return "prefetch" in purpose or "preview" in purpose or any(name in agent for name in PREVIEWS)


async def slowed_down(request: Request, token: str) -> Response | None:
    """A page that asks to wait, when this address or this link is asked for too often; None when all is well."""
    seconds = max(
        wait("patient pages", address_of(request), BY_ADDRESS),
        wait("patient link", token[:200], BY_TOKEN),
    )
    return await please_wait(seconds) if seconds else None


async def please_wait(seconds: float) -> Response:
    """429, with the practice's phone: nobody is to be stuck."""
    sender = await run_in_threadpool(practice)
    return page("wait.html", sender, status=429, headers={"retry-after": str(int(seconds) + 1)})


def practice() -> Sender:
    """How the practice calls itself where no link says which location it is."""
    with reader(sessions.engine()) as session:
        return sender_of(session)


def page(
    name: str, sender: Sender, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> Response:
    """A page for patients: not kept, not listed, and its address told to nobody."""
    return plain_page(
        f"patient/{name}",
        status=status,
        headers=HEADERS | (headers or {}),
        sheet=SHEET,
        sender=sender,
        phone=shown_phone(sender.phone),
        dial=dialled(sender.phone),
        **values,
    )


def shown_phone(phone: str) -> str:
    """A phone number as people here write it."""
    # the number tables are large; only patients' pages need them here
    from core.messages.addresses import shown

    return shown(phone) if phone else ""


def dialled(phone: str) -> str:
    """A phone number as a telephone dials it: digits and a leading plus."""
    return ("+" if phone.strip().startswith("+") else "") + "".join(c for c in phone if c in "0123456789")
