"""What the booking pages share: how they look, what they may hold, who is slowed down, and how a form is read."""

import asyncio
import base64
import secrets
import time
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from core.booking.reports import frame_hosts
from core.links.patient_page import Sender, sender_of
from core.permissions import Permission, may
from core.secrets import sign, signed_by_us
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.web.headers import booking_policy
from dashboard.web.limits import Limit, wait
from dashboard.web.templates import script, style
from dashboard.web.visitors import SHEET, address_of, page, please_wait
from dashboard.web.webhooks import read_up_to

LOOKS = Limit(300, 600.0)  # pages by one address: a family compares times
CHANGES = Limit(60, 600.0)  # what is typed or pressed
HOLDS = Limit(20, 3600.0)  # times taken
CARDS = Limit(20, 3600.0)  # frames opened and cards typed, by one address or for one booking
LARGEST_FORM, MOST_FIELDS = 8_192, 24
FORM_SECONDS, BODY_SECONDS = 6 * 3600, 15.0
SCRIPT = "book.js"
_STAMP_BYTES, _TIME_BYTES, _ONCE_BYTES = 12, 6, 10


class Spoilt(Exception):
    """A form that nobody fills in by hand: too large, too slow, or none of ours."""


def booking_page(
    name: str, sender: Sender, *, status: int = 200, headers: dict[str, str] | None = None, **values: object
) -> Response:
    """A page with our one small script, which may be shown in a frame by the hosts that the practice named."""
    answer = page(f"book/{name}", sender, status=status, headers=headers, script=script(SCRIPT), **values)
    answer.headers["content-security-policy"] = booking_policy(
        style(SHEET), [script(SCRIPT)], frames=_hosts()
    )
    say_where_to_ourselves(answer)
    return answer


def say_where_to_ourselves(answer: Response) -> None:
    """The address is told to nobody else, and to us with every form: without it a browser says that a form of ours came
    from nowhere, and the gate turns it away."""
    answer.headers["referrer-policy"] = "same-origin"


def _hosts() -> tuple[str, ...]:
    with reader(sessions.engine()) as session:
        return frame_hosts(session)


def sender_at(location_id: int | None = None) -> Sender:
    """How the practice calls itself there."""
    with reader(sessions.engine()) as session:
        return sender_of(session, location_id)


async def slowed(request: Request, place: str, limit: Limit, what: str = "") -> Response | None:
    """The page that asks to wait, when this address (or this booking) comes too often; None when all is well."""
    seconds = max(
        wait(f"book {place}", address_of(request), limit),
        wait(f"book {place} of", what[:80], limit) if what else 0.0,
    )
    return await please_wait(seconds) if seconds else None


def asked_from(request: Request) -> str:
    """Something that tells two visitors apart, and nothing of where they are."""
    return sign(b"asked from:" + address_of(request).encode(errors="replace"), 12).hex()


def previews(request: Request) -> bool:
    """Whether somebody who sets booking up looks at the pages as a patient sees them, before they are opened."""
    if "preview" not in request.query_params:
        return False
    who = sessions.who(sessions.token_of(request))
    return who is not None and may(who.role, Permission.MANAGE_BOOKING)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, each once. Raises Spoilt."""
    try:
        body = await asyncio.wait_for(read_up_to(request, LARGEST_FORM), BODY_SECONDS)
    except TimeoutError as error:
        raise Spoilt from error
    if body is None or body.count(b"&") >= MOST_FIELDS:
        raise Spoilt
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Spoilt from error
    return {name: values[0].replace("\0", "") for name, values in fields.items()}


def stamp(what: str) -> str:
    """What a form of ours carries: which form, when it was made, and a number used once, signed. Nothing of the visitor."""
    made = int(time.time()).to_bytes(_TIME_BYTES, "big") + secrets.token_bytes(_ONCE_BYTES)
    return base64.urlsafe_b64encode(made + sign(_stamped(what, made), _STAMP_BYTES)).decode()


def is_stamped(what: str, given: str) -> bool:
    """Whether a form was made by us for this, not too long ago."""
    try:
        raw = base64.b64decode(given, altchars=b"-_", validate=True)
    except ValueError:
        return False
    made, signature = raw[:-_STAMP_BYTES], raw[-_STAMP_BYTES:]
    fresh = 0 <= time.time() - int.from_bytes(made[:_TIME_BYTES], "big") + 60 <= FORM_SECONDS
    return len(made) == _TIME_BYTES + _ONCE_BYTES and fresh and signed_by_us(_stamped(what, made), signature)


def key_of(stamped: str, pressed: str) -> str:
    """A key for what was pressed in one form: the second press of the same, from a form that is open, has the same."""
    return sign(f"pressed:{stamped}:{pressed}".encode(), 16).hex()


def _stamped(what: str, made: bytes) -> bytes:
    return b"book form:" + what.encode() + b":" + made


async def spoilt_page(location_id: int | None = None) -> Response:
    """400, with the way back."""
    return await run_in_threadpool(_spoilt, location_id)


def _spoilt(location_id: int | None) -> Response:
    return booking_page("spoilt.html", sender_at(location_id), status=400)
