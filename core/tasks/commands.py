"""What a person does about tasks: take, give, snooze, close with a reason, reopen, note, and take the last step back.

Each works on one task or on many at once, all or none. Each answers the steps it made, for `take_back`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from core import clock
from core.dates import short_day
from core.errors import BadInput, NotFound
from core.patients.models import Patient
from core.permissions import Identity, Permission, may, require
from core.practice.models import Location
from core.secrets import has_card_number
from core.staff.models import Staff
from core.tasks.history import change, note_step, restore
from core.tasks.models import CloseReason, Task, TaskAct, TaskEvent, TaskState
from core.tasks.to_genesis import tell_genesis

AT_ONCE = 500
LONGEST_SNOOZE = timedelta(days=366)
LONGEST_NOTE = 200
GONE = "This task is not in the store any more, or it is another location's. Refresh the page."


class Until(StrEnum):
    """How long a task is put aside."""

    TOMORROW = "tomorrow"
    THREE_DAYS = "3 days"
    NEXT_VISIT = "next visit"
    DATE = "a date"


def take(session: Session, who: Identity, *, task_ids: Sequence[int]) -> list[int]:
    """They are mine now. Raises NotAllowed, NotFound, BadInput (closed)."""
    return _give(session, who, task_ids, who.staff_id, TaskAct.TOOK, "")


def assign(session: Session, who: Identity, *, task_ids: Sequence[int], staff_id: int) -> list[int]:
    """They are somebody's now, who may work on tasks. Raises NotAllowed, NotFound, BadInput."""
    staff = session.get(Staff, staff_id)
    if staff is None or staff.disabled_at is not None or not may(staff.role, Permission.WORK_TASKS):
        raise BadInput("Tasks can be given to people of the front desk, the office manager and the owner.")
    return _give(session, who, task_ids, staff_id, TaskAct.ASSIGNED, staff.display_name or staff.username)


def _give(
    session: Session, who: Identity, task_ids: Sequence[int], staff_id: int, did: TaskAct, words: str
) -> list[int]:
    steps = []
    for task in _tasks(session, who, task_ids):
        _not_closed(task)
        values = {"state": TaskState.WORKING, "owner_id": staff_id, "snoozed_until": None}
        steps.append(change(session, who, task, did, words=words, **values))
    return _ids(session, steps)


def snooze(
    session: Session, who: Identity, *, task_ids: Sequence[int], until: Until, day: date | None = None
) -> list[int]:
    """Put aside until the first minute of a local day; it comes back earlier when it gets worse.

    day: with Until.DATE. Raises NotAllowed, NotFound, BadInput (closed, no next visit, a day that is not ahead).
    """
    steps = []
    for task in _tasks(session, who, task_ids):
        _not_closed(task)
        zone = _zone(session, task)
        today = clock.today(zone)
        chosen = _day(task, until, day, today, zone)
        if not today < chosen <= today + LONGEST_SNOOZE:
            raise BadInput("Choose a day from tomorrow on, within a year.")
        values = {
            "state": TaskState.SNOOZED,
            "snoozed_until": clock.day_bounds(chosen, zone)[0],
            "mark_severity": task.severity,
            "mark_cents": task.cents,
        }
        words = f"until {short_day(chosen, today)}"
        steps.append(change(session, who, task, TaskAct.SNOOZED, words=words, **values))
    return _ids(session, steps)


def _day(task: Task, until: Until, day: date | None, today: date, zone: str) -> date:
    if until is Until.TOMORROW:
        return today + timedelta(1)
    if until is Until.THREE_DAYS:
        return today + timedelta(3)
    if until is Until.DATE:
        if day is None:
            raise BadInput("Choose the day on which it comes back.")
        return day
    visit = clock.local_date(task.next_visit_at, zone) if task.next_visit_at else None
    if visit is None or visit <= today:
        raise BadInput("Not everybody ticked has a visit booked after today. Choose a day instead.")
    return visit


def close(
    session: Session, who: Identity, *, task_ids: Sequence[int], reason: CloseReason, words: str = ""
) -> list[int]:
    """Done, for a reason; “other” wants words of its own. Raises NotAllowed, NotFound, BadInput."""
    said = _words(words)
    if reason is CloseReason.OTHER and not said:
        raise BadInput("Write in a few words why it is done, or choose another reason.")
    tasks = _tasks(session, who, task_ids)
    steps = []
    for task in tasks:
        _not_closed(task)
        values = {
            "state": TaskState.CLOSED,
            "snoozed_until": None,
            "mark_severity": task.severity,
            "mark_cents": task.cents,
            "closed_at": clock.now(),
            "closed_by": who.staff_id,
            "close_reason": reason,
            "cleared": said,
            "cleared_evidence": "[]",
        }
        told = f"{reason}: {said}" if said else reason.value
        steps.append(change(session, who, task, TaskAct.CLOSED, words=told, **values))
    tell_genesis(session, tasks)
    return _ids(session, steps)


def reopen(session: Session, who: Identity, *, task_ids: Sequence[int]) -> list[int]:
    """Open again what was closed, by a person or by itself. Raises NotAllowed, NotFound, BadInput."""
    tasks = _tasks(session, who, task_ids)
    steps = []
    for task in tasks:
        if task.state != TaskState.CLOSED:
            raise BadInput("This task is open. Refresh the page.")
        steps.append(bring_back(session, who, task))
    tell_genesis(session, tasks)
    return _ids(session, steps)


def bring_back(session: Session, who: Identity | None, task: Task, words: str = "") -> TaskEvent:
    """A closed task is open again, with whoever had it. Raises BadInput when a newer one stands in its place."""
    _none_instead(session, task)
    state = TaskState.WORKING if task.owner_id is not None else TaskState.OPEN
    nothing = {
        "closed_at": None,
        "closed_by": None,
        "close_reason": "",
        "cleared": "",
        "cleared_evidence": "[]",
    }
    return change(
        session,
        who,
        task,
        TaskAct.REOPENED,
        words=words,
        state=state,
        mark_severity="",
        mark_cents=0,
        **nothing,
    )


def note(session: Session, who: Identity, *, task_id: int, words: str) -> list[int]:
    """A person's own words on a task. Raises NotAllowed, NotFound, BadInput."""
    task = _tasks(session, who, [task_id])[0]
    said = _words(words)
    if not said:
        raise BadInput("Write the note first.")
    return _ids(session, [note_step(session, who, task, TaskAct.NOTED, words=said)])


def take_back(session: Session, who: Identity, *, step_ids: Sequence[int]) -> int:
    """Undo steps of one's own that nothing has followed since: how many. Raises NotAllowed, NotFound, BadInput."""
    steps = session.execute(
        select(TaskEvent).where(col(TaskEvent.id).in_(list(step_ids)[:AT_ONCE])).with_for_update()
    ).scalars().all()  # fmt: skip
    tasks = {task.id: task for task in _tasks(session, who, [step.task_id for step in steps])}
    for step in steps:
        task = tasks[step.task_id]
        if step.staff_id != who.staff_id or step.undone or _last(session, task) != step.id:
            raise BadInput("Something else was done since. Look at the task and decide anew.")
        before = change(session, who, task, TaskAct.UNDID, words=step.did)
        restore(task, step.before)
        if task.state != TaskState.CLOSED:
            _none_instead(session, task)
        step.undone = before.undone = True
        session.add_all([step, before, task])
    tell_genesis(session, tasks.values())
    session.flush()
    return len(steps)


def _last(session: Session, task: Task) -> int | None:
    steps = select(col(TaskEvent.id)).where(
        col(TaskEvent.task_id) == task.id, col(TaskEvent.did) != TaskAct.NOTED, ~col(TaskEvent.undone)
    )
    return session.execute(steps.order_by(col(TaskEvent.id).desc()).limit(1)).scalar()


def _none_instead(session: Session, task: Task) -> None:
    same = select(col(Task.id)).where(
        col(Task.patient_id) == task.patient_id,
        col(Task.kind) == task.kind,
        col(Task.source_kind) == task.source_kind,
        col(Task.source_id) == task.source_id,
        col(Task.state) != TaskState.CLOSED,
        col(Task.id) != task.id,
    )
    if session.execute(same.limit(1)).first() is not None:
        raise BadInput("A newer task about the same is open already. Work on that one.")


def _tasks(session: Session, who: Identity, task_ids: Sequence[int]) -> list[Task]:
    """The tasks, locked until the transaction ends. Raises NotAllowed, NotFound, BadInput."""
    require(who.role, Permission.WORK_TASKS)
    wanted = list(dict.fromkeys(task_ids))
    if not 0 < len(wanted) <= AT_ONCE:
        raise BadInput(f"Tick between 1 and {AT_ONCE} tasks first.")
    query = select(Task).where(col(Task.id).in_(wanted)).order_by(col(Task.id)).with_for_update()
    found = list(session.execute(query.execution_options(populate_existing=True)).scalars())
    if who.location_id is not None:
        found = [task for task in found if task.location_id in (None, who.location_id)]
    if len(found) != len(wanted):
        raise NotFound(GONE)
    return found


def _not_closed(task: Task) -> None:
    if task.state == TaskState.CLOSED:
        raise BadInput("A task among these is closed already. Refresh the page, or reopen it first.")


def _words(words: str) -> str:
    said = " ".join(words.split())[:LONGEST_NOTE]
    if has_card_number(said):
        raise BadInput("This holds a card number. Huddle never keeps one; write the last four instead.")
    return said


def _zone(session: Session, task: Task) -> str:
    place = session.get(Location, task.location_id) if task.location_id else None
    if place is None:
        patient = session.get_one(Patient, task.patient_id)
        place = session.get(Location, patient.location_id) if patient.location_id else None
    if place is None:
        place = session.execute(select(Location).order_by(col(Location.id)).limit(1)).scalar()
    return place.time_zone if place else "UTC"


def _ids(session: Session, steps: Sequence[TaskEvent]) -> list[int]:
    session.flush()
    return [step.id or 0 for step in steps]
