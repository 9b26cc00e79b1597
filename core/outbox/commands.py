"""The life of an outbox row. Permission and audit are the business command's, which puts the row in its transaction."""

import json
import re
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, event, or_, tuple_, update
from sqlmodel import Session, col, select

from core import clock
from core.errors import BadInput
from core.outbox.models import OPEN_STATES, OutboxRow, OutboxState
from core.outbox.sender import Cancel, Outgoing, Postpone, StillWanted
from core.permissions import Identity
from core.secrets import has_card_number
from core.settings import settings

# addresses and keys that machines made up: a run of digits in one is no card
_OURS = re.compile(r"https?://[^\s\"\\]+|\b(?=[\w-]*[A-Za-z])[\w-]{20,}\b")

SAME_PRESS = timedelta(seconds=10)
"""What is asked for again so soon after it was done is the second press of a double click, on a machine that may be slow."""

LEASE = timedelta(minutes=2)
_TAKEN = (OutboxState.SENDING, OutboxState.UNKNOWN)  # the states a row can have while a worker has it

committed = threading.Event()
"""Set when a commit of this process put something into the outbox: its worker looks at once."""


def new_key() -> str:
    """A key nobody can guess, made before the first attempt."""
    return uuid.uuid4().hex


def put(
    session: Session,
    *,
    kind: str,
    payload: Mapping[str, Any],
    connection_id: int | None,
    who: Identity | None = None,
    location_id: int | None = None,
    subject_kind: str = "",
    subject_id: str | int = "",
    batch_id: int | None = None,
    not_before: datetime | None = None,
    key: str | None = None,
) -> OutboxRow:
    """Something to send, from `not_before` (UTC; None = at once). who None = the system itself.

    The payload holds what the sender needs and nothing else: no secret, no clinical word.
    Raises BadInput when it holds a card number.
    """
    text = json.dumps(dict(payload), sort_keys=True)
    if has_card_number(_OURS.sub("", text)):
        raise BadInput("This holds a card number. Huddle never sends or keeps one; take it out.")
    now = clock.now()
    row = OutboxRow(
        id=key or new_key(),
        practice_id=who.practice_id if who else 1,
        location_id=location_id,
        kind=kind,
        connection_id=connection_id,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        batch_id=batch_id,
        payload=text,
        not_before=not_before or now,
        created_at=now,
        created_by=who.staff_id if who else None,
    )
    session.add(row)
    _wake_after_commit(session)
    return row


def _wake_after_commit(session: Session) -> None:
    if not session.info.get("outbox_wakes"):
        session.info["outbox_wakes"] = True
        event.listen(session, "after_commit", lambda _session: committed.set())


def payload_of(row: OutboxRow) -> dict[str, Any]:
    """What is to be sent."""
    return json.loads(row.payload)


def result_of(row: OutboxRow) -> dict[str, Any]:
    """What the other system answered; empty until settled."""
    return json.loads(row.result)


def outgoing(row: OutboxRow, clerk_key: str = "") -> Outgoing:
    """A row as its sender sees it, free of the session."""
    return Outgoing(
        key=row.id,
        kind=row.kind,
        payload=payload_of(row),
        attempts=row.attempts,
        claimed_at=row.claimed_at or row.created_at,
        connection_id=row.connection_id,
        fence=row.fence,
        clerk_key=clerk_key,
    )


def claim(
    session: Session,
    *,
    now: datetime,
    limit: int,
    kinds: Iterable[str],
    connection_id: int | None,
    still_wanted: StillWanted,
) -> tuple[list[OutboxRow], list[OutboxRow]]:
    """Take up to `limit` due rows of one connection to send, single ones before those of a blast: (taken, cancelled).

    What is no longer wanted is cancelled here, in the transaction that would have sent it: so nothing that was
    decided before (an opt-out, a stopped blast) is overtaken. Skips rows that another process claims right now.
    """
    taken: list[OutboxRow] = []
    cancelled: list[OutboxRow] = []
    while len(taken) < limit:
        wanted = limit - len(taken)
        due = _due(session, now=now, limit=wanted, kinds=kinds, connection_id=connection_id)
        verdicts = still_wanted(session, due, now) if due else {}
        for row in due:
            _judge(row, verdicts.get(row.id), now)
            session.add(row)
        taken += [row for row in due if row.state == OutboxState.SENDING]
        cancelled += [row for row in due if row.state == OutboxState.CANCELLED]
        session.flush()
        if len(due) < wanted:
            break
    return taken, cancelled


def _due(
    session: Session, *, now: datetime, limit: int, kinds: Iterable[str], connection_id: int | None
) -> Sequence[OutboxRow]:
    return session.exec(
        select(OutboxRow)
        .where(
            OutboxRow.state == OutboxState.WAITING,
            OutboxRow.connection_id == connection_id,
            OutboxRow.not_before <= now,
            col(OutboxRow.kind).in_(list(kinds)),
        )
        .order_by(col(OutboxRow.batch_id).is_not(None), col(OutboxRow.not_before), col(OutboxRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def _judge(row: OutboxRow, verdict: Cancel | Postpone | None, now: datetime) -> None:
    match verdict:
        case Cancel(reason):
            row.state, row.reason, row.finished_at = OutboxState.CANCELLED, reason, now
        case Postpone(until, reason):
            row.not_before, row.reason = max(until, now + timedelta(seconds=1)), reason
        case None:
            row.state, row.claimed_at, row.attempts = OutboxState.SENDING, now, row.attempts + 1
            row.settle_after = now + settle_window()
            take(row, now)


def take(row: OutboxRow, now: datetime) -> None:
    """From here on the row is this worker's: whoever had it before has nothing more to say about it."""
    row.fence, row.held_until = row.fence + 1, now + lease()


def take_doubtful(
    session: Session, *, now: datetime, limit: int, kinds: Iterable[str], connection_id: int | None
) -> list[OutboxRow]:
    """Take up to `limit` rows in doubt whose settle window is over and that no worker has, to look them up."""
    rows = session.exec(
        select(OutboxRow)
        .where(
            OutboxRow.state == OutboxState.UNKNOWN,
            OutboxRow.connection_id == connection_id,
            col(OutboxRow.settle_after) <= now,
            col(OutboxRow.kind).in_(list(kinds)),
            _free(now),
        )
        .order_by(col(OutboxRow.settle_after), col(OutboxRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        take(row, now)
        session.add(row)
    session.flush()
    return list(rows)


def take_left_behind(session: Session, *, now: datetime, reason: str) -> list[OutboxRow]:
    """Rows whose worker has not said for a whole lease that it lives become unknown; it has lost them."""
    rows = session.exec(
        select(OutboxRow)
        .where(OutboxRow.state == OutboxState.SENDING, _free(now))
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        take(row, now)
        mark_unknown(session, row, reason, settle_after=(row.claimed_at or now) + settle_window())
    session.flush()
    return list(rows)


def left_behind(now: datetime) -> ColumnElement[bool]:
    """Of rows that were being sent: whose worker is gone."""
    return and_(col(OutboxRow.state) == OutboxState.SENDING, _free(now))


def keep_hold(session: Session, mine: Mapping[str, int], *, now: datetime) -> None:
    """The worker that took these rows (key → fence) still lives: they stay its own for another lease."""
    if mine:
        session.execute(
            update(OutboxRow)
            .where(_taken_by(mine), col(OutboxRow.state).in_(_TAKEN))
            .values(held_until=now + lease())
            .execution_options(synchronize_session=False)
        )


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(col(OutboxRow.held_until).is_(None), col(OutboxRow.held_until) <= now)


def _taken_by(mine: Mapping[str, int]) -> ColumnElement[bool]:
    return tuple_(col(OutboxRow.id), col(OutboxRow.fence)).in_(list(mine.items()))


def lease() -> timedelta:
    """How long a row stays with a worker that says nothing more: two minutes, never longer than the settle window."""
    return min(LEASE, settle_window())


def settle_window() -> timedelta:
    """How long after its attempt a doubtful row is left alone before it is looked up (HUDDLE_SETTLE_SECONDS)."""
    return timedelta(seconds=settings().settle_seconds)


def held(session: Session, keys: Iterable[str]) -> dict[str, OutboxRow]:
    """The rows of these keys as they stand now, locked until the transaction ends."""
    found = session.exec(
        select(OutboxRow)
        .where(col(OutboxRow.id).in_(list(keys)))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in found}


def still_mine(session: Session, mine: Mapping[str, int]) -> dict[str, OutboxRow]:
    """Of the rows a worker took (key → fence) those that nobody has taken, settled or given back since, locked."""
    found = session.exec(
        select(OutboxRow)
        .where(_taken_by(mine), col(OutboxRow.state).in_(_TAKEN))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in found}


def settle(session: Session, row: OutboxRow, result: Mapping[str, Any]) -> bool:
    """It is done. False, and nothing changed, when the row was finished before."""
    if row.state in OPEN_STATES:
        row.result = json.dumps({**result_of(row), **result}, sort_keys=True, default=str)
    return _finish(session, row, OutboxState.SETTLED, "")


def refuse(session: Session, row: OutboxRow, reason: str, *, code: str = "") -> bool:
    """It will not be done, and did not happen. False, and nothing changed, when the row was finished before.

    code: the other system's own, kept in the result.
    """
    if code and row.state in OPEN_STATES:
        row.result = json.dumps({**result_of(row), "code": code}, sort_keys=True)
    return _finish(session, row, OutboxState.REFUSED, reason)


def cancel(session: Session, row: OutboxRow, reason: str) -> bool:
    """Take back what is still waiting. False when it is too late: it is being sent or was sent."""
    if row.state != OutboxState.WAITING:
        return False
    return _finish(session, row, OutboxState.CANCELLED, reason)


def cancel_batch(session: Session, batch_id: int, reason: str) -> list[OutboxRow]:
    """Take back everything of a blast that is still waiting: the rows taken back."""
    waiting = session.exec(
        select(OutboxRow)
        .where(OutboxRow.batch_id == batch_id, OutboxRow.state == OutboxState.WAITING)
        .with_for_update()
    ).all()
    return [row for row in waiting if cancel(session, row, reason)]


def _finish(session: Session, row: OutboxRow, state: OutboxState, reason: str) -> bool:
    if row.state not in OPEN_STATES:
        return False
    row.state, row.reason, row.finished_at, row.held_until = state, reason, clock.now(), None
    session.add(row)
    return True


def mark_unknown(session: Session, row: OutboxRow, reason: str, *, settle_after: datetime) -> bool:
    """It may have happened. settle_after: when it may be looked up, UTC. False when the row was finished before."""
    if row.state not in OPEN_STATES:
        return False
    row.state, row.reason, row.settle_after, row.held_until = OutboxState.UNKNOWN, reason, settle_after, None
    session.add(row)
    return True


def requeue(session: Session, row: OutboxRow, *, at: datetime, reason: str) -> bool:
    """Try again from `at` on: only for what surely did not happen, or what the other system knows by its key.

    False when the row was finished before.
    """
    if row.state not in OPEN_STATES:
        return False
    row.state, row.not_before, row.reason, row.held_until = OutboxState.WAITING, at, reason, None
    session.add(row)
    return True


def same_press(session: Session, subject_kind: str, subject_id: str | int, kind: str) -> OutboxRow | None:
    """What went out about this so short a time ago that asking for it again is the same press; None otherwise."""
    wanted = select(OutboxRow).where(
        OutboxRow.subject_kind == subject_kind,
        OutboxRow.subject_id == str(subject_id),
        OutboxRow.kind == kind,
        OutboxRow.state == OutboxState.SETTLED,
        col(OutboxRow.created_at) > clock.now() - SAME_PRESS,
    )
    return session.exec(wanted).first()


def rows_of(session: Session, subject_kind: str, subject_id: str | int) -> list[OutboxRow]:
    """Everything ever sent for one thing, oldest first."""
    found = select(OutboxRow).where(
        OutboxRow.subject_kind == subject_kind, OutboxRow.subject_id == str(subject_id)
    )
    return list(session.exec(found.order_by(col(OutboxRow.created_at))))
