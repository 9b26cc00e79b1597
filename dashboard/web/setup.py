"""GET and POST /setup/{token}: the first run. Open while nobody has an account, to whoever holds the printed link."""

import hmac
import logging
import os
import secrets
import tempfile
from pathlib import Path
from zoneinfo import available_timezones

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import clock
from core.audit.commands import record
from core.errors import BadInput, HuddleError, NotAllowed
from core.jobs.practice_files.demo_data import load_demo
from core.staff.commands import start_session
from core.staff.first_run import TAKEN, set_up_practice
from core.staff.reports import has_staff
from core.store.engine import reader, transaction
from dashboard.web import passwords, sessions
from dashboard.web.forms import field, read_form
from dashboard.web.templates import plain_page

VARIABLE = "HUDDLE_SETUP_TOKEN"  # from `huddle serve` to the server it starts: never on a command line
DEMO_PATIENTS = 120
USUAL_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)
FIELDS = ("practice", "zone", "name", "username", "begin")
log = logging.getLogger("huddle")


def new_token() -> str:
    return secrets.token_urlsafe(24)


class SetUp(HTTPEndpoint):
    """One form: practice, time zone, the owner's account, and how to begin. Afterwards the link opens nothing."""

    async def get(self, request: Request) -> Response:
        return await run_in_threadpool(_closed, request) or _form(request, {})

    async def post(self, request: Request) -> Response:
        closed = await run_in_threadpool(_closed, request)
        if closed is not None:
            return closed
        form = await read_form(request)
        given = {name: field(form, name) for name in (*FIELDS, "password", "again")}
        try:
            token = await run_in_threadpool(_set_up, given)
        except NotAllowed as error:
            return _over(error.sentence)
        except HuddleError as error:
            return _form(request, given, error=error.sentence)
        if given["begin"] == "demo":
            await run_in_threadpool(_load_demo)
        answer = RedirectResponse("/", status_code=303)
        sessions.set_cookie(answer, request.scope, "sid", token, seconds=None)
        return answer


def _closed(request: Request) -> Response | None:
    """The answer to whoever holds no link, or comes too late; None for the one it is meant for."""
    wanted = os.environ.get(VARIABLE, "")
    given = request.path_params["token"]
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        return _over(
            "This set-up link is not valid. The newest one is in the window where Huddle was started."
        )
    with reader(sessions.engine()) as session:
        return _over(TAKEN) if has_staff(session) else None


def _over(sentence: str) -> Response:
    return plain_page("setup_over.html", status=404, sentence=sentence)


def _form(request: Request, given: dict[str, str], *, error: str = "") -> Response:
    rest = sorted(available_timezones() - set(USUAL_ZONES))
    return plain_page(
        "setup.html",
        status=400 if error else 200,
        action=request.url.path,
        given={name: given.get(name, "") for name in FIELDS},
        usual=USUAL_ZONES,
        zones=[zone for zone in rest if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))],
        error=error,
    )


def _set_up(given: dict[str, str]) -> str:
    """The practice, its owner's account, and a session of theirs: its token. Raises BadInput, NotAllowed."""
    if given["password"] != given["again"]:
        raise BadInput("The two passwords are not the same. Type it twice, the same each time.")
    names = {"username": given["username"], "display_name": given["name"]}
    hashed = passwords.hash_password(given["password"], **names)
    with transaction(sessions.engine()) as session:
        owner = set_up_practice(
            session, practice_name=given["practice"], time_zone=given["zone"], password_hash=hashed, **names
        )
        record(session, who=None, action="set up", subject_kind="staff", subject_id=owner.id or 0)
        return start_session(session, owner)


def _load_demo() -> None:
    """Invented people as of today. Should it fail, the practice is set up all the same, and the morning is empty."""
    from data.sandbox.practice import generate, whole_files, write_files

    try:
        with tempfile.TemporaryDirectory() as folder:
            made = generate(secrets.randbelow(10_000), clock.today("America/Chicago"), DEMO_PATIENTS)
            write_files(whole_files(made), Path(folder))
            load_demo(sessions.engine(), Path(folder))
    except (HuddleError, OSError):
        log.exception("The demo data could not be loaded.")
