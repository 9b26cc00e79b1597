"""/book/visit/{token}/code: a member shows who they are with a one-time code. Everybody reads the same words."""

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response

from core.booking.details import BookingOver
from core.booking.holding import TimeTaken
from core.booking.members import WrongCode, ask_for_code, show_code
from core.booking.offers import NotOffered
from core.booking.page import Shown, visit_page
from core.errors import BadInput, NotFound
from core.links.patient_page import sender_of
from core.store.engine import reader, transaction
from dashboard.web import sessions
from dashboard.web.booking.choose import closed_page
from dashboard.web.booking.parts import LOOKS, Spoilt, booking_page, form_of, slowed, spoilt_page
from dashboard.web.booking.visit import NO_SUCH, back_to, state_page
from dashboard.web.limits import Limit

CODES = Limit(12, 600.0)
SENT = "If we know you as a member, a code is on its way to the e-mail or phone we have on file."


class VisitCode(HTTPEndpoint):
    """GET: the two forms. POST without a code: have one sent. POST with one: show it."""

    async def get(self, request: Request) -> Response:
        if (too_often := await slowed(request, "pages", LOOKS)) is not None:
            return too_often
        return await run_in_threadpool(_page, request.path_params["token"])

    async def post(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await slowed(request, "codes", CODES, token)) is not None:
            return too_often
        try:
            form = await form_of(request)
        except Spoilt:
            return await spoilt_page()
        code = form.get("code", "")[:20]
        return await run_in_threadpool(_show, token, code) if code else await run_in_threadpool(_send, token)


def _page(token: str, *, said: str = "", wrong: bool = False, status: int = 200) -> Response:
    with reader(sessions.engine()) as session:
        try:
            found = visit_page(session, token)
        except NotFound:
            return closed_page(sender_of(session), NO_SUCH)
        sender = sender_of(session, found.location_id)
    if found.shown != Shown.PAY or not found.members_free:
        return back_to(token)
    return booking_page("code.html", sender, status=status, found=found, token=token, said=said, wrong=wrong)


def _send(token: str) -> Response:
    try:
        with transaction(sessions.engine()) as session:
            ask_for_code(session, token)
    except (BookingOver, TimeTaken, NotOffered) as error:
        return state_page(token, said=error.sentence, status=409)
    except NotFound:
        return state_page(token)
    return _page(token, said=SENT)


def _show(token: str, code: str) -> Response:
    try:
        with transaction(sessions.engine()) as session:
            try:
                show_code(session, token, code)
            except WrongCode as error:
                wrong = error.sentence  # and the try is kept
            else:
                wrong = ""
    except BadInput as error:
        return _page(token, said=error.sentence, wrong=True, status=422)
    except (BookingOver, TimeTaken, NotOffered) as error:
        return state_page(token, said=error.sentence, status=409)
    except NotFound:
        return state_page(token)
    return _page(token, said=wrong, wrong=True, status=422) if wrong else back_to(token)
