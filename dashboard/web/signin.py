"""GET and POST /signin, /signout and /session: a plain form, a cookie, and the idle clock."""

from typing import Any
from urllib.parse import quote

import anyio
import segno
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from core.errors import BadInput, NotAllowed, TooManyAttempts, WrongKey
from core.secrets import open_sealed, seal
from core.staff import commands, reports
from core.staff.passkeys import Site, to_add, to_prove
from core.staff.second_step import address_for_app, has_app, new_secret
from core.store.engine import reader, transaction
from dashboard.web import metrics, sessions
from dashboard.web.forms import field, read_form
from dashboard.web.signing_in import (
    AGAIN,
    Browser,
    Stage,
    Step,
    by_code,
    by_passkey,
    by_password,
    new_device,
    person_of,
    with_app,
    with_new_password,
    with_passkey,
)
from dashboard.web.templates import plain_page

WRONG = "That user name and password do not match."
WHY = {
    "idle": "You were signed out because nobody used Huddle for a while.",
    "out": "You are signed out.",
    "over": "Your session is over. Sign in again.",
    "chosen": "Your password is chosen. Sign in with it.",
}
_comparing = anyio.CapacityLimiter(2)  # bcrypt is slow on purpose: a flood must not take every thread


class SignIn(HTTPEndpoint):
    """The form, and what it sends. The answer to a wrong name and to a wrong password is the same."""

    async def get(self, request: Request) -> Response:
        target, token = safe_target(request.query_params.get("next", "/")), sessions.token_of(request)
        if await run_in_threadpool(sessions.who, token):
            return RedirectResponse(target, status_code=303)
        over = await run_in_threadpool(lambda: sessions.why_over(token=token))
        return await _form(target, notice=over or WHY.get(request.query_params.get("why", ""), ""))

    async def post(self, request: Request) -> Response:
        form = await read_form(request)
        target, begun = safe_target(field(form, "next")), field(form, "begun")
        try:
            stage = Stage(field(form, "stage") or Stage.CODE) if begun else None
        except ValueError:
            return await _form(target, error=AGAIN, status=403)
        given = browser_of(request)
        browser = new_device(given)
        try:
            if stage is None:
                name, word = field(form, "username"), field(form, "password")
                step = await anyio.to_thread.run_sync(
                    lambda: by_password(name, word, browser, device=given.device), limiter=_comparing
                )
            else:
                step = await anyio.to_thread.run_sync(
                    lambda: _go_on(stage, form, browser), limiter=_comparing
                )
        except BadInput as error:
            metrics.SIGN_INS.labels("wrong").inc()
            assert stage is not None
            return await _ask(browser, target, Step(stage=stage, begun=begun), form, error=error.sentence)
        except TooManyAttempts as error:
            metrics.SIGN_INS.labels("slowed down").inc()
            wait = {"retry-after": str(int(error.retry_after or 60))}
            return await _form(target, error=error.sentence, status=429, headers=wait)
        except (NotAllowed, WrongKey) as error:
            metrics.SIGN_INS.labels("turned away").inc()
            return await _form(target, error=error.sentence, status=403)
        if step.stage:
            return await _ask(browser, target, step)
        if not step.token:
            metrics.SIGN_INS.labels("wrong").inc()
            return await _form(target, error=WRONG, status=401)
        return await _let_in(request, target, step, browser)


def _go_on(stage: Stage, form: FormData, browser: Browser) -> Step:
    """What one of the forms after the password sends. Raises BadInput, TooManyAttempts, NotAllowed, WrongKey."""
    begun, answer = field(form, "begun"), field(form, "passkey")
    match stage:
        case Stage.CODE:
            return (
                by_passkey(begun, answer, browser) if answer else by_code(begun, field(form, "code"), browser)
            )
        case Stage.PASSWORD:
            return with_new_password(begun, field(form, "password"), field(form, "again"), browser)
        case Stage.SET_UP:
            if answer:
                return with_passkey(begun, answer, browser)
            return with_app(begun, open_sealed(field(form, "sealed")), field(form, "code"), browser)


async def _ask(
    browser: Browser, target: str, step: Step, form: FormData | None = None, *, error: str = ""
) -> Response:
    """The form of the next stage; 401 when the last answer to it was not right."""
    sealed = field(form, "sealed") if form is not None else ""
    try:
        values = await run_in_threadpool(_form_of, step, browser.site, sealed)
    except NotAllowed as over:
        return await _form(target, error=over.sentence, status=403)
    name, script = FORMS[Stage(step.stage)]
    return plain_page(
        name,
        status=401 if error else 200,
        runs=script,
        target=target,
        begun=step.begun,
        stage=step.stage,
        error=error,
        **values,
    )


FORMS = {
    Stage.CODE: ("signin_code.html", "passkey.js"),
    Stage.PASSWORD: ("signin_password.html", ""),
    Stage.SET_UP: ("signin_set_up.html", "passkey.js"),
}


def _form_of(step: Step, site: Site, sealed: str) -> dict[str, Any]:
    """What stands in the form of a stage: the challenge for a passkey, the secret for an app. Raises NotAllowed."""
    who = person_of(step.begun, Stage(step.stage))
    with reader(sessions.engine()) as session:
        if step.stage == Stage.CODE:
            app = has_app(session, who.staff_id)
            return {"app": app, "passkey": to_prove(session, who.staff_id, site, purpose=step.begun)}
        if step.stage == Stage.PASSWORD:
            return {"username": who.username}
        practice = reports.practice_name(session)
        asked = to_add(session, who, site, practice=practice, purpose=step.begun)
    # it goes out and comes back in the form: nothing is kept until it is proven
    sealed_secret = sealed or seal(new_secret())
    secret = open_sealed(sealed_secret)
    picture = segno.make(address_for_app(secret, who.username, practice)).png_data_uri(scale=5, border=3)
    spelled = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {
        "passkey": asked,
        "sealed": sealed_secret,
        "picture": picture,
        "spelled": spelled,
        "role": who.role,
    }


async def _let_in(request: Request, target: str, step: Step, browser: Browser) -> Response:
    metrics.SIGN_INS.labels("right").inc()
    await run_in_threadpool(_sign_out, sessions.token_of(request), "out")  # whoever sat here before
    answer: Response = RedirectResponse(target, status_code=303)
    if step.codes:
        answer = plain_page("signin_codes.html", codes=step.codes, target=target)
    sessions.set_cookie(answer, request.scope, "sid", step.token, seconds=None)
    sessions.set_cookie(
        answer, request.scope, sessions.DEVICE_COOKIE, browser.device, seconds=sessions.DEVICE_SECONDS
    )
    return answer


def browser_of(request: Request) -> Browser:
    """Where a request comes from; device as the browser sent it."""
    device = request.cookies.get(sessions.cookie_name(request.scope, sessions.DEVICE_COOKIE), "")
    return Browser(request.client.host if request.client else "", device, site_of(request))


def site_of(request: Request) -> Site:
    """The address the browser shows: what passkeys are bound to."""
    return Site(request.url.hostname or "", f"{request.url.scheme}://{request.url.netloc}")


class SignOut(HTTPEndpoint):
    """POST ends the session in the store, so that a copied cookie is dead too; GET only shows the button."""

    async def get(self, request: Request) -> Response:
        return plain_page("signout.html")

    async def post(self, request: Request) -> Response:
        form = await read_form(request)
        why = "idle" if field(form, "why") == "idle" else "out"
        await run_in_threadpool(_sign_out, sessions.token_of(request), why)
        # who was only away comes back to where they were; after signing out somebody else may sit here
        back = f"&next={quote(safe_target(field(form, 'next')), safe='')}" if why == "idle" else ""
        answer = RedirectResponse(f"/signin?why={why}{back}", status_code=303)
        sessions.clear_cookie(answer, request.scope)
        return answer


class OwnSession(HTTPEndpoint):
    """GET /session: seconds until idle sign-off, asked by open tabs. POST: a person touched mouse or keys."""

    async def get(self, request: Request) -> Response:
        identity = await run_in_threadpool(sessions.who, sessions.token_of(request))
        if identity is None:  # over since the gate let this request in
            return JSONResponse({"left": 0}, status_code=401)
        return JSONResponse({"left": round(identity.idle_left)})

    async def post(self, request: Request) -> Response:
        identity = await run_in_threadpool(sessions.who, sessions.token_of(request))
        if identity:
            await run_in_threadpool(sessions.note_activity, identity)
        return await self.get(request)


def safe_target(wanted: str) -> str:
    """Where to go after signing in: a path of this site, else "/". Never another host, never a control character."""
    if not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or "\\" in wanted:
        return "/"
    if not wanted.isprintable() or wanted.startswith(("/signin", "/signout")):
        return "/"
    return wanted


def _sign_out(token: str, why: str) -> None:
    if not token:
        return
    with transaction(sessions.engine()) as session:
        commands.end_session(session, token, why="left idle" if why == "idle" else "signed out")


async def _form(
    target: str,
    *,
    notice: str = "",
    error: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    practice, anyone = await run_in_threadpool(_practice)
    return plain_page(
        "signin.html",
        status=status,
        headers=headers,
        practice=practice,
        anyone=anyone,
        target=target,
        notice=notice,
        error=error,
    )


def _practice() -> tuple[str, bool]:
    with reader(sessions.engine()) as session:
        return reports.practice_name(session), reports.has_staff(session)
