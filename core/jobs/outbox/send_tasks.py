"""Putting tasks into the EHR's own list and closing them there. Both are known there by the task's key, so that what is
in doubt may simply be repeated: the same key answers the task that is there."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from sqlmodel import Session

from core import errors
from core.connections.models import Kind
from core.integrations.genesis.records import TaskOut
from core.outbox.models import OutboxKind, OutboxRow
from core.outbox.sender import Outcome, Outgoing, Sender, Settled, outcome_of


class TaskList(Protocol):
    """What is asked of the EHR's side: core/integrations/genesis/client.py, or its folder of files."""

    def post_task(self, task: TaskOut) -> str: ...

    def close_task(self, task_id: str, reason: str) -> None: ...


def _post(client: TaskList, row: Outgoing) -> Outcome:
    try:
        return Settled({"task_id": client.post_task(_task(row.payload))})
    except errors.HuddleError as error:
        return outcome_of(error)


def _close(client: TaskList, row: Outgoing) -> Outcome:
    """By its id there; one whose posting is still in doubt is posted first, which answers the id."""
    try:
        task_id = row.payload["task_id"] or client.post_task(_task(row.payload))
        client.close_task(task_id, row.payload["reason"])
    except errors.HuddleError as error:
        return outcome_of(error)
    return Settled({"task_id": task_id})


def _task(payload: Mapping[str, Any]) -> TaskOut:
    due_on = payload["due_on"]
    return TaskOut(
        key=payload["key"],
        patient_ref=payload["patient_ref"],
        kind=payload["kind"],
        text=payload["text"],
        priority=payload["priority"],
        created_at=datetime.fromisoformat(payload["created_at"]),
        due_on=date.fromisoformat(due_on) if due_on else None,
        amount_cents=payload["amount_cents"],
    )


def _nothing_more(session: Session, rows: Sequence[OutboxRow]) -> None:
    """The row itself says what became of it; the task's own life does not depend on it."""


TASK_SENDERS: dict[str, Sender] = {
    kind: Sender(Kind.GENESIS, send, _nothing_more, repeats_safely=lambda _client: True)
    for kind, send in ((OutboxKind.TASK_POST, _post), (OutboxKind.TASK_CLOSE, _close))
}
