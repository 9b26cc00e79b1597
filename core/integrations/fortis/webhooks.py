"""What Fortis tells by itself: registering where to, knowing its messages, reading them (facts: Fortis §12).

There is no signature, only Basic auth: a message is a hint of which record to read again, never believed itself.
Both encodings are taken (form fields with `data` as JSON text, and plain JSON), and both styles of record.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from pydantic_core import from_json

from core.errors import BadInput, Refused, UnreadableAnswer
from core.integrations.fortis.client import Fortis

ATTEMPTS = 5
ATTEMPT_SECONDS = 300  # the shortest Fortis takes
RESOURCES = {
    "contact": "contact",
    "transaction": "transaction",
    "transactionbatch": "batch",
    "batch": "batch",
}
_POSTED = ("contact", "transaction", "batch")  # /v1/webhooks/{…}
_OF_AN_ACCOUNT = frozenset({"transaction", "batch"})  # registered for each merchant account
_ID = re.compile(r"[0-9a-fA-F-]{24,36}")
_REFERENCES = ("location_id", "contact_id", "recurring_id", "quick_invoice_id", "paylink_id", "token_id")
_FIELDS = 40


class Key(NamedTuple):
    """What Fortis signs in with when it tells us something."""

    username: str
    password: str


class FortisEvent(NamedTuple):
    """One message. event_id: a digest of what was said, since Fortis gives none: said again it is the same.

    resource: contact, transaction, batch or a word we do not know. action: create, update or delete. refs: ids of
    other records it names; the rest of the record is not kept, it is read again.
    """

    event_id: str
    resource: str
    action: str
    record_id: str
    refs: dict[str, str]


def is_signed_in(headers: Mapping[str, str], keys: Iterable[Key]) -> bool:
    """Whether the Authorization header holds one of these keys. Every key is compared, however early one fits."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    wanted = (f"{key.username}:{key.password}".encode() for key in keys if key.username and key.password)
    fitting = [each for each in wanted if hmac.compare_digest(given, each)]
    return bool(fitting)


def read(body: bytes) -> FortisEvent:
    """A message in either encoding. Raises BadInput when it cannot be read."""
    fields = _fields(body)
    record = fields.get("data")
    if isinstance(record, str):
        record = _object(record.encode("utf-8", "replace"))
    if not isinstance(record, Mapping):
        raise BadInput("The message holds no record.")
    record_id = record.get("id")
    if not isinstance(record_id, str) or not _ID.fullmatch(record_id):
        raise BadInput("The message names no record.")
    resource = _word(fields.get("resource"))
    said = json.dumps([_word(fields.get("type")), resource, record], sort_keys=True, default=str)
    refs = {name: record[name] for name in _REFERENCES if _is_id(record.get(name))}
    digest = hashlib.sha256(said.encode("utf-8", "backslashreplace")).hexdigest()[:40]
    return FortisEvent(digest, RESOURCES.get(resource, resource), _word(fields.get("type")), record_id, refs)


def _fields(body: bytes) -> Mapping[str, Any]:
    if body.lstrip()[:1] == b"{":
        return _object(body)
    try:
        text = body.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_FIELDS))
    except ValueError as error:
        raise BadInput("The message has more fields than Fortis sends.") from error


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = from_json(text)
    except ValueError as error:
        raise BadInput("The message is not readable JSON.") from error
    if not isinstance(found, Mapping):
        raise BadInput("The message is not a JSON object.")
    return found


def _word(value: Any) -> str:
    return value.strip().lower()[:32] if isinstance(value, str) else ""


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


class FortisPostbacks(Fortis):
    """One location at Fortis, with the verbs that say where it should tell us things. It cannot list them (§12)."""

    def register(self, url: str, key: Key, registered: Mapping[str, str]) -> dict[str, str]:
        """Have contacts, transactions and batches told to `url`; what was registered before is changed to it.

        registered: what (contact, transaction <account> …) → Fortis's id of it. Answers the same, complete.
        Raises TransportError; what was registered until then stands at Fortis and is repeated harmlessly.
        """
        made = dict(registered)
        for name, resource, account in self._wanted():
            body = self._body(url, key, account)
            made[name] = self._change(made.get(name), resource, body) or self._make(resource, body)
        return made

    def remove(self, ids: Iterable[str]) -> None:
        """Have nothing told any more; one that is gone already is no error."""
        for each in ids:
            try:
                self._reader.change("DELETE", f"/v1/webhooks/{each}")
            except Refused as error:
                if error.status != 404:
                    raise

    def _wanted(self) -> Sequence[tuple[str, str, str | None]]:
        accounts = [str(page.id) for page in self._accounts() if page.id]
        wanted: list[tuple[str, str, str | None]] = []
        for resource in _POSTED:
            if resource in _OF_AN_ACCOUNT:
                wanted += [(f"{resource} {account}", resource, account) for account in accounts]
            else:
                wanted.append((resource, resource, None))
        return wanted

    def _accounts(self) -> list[Any]:
        found = [record for page in self.pages("product-transactions") for record in page.records]
        return [record for record in found if getattr(record, "active", True)]

    def _body(self, url: str, key: Key, account: str | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "url": url,
            "location_id": self.location_id,
            "is_active": True,
            "on_create": True,
            "on_update": True,
            "on_delete": True,
            "number_of_attempts": ATTEMPTS,
            "attempt_interval": ATTEMPT_SECONDS,
            "basic_auth_username": key.username,
            "basic_auth_password": key.password,
        }
        return body | ({"product_transaction_id": account} if account else {})

    def _change(self, known: str | None, resource: str, body: Mapping[str, Any]) -> str | None:
        """The id of what was changed; None when there is nothing to change."""
        if not known:
            return None
        try:
            self._reader.change("PATCH", f"/v1/webhooks/{known}/{resource}", body)
        except Refused as error:
            if error.status != 404:
                raise
            return None
        return known

    def _make(self, resource: str, body: Mapping[str, Any]) -> str:
        answer = self._reader.change("POST", f"/v1/webhooks/{resource}", body)
        record = answer.get("data") if isinstance(answer, Mapping) else None
        made = record.get("id") if isinstance(record, Mapping) else None
        if not isinstance(made, str) or not made:
            raise UnreadableAnswer("Fortis did not say under which id it will tell Huddle of changes.")
        return made
