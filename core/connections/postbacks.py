"""The keys by which another system proves that a webhook is its own: made here, sealed with the connection's own.

They lie beside the connection's secrets under a name of their own, so that they are sealed, resealed and erased
with them and never reach the client of the other system.
"""

import json
import secrets
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from core import clock
from core.audit.commands import record
from core.connections.commands import FORMER_KEY_LASTS, MADE_HERE, connection_of, credentials, settings_of
from core.connections.models import Connection, ConnectionState, Kind
from core.errors import BadInput, HuddleError
from core.integrations.fortis.webhooks import FortisPostbacks, Key
from core.secrets import open_sealed, seal
from core.settings import settings as app_settings
from core.store.engine import transaction

PATH = "/webhooks/fortis"


def keys_of(connection: Connection) -> list[Key]:
    """The keys that open the door now, the newest first; an old one for a day after its successor was made."""
    if connection.state == ConnectionState.DISCONNECTED:
        return []
    now = clock.now().timestamp()
    return [
        Key(each["username"], each["password"])
        for each in _kept(connection).get("keys", [])
        if each.get("until") is None or each["until"] > now
    ]


def auth_tokens_of(connection: Connection) -> list[str]:
    """What a text gateway signs with: its token, and for a day after a change the one before it."""
    former = _kept(connection).get("former", {})
    tokens = [credentials(connection).get("auth_token", "")]
    if former.get("until", 0.0) > clock.now().timestamp():
        tokens.append(former["auth_token"])
    return [token for token in tokens if token]


def new_key(session: Session, connection_id: int) -> Key:
    """A new key; the ones before it are still taken for a day. Raises NotFound, BadInput, WrongKey."""
    connection = connection_of(session, connection_id)
    if connection.kind != Kind.FORTIS or not connection.sealed_secrets:
        raise BadInput(f"{connection.name} tells Huddle nothing by itself.")
    kept = _kept(connection)
    until = (clock.now() + FORMER_KEY_LASTS).timestamp()
    before = [{**each, "until": each.get("until") or until} for each in kept.get("keys", [])]
    key = Key(f"huddle-{secrets.token_hex(4)}", secrets.token_urlsafe(32))
    kept["keys"] = [key._asdict(), *before][:3]
    _keep(session, connection, kept)
    record(
        session,
        who=None,
        action="webhook key made",
        subject_kind="connection",
        subject_id=connection_id,
        detail={"kind": connection.kind},
    )
    return key


def address() -> str:
    """Where Fortis is to report changes, "" while HUDDLE_PUBLIC_URL is not set."""
    public = app_settings().public_url.strip().rstrip("/")
    return f"{public}{PATH}" if public else ""


def registered_address(connection: Connection) -> str:
    """The address that Fortis was last told to report to, "" when it was told none."""
    return str(_kept(connection).get("url", ""))


def register(engine: Engine, connection_id: int, **wire: Any) -> str:
    """Have Fortis report changes to our public address, under a key of our making: what was done, in a sentence.

    wire: transport, sleep … of http.Reader, for replays. No transaction is open while Fortis is asked.
    Raises NotFound, BadInput (no public address, not a Fortis connection), TransportError, WrongKey.
    """
    url = address()
    if not url:
        raise BadInput(
            "Set HUDDLE_PUBLIC_URL to the address under which others reach Huddle, then try again."
        )
    with transaction(engine) as session:
        connection = connection_of(session, connection_id)
        key = next(iter(keys_of(connection)), None) or new_key(session, connection_id)
        registered = dict(_kept(connection).get("ids", {}))
        settings, secret = settings_of(connection), credentials(connection)
    client = FortisPostbacks(**settings, **secret, allowed_hosts=app_settings().outbound_hosts, **wire)
    try:
        made = client.register(url, key, registered)
    finally:
        client.close()
    with transaction(engine) as session:
        connection = connection_of(session, connection_id)
        _keep(session, connection, {**_kept(connection), "ids": made, "url": url})
    return f"Fortis reports changes of contacts, payments and batches to {url}."


def have_it_report(engine: Engine, connection_id: int) -> str:
    """Payments are reported at once where Huddle has a public address; a refusal does not undo the connection.

    What came of it, in a sentence.
    """
    if not address():
        return "Without HUDDLE_PUBLIC_URL it cannot report payments at once; Huddle asks every few minutes."
    try:
        return register(engine, connection_id)
    except HuddleError as error:
        return f"It does not report payments by itself yet: {error.sentence}"


def said_of(connection: Connection) -> tuple[str, str]:
    """What `huddle doctor` says of a Fortis connection: a sentence, and what to do ("" = nothing)."""
    url, told = address(), registered_address(connection)
    if not url:
        words = f"{connection.name} cannot report payments at once; Huddle asks every few minutes instead."
        return words, "Set HUDDLE_PUBLIC_URL to the address others reach Huddle at, then connect again."
    if told != url:
        return f"{connection.name} does not report payments to {url} yet.", "Run huddle connect fortis again."
    return f"{connection.name} reports payments to {url}.", ""


def _kept(connection: Connection) -> dict[str, Any]:
    if not connection.sealed_secrets:
        return {}
    return json.loads(open_sealed(connection.sealed_secrets)).get(MADE_HERE, {})


def _keep(session: Session, connection: Connection, kept: dict[str, Any]) -> None:
    everything = json.loads(open_sealed(connection.sealed_secrets))
    connection.sealed_secrets = seal(json.dumps({**everything, MADE_HERE: kept}, sort_keys=True))
    session.add(connection)
    session.flush()
