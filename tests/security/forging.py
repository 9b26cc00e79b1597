"""One true delivery of each source, and every way of getting it wrong (RELIABILITY 15)."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import Engine
from sqlmodel import select

from core.connections.commands import connect
from core.connections.models import Connection
from core.connections.postbacks import new_key
from core.integrations.sms import signature
from core.store.engine import transaction
from tests.inbox.telling import message

SMS_TOKEN = "a-token-of-the-text-gateway"
INBOUND = {
    "MessageSid": "SM" + "0" * 31 + "1",
    "From": "+13035550101",
    "To": "+13035550199",
    "Body": "Thank you",
}


@dataclass(frozen=True)
class Sent:
    """What goes over the wire."""

    source: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def with_header(self, name: str, value: str | bytes | None) -> "Sent":
        headers = {key: one for key, one in self.headers.items() if key != name}
        return replace(self, headers=headers | ({} if value is None else {name: value}))  # type: ignore[dict-item]

    def post(self, visitor: httpx.Client) -> httpx.Response:
        return visitor.post(f"/webhooks/{self.source}", content=self.body, headers=self.headers)


@dataclass(frozen=True)
class Source:
    """make(visitor, secret): a delivery signed with a secret. secret: the true one. proof: the header that proves it."""

    name: str
    proof: str
    secret: Any
    make: Callable[[httpx.Client, Any], Sent]
    rotate: Callable[[Engine], Any]


def fortis(engine: Engine) -> Source:
    with transaction(engine) as session:
        plain = {"base_url": "http://127.0.0.1:9", "user_id": "u", "location_id": "l"}
        secret = {"user_api_key": "k", "developer_id": "d"}
        made = connect(session, kind="fortis", name="Fortis", settings=plain, secrets=secret).id or 0
        key = new_key(session, made)

    def make(_visitor: httpx.Client, using: Any) -> Sent:
        proof = b64encode(f"{using[0]}:{using[1]}".encode()).decode()
        return Sent("fortis", json.dumps(message()).encode(), {"authorization": f"Basic {proof}"})

    def rotate(store: Engine) -> Any:
        with transaction(store) as session:
            return new_key(session, made)

    return Source("fortis", "authorization", key, make, rotate)


def text_gateway(engine: Engine) -> Source:
    fields = {"base_url": "http://127.0.0.1:9", "account_sid": "AC1", "from_number": "+13035550199"}

    def save(store: Engine, token: str) -> str:
        with transaction(store) as session:
            connect(session, kind="sms", name="Texts", settings=fields, secrets={"auth_token": token})
        return token

    save(engine, SMS_TOKEN)

    def make(visitor: httpx.Client, using: Any) -> Sent:
        address = f"{str(visitor.base_url).rstrip('/')}/webhooks/sms"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        proof = signature(address, INBOUND, using)
        return Sent("sms", urlencode(INBOUND).encode(), headers | {"x-twilio-signature": proof})

    return Source(
        "sms",
        "x-twilio-signature",
        SMS_TOKEN,
        make,
        lambda store: save(store, "a-newer-token-of-the-gateway"),
    )


SOURCES = {"fortis": fortis, "sms": text_gateway}


def other_scheme(sent: Sent, secret: Any) -> Sent:
    """A proof by another method, right in itself."""
    if sent.source == "fortis":
        return sent.with_header("authorization", f"Bearer {secret[1]}")
    digest = hmac.new(secret.encode(), sent.body, hashlib.sha256).digest()
    return sent.with_header("x-twilio-signature", b64encode(digest).decode())


def without_secret(engine: Engine) -> None:
    """Every connection has lost what its senders prove themselves with."""
    with transaction(engine) as session:
        for connection in session.exec(select(Connection)):
            connection.sealed_secrets = ""
            session.add(connection)
