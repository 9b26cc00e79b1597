"""GET and POST /confirm: a person who is signed in says once more who they are, before a refund, an export or a key."""

import hmac

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import clock
from core.errors import BadInput, HuddleError, NotAllowed, TooManyAttempts
from core.permissions import Identity
from core.secrets import make_key_file, sign
from core.staff import reports
from core.staff.passkeys import NOT_RIGHT, takes_passkey, to_prove
from core.staff.second_step import WRONG_CODE, has_app, is_on, takes
from core.staff.sign_in import begin_attempt, was_right
from core.staff.step_up import prove
from core.store.engine import reader
from dashboard.web import passwords, sessions
from dashboard.web.forms import field, read_form
from dashboard.web.signin import browser_of, safe_target, site_of
from dashboard.web.signing_in import AGAIN
from dashboard.web.templates import plain_page

SECONDS = 300


class Confirm(HTTPEndpoint):
    """The second step where there is one, else the password. Tries count like those at the door."""

    async def get(self, request: Request) -> Response:
        return await run_in_threadpool(_form, request, safe_target(request.query_params.get("next", "")))

    async def post(self, request: Request) -> Response:
        form = await read_form(request)
        target = safe_target(field(form, "next"))
        given = {name: field(form, name) for name in ("purpose", "code", "password", "passkey")}
        try:
            await run_in_threadpool(_confirm, request, given)
        except HuddleError as error:
            sentence, status = error.sentence, 429 if isinstance(error, TooManyAttempts) else 401
            return await run_in_threadpool(lambda: _form(request, target, error=sentence, status=status))
        if target != "/":
            return RedirectResponse(target, status_code=303)
        return plain_page("confirmed.html")


def purpose_of(who: Identity, what: str) -> str:
    """Signed, for five minutes, for this session: what a challenge for a passkey is made of."""
    until = int(clock.now().timestamp()) + SECONDS
    make_key_file()
    return f"{what}.{until}.{_mark(who, what, until)}"


def require_purpose(who: Identity, what: str, purpose: str) -> None:
    """Raises NotAllowed when `purpose` was not made for this session, or long ago."""
    named, _, rest = purpose.partition(".")
    until, _, mark = rest.partition(".")
    if named != what or not (until.isascii() and until.isdigit()) or int(until) < clock.now().timestamp():
        raise NotAllowed(AGAIN)
    if not hmac.compare_digest(mark.encode(), _mark(who, what, int(until)).encode()):
        raise NotAllowed(AGAIN)


def _mark(who: Identity, what: str, until: int) -> str:
    return sign(f"passkey purpose {what} {who.session_id} {until}".encode()).hex()


def signed_in(request: Request) -> Identity:
    """Who is behind the cookie. Raises NotAllowed."""
    who = sessions.who(sessions.token_of(request))
    if who is None:
        raise NotAllowed("You are signed out. Sign in again.")
    return who


def _form(request: Request, target: str, *, error: str = "", status: int = 200) -> Response:
    who = signed_in(request)
    purpose = purpose_of(who, "confirm")
    with reader(sessions.engine()) as session:
        asked = to_prove(session, who.staff_id, site_of(request), purpose=purpose)
        on, app = is_on(session, who.staff_id), has_app(session, who.staff_id)
    return plain_page(
        "confirm.html", status=status, runs="passkey.js", target=target, purpose=purpose, passkey=asked,
        on=on, app=app, error=error,
    )  # fmt: skip


def _confirm(request: Request, given: dict[str, str]) -> None:
    """Raises BadInput, TooManyAttempts, NotAllowed."""
    who, browser = signed_in(request), browser_of(request)
    with sessions.acting(who) as session:
        tried = begin_attempt(session, username=who.username, address=browser.address, device=browser.device)
        attempt = tried.id or 0
        on, account = is_on(session, who.staff_id), reports.account(session, who.username)
    right = on or passwords.is_right(given["password"], account.password_hash if account else None)
    if not right:
        raise BadInput("This is not your password.")
    with sessions.acting(who) as session:
        if on and given["passkey"]:
            require_purpose(who, "confirm", given["purpose"])
            site, purpose = browser.site, given["purpose"]
            if not takes_passkey(session, who.staff_id, site, answer=given["passkey"], purpose=purpose):
                raise BadInput(NOT_RIGHT)
        elif on and not takes(session, who.staff_id, given["code"]):
            raise BadInput(WRONG_CODE)
        was_right(session, attempt, device=browser.device)
        prove(session, who)
