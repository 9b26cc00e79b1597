"""The patient's own page of a booking, /book/visit/{token}: details, what comes of it, cancelling and moving."""

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import clock
from core.booking.addresses import booking_of
from core.booking.changing import cancel_by_link, move_by_link
from core.booking.details import BookingOver, Given, Unfit, give_details
from core.booking.holding import TimeTaken
from core.booking.letters import calendar_file
from core.booking.models import Booking, BookingState, OnlineType
from core.booking.offers import NotOffered
from core.booking.page import Shown, VisitPage, visit_page
from core.booking.pricing import offered_of
from core.errors import NotFound
from core.links.patient_page import sender_of
from core.store.engine import reader, transaction
from dashboard.web import sessions
from dashboard.web.booking.choose import choices, chosen_time, closed_page, times_of
from dashboard.web.booking.parts import (
    CHANGES,
    LOOKS,
    Spoilt,
    booking_page,
    form_of,
    sender_at,
    slowed,
    spoilt_page,
    stamp,
)
from dashboard.web.visitors import HEADERS

WAITING = {Shown.PAYING: "2", Shown.DOUBT: "10"}
NO_SUCH = "This link does not work. Perhaps a part of it was cut off: open our message again and press the link there."


class Visit(HTTPEndpoint):
    """The booking as it stands now."""

    async def get(self, request: Request) -> Response:
        if (too_often := await slowed(request, "pages", LOOKS)) is not None:
            return too_often
        return await run_in_threadpool(state_page, request.path_params["token"])


class VisitDetails(HTTPEndpoint):
    """GET: the form again, to mend it. POST: who it is for; what costs nothing is booked by this."""

    async def get(self, request: Request) -> Response:
        if (too_often := await slowed(request, "pages", LOOKS)) is not None:
            return too_often
        return await run_in_threadpool(state_page, request.path_params["token"], again=True)

    async def post(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await slowed(request, "changes", CHANGES, token)) is not None:
            return too_often
        try:
            form = await form_of(request)
        except Spoilt:
            return await spoilt_page()
        return await run_in_threadpool(_details, token, form)


class VisitCancel(HTTPEndpoint):
    """GET asks once more, with what goes back; POST cancels."""

    async def get(self, request: Request) -> Response:
        if (too_often := await slowed(request, "pages", LOOKS)) is not None:
            return too_often
        return await run_in_threadpool(_ask_cancel, request.path_params["token"])

    async def post(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await slowed(request, "changes", CHANGES, token)) is not None:
            return too_often
        return await run_in_threadpool(_cancel, token)


class VisitMove(HTTPEndpoint):
    """GET: the times it can be moved to. POST: one of them. What was paid stays paid."""

    async def get(self, request: Request) -> Response:
        if (too_often := await slowed(request, "pages", LOOKS)) is not None:
            return too_often
        return await run_in_threadpool(_move_page, request)

    async def post(self, request: Request) -> Response:
        token = request.path_params["token"]
        if (too_often := await slowed(request, "changes", CHANGES, token)) is not None:
            return too_often
        try:
            form = await form_of(request)
        except Spoilt:
            return await spoilt_page()
        return await run_in_threadpool(_move, request, form.get("at", ""))


class VisitFile(HTTPEndpoint):
    """The visit for the patient's calendar."""

    async def get(self, request: Request) -> Response:
        if (too_often := await slowed(request, "pages", LOOKS)) is not None:
            return too_often
        return await run_in_threadpool(_calendar, request.path_params["token"])


def state_page(
    token: str,
    *,
    said: str = "",
    field: str = "",
    typed: Given | None = None,
    status: int = 200,
    again: bool = False,
) -> Response:
    """The page of a booking. typed: what was written into a form that cannot be used yet; again: mend the details."""
    with reader(sessions.engine()) as session:
        try:
            found = visit_page(session, token)
        except NotFound:
            return closed_page(sender_of(session), NO_SUCH)
        sender = sender_of(session, found.location_id)
    shown = Shown.DETAILS if again and found.shown == Shown.PAY else found.shown
    return booking_page(
        "visit.html",
        sender,
        status=status,
        headers={"refresh": WAITING[shown]} if shown in WAITING else None,
        found=found,
        shown=shown,
        token=token,
        said=said,
        field=field,
        typed=typed or _kept(found),
        left=max(0, int((found.held_until - clock.now()).total_seconds())),
    )


def _kept(found: VisitPage) -> Given:
    return Given(
        found.first_name,
        found.last_name,
        found.birth_date,
        found.mobile,
        found.email,
        found.text_consent,
        found.email_consent,
    )


def _details(token: str, form: dict[str, str]) -> Response:
    given = Given(
        form.get("first_name", "")[:200],
        form.get("last_name", "")[:200],
        form.get("birth_date", "")[:20],
        form.get("mobile", "")[:60],
        form.get("email", "")[:200],
        form.get("text_consent") == "yes",
        form.get("email_consent") == "yes",
    )
    if form.get("website"):
        return back_to(token)
    try:
        with transaction(sessions.engine()) as session:
            give_details(session, token, given)
    except Unfit as error:
        return state_page(token, said=error.sentence, field=error.field, typed=given, status=422, again=True)
    except (BookingOver, TimeTaken) as error:
        return state_page(token, said=error.sentence, status=409)
    except NotOffered as error:
        return closed_page(sender_at(), error.sentence)
    except NotFound:
        return closed_page(sender_at(), NO_SUCH)
    return back_to(token)


def _ask_cancel(token: str) -> Response:
    with reader(sessions.engine()) as session:
        try:
            found = visit_page(session, token)
        except NotFound:
            return closed_page(sender_of(session), NO_SUCH)
        sender = sender_of(session, found.location_id)
    if not found.may_cancel:
        return back_to(token)
    return booking_page("cancel.html", sender, found=found, token=token)


def _cancel(token: str) -> Response:
    try:
        with transaction(sessions.engine()) as session:
            booking = cancel_by_link(session, token)
            slug = session.get_one(OnlineType, booking.online_type_id).slug
            only_held = booking.booked_at is None
    except BookingOver as error:
        return state_page(token, said=error.sentence, status=409)
    except NotFound:
        return closed_page(sender_at(), NO_SUCH)
    return (
        RedirectResponse(f"/book/{slug}", status_code=303, headers=HEADERS) if only_held else back_to(token)
    )


def _move_page(request: Request, *, said: str = "", status: int = 200) -> Response:
    token = request.path_params["token"]
    with reader(sessions.engine()) as session:
        try:
            found, booking = visit_page(session, token), booking_of(session, token)
            kind = offered_of(session, booking)
        except NotOffered as error:
            return state_page(token, said=error.sentence, status=409)
        except NotFound:
            return closed_page(sender_of(session), NO_SUCH)
        sender = sender_of(session, found.location_id)
        if found.cannot_move:
            return state_page(token, said=found.cannot_move, status=409)
        every = choices(kind)
        own = f"p{booking.provider_id}-{booking.location_id}"
        by = request.query_params.get("by", own)
        chosen = next((each for each in every if each.key == by), every[0])
        times = times_of(session, kind, chosen, request.query_params.get("from", ""), without=booking.id)
    return booking_page(
        "times.html",
        sender,
        status=status,
        kind=kind,
        terms="What you paid stays paid; moving costs nothing.",
        choices=[each for each in every if each.key.startswith("p")],
        found=times,
        said=said,
        action=f"/book/visit/{token}/move",
        here=f"/book/visit/{token}/move",
        stamp=stamp("move"),
        moving=found.when,
        preview=False,
    )


def _move(request: Request, value: str) -> Response:
    token, wanted = request.path_params["token"], chosen_time(value)
    if wanted is None or wanted[1] is None or wanted[2] is None:
        return _move_page(request, said="Please choose a time.", status=422)
    try:
        with transaction(sessions.engine()) as session:
            move_by_link(
                session,
                token,
                starts_at=wanted[0].astimezone(clock.EPOCH.tzinfo),
                provider_id=wanted[1],
                location_id=wanted[2],
            )
    except (BookingOver, NotOffered) as error:
        return state_page(token, said=error.sentence, status=409)
    except TimeTaken as error:
        return _move_page(request, said=error.sentence, status=409)
    except NotFound:
        return closed_page(sender_at(), NO_SUCH)
    return back_to(token)


def _calendar(token: str) -> Response:
    with reader(sessions.engine()) as session:
        try:
            booking: Booking = booking_of(session, token)
        except NotFound:
            return closed_page(sender_of(session), NO_SUCH)
        if booking.state != BookingState.BOOKED:
            return back_to(token)
        content = calendar_file(session, booking)
    headers = {**HEADERS, "content-disposition": 'attachment; filename="appointment.ics"'}
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


def back_to(token: str) -> Response:
    """The booking's own page again, so that a reload repeats nothing."""
    return RedirectResponse(f"/book/visit/{token}", status_code=303, headers=HEADERS)
