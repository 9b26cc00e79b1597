"""Keeping the EHR's own task list (Workbench → Tasks, Quick Stop) in step: what is open here is open there, once.

Only rows for the outbox are written here, in the transaction of the change; core/jobs/outbox/send_tasks.py sends them.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from core import clock
from core.connections.models import Connection, ConnectionState, Kind
from core.outbox import commands as outbox
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.patients.models import Patient
from core.practice.models import Location
from core.severity import Severity
from core.tasks.models import ShownInEhr, Task, TaskState

SUBJECT = "task"
PRIORITY = {Severity.CRITICAL: "high", Severity.HIGH: "high", Severity.MEDIUM: "medium"}
AT_ONCE = 500


def genesis_connection(session: Session) -> int | None:
    """The connection whose task list follows ours; None when there is none, or it is paused."""
    states = (ConnectionState.CONNECTED, ConnectionState.FAILING)
    query = select(col(Connection.id)).where(
        col(Connection.kind) == Kind.GENESIS, col(Connection.state).in_(states)
    )
    return session.execute(query.order_by(col(Connection.id)).limit(1)).scalar()


def tell_genesis(session: Session, tasks: Iterable[Task]) -> int:
    """Put what changed about these tasks into the outbox: how many rows. Without such a connection nothing happens.

    What already stands there is not sent again; a task closed before it went out never goes.
    """
    changed = [task for task in tasks if _wanted(task) != task.told]
    connection_id = genesis_connection(session) if changed else None
    if connection_id is None:
        return 0
    return sum(_tell(session, task, connection_id) for task in changed)


def tell_the_rest(session: Session) -> int:
    """Tell of open tasks that were never told of (the connection is new, or was paused), and of closed ones that stand
    open there: how many rows."""
    if genesis_connection(session) is None:
        return 0
    untold = select(Task).where(
        ((col(Task.state) != TaskState.CLOSED) & (col(Task.told) != ShownInEhr.OPEN))
        | ((col(Task.state) == TaskState.CLOSED) & (col(Task.told) == ShownInEhr.OPEN))
    )
    return tell_genesis(session, session.execute(untold.limit(AT_ONCE).with_for_update()).scalars())


def _wanted(task: Task) -> str:
    if task.state != TaskState.CLOSED:
        return ShownInEhr.OPEN
    return ShownInEhr.CLOSED if task.told == ShownInEhr.OPEN else task.told


def _tell(session: Session, task: Task, connection_id: int) -> int:
    sent = outbox.rows_of(session, SUBJECT, task.id or 0)
    posts = [row for row in sent if row.kind == OutboxKind.TASK_POST]
    session.add(task)
    if _wanted(task) == ShownInEhr.OPEN:
        closing = [row for row in sent if row.kind == OutboxKind.TASK_CLOSE]
        if (
            closing
            and task.told == ShownInEhr.CLOSED
            and outbox.cancel(session, closing[-1], "It was opened again.")
        ):
            task.told = ShownInEhr.OPEN
            return 0
        return _post(session, task, connection_id, posts)
    last = posts[-1] if posts else None
    if last is not None and outbox.cancel(session, last, "It was closed before it went out."):
        task.told = ShownInEhr.NOTHING
        return 0
    task.told = ShownInEhr.CLOSED
    if last is None or last.state == OutboxState.REFUSED:
        return 0
    known = outbox.result_of(last).get("task_id")
    payload = {**outbox.payload_of(last), "task_id": known, "reason": _reason(task)}
    _put(session, task, connection_id, OutboxKind.TASK_CLOSE, payload)
    return 1


def _post(session: Session, task: Task, connection_id: int, posts: list[OutboxRow]) -> int:
    """A task that is opened again after it was closed there goes out under a key of its own: theirs stays closed."""
    patient = session.get_one(Patient, task.patient_id)
    task.told = ShownInEhr.OPEN
    task.told_key = _key(task, patient.external_id, len(posts))
    _put(session, task, connection_id, OutboxKind.TASK_POST, _payload(session, task, patient))
    return 1


def _key(task: Task, patient_ref: str, times: int) -> str:
    """The same for the same episode for ever, also in a store that was restored elsewhere; no name, no amount in it."""
    parts = (
        patient_ref,
        task.kind,
        task.source_kind,
        task.source_id,
        task.episode,
        clock.iso(task.opened_at),
        times,
    )
    return "huddle-" + hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _payload(session: Session, task: Task, patient: Patient) -> dict[str, Any]:
    place = session.get(Location, task.location_id) if task.location_id else None
    due = clock.local_date(task.next_visit_at, place.time_zone) if task.next_visit_at and place else None
    return {
        "key": task.told_key,
        "patient_ref": patient.external_id,
        "kind": task.kind,
        "text": task.sentence,
        "priority": PRIORITY.get(Severity(task.severity), "low"),
        "created_at": task.opened_at.isoformat(),
        "due_on": due.isoformat() if due else None,
        "amount_cents": task.cents or None,
    }


def _reason(task: Task) -> str:
    return f"{task.close_reason}: {task.cleared}" if task.cleared else task.close_reason


def _put(session: Session, task: Task, connection_id: int, kind: OutboxKind, payload: dict[str, Any]) -> None:
    outbox.put(
        session,
        kind=kind,
        payload=payload,
        connection_id=connection_id,
        location_id=task.location_id,
        subject_kind=SUBJECT,
        subject_id=task.id or 0,
    )
