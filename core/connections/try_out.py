"""Trying a connection out before it is saved: fields cleaned, shapes looked at, a real call, and which key is wrong."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlmodel import Session, select

from core.connections.commands import (
    SECRETS,
    check,
    connect,
    connection_of,
    credentials,
    kind_of,
    settings_of,
)
from core.connections.fields import LOGIN, Odd, label_of, labels_of, odd_shapes
from core.connections.models import Connection, Kind
from core.errors import BadInput, HuddleError, Refused, WrongCredentials
from core.permissions import Identity, Permission, require
from core.secrets import clean_key, without_keys

_ADVICE = " Check them and connect again."  # http.Reader's, for somebody who is not at the form
_AS_TYPED = frozenset({"folder", "drop_folder", "sender_name"})  # may hold spaces that mean something


class Typed(NamedTuple):
    """What a person typed, ready to be tried. freed: fields that spaces or invisible characters were taken out of.

    before: the fields of the connection that is being changed, {} for a new one; an empty field keeps its value.
    """

    kind: str
    fields: dict[str, str]
    freed: list[str]
    odd: list[Odd]
    before: dict[str, str]

    def settings(self) -> dict[str, str]:
        return {name: value for name, value in self.fields.items() if name not in SECRETS[kind_of(self.kind)]}

    def secrets(self) -> dict[str, str]:
        return {name: value for name, value in self.fields.items() if name in SECRETS[kind_of(self.kind)]}


class NotAccepted(HuddleError):
    """The try did not succeed. fields: where to look, in the order of likelihood; may be empty."""

    def __init__(self, sentence: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.fields = fields


def take(
    session: Session,
    actor: Identity,
    kind: str,
    given: Mapping[str, str],
    *,
    connection_id: int | None = None,
) -> Typed:
    """The typed fields cleaned, and completed from the connection that they change.

    Holds secrets in clear: never to be shown or kept. Raises NotAllowed, NotFound, WrongKey, BadInput (kind).
    """
    require(actor.role, Permission.MANAGE_CONNECTIONS)
    before: dict[str, str] = {}
    if connection_id is not None:
        found = connection_of(session, connection_id)
        before = {**settings_of(found), **credentials(found)}
    fields, freed = dict(before), []
    for name, value in given.items():
        cleaned = value.strip() if name in _AS_TYPED else clean_key(value)[0]
        if cleaned != value and name not in _AS_TYPED:
            freed.append(name)
        if cleaned or name not in SECRETS[kind_of(kind)]:
            fields[name] = cleaned
    return Typed(kind, fields, freed, odd_shapes(kind, fields), before)


def try_out(typed: Typed) -> str:
    """A real test call with these fields: what was found, in a sentence. Raises NotAccepted; stores nothing."""
    try:
        return check(typed.kind, typed.settings(), typed.secrets())
    except HuddleError as error:
        why = _why(typed, error)
        raise NotAccepted(without_keys(why.sentence, typed.fields.values()), why.fields) from error


def _why(typed: Typed, error: HuddleError) -> NotAccepted:
    if isinstance(error, WrongCredentials):
        return _wrong_key(typed, error)
    if isinstance(error, Refused):
        return _refused(typed, error)
    later = "" if isinstance(error, BadInput) else " Try again in a moment."
    return NotAccepted(f"{error.sentence}{later}")


def keep(
    session: Session, actor: Identity, typed: Typed, *, name: str, connection_id: int | None = None
) -> int:
    """Save what was tried out, as a new connection or as a change of one. Returns its id.

    Raises NotAllowed, NotFound, WrongKey; BadInput: the name is another connection's, or holds a key.
    """
    if any(secret and secret in name for secret in typed.secrets().values()):
        raise BadInput(
            "The name holds one of the keys. Give the connection a name such as “Fortis downtown”."
        )
    if connection_id is not None:
        name = connection_of(session, connection_id).name
    elif session.exec(select(Connection.id).where(Connection.name == name.strip())).first() is not None:
        raise BadInput(f"There is a connection called “{name.strip()}” already. Choose another name.")
    made = connect(
        session, kind=typed.kind, name=name, settings=typed.settings(), secrets=typed.secrets(), actor=actor
    )
    return made.id or 0


def freed_words(freed: list[str], kind: str = "") -> str:
    """What was taken out of the fields, in a sentence; "" when nothing was."""
    if not freed:
        return ""
    return f"Spaces or invisible characters were taken out of {labels_of(freed, kind)}."


def _wrong_key(typed: Typed, error: WrongCredentials) -> NotAccepted:
    """Which key it is, as far as one can tell: the odd-looking one, else the only one that changed, else all."""
    login = [name for name in LOGIN.get(typed.kind, ()) if typed.fields.get(name)]
    if not error.sentence.endswith(_ADVICE):  # it knows better than we what was refused
        odd_words = "".join(f" {one.sentence}" for one in typed.odd if one.name in login)
        return NotAccepted(f"{error.sentence}{odd_words}", tuple(login))
    odd = [one for one in typed.odd if one.name in login]
    if odd:
        return NotAccepted(
            f"{_said(error)} {' '.join(one.sentence for one in odd)} Copy it there again and paste it whole.",
            tuple(one.name for one in odd),
        )
    changed = [name for name in login if typed.before and typed.fields[name] != typed.before.get(name)]
    if len(changed) == 1 and len(login) > 1:
        only = label_of(changed[0], typed.kind)
        return NotAccepted(
            f"{_said(error)} The others worked before, so it is {only}: copy it there again.", tuple(changed)
        )
    if len(login) == 1:
        return NotAccepted(
            f"{_said(error)} Look at {label_of(login[0], typed.kind)}: copy it there again and paste it whole.",
            tuple(login),
        )
    return NotAccepted(
        f"{_said(error)} It does not say which one: copy {labels_of(login, typed.kind)} there again, one by one.",
        tuple(login),
    )


def _refused(typed: Typed, error: Refused) -> NotAccepted:
    """The keys were taken, and what they should open is not there."""
    if typed.kind == Kind.FORTIS and error.status in {400, 404, 412}:
        return NotAccepted(
            "Fortis takes the keys but knows no such location. Look at Location ID: copy it there again.",
            ("location_id",),
        )
    return NotAccepted(error.sentence)


def _said(error: WrongCredentials) -> str:
    return error.sentence.removesuffix(_ADVICE)
