"""Writing what a look of the rules found: tasks open, follow what changes, and close with what settled them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from core import clock
from core.findings.gather import gather
from core.findings.judge import Judged, judge
from core.findings.setting import Setting
from core.patients.models import Patient
from core.severity import Severity
from core.store.base import table_of
from core.tasks.closing import GONE, Cleared, cleared_by
from core.tasks.from_findings import Findings, Found, Key, findings_of
from core.tasks.history import change, note_step, rows_as_text
from core.tasks.kinds import TaskKind
from core.tasks.models import Task, TaskAct, TaskState
from core.tasks.rules import Held, Steps, steps_of
from core.tasks.to_genesis import tell_genesis

_task, _patient = table_of(Task), table_of(Patient)


class Seen(NamedTuple):
    """What the rules found of one patient. judged None: the patient is not active any more. location_id: their own."""

    patient_id: int
    location_id: int | None
    judged: Judged | None
    findings: Findings


class Counts(NamedTuple):
    """How many tasks a look opened, closed and woke."""

    opened: int = 0
    closed: int = 0
    woken: int = 0

    def __add__(self, other: "Counts") -> "Counts":  # type: ignore[override]  # adds up, does not join
        return Counts(self.opened + other.opened, self.closed + other.closed, self.woken + other.woken)


def see(session: Session, patient_ids: Sequence[int], setting: Setting) -> list[Seen]:
    """Run the rules of the morning on these patients. Those who are not active or not there any more come without."""
    listed = session.execute(
        select(_patient.c.id, _patient.c.location_id, _patient.c.active, _patient.c.gone_at).where(
            _patient.c.id.in_(list(patient_ids))
        )
    ).all()
    active = [key for key, _, is_active, gone in listed if is_active and gone is None]
    facts = gather(session, active, as_of=setting.as_of, time_zone=setting.time_zone)
    found = []
    for key, location_id, _, _ in listed:
        judged = judge(facts[key], setting) if key in facts else None
        findings = findings_of(judged, setting) if judged else Findings({}, frozenset())
        found.append(Seen(key, location_id, judged, findings))
    return found


def keep(session: Session, seen: Sequence[Seen], setting: Setting) -> Counts:
    """Write the steps that follow, with history and audit; two processes that do so at once make no task twice."""
    held = _held(session, [one.patient_id for one in seen])
    counts, told = Counts(), []
    for one in seen:
        of_patient = held.get(one.patient_id, {})
        steps = steps_of(one.findings.found, [row for row, _ in of_patient.values()], one.findings.unsure)
        tasks = {row.task_id: task for row, task in of_patient.values()}
        opened = [task for found, episode in steps.opened if (task := _open(session, one, found, episode))]
        closed = [_close(session, one, tasks[row.task_id], setting) for row in steps.cleared]
        _follow(session, steps, tasks)
        counts += Counts(len(opened), len(closed), len(steps.woken))
        told += [*opened, *closed]
    tell_genesis(session, told)
    return counts


def _held(session: Session, patient_ids: Sequence[int]) -> Mapping[int, Mapping[Key, tuple[Held, Task]]]:
    """The latest episode of every matter of these patients, locked until the transaction ends."""
    latest = (
        select(func.max(_task.c.id))
        .where(_task.c.patient_id.in_(list(patient_ids)), _task.c.kind != TaskKind.TEXT.value)
        .group_by(_task.c.patient_id, _task.c.kind, _task.c.source_kind, _task.c.source_id)
    )
    found: dict[int, dict[Key, tuple[Held, Task]]] = {}
    rows = session.execute(
        select(Task)
        .where(col(Task.id).in_(latest))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    for task in rows:
        key = Key(TaskKind(task.kind), task.source_kind, task.source_id)
        held = Held(
            task.id or 0, key, task.episode, task.state, task.holds, Severity(task.severity), task.cents,
            task.mark_severity, task.mark_cents,
        )  # fmt: skip
        found.setdefault(task.patient_id, {})[key] = (held, task)
    return found


def _open(session: Session, one: Seen, found: Found, episode: int) -> Task | None:
    """The new task; None when another process has just opened it."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    now = clock.now()
    values = {
        "practice_id": 1,
        "location_id": one.location_id,
        "patient_id": one.patient_id,
        "kind": found.key.kind.value,
        "source_kind": found.key.source_kind,
        "source_id": found.key.source_id,
        "episode": episode,
        "state": TaskState.OPEN.value,
        "holds": True,
        "mark_severity": "",
        "mark_cents": 0,
        "opened_at": now,
        "changed_at": now,
        "close_reason": "",
        "cleared": "",
        "cleared_evidence": "[]",
        "told": "",
        "told_key": "",
        **_today(found),
    }
    made = session.execute(
        insert(_task).values(values).on_conflict_do_nothing().returning(_task.c.id)
    ).scalar()
    if made is None:
        return None
    task = session.get_one(Task, made)
    note_step(session, None, task, TaskAct.OPENED, words=found.sentence)
    return task


def _today(found: Found) -> dict[str, object]:
    return {
        "flag": found.flag,
        "severity": found.severity.value,
        "sentence": found.sentence,
        "cents": found.cents,
        "next_visit_at": found.next_visit_at,
        "evidence": rows_as_text(found.evidence),
    }


def _follow(session: Session, steps: Steps, tasks: Mapping[int, Task]) -> None:
    for held, found in (*steps.renewed, *steps.woken):
        task = tasks[held.task_id]
        for name, value in {**_today(found), "holds": True}.items():
            if getattr(task, name) != value:
                setattr(task, name, value)
        session.add(task)
    for held, _ in steps.woken:
        wake(session, tasks[held.task_id], "It got worse.")
    for held in steps.rested:
        tasks[held.task_id].holds = False
        session.add(tasks[held.task_id])


def wake(session: Session, task: Task, why: str) -> None:
    """A snooze ends: the task is back where it was, with whoever had it."""
    state = TaskState.WORKING if task.owner_id is not None else TaskState.OPEN
    change(
        session,
        None,
        task,
        TaskAct.WOKE,
        words=why,
        state=state,
        snoozed_until=None,
        mark_severity="",
        mark_cents=0,
    )


def _close(session: Session, one: Seen, task: Task, setting: Setting) -> Task:
    key = Key(TaskKind(task.kind), task.source_kind, task.source_id)
    opened_on = clock.local_date(task.opened_at, setting.time_zone)
    found: Cleared = GONE if one.judged is None else cleared_by(key, one.judged, setting, opened_on)
    task.holds = False
    change(
        session,
        None,
        task,
        TaskAct.CLOSED,
        words=found.sentence,
        state=TaskState.CLOSED,
        snoozed_until=None,
        closed_at=clock.now(),
        closed_by=None,
        close_reason=found.reason,
        cleared=found.sentence,
        cleared_evidence=rows_as_text(found.evidence),
    )
    return task


def wake_due(session: Session, now: datetime, limit: int = 500) -> int:
    """End the snoozes whose time has come: how many."""
    due = session.execute(
        select(Task)
        .where(col(Task.state) == TaskState.SNOOZED, col(Task.snoozed_until) <= now)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).scalars()
    tasks = list(due)
    for task in tasks:
        wake(session, task, "Its time has come.")
    return len(tasks)


def changed_since(session: Session, patient_ids: Sequence[int], at: datetime) -> set[int]:
    """Of these patients those with a task that was opened, closed or worked on since an instant (aware UTC)."""
    recent = select(_task.c.patient_id).where(
        _task.c.patient_id.in_(list(patient_ids)), _task.c.changed_at >= at
    )
    return set(session.execute(recent).scalars())


def patients_with_tasks(session: Session) -> set[int]:
    """Patients with a task that is not closed, whether they are still active or not."""
    open_ones = select(_task.c.patient_id).where(_task.c.state != TaskState.CLOSED.value).distinct()
    return set(session.execute(open_ones).scalars())
