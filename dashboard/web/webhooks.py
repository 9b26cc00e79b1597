"""POST /webhooks/{source}: verified, stored once, answered after the commit, then applied by the worker (DESIGN §2.7)."""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.errors import BadInput, NotFound
from core.inbox.doors import DOORS, Delivery, Unknown, Verified, take_in, verify
from core.jobs.crashpoints import crashpoint
from core.settings import settings
from core.store.engine import reader, transaction
from dashboard.web import metrics, sessions

LARGEST = 256 * 1024  # bytes
log = logging.getLogger("huddle.webhooks")


class Webhook(HTTPEndpoint):
    """2xx means stored; a sender that gets anything else sends again."""

    async def get(self, request: Request) -> Response:
        """Said here, or Streamlit would answer with the dashboard's own page."""
        return PlainTextResponse("Send events here with POST.\n", status_code=405, headers={"allow": "POST"})

    async def post(self, request: Request) -> Response:
        source = request.path_params["source"]
        if source not in DOORS:
            return _answer(404, "no such source", "other")
        body = await read_up_to(request, LARGEST)
        if body is None:
            return _answer(413, "too large", source, {"connection": "close"})
        headers = {name.lower(): value for name, value in request.headers.items()}
        delivery = Delivery(headers, body, called_as(request))
        try:
            verified = await run_in_threadpool(_verify, source, delivery)
        except NotFound:
            return _answer(404, "no such source", source)
        except Unknown:
            log.warning("a webhook of %s was refused: its sender is not known", source)
            return _answer(401, "sender not known", source, {"www-authenticate": 'Basic realm="webhooks"'})
        except BadInput as error:
            log.warning("a webhook of %s could not be read: %s", source, error.sentence)
            return _answer(400, "not readable", source)
        crashpoint("inbox.verified")
        words = await run_in_threadpool(_take_in, verified)
        metrics.WEBHOOKS.labels(source, "taken").inc()
        content_type, text = DOORS[source].answer(words)
        return Response(text, status_code=200, media_type=content_type)


def _verify(source: str, delivery: Delivery) -> Verified:
    with reader(sessions.engine()) as session:
        return verify(session, source, delivery)


def _take_in(verified: Verified) -> str:
    with transaction(sessions.engine()) as session:
        words = take_in(session, verified)
        crashpoint("inbox.inserted")
    crashpoint("inbox.stored")
    return words


def _answer(status: int, why: str, source: str, headers: dict[str, str] | None = None) -> Response:
    metrics.WEBHOOKS.labels(source, why).inc()
    return PlainTextResponse("", status_code=status, headers=headers)


def called_as(request: Request) -> str:
    """The address as the sender wrote it: ours in public when we know it, whatever a proxy made of it on the way."""
    public = settings().public_url.strip().rstrip("/")
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{public}{request.url.path}{query}" if public else str(request.url)


async def read_up_to(request: Request, most: int) -> bytes | None:
    """The body, or None when it is larger: then it is not read to its end."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said[:12]) > most:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            return None
    return bytes(body)
