"""Who may tell us what: one door a source, each with its way of knowing the sender and reading the message.

Nothing is written before the sender is known; what is not known is turned away without a word why (RELIABILITY 15).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from core.connections.models import Connection, ConnectionState, Kind
from core.connections.postbacks import auth_tokens_of, keys_of
from core.errors import HuddleError, NotFound
from core.inbox import texts as inbound
from core.inbox.commands import keep, note_applied
from core.inbox.models import InboxEvent
from core.inbox.texts import kept_of
from core.integrations import sms
from core.integrations.fortis import webhooks as fortis_postbacks

_log = logging.getLogger(__name__)


class Delivery(NamedTuple):
    """What came in. headers: lower-case names. address: as the sender called it, with its query."""

    headers: Mapping[str, str]
    body: bytes
    address: str = ""


class Event(NamedTuple):
    """What a delivery says. event_id: the source's own, or a digest of what was said. body: what is worth keeping."""

    event_id: str
    kind: str
    body: dict[str, Any]


class Unknown(HuddleError):
    """The sender did not prove who it is."""


@dataclass(frozen=True, slots=True)
class Door:
    """keys(connection): what senders of that connection prove themselves with; none anywhere: no such door.

    hear(delivery, keys): what is said, None when the sender is not who has the keys; raises BadInput when it is and
    cannot be read. at_once: applied in the transaction that stores the event, for what needs no further question;
    answers what the sender is to be told. None: by the worker. answer: content type and body for those words.
    """

    kind: str
    keys: Callable[[Connection], Sequence[Any]]
    hear: Callable[[Delivery, Sequence[Any]], Event | None]
    at_once: Callable[[Session, InboxEvent], str] | None = None
    answer: Callable[[str], tuple[str, str]] = lambda _words: ("text/plain", "")


class Verified(NamedTuple):
    """An event whose sender is known."""

    source: str
    connection_id: int
    practice_id: int
    event: Event


def _hear_fortis(delivery: Delivery, keys: Sequence[fortis_postbacks.Key]) -> Event | None:
    if not fortis_postbacks.is_signed_in(delivery.headers, keys):
        return None
    told = fortis_postbacks.read(delivery.body)
    body = {"resource": told.resource, "action": told.action, "id": told.record_id, "refs": told.refs}
    return Event(told.event_id, f"{told.resource} {told.action}".strip(), body)


def _hear_text_gateway(delivery: Delivery, keys: Sequence[str]) -> Event | None:
    said = sms.verify(delivery.headers, delivery.body, url=delivery.address, auth_tokens=keys)
    return None if isinstance(said, sms.Unauthentic) else Event(said.event_id, said.kind, kept_of(said))


DOORS: dict[str, Door] = {
    "fortis": Door(kind=Kind.FORTIS, keys=keys_of, hear=_hear_fortis),
    "sms": Door(
        kind=Kind.SMS,
        keys=auth_tokens_of,
        hear=_hear_text_gateway,
        at_once=inbound.apply,
        answer=inbound.twiml,
    ),
}


def verify(session: Session, source: str, delivery: Delivery) -> Verified:
    """Who sent this and what it says; reads only.

    Raises NotFound (no such source, or none that has a key), Unknown (not the sender it should be), BadInput.
    """
    door = DOORS.get(source)
    open_to = _open_to(session, door) if door else []
    if door is None or not open_to:
        raise NotFound("There is nothing here.")
    for connection, keys in open_to:
        event = door.hear(delivery, keys)
        if event is not None:
            own = event._replace(event_id=f"{connection.id}-{event.event_id}")
            return Verified(source, connection.id or 0, connection.practice_id, own)
    raise Unknown("The sender is not known.")


def _open_to(session: Session, door: Door) -> list[tuple[Connection, Sequence[Any]]]:
    connections = session.exec(
        select(Connection)
        .where(Connection.kind == door.kind, col(Connection.state) != ConnectionState.DISCONNECTED)
        .order_by(col(Connection.id))
    ).all()
    found = [(connection, door.keys(connection)) for connection in connections if connection.sealed_secrets]
    return [(connection, keys) for connection, keys in found if keys]


def take_in(session: Session, verified: Verified) -> str:
    """Store an event once, and apply what can be applied at once. What the sender is to be told; "" = nothing."""
    event = verified.event
    told = keep(
        session,
        source=verified.source,
        event_id=_storable(event.event_id)[:200],
        kind=_storable(event.kind)[:80],
        body=_storable(event.body),
        connection_id=verified.connection_id,
        practice_id=verified.practice_id,
    )
    at_once = DOORS[verified.source].at_once
    if told is None or at_once is None:
        return ""
    try:
        with session.begin_nested():
            words = at_once(session, told)
            note_applied(session, [told])
    except Exception:  # it is stored all the same, and the worker tries again
        _log.exception("an event of %s could not be applied at once", verified.source)
        return ""
    return words


def _storable(value: Any) -> Any:
    """Without what one of the stores cannot hold: NUL and half characters."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_storable(str(name)): _storable(item) for name, item in value.items()}
    return value
