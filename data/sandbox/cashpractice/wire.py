"""Cash Practice on the wire, exactly as core/integrations/cash_practice/client.py says we read it (nothing is published).

The header TPS-Api-Key on every call; a Clerk-Key where given must be somebody's, at an hour at which they may log in,
and a change needs one with the privilege. Refusals: {"message", "code"}, 401 for the API key, 403 for the clerk, 404 for
what is not there, 422 for what is understood and refused.
"""

import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from data.sandbox.cashpractice import charging, keys, records
from data.sandbox.practice import days
from data.sandbox.state import State

LARGEST_PAGE = 500
TAKE_PAYMENTS = "Process payments"
_SHOWN = ("Order_ID", "Status", "RescheduledFor", "EmailRequests")


class Refused(Exception):
    """Cash Practice answers with an error body."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


def router(state: State) -> Router:
    lists = [Route(f"/tps/v1/{resource}", _Endpoint(state, GET=_list)) for resource in records.KEYS]
    return Router(
        [
            Route("/tps/v1/account", _Endpoint(state, GET=_account)),
            Route("/tps/v1/clerk", _Endpoint(state, GET=_clerk)),
            *lists,
            Route("/tps/v1/payments/{order_id}", _Endpoint(state, GET=_payment)),
            Route("/tps/v1/payments/{order_id}/reschedule", _Endpoint(state, POST=_reschedule)),
            Route("/tps/v1/payments/{order_id}/email-request", _Endpoint(state, POST=_email_request)),
            Route("/{path:path}", _Endpoint(state)),
        ],
        redirect_slashes=False,
    )


class _Endpoint:
    """One path: the keys, the body, the handler, and the error bodies."""

    def __init__(self, state: State, **handlers: Callable[[State, Request, dict[str, Any]], Any]) -> None:
        self.state, self.handlers = state, handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except Refused as refusal:
            body = {"message": str(refusal), "code": refusal.code}
            response = JSONResponse(body, refusal.status)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        body = await _json(request) if request.method == "POST" else {}
        return JSONResponse(await run_in_threadpool(self._in_one_go, request, body))

    def _in_one_go(self, request: Request, body: dict[str, Any]) -> Any:
        with self.state.transaction():
            _require_keys(self.state, request)
            handler = self.handlers.get(request.method)
            if handler is None:
                raise Refused(404, "There is nothing here")
            return handler(self.state, request, body)


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise Refused(400, "The body is not a JSON object of texts")
    return body


def _require_keys(state: State, request: Request) -> None:
    given = request.headers.get("TPS-Api-Key", "")
    if not hmac.compare_digest(given.encode(), keys.api_key(state).encode()):
        raise Refused(401, "Unknown TPS key", "API_KEY")
    clerk = request.headers.get("Clerk-Key", "")
    if not clerk and request.method == "GET":
        return
    login = keys.login_of(state, clerk)
    users = records.find(state, "users", Username=login) if login else []
    if not users or users[0]["Status"] != "Active":
        raise Refused(403, "Unknown clerk key", "CLERK_KEY")
    if not _within_hours(state, users[0]):
        raise Refused(403, "Outside the login times of this user", "LOGIN_TIMES")
    if request.method == "POST" and users[0]["Admin"] != "Y" and TAKE_PAYMENTS not in users[0]["Privileges"]:
        raise Refused(403, "This user may not do that", "PRIVILEGE")


def _within_hours(state: State, user: dict[str, Any]) -> bool:
    local = state.now().astimezone(days.ZoneInfo(charging.zone(state)))
    hours = user["LoginTimes"].get(local.strftime("%A"), "24-hour Access")
    if hours in ("No Access", "24-hour Access"):
        return hours == "24-hour Access"
    begin, _, end = hours.partition("-")
    return begin <= local.strftime("%H:%M") < end


def _account(state: State, _request: Request, _body: dict[str, Any]) -> Any:
    location = next(iter(state.find("locations")), {})
    return {
        "data": {
            "Name": location.get("name", "The practice"),
            "Membership_ID": keys.cp_id(state),
            "Software": "Genesis",
        }
    }


def _clerk(state: State, request: Request, _body: dict[str, Any]) -> Any:
    login = keys.login_of(state, request.headers.get("Clerk-Key", ""))
    users = records.find(state, "users", Username=login) if login else []
    if not users:
        raise Refused(403, "Unknown clerk key", "CLERK_KEY")
    return {"data": users[0]}


def _list(state: State, request: Request, _body: dict[str, Any]) -> Any:
    resource = request.url.path.rpartition("/")[2]
    query = request.query_params
    try:
        since, limit = int(query.get("changed_from", "0")), int(query.get("limit", "100"))
        after = _place(query["after"]) if "after" in query else None
    except ValueError as error:
        raise Refused(422, "changed_from, limit or after cannot be read") from error
    if not 1 <= limit <= LARGEST_PAGE:
        raise Refused(422, f"limit is 1 to {LARGEST_PAGE}")
    if request.scope.get("fault"):
        after = None  # a page that comes again, or a list that never ends: always the first page
    rows, total = records.listed(state, resource, since=since, after=after, limit=limit)
    return {"list": rows, "total": str(total)}


def _place(text: str) -> tuple[int, str]:
    changed, _, record_id = text.partition(":")
    return int(changed), record_id


def _payment(state: State, request: Request, _body: dict[str, Any]) -> Any:
    found = records.get(state, "payments", request.path_params["order_id"])
    if found is None:
        raise Refused(404, "There is no such payment")
    return {"data": {name: found.get(name, [] if name == "EmailRequests" else "") for name in _SHOWN}}


def _reschedule(state: State, request: Request, body: dict[str, Any]) -> Any:
    try:
        day: Any = charging.read_day(body.get("Date", ""))
    except ValueError as error:
        raise Refused(422, "Date is MM/DD/YYYY") from error
    return _acted(lambda: charging.reschedule(state, request.path_params["order_id"], day), request, state)


def _email_request(state: State, request: Request, body: dict[str, Any]) -> Any:
    order_id, request_id = request.path_params["order_id"], body.get("Request_ID", "")
    sent: list[bool] = []
    _acted(lambda: sent.append(charging.email_request(state, order_id, request_id)), request, state)
    return {"data": {"Sent": "Y" if sent[0] else "N"}}


def _acted(act: Callable[[], Any], request: Request, state: State) -> Any:
    try:
        act()
    except LookupError as error:
        raise Refused(404, str(error)) from error
    except ValueError as error:
        raise Refused(422, str(error)) from error
    _stamp(state, request)
    return _payment(state, request, {})


def _stamp(state: State, request: Request) -> None:
    """The clerk key stamps every action (field notes §2.3)."""
    order_id = request.path_params["order_id"]
    record = records.get(state, "payments", order_id) or {}
    login = keys.login_of(state, request.headers.get("Clerk-Key", ""))
    what = request.url.path.rpartition("/")[2]
    done = [*record.get("Clerks", []), f"{login}: {what} at {datetime.isoformat(state.now())}"]
    records.change(state, "payments", order_id, Clerks=done)
