"""GET and POST /welcome/{token}: a person who was invited chooses their password, once."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.errors import BadInput, HuddleError, NotAllowed
from core.staff import reports
from core.staff.invitations import OVER, invited, take_up
from core.store.engine import reader, transaction
from dashboard.web import passwords, sessions
from dashboard.web.forms import field, read_form
from dashboard.web.templates import plain_page


class Welcome(HTTPEndpoint):
    """The link signs nobody in: whoever has it chooses a password, and then signs in as everybody does."""

    async def get(self, request: Request) -> Response:
        return await run_in_threadpool(_form, request)

    async def post(self, request: Request) -> Response:
        form = await read_form(request)
        new, again = field(form, "password"), field(form, "again")
        try:
            await run_in_threadpool(_choose, request.path_params["token"], new, again)
        except NotAllowed as error:
            return plain_page("setup_over.html", status=404, sentence=error.sentence)
        except HuddleError as error:
            sentence = error.sentence
            return await run_in_threadpool(lambda: _form(request, error=sentence))
        return RedirectResponse("/signin?why=chosen", status_code=303)


def _form(request: Request, *, error: str = "") -> Response:
    with reader(sessions.engine()) as session:
        staff = invited(session, request.path_params["token"])
        if staff is None:
            return plain_page("setup_over.html", status=404, sentence=OVER)
        names: dict[str, Any] = {"person": staff.display_name, "username": staff.username}
        practice = reports.practice_name(session)
    status, action = 400 if error else 200, request.url.path
    return plain_page("welcome.html", status=status, practice=practice, action=action, error=error, **names)


def _choose(token: str, new: str, again: str) -> None:
    """Raises BadInput, NotAllowed."""
    if new != again:
        raise BadInput("The two passwords are not the same. Type it twice, the same each time.")
    with reader(sessions.engine()) as session:
        staff = invited(session, token)
        if staff is None:
            raise NotAllowed(OVER)
        names = {"username": staff.username, "display_name": staff.display_name}
    hashed = passwords.hash_password(new, **names)
    with transaction(sessions.engine()) as session:
        take_up(session, token, password_hash=hashed)
