"""GET and POST /signin, /signout and /session: a plain form, a cookie, and the idle clock."""

import hmac
import secrets

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from core import clock
from core.errors import BadInput, NotAllowed, TooManyAttempts, WrongKey
from core.secrets import sign
from core.staff import commands, reports
from core.staff.second_step import WRONG_CODE, half_signed_in, is_on, takes
from core.staff.sign_in import admit, begin_attempt, turn_back, was_right
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
AGAIN = "That took too long. Sign in again."
SECOND_STEP_SECONDS = 300
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
        if field(form, "begun"):
            return await self._second_step(request, form)
        username, password = field(form, "username"), field(form, "password")
        target = safe_target(field(form, "next"))
        device = request.cookies.get(sessions.cookie_name(request.scope, sessions.DEVICE_COOKIE), "")
        address = request.client.host if request.client else ""
        try:
            token, device, begun = await anyio.to_thread.run_sync(
                _sign_in, username, password, address, device, limiter=_comparing
            )
        except TooManyAttempts as error:
            metrics.SIGN_INS.labels("slowed down").inc()
            wait = str(int(error.retry_after or 60))
            return await _form(target, error=error.sentence, status=429, headers={"retry-after": wait})
        except NotAllowed as error:
            metrics.SIGN_INS.labels("outside login times").inc()
            return await _form(target, error=error.sentence, status=403)
        if begun:
            return plain_page("signin_code.html", target=target, begun=begun, error="")
        if not token:
            metrics.SIGN_INS.labels("wrong").inc()
            return await _form(target, error=WRONG, status=401)
        return await self._let_in(request, target, token, device)

    async def _second_step(self, request: Request, form: FormData) -> Response:
        """The password was right a moment ago; now the code of the app, or a recovery code."""
        target, begun = safe_target(field(form, "next")), field(form, "begun")
        device = request.cookies.get(sessions.cookie_name(request.scope, sessions.DEVICE_COOKIE), "")
        address = request.client.host if request.client else ""
        try:
            token, device = await run_in_threadpool(_finish, begun, field(form, "code"), address, device)
        except BadInput as error:
            metrics.SIGN_INS.labels("wrong").inc()
            return plain_page(
                "signin_code.html", status=401, target=target, begun=begun, error=error.sentence
            )
        except TooManyAttempts as error:
            metrics.SIGN_INS.labels("slowed down").inc()
            wait = {"retry-after": str(int(error.retry_after or 60))}
            return await _form(target, error=error.sentence, status=429, headers=wait)
        except (NotAllowed, WrongKey) as error:
            return await _form(target, error=error.sentence, status=403)
        return await self._let_in(request, target, token, device)

    async def _let_in(self, request: Request, target: str, token: str, device: str) -> Response:
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


def _sign_in(username: str, password: str, address: str, device: str) -> tuple[str, str, str]:
    """The session token, the browser's mark, and what a second step goes on from; ("", mark, "") when name or password is
    wrong, ("", mark, begun) when they are right and a code is still to be given.

    Raises TooManyAttempts; NotAllowed when both are right, outside the person's login times.
    """
    with transaction(sessions.engine()) as session:
        attempt = begin_attempt(session, username=username, address=address, device=device).id or 0
    with reader(sessions.engine()) as session:
        account = reports.account(session, username)
    if not passwords.is_right(password, account.password_hash if account else None) or account is None:
        return "", device, ""
    with reader(sessions.engine()) as session:
        if is_on(session, account.staff_id):
            return "", device, _begun(account.staff_id, attempt, account.password_hash)
    device = device or secrets.token_urlsafe(32)
    with transaction(sessions.engine()) as session:
        sentence = turn_back(session, attempt, account.staff_id, device=device)
        if sentence is None:
            seen = account.password_hash
            return admit(session, attempt, account.staff_id, device=device, password_hash=seen), device, ""
    raise NotAllowed(sentence)  # after the transaction: what was written down of it stays


def _begun(staff_id: int, attempt: int, password_hash: str) -> str:
    """Signed, for five minutes: this person's password was right. Worth nothing once the password is changed."""
    until = int(clock.now().timestamp()) + SECOND_STEP_SECONDS
    return f"{staff_id}.{attempt}.{until}.{_mark(staff_id, attempt, until, password_hash)}"


def _mark(staff_id: int, attempt: int, until: int, password_hash: str) -> str:
    return sign(f"second step {staff_id} {attempt} {until} {password_hash}".encode()).hex()


def _finish(begun: str, code: str, address: str, device: str) -> tuple[str, str]:
    """The session token and the browser's mark. Each code tried counts as a try at the account, until it is right.

    Raises BadInput for a wrong code, TooManyAttempts, NotAllowed when it took too long or the account changed.
    """
    given = begun.split(".")
    if len(given) != 4 or not all(each.isascii() and each.isdigit() and len(each) < 15 for each in given[:3]):
        raise NotAllowed(AGAIN)
    staff_id, first, until = (int(each) for each in given[:3])
    with reader(sessions.engine()) as session:
        person = half_signed_in(session, staff_id)
    if person is None or until < clock.now().timestamp():
        raise NotAllowed(AGAIN)
    username, seen = person
    if not hmac.compare_digest(given[3], _mark(staff_id, first, until, seen)):
        raise NotAllowed(AGAIN)
    with transaction(sessions.engine()) as session:
        tried = begin_attempt(session, username=username, address=address, device=device).id or 0
    device = device or secrets.token_urlsafe(32)
    with transaction(sessions.engine()) as session:
        sentence = turn_back(session, tried, staff_id, device=device)
        if sentence is None:
            if not takes(session, staff_id, code):
                raise BadInput(WRONG_CODE)
            was_right(session, first, device=device)
            return admit(session, tried, staff_id, device=device, password_hash=seen), device
    raise NotAllowed(sentence)


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
