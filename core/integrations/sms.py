"""Texts by a Twilio-compatible gateway: send, look up, and believe only what it signed.

Twilio keeps no idempotency key: what became of a doubtful text is read from its list. A gateway that does keep one
is told so with key_header (say, Idempotency-Key).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.errors import OutcomeUnknown, UnreadableAnswer
from core.integrations.http import Reader

PRODUCTION = "https://api.twilio.com"
OPTED_OUT = "21610"
NO_SUCH_NUMBER = frozenset({"21211", "21214", "21217", "21401", "21421", "21614", "30003", "30005", "30006"})
LONGEST = 1600  # characters of one message, in all its segments
_PAGES = 5  # of the list, newest first, when looking for one text


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the gateway has it. status: its word (queued, sent, delivered …). created_at: UTC."""

    sid: str
    status: str
    body: str
    segments: int
    code: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something the gateway told us and signed. kind: status or inbound. fields: its own parameters."""

    event_id: str
    kind: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unauthentic:
    """Nobody can have signed this: it is not to be believed, stored or acted on."""

    reason: str


class Sms:
    """One account at a gateway. `reader` options (transport, sleep …): see http.Reader."""

    def __init__(
        self,
        *,
        base_url: str,
        account_sid: str,
        auth_token: str,
        from_number: str,
        key_header: str = "",
        per_second: str = "10",
        allowed_hosts: str,
        **reader: Any,
    ) -> None:
        self.from_number, self.key_header, self.per_second = from_number, key_header, float(per_second)
        self._folder = f"/2010-04-01/Accounts/{account_sid}"
        login = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._reader = Reader(
            "The text gateway",
            base_url,
            allowed_hosts=allowed_hosts,
            headers={"Authorization": f"Basic {login}"},
            secrets=(auth_token,),
            **reader,
        )

    def close(self) -> None:
        self._reader.close()

    def check(self) -> str:
        """Who the gateway says we are, in a sentence. Raises WrongCredentials, TransportError, UnreadableAnswer."""
        account = self._reader.get(f"{self._folder}.json")
        if not isinstance(account, Mapping) or "status" not in account:
            raise UnreadableAnswer("The text gateway answered something that is not an account.")
        name = str(account.get("friendly_name") or "the account")
        return f"The text gateway knows {name} ({account['status']}); texts come from {self.from_number}."

    def send(self, to: str, body: str, *, key: str, status_url: str = "") -> Text:
        """Hand over one text, once. to: E.164. status_url: where the gateway tells what becomes of it.

        Raises OutcomeUnknown, Refused (code: the gateway's), Unreachable, TransportError, WrongCredentials.
        """
        form = {"To": to, "Body": body}
        form["MessagingServiceSid" if self.from_number.startswith("MG") else "From"] = self.from_number
        if status_url:
            form["StatusCallback"] = status_url
        headers = {self.key_header: key} if self.key_header else None
        answer = self._reader.change("POST", f"{self._folder}/Messages.json", form=form, headers=headers)
        try:
            return _text(answer)
        except UnreadableAnswer as error:
            raise OutcomeUnknown(error.sentence) from error

    def find(self, to: str, body: str, *, since: datetime) -> Text | None:
        """The text with these words that the gateway took for this phone since then (UTC), if any.

        Raises TransportError, WrongCredentials, UnreadableAnswer: then nothing can be said.
        """
        path, params = f"{self._folder}/Messages.json", {"To": to, "PageSize": 100}
        for _ in range(_PAGES):
            answer = self._reader.get(path, params)
            rows = answer.get("messages") if isinstance(answer, Mapping) else None
            if not isinstance(rows, list):
                raise UnreadableAnswer("The text gateway answered something that is not a list of texts.")
            texts = [_text(row) for row in rows if str(row.get("direction", "")).startswith("outbound")]
            for text in texts:
                if text.body == body and (text.created_at is None or text.created_at >= since):
                    return text
            following = str(answer.get("next_page_uri") or "")
            if not following or any(text.created_at and text.created_at < since for text in texts):
                return None
            parts = urlsplit(following)  # only its path: another host would be given our keys
            path, params = parts.path, dict(parse_qsl(parts.query))
        raise UnreadableAnswer("The text gateway lists too many texts to this phone to look through.")


def _text(row: Any) -> Text:
    if not isinstance(row, Mapping) or not row.get("sid"):
        raise UnreadableAnswer("The text gateway answered something that is not a text.")
    segments = str(row.get("num_segments") or "")
    return Text(
        sid=str(row["sid"]),
        status=str(row.get("status") or ""),
        body=str(row.get("body") or ""),
        segments=int(segments) if segments.isdecimal() else 0,
        code=str(row.get("error_code") or ""),
        created_at=_instant(row.get("date_created")),
    )


def _instant(value: Any) -> datetime | None:
    """Twilio writes instants as e-mails do."""
    try:
        when = parsedate_to_datetime(str(value))
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def signature(url: str, fields: Mapping[str, str], auth_token: str) -> str:
    """What X-Twilio-Signature must say: of the address as the gateway called it, and the form's fields in order."""
    signed = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def verify(
    headers: Mapping[str, str], body: bytes, *, url: str, auth_tokens: Sequence[str]
) -> Event | Unauthentic:
    """What a call to our webhook says, if one of these tokens signed it (two while they are changed).

    headers: names in lower case. url: the whole public address that was called, with its query.
    """
    given = headers.get("x-twilio-signature", "")
    tokens = [token for token in auth_tokens if token]
    if not given.isascii() or not given or not tokens:
        return Unauthentic("There is no signature, or no key to check it with.")
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))
    except ValueError:
        return Unauthentic("The body is not a form.")
    if not any(hmac.compare_digest(given, signature(url, fields, token)) for token in tokens):
        return Unauthentic("The signature does not belong to this address and body.")
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not sid:
        return Unauthentic("It names no text.")
    status = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
    if "MessageStatus" in fields:
        asked = dict(parse_qsl(urlsplit(url).query))
        return Event(f"{sid}:{status}", "status", {**fields, "key": asked.get("key", "")})
    return Event(sid, "inbound", fields)
