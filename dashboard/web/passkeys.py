"""GET and POST /passkeys: a person's own passkeys. A plain page: Streamlit's runs no script that could ask for one."""

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core import clock
from core.errors import HuddleError, ProveAgain
from core.staff import reports
from core.staff.passkeys import add_passkey, has_passkey, passkeys_of, remove_passkey, to_add
from core.staff.second_step import codes_left, has_app, new_recovery_codes
from core.staff.step_up import require_proof
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.web.confirm import purpose_of, require_purpose, signed_in
from dashboard.web.forms import field, read_form
from dashboard.web.signin import site_of
from dashboard.web.templates import plain_page
from dashboard.wording.text import day_words

HERE = "/passkeys"
CONFIRM = RedirectResponse(f"/confirm?next={HERE}", status_code=303)


class Passkeys(HTTPEndpoint):
    """Add one, remove one. Both ask first who it is, when the person has not said so lately."""

    async def get(self, request: Request) -> Response:
        return await run_in_threadpool(_page, request)

    async def post(self, request: Request) -> Response:
        form = await read_form(request)
        given = {name: field(form, name) for name in ("purpose", "passkey", "name", "remove")}
        try:
            codes = await run_in_threadpool(_change, request, given)
        except ProveAgain:
            return CONFIRM
        except HuddleError as error:
            sentence = error.sentence
            return await run_in_threadpool(lambda: _page(request, error=sentence))
        if codes:
            return plain_page("signin_codes.html", codes=codes, target=HERE)
        return RedirectResponse(HERE, status_code=303)


def _page(request: Request, *, error: str = "") -> Response:
    who = signed_in(request)
    purpose = purpose_of(who, "add")
    with reader(sessions.engine()) as session:
        try:
            require_proof(session, who)
        except ProveAgain:
            return CONFIRM
        zone, practice = reports.time_zone(session), reports.practice_name(session)
        kept = [
            {
                "id": one.passkey_id,
                "name": one.name,
                "since": day_words(clock.local_date(one.created_at, zone)),
            }
            for one in passkeys_of(session, who.staff_id)
        ]
        asked = to_add(session, who, site_of(request), practice=practice, purpose=purpose)
    return plain_page(
        "passkeys.html", status=400 if error else 200, runs="passkey.js", kept=kept, passkey=asked,
        purpose=purpose, error=error,
    )  # fmt: skip


def _change(request: Request, given: dict[str, str]) -> list[str]:
    """Recovery codes, when this is the first second step of the person. Raises ProveAgain, BadInput, NotFound."""
    who = signed_in(request)
    with sessions.acting(who) as session:
        require_proof(session, who)
        if given["remove"]:
            remove_passkey(session, who, int(given["remove"]) if given["remove"].isdecimal() else 0)
            return []
        require_purpose(who, "add", given["purpose"])
        first = not has_passkey(session, who.staff_id) and not has_app(session, who.staff_id)
        site, purpose = site_of(request), given["purpose"]
        add_passkey(session, who, site, answer=given["passkey"], purpose=purpose, name=given["name"])
        return (
            new_recovery_codes(session, who.staff_id)
            if first or not codes_left(session, who.staff_id)
            else []
        )
