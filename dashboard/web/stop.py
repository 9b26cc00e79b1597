"""GET and POST /stop/{token}: no more e-mails with one press, by a person or by their mail program (RFC 8058).

GET changes nothing: programs that look for harm in e-mails follow every link in them.
"""

from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response

from core.links.patient_page import Sender, sender_of
from core.messages.unsubscribe import Mailbox, keep_by_link, mailbox_of_link, stop_by_link
from core.store.engine import reader, transaction
from dashboard.web import sessions
from dashboard.web.visitors import page, slowed_down
from dashboard.web.webhooks import read_up_to

LARGEST_FORM = 2_048  # bytes


class Stop(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (wait := await slowed_down(request, token)) is not None:
            return wait
        return _page(token, *await run_in_threadpool(_look, token))

    async def post(self, request: Request) -> Response:
        """Stops, or with the field `keep` takes that back. The same answer however often it is pressed."""
        token = request.path_params["token"]
        if (wait := await slowed_down(request, token)) is not None:
            return wait
        form = (await read_up_to(request, LARGEST_FORM) or b"").decode("ascii", "replace")
        keep = form.count("&") < 4 and "keep" in parse_qs(form, keep_blank_values=True)
        await run_in_threadpool(_change, token, keep)
        mailbox, sender = await run_in_threadpool(_look, token)
        return _page(token, mailbox, sender, kept=keep)


def _look(token: str) -> tuple[Mailbox | None, Sender]:
    with reader(sessions.engine()) as session:
        mailbox = mailbox_of_link(session, token)
        return mailbox, sender_of(session, mailbox.location_id if mailbox else None)


def _change(token: str, keep: bool) -> None:
    with transaction(sessions.engine()) as session:
        (keep_by_link if keep else stop_by_link)(session, token)


def _page(token: str, mailbox: Mailbox | None, sender: Sender, *, kept: bool = False) -> Response:
    return page(
        "stop.html",
        sender,
        status=200 if mailbox else 404,
        known=mailbox is not None,
        stopped=mailbox is not None and mailbox.stopped,
        kept=kept,
        mailbox=half_shown(mailbox.address) if mailbox else "",
        token=token,
    )


def half_shown(address: str) -> str:
    """Enough of a mailbox for its owner to know it, too little for anybody else: z•••@mail.example."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}"
