"""Adding, changing, pausing and ending connections to other systems. Secrets are sealed on the way in."""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.connections.fields import LOGIN, label_of, without_version
from core.connections.kinds import OPTIONAL_SECRETS, SECRETS, SETTINGS
from core.connections.models import DEMO, EHRS, PROCESSORS, Connection, ConnectionState, Kind, SyncCursor
from core.errors import BadInput, NotFound
from core.integrations import sms
from core.integrations.cash_practice import client as cash_practice
from core.integrations.cliniko.client import Cliniko
from core.integrations.cliniko.key import shard_of
from core.integrations.cliniko.rows import CLOSED_MEANS
from core.integrations.email import Mail
from core.integrations.fhir.files import ENDINGS as FHIR_ENDINGS
from core.integrations.fhir.server import FhirServer
from core.integrations.fortis.till import FortisTill
from core.integrations.genesis.client import Genesis
from core.integrations.genesis.drop_folder import GenesisDrop
from core.integrations.practice_files.cells import Noted, email, time_zone
from core.permissions import Identity, Permission, require
from core.practice.models import Practice
from core.secrets import clean_key, has_card_number, make_key_file, open_sealed, seal
from core.settings import settings as app_settings
from core.staff.models import StaffClerkKey

MADE_HERE = (
    "postbacks"  # what we gave the other system to sign in here with (see postbacks.py), beside its secrets
)

FORMER_KEY_LASTS = timedelta(days=1)  # what was signed under a key just changed may still be on its way


def connect(
    session: Session,
    *,
    kind: str,
    name: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    actor: Identity | None = None,
) -> Connection:
    """Add a connection, or change the one of that name: what is not given again stays as it was.

    Keys are freed of spaces and invisible characters. Makes the key file when this store holds no secret yet.
    actor None = the command line or the system itself. The test call is `check`, made before this.
    Raises BadInput (unknown kind, missing or unknown field, name taken by another kind), WrongKey, NotAllowed.
    """
    _may(actor)
    wanted = kind_of(kind)
    name = name.strip()
    if not name:
        raise BadInput("A connection needs a name.")
    found = session.exec(select(Connection).where(Connection.name == name)).first()
    if found is not None and found.kind != wanted:
        raise BadInput(f"“{name}” is already the name of a {found.kind} connection. Choose another name.")
    before = ({}, {}) if found is None else (settings_of(found), credentials(found))
    if wanted in (*EHRS, *PROCESSORS):
        refuse_beside_demo(session)
    public, secret = sort_fields(wanted, {**before[0], **settings}, {**before[1], **secrets})
    if found is None:
        if session.get(Practice, 1) is None:
            session.add(Practice(id=1))
            session.flush()  # no relationship tells the session that this row comes first
        found = Connection(kind=wanted, name=name, created_at=clock.now())
    elif public != before[0]:
        _begin_anew(session, found)
    found.settings = json.dumps(public, sort_keys=True)
    if secret:
        _key_for(session)
        made_here = _made_here(found, before[1], secret)
        found.sealed_secrets = seal(json.dumps({**secret, **made_here}, sort_keys=True))
    found.state = ConnectionState.CONNECTED
    session.add(found)
    session.flush()
    _audit(session, actor, found, "connection saved", changed=sorted({*settings, *secrets}))
    return found


def check(kind: str, settings: Mapping[str, str], secrets: Mapping[str, str]) -> str:
    """A real test call, made before connecting: what was found, in a sentence.

    Raises BadInput (fields, address not allowed, no such folder), WrongCredentials, TransportError.
    """
    wanted = kind_of(kind)
    public, secret = sort_fields(wanted, settings, secrets)
    if wanted == Kind.PRACTICE_FILES:
        return _look_into(Path(public["folder"]))
    if wanted == Kind.FHIR and public["folder"]:
        return _look_into(Path(public["folder"]), FHIR_ENDINGS, "FHIR")
    client = CLIENTS[wanted](public, secret)
    try:
        return client.check()
    finally:
        client.close()


def fortis_client(settings: Mapping[str, str], secrets: Mapping[str, str], **reader: Any) -> FortisTill:
    """A client for one location. Raises BadInput when the address is not on the allow-list."""
    return FortisTill(**settings, **secrets, allowed_hosts=app_settings().outbound_hosts, **reader)


def cash_practice_client(
    settings: Mapping[str, str], secrets: Mapping[str, str], *, clerk_key: str = "", **reader: Any
) -> cash_practice.CashPractice:
    """A client for one practice; clerk_key "" only reads. Raises BadInput when the address is not on the allow-list."""
    hosts = app_settings().outbound_hosts
    where = {"base_url": settings["base_url"], "allowed_hosts": hosts}
    return cash_practice.CashPractice(**where, **secrets, clerk_key=clerk_key, **reader)


def mail_client(settings: Mapping[str, str], secrets: Mapping[str, str]) -> Mail:
    """A client for one mailbox. Raises BadInput: address not allowed, no such port or security."""
    return Mail(**settings, **secrets, allowed_hosts=app_settings().outbound_hosts)


def sms_client(settings: Mapping[str, str], secrets: Mapping[str, str], **reader: Any) -> sms.Sms:
    """A client for one account at a text gateway. Raises BadInput when the address is not on the allow-list."""
    return sms.Sms(**settings, **secrets, allowed_hosts=app_settings().outbound_hosts, **reader)


def genesis_client(
    settings: Mapping[str, str], secrets: Mapping[str, str], **reader: Any
) -> Genesis | GenesisDrop:
    """Genesis over the network, or the folder that stands in for it. Raises BadInput (fields, address not allowed)."""
    if folder := settings.get("drop_folder"):
        return GenesisDrop(folder)
    missing = [name for name in ("base_url", "cp_id", "cp_mkey") if not {**settings, **secrets}.get(name)]
    if missing:
        raise BadInput(f"genesis also needs {' and '.join(missing)}, or a drop_folder instead.")
    return Genesis(
        base_url=settings["base_url"],
        cp_id=settings["cp_id"],
        cp_mkey=secrets["cp_mkey"],
        account_id=settings.get("account_id", ""),
        allowed_hosts=app_settings().outbound_hosts,
        **reader,
    )


def fhir_client(settings: Mapping[str, str], secrets: Mapping[str, str], **reader: Any) -> FhirServer:
    """A client for one FHIR server. Raises BadInput when the address is not on the allow-list."""
    hosts = app_settings().outbound_hosts
    return FhirServer(
        base_url=settings["base_url"], token=secrets.get("token", ""), allowed_hosts=hosts, **reader
    )


def cliniko_client(settings: Mapping[str, str], secrets: Mapping[str, str], **reader: Any) -> Cliniko:
    """A client for one account. Raises BadInput: the key has no shard, or the address is not this machine."""
    address = {"base_url": settings.get("base_url", ""), "contact_email": settings["contact_email"]}
    return Cliniko(**address, api_key=secrets["api_key"], **reader)


# how to open what is called over a network: settings and secrets in, something with check() and close() out
CLIENTS: dict[Kind, Callable[[Mapping[str, str], Mapping[str, str]], Any]] = {
    Kind.FORTIS: fortis_client,
    Kind.CASH_PRACTICE: cash_practice_client,
    Kind.EMAIL: mail_client,
    Kind.SMS: sms_client,
    Kind.GENESIS: genesis_client,
    Kind.FHIR: fhir_client,
    Kind.CLINIKO: cliniko_client,
}


def _look_into(folder: Path, endings: Collection[str] = (".csv",), what: str = "practice") -> str:
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.")
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in endings]
    except OSError as error:
        raise BadInput(f"The folder {folder} cannot be read: {error.strerror}.") from error
    if not files:
        return f"{folder} is there and holds no {what} files yet; they are read as they arrive."
    return f"{folder} holds {len(files)} {'file' if len(files) == 1 else 'files'} to read."


def pause(session: Session, connection_id: int, *, actor: Identity | None = None) -> None:
    """Stop syncing for now; everything stays. Connecting again resumes. Raises NotFound, NotAllowed."""
    _may(actor)
    found = connection_of(session, connection_id)
    if found.state == ConnectionState.PAUSED:
        return
    found.state = ConnectionState.PAUSED
    _audit(session, actor, found, "connection paused")


def resume(session: Session, connection_id: int, *, actor: Identity | None = None) -> None:
    """Sync again after a pause. Raises NotFound, NotAllowed; BadInput when the keys are gone (disconnected)."""
    _may(actor)
    found = connection_of(session, connection_id)
    if found.state == ConnectionState.DISCONNECTED:
        raise BadInput(f"{found.name} was disconnected and its keys were erased. Connect it again.")
    if found.state != ConnectionState.PAUSED:
        return
    found.state = ConnectionState.CONNECTED
    _audit(session, actor, found, "connection resumed")


def disconnect(session: Session, connection_id: int, *, actor: Identity | None = None) -> None:
    """Erase the keys and stop syncing; what was synced stays, growing old visibly. Raises NotFound, NotAllowed."""
    _may(actor)
    found = connection_of(session, connection_id)
    if found.state == ConnectionState.DISCONNECTED:
        return
    found.state, found.sealed_secrets = ConnectionState.DISCONNECTED, ""
    _audit(session, actor, found, "connection ended")


def credentials(connection: Connection) -> dict[str, str]:
    """The secrets of a connection in clear, for the integration alone. Raises WrongKey."""
    sealed = json.loads(open_sealed(connection.sealed_secrets)) if connection.sealed_secrets else {}
    return {name: value for name, value in sealed.items() if name != MADE_HERE}


def _made_here(connection: Connection, before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, Any]:
    """What postbacks.py keeps beside the secrets. The key that signed until now is still believed for a day."""
    sealed = json.loads(open_sealed(connection.sealed_secrets)) if connection.sealed_secrets else {}
    kept = sealed.get(MADE_HERE, {})
    former = before.get("auth_token", "")
    if former and former != now.get("auth_token"):
        until = (clock.now() + FORMER_KEY_LASTS).timestamp()
        kept = {**kept, "former": {"auth_token": former, "until": until}}
    return {MADE_HERE: kept} if kept else {}


def settings_of(connection: Connection) -> dict[str, str]:
    """The settings of a connection that are not secret."""
    return json.loads(connection.settings)


def connection_of(session: Session, connection_id: int) -> Connection:
    """Raises NotFound."""
    found = session.get(Connection, connection_id)
    if found is None:
        raise NotFound(f"There is no connection {connection_id}.")
    return found


def connection_named(session: Session, name: str) -> Connection:
    """Raises NotFound with the names there are."""
    names = session.exec(select(Connection).order_by(col(Connection.name))).all()
    for connection in names:
        if connection.name == name:
            return connection
    there_are = ", ".join(connection.name for connection in names) or "none yet"
    raise NotFound(f"There is no connection called “{name}”. Connections: {there_are}.")


def require_key(session: Session) -> None:
    """Whether the key file opens every secret of this store: asked before anything starts. Raises WrongKey."""
    for sealed in session.exec(select(Connection.sealed_secrets).where(Connection.sealed_secrets != "")):
        open_sealed(sealed)
    for sealed in session.exec(select(StaffClerkKey.sealed_key)):
        open_sealed(sealed)


def kind_of(kind: str) -> Kind:
    """Raises BadInput with the kinds there are."""
    try:
        return Kind(kind)
    except ValueError as error:
        raise BadInput(f"“{kind}” is not a kind of connection. Kinds: {', '.join(Kind)}.") from error


def split_secrets(kind: str, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Fields as typed, parted into settings and secrets. Raises BadInput for an unknown kind."""
    names = SECRETS[kind_of(kind)]
    plain = {name: value for name, value in given.items() if name not in names}
    return plain, {name: value for name, value in given.items() if name in names}


def sort_fields(
    kind: Kind, settings: Mapping[str, str], secrets: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and secrets, each where it belongs however it was given, cleaned, defaults filled in.

    Raises BadInput for an unknown, missing or empty field.
    """
    given = {**settings, **secrets}
    defaults, secret_names = SETTINGS[kind], SECRETS[kind]
    if unknown := sorted(given.keys() - {*defaults, *secret_names}):
        raise BadInput(f"{kind} knows no “{unknown[0]}”. It takes: {', '.join([*defaults, *secret_names])}.")
    public = {name: _cleaned(name, given.get(name) or default or "") for name, default in defaults.items()}
    secret = {name: clean_key(given.get(name, ""))[0] for name in secret_names}
    needed = [name for name, default in defaults.items() if default is None]
    needed += [name for name in secret_names if (kind, name) not in OPTIONAL_SECRETS]
    if missing := [name for name in needed if not {**public, **secret}[name]]:
        raise BadInput(f"{kind} also needs {' and '.join(missing)}.")
    for name in LOGIN.get(kind, ()):
        if not {**public, **secret}[name].isascii():
            raise BadInput(f"{label_of(name, kind)} holds a letter or sign that no key has. Copy it again.")
    if kind == Kind.FHIR:
        _one_place(public)
    elif public.get("base_url"):
        public["base_url"] = without_version(public["base_url"])
    if kind == Kind.CLINIKO:
        shard_of(secret["api_key"])
    return public, secret


def _one_place(public: dict[str, str]) -> None:
    """A FHIR connection reads one server or one folder. Raises BadInput; spells the time zone as IANA does."""
    if bool(public["base_url"]) == bool(public["folder"]):
        raise BadInput("fhir needs either base_url (a server) or folder (files), one of the two.")
    if public["time_zone"]:
        try:
            public["time_zone"] = time_zone(public["time_zone"])
        except BadInput as wrong:
            raise BadInput(f"time_zone {wrong.sentence}.") from wrong


def _cleaned(name: str, value: str) -> str:
    if name in {"folder", "drop_folder"}:
        return value.strip()
    value = " ".join(value.split()) if name == "sender_name" else clean_key(value)[0]
    if name == "date_start" and value:
        try:
            value = date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise BadInput(f"“{value}” is not a date such as 2026-11-22.") from error
    if name == "whole" and (value := value.casefold()) not in {"yes", "no"}:
        raise BadInput("whole is yes (what a file no longer holds is gone) or no.")
    if name == "closed_invoices" and (value := value.casefold()) not in CLOSED_MEANS:
        raise BadInput(f"closed_invoices is one of {', '.join(CLOSED_MEANS)}.")
    if name == "contact_email":
        try:
            return email(value) if value else ""
        except Noted as wrong:
            raise BadInput("contact_email is not an e-mail address such as desk@yourpractice.com.") from wrong
    if name == "per_second" and not value.replace(".", "", 1).isdecimal():
        raise BadInput(f"per_second is a number such as 10, not “{value}”. 0 means no limit.")
    if has_card_number(value):
        raise BadInput(
            f"{name} looks like a card number. Huddle never keeps one; leave it with the processor."
        )
    return value.rstrip("/") if name == "base_url" else value


def refuse_beside_demo(session: Session) -> None:
    """Real and invented people never stand on one list. Raises BadInput while demo data is loaded."""
    if session.exec(select(Connection.id).where(Connection.settings == DEMO)).first() is not None:
        raise BadInput("Demo data is loaded. Throw it away on the morning page first; then connect your own.")


def _begin_anew(session: Session, connection: Connection) -> None:
    """Another address, login or location: what changed there since our last sync says nothing, so read everything."""
    for place in session.exec(select(SyncCursor).where(SyncCursor.connection_id == connection.id)):
        place.cursor = ""
        session.add(place)


def _key_for(session: Session) -> None:
    require_key(session)  # never seal one secret under a key that does not open the others
    make_key_file()


def _may(actor: Identity | None) -> None:
    if actor is not None:
        require(actor.role, Permission.MANAGE_CONNECTIONS)


def _audit(
    session: Session, actor: Identity | None, connection: Connection, action: str, **detail: object
) -> None:
    session.add(connection)
    session.flush()
    detail = {"kind": connection.kind, **detail}
    subject = {"subject_kind": "connection", "subject_id": connection.id or 0}
    record(session, who=actor, action=action, **subject, detail=detail)
