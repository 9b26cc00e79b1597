"""Writing a step of a task's life: the row, its history and the audit entry, always all three."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core import clock
from core.audit.commands import record
from core.permissions import Identity
from core.tasks.models import Task, TaskAct, TaskEvent

# what a step may change, and taking it back restores
_STEPS = (
    "state",
    "owner_id",
    "snoozed_until",
    "mark_severity",
    "mark_cents",
    "closed_at",
    "closed_by",
    "close_reason",
    "cleared",
    "cleared_evidence",
)


def change(
    session: Session,
    who: Identity | None,
    task: Task,
    did: TaskAct,
    *,
    words: str = "",
    at: datetime | None = None,
    **values: Any,
) -> TaskEvent:
    """Set `values` on the task and write down that `who` (None: Huddle itself) did it."""
    before = {name: _plain(getattr(task, name)) for name in _STEPS}
    for name, value in values.items():
        setattr(task, name, value)
    now = at or clock.now()
    task.changed_at = now
    session.add(task)
    return note_step(session, who, task, did, words=words, before=before, at=now)


def note_step(
    session: Session,
    who: Identity | None,
    task: Task,
    did: TaskAct,
    *,
    words: str = "",
    before: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> TaskEvent:
    """The history's line and the audit entry. words stay out of the audit: they may be a person's own."""
    step = TaskEvent(
        task_id=task.id or 0,
        at=at or clock.now(),
        staff_id=who.staff_id if who else None,
        did=did,
        words=words,
        before=json.dumps(before or {}, sort_keys=True),
    )
    session.add(step)
    detail = {"kind": task.kind, "state": task.state, "episode": task.episode, "patient": task.patient_id}
    if task.close_reason:
        detail["reason"] = task.close_reason
    record(
        session, who=who, action=f"task: {did}", subject_kind="task", subject_id=task.id or 0, detail=detail
    )
    return step


def restore(task: Task, before: str) -> None:
    """Put back what a step had changed."""
    for name, value in json.loads(before).items():
        setattr(
            task,
            name,
            datetime.fromisoformat(value) if value and name in ("snoozed_until", "closed_at") else value,
        )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def rows_as_text(rows: Iterable[tuple[str, str]]) -> str:
    """Evidence as the store keeps it."""
    return json.dumps([list(row) for row in rows])
