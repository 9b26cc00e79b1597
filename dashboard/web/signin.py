"""GET and POST /signin, /signout and /session: a plain form, a cookie, and the idle clock."""

import secrets

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from core.errors import NotAllowed, TooManyAttempts
from core.staff import commands, reports
from core.staff.sign_in import admit, begin_attempt, turn_back
from core.store.engine import reader, transaction
from dashboard.web import metrics, passwords, sessions
from dashboard.web.forms import field, read_form
from dashboard.web.templates import plain_page

WRONG = "That user name and password do not match."
WHY = {
    "idle": "You were signed out because nobody used Huddle for a while.",
    "out": "You are signed out.",
    "over": "Your session is over. Sign in again.",
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
        username, password = field(form, "username"), field(form, "password")
        target = safe_target(field(form, "next"))
        device = request.cookies.get(sessions.cookie_name(request.scope, sessions.DEVICE_COOKIE), "")
        address = request.client.host if request.client else ""
        try:
            token, device = await anyio.to_thread.run_sync(
                _sign_in, username, password, address, device, limiter=_comparing
            )
        except TooManyAttempts as error:
            metrics.SIGN_INS.labels("slowed down").inc()
            wait = str(int(error.retry_after or 60))
            return await _form(target, error=error.sentence, status=429, headers={"retry-after": wait})
        except NotAllowed as error:
            metrics.SIGN_INS.labels("outside login times").inc()
            return await _form(target, error=error.sentence, status=403)
        if not token:
            metrics.SIGN_INS.labels("wrong").inc()
            return await _form(target, error=WRONG, status=401)
        metrics.SIGN_INS.labels("right").inc()
        await run_in_threadpool(_sign_out, sessions.token_of(request), "out")  # whoever sat here before
        answer = RedirectResponse(target, status_code=303)
        sessions.set_cookie(answer, request.scope, "sid", token, seconds=None)
        sessions.set_cookie(
            answer, request.scope, sessions.DEVICE_COOKIE, device, seconds=sessions.DEVICE_SECONDS
        )
        return answer


class SignOut(HTTPEndpoint):
    """POST ends the session in the store, so that a copied cookie is dead too; GET only shows the button."""

    async def get(self, request: Request) -> Response:
        return plain_page("signout.html")

    async def post(self, request: Request) -> Response:
        why = "idle" if field(await read_form(request), "why") == "idle" else "out"
        await run_in_threadpool(_sign_out, sessions.token_of(request), why)
        answer = RedirectResponse(f"/signin?why={why}", status_code=303)
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


def _sign_in(username: str, password: str, address: str, device: str) -> tuple[str, str]:
    """The session token and the browser's mark; ("", mark) when name or password is wrong.

    Raises TooManyAttempts; NotAllowed when both are right, outside the person's login times.
    """
    with transaction(sessions.engine()) as session:
        attempt = begin_attempt(session, username=username, address=address, device=device).id or 0
    with reader(sessions.engine()) as session:
        account = reports.account(session, username)
    if not passwords.is_right(password, account.password_hash if account else None) or account is None:
        return "", device
    device = device or secrets.token_urlsafe(32)
    with transaction(sessions.engine()) as session:
        sentence = turn_back(session, attempt, account.staff_id, device=device)
        if sentence is None:
            seen = account.password_hash
            return admit(session, attempt, account.staff_id, device=device, password_hash=seen), device
    raise NotAllowed(sentence)  # after the transaction: what was written down of it stays


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
