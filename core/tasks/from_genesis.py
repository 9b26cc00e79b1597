"""What became of a task in the EHR's own list: closed there is closed here, opened again there is open here again.

Nothing that is learnt from there is sent back there.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from core import clock
from core.errors import BadInput
from core.outbox import commands as outbox
from core.outbox.models import OutboxKind, OutboxState
from core.secrets import mask_card_numbers
from core.tasks.commands import bring_back
from core.tasks.history import change
from core.tasks.models import CloseReason, ShownInEhr, Task, TaskAct, TaskState
from core.tasks.to_genesis import SUBJECT

LONGEST = 200


class There(NamedTuple):
    """One task as it stands there. changed_at: epoch seconds. closed_by, reason: their words."""

    key: str
    closed: bool
    closed_by: str
    reason: str
    changed_at: int


class Followed(NamedTuple):
    closed: int = 0
    reopened: int = 0


def follow(session: Session, page: Sequence[There]) -> Followed:
    """Bring tasks into the state they have there; what is so already, and what is not ours, stays as it is."""
    theirs: Mapping[str, There] = {one.key: one for one in page if one.key}
    query = select(Task).where(col(Task.told_key).in_(list(theirs))).with_for_update()
    closed = reopened = 0
    for task in session.exec(query).all():
        there = theirs[task.told_key]
        if there.closed and task.state != TaskState.CLOSED:
            _close(session, task, there)
            closed += 1
        elif not there.closed and task.state == TaskState.CLOSED and _since_told(session, task, there):
            reopened += _reopen(session, task)
    return Followed(closed, reopened)


def _close(session: Session, task: Task, there: There) -> None:
    by = f" by {there.closed_by}" if there.closed_by else ""
    why = f": {there.reason}" if there.reason else "."
    words = mask_card_numbers(" ".join(f"Closed in Genesis{by}{why}".split()))[:LONGEST]
    change(
        session,
        None,
        task,
        TaskAct.CLOSED,
        words=words,
        state=TaskState.CLOSED,
        snoozed_until=None,
        mark_severity=task.severity,
        mark_cents=task.cents,
        closed_at=clock.now(),
        close_reason=CloseReason.OTHER,
        cleared=words,
        cleared_evidence="[]",
    )
    task.told = ShownInEhr.CLOSED


def _since_told(session: Session, task: Task, there: There) -> bool:
    """Whether it was opened there after our closing had arrived: what we read may be from before."""
    if task.told != ShownInEhr.CLOSED or not task.holds:
        return False
    closings = [
        row for row in outbox.rows_of(session, SUBJECT, task.id or 0) if row.kind == OutboxKind.TASK_CLOSE
    ]
    if closings and closings[-1].state != OutboxState.SETTLED:
        return False
    known = closings[-1].finished_at if closings else task.closed_at
    return known is not None and datetime.fromtimestamp(there.changed_at, UTC) > known


def _reopen(session: Session, task: Task) -> int:
    try:
        bring_back(session, None, task, "Opened again in Genesis.")
    except BadInput:  # a newer episode is open here and there: that is the one to work on
        return 0
    task.told = ShownInEhr.OPEN
    return 1
