"""POST /search: who fits what was typed into the search of any page, as JSON for its list. Nothing typed is logged."""

import json

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core import clock
from core.errors import HuddleError
from core.patients.search import Found, find_patients
from core.permissions import Identity
from core.staff.preferences import preference
from core.staff.reports import time_zone
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.wording.text import shown

LONGEST_BODY = 2_000  # bytes
INITIALS_OF = "morning"  # the screen on which the privacy switch is kept


class Search(HTTPEndpoint):
    """The body is {"typed": "…"}; the answer {"found": [{"key", "name", "sub"}]}. In the body, not in the address: an
    address stands in logs."""

    async def post(self, request: Request) -> Response:
        who = await run_in_threadpool(sessions.who, sessions.token_of(request))
        if who is None:
            return JSONResponse({"error": "You are signed out."}, status_code=401)
        body = await request.body()
        try:
            typed = json.loads(body[:LONGEST_BODY]).get("typed", "")
        except (ValueError, AttributeError):
            return JSONResponse({"error": "That could not be read."}, status_code=400)
        if not isinstance(typed, str):
            return JSONResponse({"error": "That could not be read."}, status_code=400)
        try:
            found = await run_in_threadpool(_found, who, typed)
        except HuddleError as error:
            return JSONResponse({"error": error.sentence}, status_code=403)
        return JSONResponse({"found": found}, headers={"cache-control": "no-store"})


def _found(who: Identity, typed: str) -> list[dict[str, object]]:
    with reader(sessions.engine()) as session:
        initials = bool(preference(session, who.staff_id, INITIALS_OF).get("initials"))
        today = clock.today(time_zone(session))
        return [_line(one, initials) for one in find_patients(session, who, typed, today=today)]


def _line(one: Found, initials: bool) -> dict[str, object]:
    born = f"born {one.birth_date:%m/%d/%Y}" if one.birth_date and not initials else ""
    mobile = f"mobile …{one.mobile_last_four}" if one.mobile_last_four and not initials else ""
    gone = "" if one.active else "not active any more"
    sub = " · ".join(word for word in (born, mobile, shown(one.location, 40), gone, one.matched) if word)
    name = one.initials if initials else shown(one.name, 60) or "No name"
    return {"key": one.key, "name": name, "sub": sub}
