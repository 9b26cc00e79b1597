"""Reading back what became of our tasks in the EHR's own list, page by page from where the last reading ended."""

import structlog
from sqlalchemy import Engine

from core import clock
from core.connections.commands import connection_of, credentials, settings_of
from core.connections.runs import place_of
from core.errors import TransportError
from core.integrations.genesis.records import TaskPage
from core.jobs.lease import Busy, hold
from core.jobs.outbox.senders import open_client
from core.store.engine import reader, transaction
from core.tasks.from_genesis import Followed, There, follow
from core.tasks.to_genesis import genesis_connection

RESOURCE = "tasks"
OVERLAP_SECONDS = 300  # read again each time: what changed in the second of the last page may be missing

_log = structlog.get_logger("huddle.tasks")


def follow_tasks(engine: Engine) -> Followed:
    """Close and reopen what was closed and reopened there. Where it cannot be reached, the next run goes on."""
    with reader(engine) as session:
        connection_id = genesis_connection(session)
    if connection_id is None:
        return Followed()
    try:
        with hold(engine, f"follow tasks {connection_id}", busy="Another process reads the tasks."):
            return _follow(engine, connection_id)
    except Busy:
        return Followed()
    except TransportError as error:
        _log.warning("the tasks could not be read back", error=error.sentence)
        return Followed()


def _follow(engine: Engine, connection_id: int) -> Followed:
    with reader(engine) as session:
        connection = connection_of(session, connection_id)
        kind, settings, secrets = connection.kind, settings_of(connection), credentials(connection)
    with transaction(engine) as session:
        cursor = place_of(session, connection_id, RESOURCE).cursor
    client = open_client(kind, settings, secrets)
    closed = reopened = 0
    try:
        since = max(0, int(cursor) - OVERLAP_SECONDS) if cursor else None
        for page in client.tasks(since):
            done = _keep(engine, connection_id, page)
            closed, reopened = closed + done.closed, reopened + done.reopened
    finally:
        client.close()
    return Followed(closed, reopened)


def _keep(engine: Engine, connection_id: int, page: TaskPage) -> Followed:
    """One page, one transaction, the cursor in it."""
    there = [
        There(one.key, one.status == "closed", one.closed_by, one.reason, one.changed_at)
        for one in page.tasks
    ]
    with transaction(engine) as session:
        done = follow(session, there)
        place = place_of(session, connection_id, RESOURCE)
        place.cursor = str(max(int(place.cursor or 0), page.high or 0))
        place.synced_at = clock.now()
        session.add(place)
    return done
