"""Adding, changing, pausing and ending connections to other systems. Secrets are sealed on the way in."""

import json
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, select

from core import clock
from core.audit.models import AuditEntry
from core.connections.models import Connection, ConnectionState, Kind
from core.errors import BadInput, NotFound
from core.permissions import Permission, require
from core.practice.models import Practice
from core.secrets import clean_key, has_card_number, make_key_file, open_sealed, seal
from core.staff.models import Staff

FORTIS_PRODUCTION = "https://api.fortis.tech"

# what each kind needs to know: setting → its default (None = must be given), and the names of its secrets
SETTINGS: dict[Kind, dict[str, str | None]] = {
    Kind.FORTIS: {"base_url": FORTIS_PRODUCTION, "user_id": None, "location_id": None},
    Kind.PRACTICE_FILES: {"folder": None},
}
SECRETS: dict[Kind, tuple[str, ...]] = {
    Kind.FORTIS: ("user_api_key", "developer_id"),
    Kind.PRACTICE_FILES: (),
}


def connect(
    session: Session,
    *,
    kind: str,
    name: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    actor: Staff | None = None,
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
    public, secret = sort_fields(wanted, {**before[0], **settings}, {**before[1], **secrets})
    if found is None:
        if session.get(Practice, 1) is None:
            session.add(Practice(id=1))
        found = Connection(kind=wanted, name=name, created_at=clock.now())
    found.settings = json.dumps(public, sort_keys=True)
    if secret:
        _key_for(session)
        found.sealed_secrets = seal(json.dumps(secret, sort_keys=True))
    found.state = ConnectionState.CONNECTED
    session.add(found)
    session.flush()
    _audit(session, actor, found, "connection saved", changed=sorted({*settings, *secrets}))
    return found


def pause(session: Session, connection_id: int, *, actor: Staff | None = None) -> None:
    """Stop syncing for now; everything stays. Connecting again resumes. Raises NotFound, NotAllowed."""
    _may(actor)
    found = connection_of(session, connection_id)
    found.state = ConnectionState.PAUSED
    _audit(session, actor, found, "connection paused")


def resume(session: Session, connection_id: int, *, actor: Staff | None = None) -> None:
    """Sync again after a pause. Raises NotFound, NotAllowed; BadInput when the keys are gone (disconnected)."""
    _may(actor)
    found = connection_of(session, connection_id)
    if found.state == ConnectionState.DISCONNECTED:
        raise BadInput(f"{found.name} was disconnected and its keys were erased. Connect it again.")
    found.state = ConnectionState.CONNECTED
    _audit(session, actor, found, "connection resumed")


def disconnect(session: Session, connection_id: int, *, actor: Staff | None = None) -> None:
    """Erase the keys and stop syncing; what was synced stays, growing old visibly. Raises NotFound, NotAllowed."""
    _may(actor)
    found = connection_of(session, connection_id)
    found.state, found.sealed_secrets = ConnectionState.DISCONNECTED, ""
    _audit(session, actor, found, "connection ended")


def credentials(connection: Connection) -> dict[str, str]:
    """The secrets of a connection in clear, for the integration alone. Raises WrongKey."""
    return json.loads(open_sealed(connection.sealed_secrets)) if connection.sealed_secrets else {}


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


def kind_of(kind: str) -> Kind:
    """Raises BadInput with the kinds there are."""
    try:
        return Kind(kind)
    except ValueError as error:
        raise BadInput(f"“{kind}” is not a kind of connection. Kinds: {', '.join(Kind)}.") from error


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
    if missing := [name for name, value in {**public, **secret}.items() if not value]:
        raise BadInput(f"{kind} also needs {' and '.join(missing)}.")
    return public, secret


def _cleaned(name: str, value: str) -> str:
    if name == "folder":
        return value.strip()
    value = clean_key(value)[0]
    if has_card_number(value):
        raise BadInput(
            f"{name} looks like a card number. Huddle never keeps one; leave it with the processor."
        )
    return value.rstrip("/") if name == "base_url" else value


def _key_for(session: Session) -> None:
    sealed = session.exec(select(Connection.id).where(Connection.sealed_secrets != "")).first()
    if sealed is None:
        make_key_file()
    else:
        require_key(session)  # never seal one secret under a key that does not open the others


def _may(actor: Staff | None) -> None:
    if actor is not None:
        require(actor.role, Permission.MANAGE_CONNECTIONS)


def _audit(session: Session, actor: Staff | None, connection: Connection, action: str, **detail: Any) -> None:
    session.add(connection)
    session.add(
        AuditEntry(
            at=clock.now(),
            staff_id=actor.id if actor else None,
            who=actor.display_name or actor.username if actor else "Huddle",
            action=action,
            subject_kind="connection",
            subject_id=str(connection.id),
            detail=json.dumps({"name": connection.name, "kind": connection.kind, **detail}),
        )
    )
    session.flush()
