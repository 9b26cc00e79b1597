"""Genesis on the wire, as assumed in field notes §2.4, §2.5 and §3 (no public reference exists).

Changes are POST with CP_ID and CP_MKey in the body, reads are GET with the headers CP-ID and CP-MKey; 401 when these do
not belong together. All values are strings. 422 with {"message": …} for what is understood and refused, 400 for a body
that is no JSON object, 404 for an unknown path, task or patient. Lists are in the order of changes: Since (Unix seconds,
inclusive), After (the Next of the page before), Size (1…1000, default 500).
"""

import hmac
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from data.sandbox.genesis import keys, office, schedule
from data.sandbox.state import State

_PAGE, _LARGEST_PAGE = 500, 1000
Body = dict[str, Any]


class Refused(Exception):
    """Genesis answers with an error body."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


def router(state: State) -> Router:
    return Router(
        [
            Route(
                "/v1/merchant-configuration",
                _Endpoint(state, GET=_configuration, POST=_save_configuration),
            ),
            Route("/v1/transactions", _Endpoint(state, POST=_post_payment)),
            Route("/v1/ledger", _Endpoint(state, GET=_ledger)),
            Route("/v1/appointments", _Endpoint(state, POST=_post_appointment)),
            Route("/v1/tasks", _Endpoint(state, GET=_tasks, POST=_post_task)),
            Route("/v1/tasks/{number}/close", _Endpoint(state, POST=_close_task)),
            Route("/v1/quick-stop/{patient}", _Endpoint(state, GET=_quick_stop)),
            Route("/{path:path}", _Endpoint(state)),
        ],
        redirect_slashes=False,
    )


class _Endpoint:
    """One path: the body, the keys, the handler, and Genesis' error bodies."""

    def __init__(self, state: State, **handlers: Callable[[State, Request, Body], Any]) -> None:
        self.state, self.handlers = state, handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except Refused as refusal:
            response = JSONResponse({"message": str(refusal)}, refusal.status)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        body = await _json(request) if request.method == "POST" else {}
        given = body if request.method == "POST" else request.headers
        names = ("CP_ID", "CP_MKey") if request.method == "POST" else ("CP-ID", "CP-MKey")
        right = (keys.cp_id(self.state), keys.cp_mkey(self.state))
        for name, value in zip(names, right, strict=True):
            if not hmac.compare_digest(str(given.get(name, "")).encode(), value.encode()):
                raise Refused("CP_ID and CP_MKey do not belong together", 401)
        handler = self.handlers.get(request.method)
        if handler is None:
            raise Refused("There is nothing here", 404)
        return JSONResponse(await run_in_threadpool(self._in_one_go, handler, request, body))

    def _in_one_go(self, handler: Callable[..., Any], request: Request, body: Body) -> Any:
        with self.state.transaction():
            return handler(self.state, request, body)


async def _json(request: Request) -> Body:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused("The body is not a JSON object", 400)
    return body


def _said(body: Body, name: str, *, needed: bool = True) -> str:
    """A value, which is a string always (field notes §2.5)."""
    value = body.get(name, "")
    if not isinstance(value, str):
        raise Refused(f"{name} must be a string")
    if needed and not value:
        raise Refused(f"{name} is missing")
    return value


def _clerk(state: State, body: Body, *, needed: bool = True) -> str:
    key = _said(body, "Clerk_Key", needed=needed)
    login = keys.login_of(state, key)
    if key and not login:
        raise Refused("Clerk_Key is not known")
    return login


# Merchant configuration.


def _configuration(state: State, _request: Request, _: Body) -> Body:
    saved = state.remembered(office.CONFIGURATION, {})
    with_key = saved.get("clerk_keys", {})
    return {
        "Provider_Identifier": keys.cp_id(state),
        "Date_Start": saved.get("date_start", ""),
        "Account_ID": "",
        "Logins": [
            {"Login": login, "Clerk_Key_Set": "true" if with_key.get(login) else "false"}
            for login in keys.LOGINS
        ],
    }


def _save_configuration(state: State, request: Request, body: Body) -> Body:
    if (_said(body, "Provider_Identifier"), _said(body, "Provider_Key")) != (
        keys.cp_id(state),
        keys.cp_mkey(state),
    ):
        raise Refused("Cash Practice does not know this Provider Identifier with this Provider Key")
    start = _said(body, "Date_Start", needed=False)
    if start:
        _day(start, "Date_Start")
    logins = body.get("Logins", [])
    if not isinstance(logins, list) or not all(isinstance(each, dict) for each in logins):
        raise Refused("Logins must be a list of objects")
    saved = state.remembered(office.CONFIGURATION, {})
    given = dict(saved.get("clerk_keys", {}))
    for each in logins:
        login, key = _said(each, "Login"), _said(each, "Clerk_Key")
        if login not in keys.LOGINS:
            raise Refused(f"Login {login} is not known")
        if keys.login_of(state, key) != login:
            raise Refused(f"Clerk_Key of {login} is not known")
        given[login] = key
    state.remember(office.CONFIGURATION, {"date_start": start, "clerk_keys": given})
    return _configuration(state, request, body)


# The ledger.


def _post_payment(state: State, _request: Request, body: Body) -> Body:
    """The merchant payload; a Transaction_ID that is there answers its entry."""
    key, clerk = _said(body, "Transaction_ID"), _clerk(state, body)
    known = office.entries(state, "key = ?", [key], most=1)
    if known and office.settings(state)["honours_keys"]:
        return {"Entry_ID": known[0].entry_id, "Duplicate": "true"}
    patient_id = _said(body, "PATIENT_ID")
    if office.patient(state, patient_id) is None:
        raise Refused(f"PATIENT_ID {patient_id[:40]} is not known")
    amount = _amount(_said(body, "Transaction_amount"))
    at = _seconds(_said(body, "DateTime"))
    posted_on = _said(body, "Posted_On", needed=False)
    lines = body.get("transactions", [])
    entry = office.post(
        state,
        key=key,
        patient_id=patient_id,
        order_id=_said(body, "Order_ID", needed=False),
        amount=amount,
        posted_on=_day(posted_on, "Posted_On") if posted_on else datetime.fromtimestamp(at, UTC).date(),
        description=str(lines[0].get("shortDesc", "")) if lines and isinstance(lines[0], dict) else "",
        clerk=clerk,
    )
    return {"Entry_ID": entry.entry_id, "Duplicate": "false"}


def _ledger(state: State, request: Request, _: Body) -> Body:
    asked = request.query_params
    if "Transaction_ID" in asked:
        found = office.entries(state, "key = ?", [asked["Transaction_ID"]])
        return {"Entries": [_entry(each) for each in found], "Next": ""}
    where, values, size = _place(asked)
    rows = office.entries(state, where, values, most=size + 1)
    return {"Entries": [_entry(each) for each in rows[:size]], "Next": _next(rows, size)}


def _entry(entry: office.Entry) -> Body:
    return {
        "Entry_ID": entry.entry_id,
        "Transaction_ID": entry.key,
        "PATIENT_ID": entry.patient_id,
        "Order_ID": entry.order_id,
        "Kind": entry.kind,
        "Amount": entry.amount,
        "Posted_On": entry.posted_on,
        "Changed": str(entry.changed),
    }


# The schedule.

_APPOINTMENT = (
    "Appointment_Key", "Version", "LastName", "FirstName", "Location_ID", "Provider_ID", "AppointmentType",
    "AppointmentTime", "Minutes", "Status",
)  # fmt: skip
_MAYBE = ("PATIENT_ID", "DateOfBirth", "Email", "CellPhone")


def _post_appointment(state: State, _request: Request, body: Body) -> Body:
    said = {name: _said(body, name) for name in _APPOINTMENT}
    said |= {name: _said(body, name, needed=False) for name in _MAYBE}
    if said["PATIENT_ID"] and office.patient(state, said["PATIENT_ID"]) is None:
        raise Refused(f"PATIENT_ID {said['PATIENT_ID'][:40]} is not known")
    if not said["Version"].isdecimal() or not said["Minutes"].isdecimal():
        raise Refused("Version and Minutes are whole numbers")
    if said["Status"] not in ("scheduled", "cancelled"):
        raise Refused("Status is scheduled or cancelled")
    try:
        datetime.fromisoformat(said["AppointmentTime"])
    except ValueError:
        raise Refused("AppointmentTime is no time") from None
    return {"Appointment_ID": schedule.keep(state, said)}


# Tasks.


def _post_task(state: State, _request: Request, body: Body) -> Body:
    key = _said(body, "Task_Key")
    known = office.tasks(state, "key = ?", [key], most=1)
    if known and office.settings(state)["honours_keys"]:
        return {"Task_ID": str(known[0].number), "Duplicate": "true"}
    patient_id = _said(body, "PATIENT_ID", needed=False)
    if patient_id and office.patient(state, patient_id) is None:
        raise Refused(f"PATIENT_ID {patient_id[:40]} is not known")
    _clerk(state, body, needed=False)
    _said(body, "Text")
    created = _said(body, "Created", needed=False)
    if created:
        _seconds(created)
    named = ("Type", "Priority", "Due", "Assignee", "Amount")
    fields = {name: _said(body, name, needed=False) for name in named}
    task = office.add_task(
        state,
        {"Task_Key": key, "PATIENT_ID": patient_id, "Text": body["Text"], "Created": created, **fields},
    )
    return {"Task_ID": str(task.number), "Duplicate": "false"}


def _close_task(state: State, request: Request, body: Body) -> Body:
    number = request.path_params["number"]
    by = _clerk(state, body, needed=False) or "Huddle"
    task = None
    if number.isdecimal():
        task = office.close_task(state, int(number), by=by, reason=_said(body, "Closed_Reason"))
    if task is None:
        raise Refused("There is no such task", 404)
    return _task(task)


def _tasks(state: State, request: Request, _: Body) -> Body:
    where, values, size = _place(request.query_params)
    rows = office.tasks(state, where, values, most=size + 1)
    return {"Tasks": [_task(each) for each in rows[:size]], "Next": _next(rows, size)}


def _quick_stop(state: State, request: Request, _: Body) -> Body:
    patient_id = request.path_params["patient"]
    if office.patient(state, patient_id) is None:
        raise Refused(f"PATIENT_ID {patient_id[:40]} is not known", 404)
    rows = office.tasks(state, "patient_id = ? AND status = 'open'", [patient_id])
    return {
        "PATIENT_ID": patient_id,
        "Tasks": [_task(each) for each in rows],
        "Balance": f"{office.balance(state, patient_id):.2f}",
        "Next_Appointment": office.next_appointment(state, patient_id),
    }


def _task(task: office.Task) -> Body:
    return {
        "Task_ID": str(task.number),
        "Task_Key": task.key,
        "PATIENT_ID": task.patient_id,
        "Type": task.type,
        "Text": task.text,
        "Priority": task.priority,
        "Created": str(task.created),
        "Due": task.due,
        "Assignee": task.assignee,
        "Amount": task.amount,
        "Status": task.status,
        "Closed_By": task.closed_by or "",
        "Closed_At": "" if task.closed_at is None else str(task.closed_at),
        "Closed_Reason": task.closed_reason or "",
        "Source": "merchant",
        "Changed": str(task.changed),
    }


# Lists and values.


def _place(asked: Any) -> tuple[str, list[Any], int]:
    """Where a page begins, as SQL: after the row that ended the page before, or at a second."""
    size = asked.get("Size", "")
    size = min(max(int(size), 1), _LARGEST_PAGE) if size.isdecimal() else _PAGE
    changed, _, number = asked.get("After", "").partition("-")
    if changed.isdecimal() and number.isdecimal():
        return "(changed, number) > (?, ?)", [int(changed), int(number)], size
    since = asked.get("Since", "")
    return "changed >= ?", [int(since) if since.isdecimal() else 0], size


def _next(rows: list[Any], size: int) -> str:
    return f"{rows[size - 1].changed}-{rows[size - 1].number}" if len(rows) > size else ""


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise Refused("Transaction_amount is not an amount") from None
    if not amount.is_finite() or amount == 0 or amount != amount.quantize(Decimal("0.01")):
        raise Refused("Transaction_amount is not an amount")
    return amount.quantize(Decimal("0.01"))


def _seconds(text: str) -> int:
    if not text.isdecimal() or int(text) > 2**33:
        raise Refused("DateTime is not in Unix seconds")
    return int(text)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{name} is not a date") from None
