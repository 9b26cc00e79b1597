"""The life of what we were told: kept once, then applied, parked or given up (DESIGN §2.7, RELIABILITY 16, 17)."""

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import NotFound
from core.inbox.models import InboxEvent, InboxState
from core.permissions import Identity, Permission, require
from core.store.base import table_of

# one that is claimed and not finished by then belongs to a process that is gone
CLAIMED_FOR = timedelta(seconds=90)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=30)
MOST_ATTEMPTS = 150  # about three days of them
OPEN = (InboxState.WAITING, InboxState.PARKED)

# set when a commit put something into the inbox: this process's worker looks at once
arrived = threading.Event()


def keep(
    session: Session,
    *,
    source: str,
    event_id: str,
    kind: str,
    body: Mapping[str, Any],
    connection_id: int | None,
    practice_id: int = 1,
) -> InboxEvent | None:
    """Store one event; None, and nothing changed, when it is here already. body: without card numbers and secrets."""
    now = clock.now()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table_of(InboxEvent)).values(
        practice_id=practice_id,
        connection_id=connection_id,
        source=source,
        event_id=event_id,
        kind=kind,
        body=json.dumps(dict(body), sort_keys=True),
        received_at=now,
        not_before=now,
        state=InboxState.WAITING,
        attempts=0,
        reason="",
    )
    once = statement.on_conflict_do_nothing(index_elements=["source", "event_id"])
    if session.execute(once).rowcount != 1:  # type: ignore[attr-defined]  # an INSERT's result has one
        return None
    _wake_after_commit(session)
    return session.exec(
        select(InboxEvent).where(InboxEvent.source == source, InboxEvent.event_id == event_id)
    ).one()


def _wake_after_commit(session: Session) -> None:
    if not session.info.get("inbox_wakes"):
        session.info["inbox_wakes"] = True
        event.listen(session, "after_commit", lambda _session: arrived.set())


def body_of(told: InboxEvent) -> dict[str, Any]:
    """What was kept of an event."""
    return json.loads(told.body)


def claim(session: Session, *, now: datetime, limit: int) -> list[InboxEvent]:
    """Take what is due, oldest first; nobody else takes it meanwhile, and if we die it is due again after 90 s."""
    due = session.exec(
        select(InboxEvent)
        .where(col(InboxEvent.state).in_(OPEN), InboxEvent.not_before <= now)
        .order_by(col(InboxEvent.not_before), col(InboxEvent.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for told in due:
        told.attempts += 1
        told.not_before = now + CLAIMED_FOR
        session.add(told)
    session.flush()
    return list(due)


def open_again(session: Session, ids: Collection[int]) -> list[InboxEvent]:
    """Those of these events that are not applied yet, locked until the transaction ends."""
    return list(
        session.exec(
            select(InboxEvent)
            .where(col(InboxEvent.id).in_(list(ids)), col(InboxEvent.state).in_(OPEN))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def note_applied(session: Session, told: Sequence[InboxEvent], reason: str = "") -> None:
    """It is done. reason: what there was to do, when that is worth saying."""
    for each in told:
        each.state, each.reason, each.applied_at = InboxState.APPLIED, reason, clock.now()
        session.add(each)


def put_off(session: Session, told: Sequence[InboxEvent], reason: str, *, parked: bool = False) -> None:
    """It could not be applied yet: looked at again, later each time; after about three days a person has to.

    parked: what it rests on is not here yet. reason: a sentence for the staff.
    """
    now = clock.now()
    for each in told:
        each.reason = reason
        if each.attempts >= MOST_ATTEMPTS:
            each.state = InboxState.FAILED
        else:
            each.state = InboxState.PARKED if parked else InboxState.WAITING
            each.not_before = now + wait_before(each.attempts)
        session.add(each)


def wait_before(attempts: int) -> timedelta:
    """5 s, 20 s, 80 s … at most half an hour."""
    return min(LONGEST_WAIT, FIRST_WAIT * 4 ** min(9, max(0, attempts - 1)))


def look_at_parked(session: Session, connection_id: int) -> int:
    """A sync brought new records of a connection: what waited for them is due now. How many."""
    parked = session.exec(
        select(InboxEvent).where(
            InboxEvent.state == InboxState.PARKED, InboxEvent.connection_id == connection_id
        )
    ).all()
    for each in parked:
        each.not_before = clock.now()
        session.add(each)
    if parked:
        _wake_after_commit(session)
    return len(parked)


def try_again(session: Session, actor: Identity, event_id: int) -> None:
    """A person wants a failed event applied after all; one that is applied by now stays so. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.MANAGE_CONNECTIONS)
    told = session.get(InboxEvent, event_id)
    if told is None:
        raise NotFound("There is nothing to try again: this was never here.")
    if told.state == InboxState.APPLIED:
        return
    told.state, told.not_before, told.attempts = InboxState.WAITING, clock.now(), 0
    session.add(told)
    record(session, who=actor, action="event tried again", subject_kind="inbox event", subject_id=event_id)
    _wake_after_commit(session)
