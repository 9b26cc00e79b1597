"""The gateway's envelopes: records, lists, error bodies and signed calls, as Twilio documents them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from data.sandbox.sms import numbers
from data.sandbox.sms.segments import segments
from data.sandbox.sms.texts import Text
from data.sandbox.state import State

API = "2010-04-01"
BUILT_IN_NUMBER = "+16145550100"


class Refused(Exception):
    """The gateway answers with an error body."""

    def __init__(self, code: int, status: int = 400) -> None:
        super().__init__(numbers.MESSAGES[code])
        self.code, self.status = code, status

    def response(self) -> Response:
        body = {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        return answer(body, self.status)


def account_sid(state: State) -> str:
    return f"AC{_thirty_two(state, 'sms account')}"


def auth_token(state: State) -> str:
    return _thirty_two(state, "sms auth token")


def number_sid(state: State) -> str:
    return f"PN{_thirty_two(state, 'sms number')}"


def _thirty_two(state: State, name: str) -> str:
    return hashlib.md5(state.key(name).encode(), usedforsecurity=False).hexdigest()


def answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")


def instant(seconds: float | None) -> str | None:
    """RFC 2822, in UTC."""
    return None if seconds is None else format_datetime(datetime.fromtimestamp(int(seconds), UTC))


def message(state: State, text: Text) -> dict[str, Any]:
    """A message as the API answers it."""
    account = account_sid(state)
    uri = f"/{API}/Accounts/{account}/Messages/{text.sid}.json"
    error = numbers.MESSAGES.get(text.error_code) if text.error_code else None
    return {
        "account_sid": account,
        "api_version": API,
        "body": text.body,
        "date_created": instant(text.created_at),
        "date_sent": instant(text.sent_at),
        "date_updated": instant(text.updated_at),
        "direction": text.direction,
        "error_code": text.error_code,
        "error_message": error,
        "from": text.sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(segments(text.body)),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": text.status,
        "subresource_uris": {"media": uri.replace(".json", "/Media.json")},
        "to": text.recipient,
        "uri": uri,
    }


def signature(token: str, url: str, params: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 of the URL and the sorted names and values, in base64."""
    signed = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def signed_call(state: State, url: str, params: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Body and headers of a call to the account's owner."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": signature(auth_token(state), url, params),
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
    return urlencode(params), headers
