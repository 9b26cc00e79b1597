"""One process at a time: who runs a job now is a row in the store, renewed while the job lives.

A killed process renews no more: its lease runs out within LEASE_SECONDS and the next process takes it.
"""

import contextvars
import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import CursorResult, Engine, Table, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from core import clock
from core.connections.models import Lease
from core.errors import HuddleError
from core.store.engine import transaction

LEASE_SECONDS = 45
RENEW_SECONDS = 10

_TABLE: Table = Lease.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_log = logging.getLogger(__name__)


class Busy(HuddleError):
    """Another process does this now; nothing is wrong."""

    permanent = False


class LeaseLost(HuddleError):
    """This process was too slow (or asleep) and another one has taken over: what it was doing is not committed."""

    permanent = False


class Held:
    """A lease this process holds."""

    def __init__(self, name: str, holder: str) -> None:
        self.name, self.holder = name, holder

    def confirm(self, session: Session) -> None:
        """Renew inside a job's own transaction, so that only the holder commits. Raises LeaseLost."""
        renewed = session.execute(
            update(_TABLE)
            .where(_TABLE.c.name == self.name, _TABLE.c.holder == self.holder)
            .values(until=clock.now() + timedelta(seconds=LEASE_SECONDS))
        )
        if not isinstance(renewed, CursorResult) or renewed.rowcount != 1:
            raise LeaseLost("Another process has taken over this work.")


@contextmanager
def hold(engine: Engine, name: str, *, busy: str) -> Iterator[Held]:
    """Run the block as the only one of that name. Raises Busy with the given sentence when another one runs."""
    held = Held(name, f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
    with transaction(engine) as session:
        _take(session, held, busy)
    stop = threading.Event()
    context = contextvars.copy_context()  # the thread sees the same clock as the job
    beat = threading.Thread(
        target=context.run, args=(_renew, engine, held, stop), name=f"lease {name}", daemon=True
    )
    beat.start()
    try:
        yield held
    finally:
        stop.set()
        beat.join()
        with transaction(engine) as session:
            session.execute(delete(_TABLE).where(_TABLE.c.name == name, _TABLE.c.holder == held.holder))


def _take(session: Session, held: Held, busy: str) -> None:
    now = clock.now()
    until = now + timedelta(seconds=LEASE_SECONDS)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_TABLE).values(name=held.name, holder=held.holder, until=until)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": held.holder, "until": until},
            # one that ends later than any lease can was written by a clock that ran ahead
            where=or_(_TABLE.c.until <= now, _TABLE.c.until > now + timedelta(seconds=2 * LEASE_SECONDS)),
        )
    )
    if session.execute(select(_TABLE.c.holder).where(_TABLE.c.name == held.name)).scalar() != held.holder:
        raise Busy(busy)


def _renew(engine: Engine, held: Held, stop: threading.Event) -> None:
    while not stop.wait(RENEW_SECONDS):
        try:
            with transaction(engine) as session:
                held.confirm(session)
        except LeaseLost:
            return  # the job itself notices at its next transaction
        except DBAPIError as error:
            _log.warning("lease %s could not be renewed: %s", held.name, type(error.orig).__name__)
