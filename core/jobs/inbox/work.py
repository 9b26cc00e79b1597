"""Applying what other systems told us: read the record again, store that, once (DESIGN §2.7, RELIABILITY 16, 17).

An event only says where to look. However often and in whatever order events come, and wherever a process dies, the
store ends at what the other system has; a sync without any event ends at the same.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from core import clock
from core.connections.commands import connection_of, credentials, fortis_client, settings_of
from core.connections.models import Connection, ConnectionState
from core.errors import HuddleError, NotFound
from core.inbox import commands as inbox
from core.inbox.doors import DOORS
from core.inbox.models import InboxEvent
from core.integrations.fortis.client import Fortis
from core.jobs.crashpoints import crashpoint
from core.jobs.records.reread import reread
from core.store.engine import reader, transaction

AT_ONCE = 50
# what an event is about → where to read it
READ_AGAIN = {
    "contact": "contacts",
    "transaction": "transactions",
}
ALONE = "The person this belongs to is not known at the processor yet."
NOTHING_TO_DO = "Nothing here follows from it."

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class InboxPass:
    """What one pass over the inbox came to, in events."""

    applied: int = 0
    parked: int = 0
    put_off: int = 0


def work_inbox(
    engine: Engine, *, wire: Mapping[str, Any] | None = None, stop: threading.Event | None = None
) -> InboxPass:
    """Apply everything that is due. wire: transport, sleep … of http.Reader, for replays. Raises nothing of a vendor."""
    did = InboxPass()
    while not (stop and stop.is_set()):
        with transaction(engine) as session:
            claimed = inbox.claim(session, now=clock.now(), limit=AT_ONCE)
        if not claimed:
            return did
        crashpoint("inbox.claimed")
        for connection_id, told in _by_connection(claimed).items():
            _apply_of(engine, connection_id, told, did, wire or {})
    return did


def _by_connection(claimed: Sequence[InboxEvent]) -> dict[int | None, list[InboxEvent]]:
    grouped: dict[int | None, list[InboxEvent]] = defaultdict(list)
    for told in claimed:
        grouped[told.connection_id].append(told)
    return grouped


def _apply_of(
    engine: Engine,
    connection_id: int | None,
    told: Sequence[InboxEvent],
    did: InboxPass,
    wire: Mapping[str, Any],
) -> None:
    """Events of one connection; what goes wrong puts off these and no others."""
    at_once = [each for each in told if each.source in DOORS and DOORS[each.source].at_once]
    for each in at_once:
        _apply_stored(engine, each, did)
    hints = [each for each in told if each not in at_once]
    if not hints:
        return
    try:
        _read_again(engine, connection_id, hints, did, wire)
    except HuddleError as error:
        _put_off(engine, hints, error.sentence, did)
    except Exception:
        if len(hints) > 1:  # one bad event must not hold up the others for ever
            for each in hints:
                _apply_of(engine, connection_id, [each], did, wire)
            return
        _log.exception("an event could not be applied")
        _put_off(engine, hints, "Something unforeseen went wrong; the log says more.", did)


def _apply_stored(engine: Engine, told: InboxEvent, did: InboxPass) -> None:
    """An event whose door applies it itself and could not when it came in."""
    apply = DOORS[told.source].at_once
    try:
        with transaction(engine) as session:
            for each in inbox.open_again(session, [told.id or 0]):
                assert apply is not None
                apply(session, each)
                inbox.note_applied(session, [each])
                did.applied += 1
    except Exception as error:
        _log.exception("an event could not be applied")
        sentence = error.sentence if isinstance(error, HuddleError) else "Something unforeseen went wrong."
        _put_off(engine, [told], sentence, did)


def _read_again(
    engine: Engine,
    connection_id: int | None,
    told: Sequence[InboxEvent],
    did: InboxPass,
    wire: Mapping[str, Any],
) -> None:
    about: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    nothing: list[int] = []
    for each in told:
        body = inbox.body_of(each)
        resource = READ_AGAIN.get(str(body.get("resource")))
        if resource is None:
            nothing.append(each.id or 0)
        else:
            about[resource][str(body["id"])].append(each.id or 0)
    _finish(engine, nothing, did, reason=NOTHING_TO_DO)
    if not about:
        return
    client = _client(engine, connection_id, wire)
    try:
        for resource, events in sorted(about.items()):  # contacts first: transactions rest on them
            alone = reread(engine, client, connection_id or 0, resource, list(events))
            crashpoint("inbox.asked")
            _finish(engine, [e for ref, ids in events.items() if ref not in alone for e in ids], did)
            _finish(engine, [e for ref, ids in events.items() if ref in alone for e in ids], did, parked=True)
    finally:
        client.close()


def _client(engine: Engine, connection_id: int | None, wire: Mapping[str, Any]) -> Fortis:
    with reader(engine) as session:
        connection: Connection = connection_of(session, connection_id or 0)
        if connection.state in {ConnectionState.PAUSED, ConnectionState.DISCONNECTED}:
            raise NotFound(f"{connection.name} is {connection.state}; connect it again.")
        return fortis_client(settings_of(connection), credentials(connection), **wire)


def _finish(
    engine: Engine, ids: Sequence[int], did: InboxPass, *, parked: bool = False, reason: str = ""
) -> None:
    if not ids:
        return
    with transaction(engine) as session:
        open_ones = inbox.open_again(session, ids)
        if parked:
            inbox.put_off(session, open_ones, ALONE, parked=True)
            did.parked += len(open_ones)
        else:
            inbox.note_applied(session, open_ones, reason)
            did.applied += len(open_ones)
    crashpoint("inbox.applied")


def _put_off(engine: Engine, told: Sequence[InboxEvent], reason: str, did: InboxPass) -> None:
    with transaction(engine) as session:
        open_ones = inbox.open_again(session, [each.id or 0 for each in told])
        inbox.put_off(session, open_ones, reason)
        did.put_off += len(open_ones)
