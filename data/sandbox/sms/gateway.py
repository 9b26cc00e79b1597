"""The text gateway: Twilio's Messages, Account and IncomingPhoneNumbers resources (field notes; Twilio's documents).

Lists are newest first, 50 a page. DateSent filters take a day or an instant, in UTC: DateSent=, DateSent>= and
DateSent<=, and find only what was sent already. An Idempotency-Key header is kept with the message and shown on
/phone.json; only with {"sms": {"idempotency": true}} does it prevent a second one.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from data.sandbox.sms import delivery, numbers, settings, texts, wire
from data.sandbox.state import State

LONGEST = 1600
_PAGE, _BIGGEST_PAGE = 50, 1000
Pairs = list[tuple[str, str]]


def router(state: State) -> Router:
    base = f"/{wire.API}/Accounts/{{account}}"
    return Router(
        [
            Route(f"{base}/Messages.json", _Endpoint(state, GET=_list, POST=_send)),
            Route(f"{base}/Messages/{{sid}}.json", _Endpoint(state, GET=_read)),
            Route(f"{base}/IncomingPhoneNumbers.json", _Endpoint(state, GET=_numbers)),
            Route(
                f"{base}/IncomingPhoneNumbers/{{sid}}.json",
                _Endpoint(state, GET=_number, POST=_change_number),
            ),
            Route(f"{base}.json", _Endpoint(state, GET=_account)),
            Route("/{path:path}", _Endpoint(state)),
        ],
        redirect_slashes=False,
    )


class _Endpoint:
    """One path: sign-in, form, handler, and the gateway's own error bodies."""

    def __init__(self, state: State, **handlers: Callable[[State, Request, Pairs], Response]) -> None:
        self.state, self.handlers = state, handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            self._sign_in(request)
            response = await self._respond(request)
        except wire.Refused as refusal:
            response = refusal.response()
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        handler = self.handlers.get(request.method)
        if handler is None:
            raise wire.Refused(20404, 404)
        pairs = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
        return await run_in_threadpool(self._in_one_go, handler, request, pairs)

    def _sign_in(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        try:
            name, _, token = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name = token = ""
        account = wire.account_sid(self.state)
        right = hmac.compare_digest(token.encode(), wire.auth_token(self.state).encode())
        if scheme.lower() != "basic" or not right or name != account:
            raise wire.Refused(20003, 401)
        if request.path_params.get("account", account) != account:
            raise wire.Refused(20404, 404)

    def _in_one_go(self, handler: Callable[..., Response], request: Request, pairs: Pairs) -> Response:
        with self.state.transaction():
            return handler(self.state, request, pairs)


def _send(state: State, request: Request, pairs: Pairs) -> Response:
    """201 with the queued message, or a refusal by its code."""
    form = dict(pairs)
    key = request.headers.get("idempotency-key")
    if key and settings.of(state)["idempotency"]:
        for known in texts.found(state, "key = ?", [key]):
            return wire.answer(wire.message(state, known), 201)
    sender, recipient = _ends(state, form)
    body = form.get("Body", "")
    if not body:
        raise wire.Refused(21602)
    if len(body) > LONGEST:
        raise wire.Refused(21617)
    callback = form.get("StatusCallback") or None
    if callback and (urlsplit(callback).scheme not in ("http", "https") or not urlsplit(callback).hostname):
        raise wire.Refused(21609)
    _allowed(state, sender, recipient)
    text = delivery.accept(state, sender, recipient, body, callback=callback, key=key)
    return wire.answer(wire.message(state, text), 201)


def _ends(state: State, form: dict[str, str]) -> tuple[str, str]:
    for name, code in (("To", 21604), ("From", 21603)):
        if not form.get(name):
            raise wire.Refused(code)
    recipient, sender = numbers.normal(form["To"]), numbers.normal(form["From"])
    if recipient is None:
        raise wire.Refused(21211)
    if sender != wire.BUILT_IN_NUMBER:
        raise wire.Refused(21606)
    if sender == recipient:
        raise wire.Refused(21266)
    return sender, recipient


def _allowed(state: State, sender: str, recipient: str) -> None:
    code = numbers.code_of(state, recipient)
    if code and code < 30000:
        raise wire.Refused(code)
    if delivery.is_stopped(state, sender, recipient):
        raise wire.Refused(21610)


def _read(state: State, request: Request, _: Pairs) -> Response:
    found = texts.found(state, "sid = ?", [request.path_params["sid"]])
    if not found:
        raise wire.Refused(20404, 404)
    return wire.answer(wire.message(state, found[0]))


def _list(state: State, request: Request, _: Pairs) -> Response:
    asked = request.query_params
    where, values = _condition(state, request)
    size = min(max(_whole(asked.get("PageSize"), _PAGE), 1), _BIGGEST_PAGE)
    page = max(_whole(asked.get("Page"), 0), 0)
    rows = texts.found(state, where, values, most=size + 1, skip=page * size)
    path = f"/{wire.API}/Accounts/{wire.account_sid(state)}/Messages.json"
    kept = [(name, value) for name, value in asked.multi_items() if name not in ("Page", "PageToken")]

    def uri(number: int, there: bool = True) -> str | None:
        return f"{path}?{urlencode([*kept, ('Page', number)])}" if there else None

    return wire.answer(
        {
            "messages": [wire.message(state, row) for row in rows[:size]],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + len(rows[:size]) - 1,
            "uri": uri(page),
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1, len(rows) > size),
            "previous_page_uri": uri(page - 1, page > 0),
        }
    )


def _condition(state: State, request: Request) -> tuple[str, list[Any]]:
    """What a list is asked for, as SQL; the short code's texts are not this account's."""
    ours = wire.BUILT_IN_NUMBER
    clauses, values = ["(sender = ? OR recipient = ?)", "created_at <= ?"], [ours, ours]
    values.append(state.now().timestamp() - settings.of(state)["listing_delay"])
    for name, value in request.query_params.multi_items():
        if name in ("To", "From") and value:
            clauses.append("recipient = ?" if name == "To" else "sender = ?")
            values.append(numbers.normal(value) or value)
        elif name.startswith("DateSent") and value:
            low, high = _span(value)
            if name != "DateSent<":
                clauses.append("sent_at >= ?")
                values.append(low)
            if name != "DateSent>":
                clauses.append("sent_at < ?")
                values.append(high)
    return " AND ".join(clauses), values


def _span(text: str) -> tuple[float, float]:
    """The first second of a day or an instant, and the one after its last. 20404 for neither."""
    try:
        first = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise wire.Refused(20404, 404) from None
    first = first.replace(tzinfo=first.tzinfo or UTC)
    return first.timestamp(), (
        first + timedelta(days=1 if len(text) == 10 else 0, seconds=len(text) != 10)
    ).timestamp()


def _whole(text: str | None, usual: int) -> int:
    return int(text) if text and text.isdigit() else usual


def _account(state: State, _request: Request, _: Pairs) -> Response:
    account = wire.account_sid(state)
    made = wire.instant(0)
    return wire.answer(
        {
            "sid": account,
            "owner_account_sid": account,
            "friendly_name": "Huddle sandbox",
            "status": "active",
            "type": "Full",
            "auth_token": wire.auth_token(state),
            "date_created": made,
            "date_updated": made,
            "subresource_uris": {"messages": f"/{wire.API}/Accounts/{account}/Messages.json"},
            "uri": f"/{wire.API}/Accounts/{account}.json",
        }
    )


def _the_number(state: State) -> dict[str, Any]:
    account, sid = wire.account_sid(state), wire.number_sid(state)
    return {
        "sid": sid,
        "account_sid": account,
        "phone_number": wire.BUILT_IN_NUMBER,
        "friendly_name": "(614) 555-0100",
        "capabilities": {"sms": True, "mms": False, "voice": False, "fax": False},
        "sms_url": settings.of(state)["inbound_url"],
        "sms_method": "POST",
        "status": "in-use",
        "uri": f"/{wire.API}/Accounts/{account}/IncomingPhoneNumbers/{sid}.json",
    }


def _numbers(state: State, _request: Request, _: Pairs) -> Response:
    return wire.answer({"incoming_phone_numbers": [_the_number(state)], "page": 0, "page_size": _PAGE})


def _number(state: State, request: Request, _: Pairs) -> Response:
    if request.path_params["sid"] != wire.number_sid(state):
        raise wire.Refused(20404, 404)
    return wire.answer(_the_number(state))


def _change_number(state: State, request: Request, pairs: Pairs) -> Response:
    """SmsUrl: where replies are posted."""
    shown = _number(state, request, pairs)
    if "SmsUrl" not in dict(pairs):
        return shown
    settings.change(state, {"inbound_url": dict(pairs)["SmsUrl"]})
    return _number(state, request, pairs)
