"""Tasks as pages read them: the list, what a patient's Quick Stop shows, and the history of one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from core.names import folded
from core.patients.models import Patient
from core.permissions import Permission, may
from core.plans.models import Plan
from core.severity import RANK, Severity
from core.staff.models import Staff
from core.store.base import table_of
from core.tasks.from_findings import Findings, Key
from core.tasks.kinds import TaskKind
from core.tasks.models import CloseReason, Task, TaskEvent, TaskLook, TaskState

_task, _patient, _plan, _event = table_of(Task), table_of(Patient), table_of(Plan), table_of(TaskEvent)
_owner = aliased(table_of(Staff))
_closer = aliased(table_of(Staff))
_RANK = case({one.value: place for one, place in RANK.items()}, value=_task.c.severity, else_=len(RANK))
_CLOSED = _task.c.state == TaskState.CLOSED.value


class Show(StrEnum):
    """Which part of all tasks. open: also those somebody works on; snoozed ones are put aside."""

    OPEN = "open"
    SNOOZED = "snoozed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task with its patient. cents: money at risk. Instants are UTC; names None = nobody.

    closed_by None on a closed one: it closed itself, or in the EHR (see cleared). evidence: (table, external id).
    source: the row it hangs on; holds: the rules found it when they looked last.
    """

    task_id: int
    key: int
    patient_id: str
    patient: str
    initials: str
    mobile_last_four: str | None
    kind: TaskKind
    flag: str
    state: TaskState
    severity: Severity
    sentence: str
    cents: int
    next_visit_at: datetime | None
    owner_id: int | None
    owner: str | None
    snoozed_until: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    close_reason: CloseReason | None
    cleared: str
    evidence: tuple[tuple[str, str], ...]
    source: tuple[str, str] = ("", "")
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. kind, severity "" = every; owner_id None = anybody's, 0 = nobody's. visit_before: only whose
    next visit begins before this instant (UTC). closed_since: of closed ones, those closed since."""

    show: Show = Show.OPEN
    location_id: int | None = None
    kind: str = ""
    severity: str = ""
    owner_id: int | None = None
    visit_before: datetime | None = None
    closed_since: datetime | None = None
    search: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tasks there are and what they put at risk (cents); mine, snoozed, closed: how many of each."""

    open: int
    cents: int
    by_severity: Mapping[Severity, int]
    by_kind: Mapping[TaskKind, int]
    mine: int
    visit_near: int
    snoozed: int
    closed: int


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a task's history. who "" = Huddle itself. at: UTC. undone: it was taken back."""

    at: datetime
    who: str
    did: str
    words: str
    undone: bool


@dataclass(frozen=True, slots=True)
class QuickTask:
    """A task at its patient. payer: the name of who pays, where the task is theirs and not the patient's own."""

    task: TaskRow
    payer: str = ""


def open_tasks(
    session: Session, wanted: Wanted = Wanted(), *, limit: int | None = None, offset: int = 0
) -> list[TaskRow]:
    """The tasks asked for: worst first, then the most money, then the next visit (DOMAIN §9); closed ones latest first."""
    order: tuple[Any, ...] = (_task.c.closed_at.desc(), _task.c.id)
    if wanted.show is not Show.CLOSED:
        order = (
            _RANK,
            _task.c.cents.desc(),
            _task.c.next_visit_at.is_(None),
            _task.c.next_visit_at,
            _task.c.id,
        )
    # sorts ids, not rows
    chosen = _narrowed(select(_task.c.id), wanted).order_by(*order).limit(limit).offset(offset)
    rows = session.execute(_rows().where(_task.c.id.in_(chosen.scalar_subquery())).order_by(*order)).all()
    return [_row(row) for row in rows]


def count_tasks(session: Session, wanted: Wanted) -> int:
    """How many tasks are asked for."""
    narrowed = _narrowed(select(func.count()).select_from(_task), wanted)
    return session.execute(narrowed).scalar_one()


def tally(
    session: Session,
    *,
    location_id: int | None,
    staff_id: int,
    visit_before: datetime,
    closed_since: datetime,
) -> Tally:
    """The numbers above the list, whatever it is narrowed to."""
    where = _here(location_id)
    grouped = session.execute(
        select(
            _task.c.severity,
            _task.c.kind,
            func.count(),
            func.sum(_task.c.cents),
            func.sum(case((_task.c.owner_id == staff_id, 1), else_=0)),
            func.sum(case((_task.c.next_visit_at < visit_before, 1), else_=0)),
        )
        .where(_task.c.state.in_((TaskState.OPEN.value, TaskState.WORKING.value)), *where)
        .group_by(_task.c.severity, _task.c.kind)
    ).all()
    severities: dict[Severity, int] = {}
    kinds: dict[TaskKind, int] = {}
    for severity, kind, number, *_ in grouped:
        severities[Severity(severity)] = severities.get(Severity(severity), 0) + number
        kinds[TaskKind(kind)] = kinds.get(TaskKind(kind), 0) + number
    aside = select(func.count()).where(_task.c.state == TaskState.SNOOZED.value, *where)
    closed = select(func.count()).where(_CLOSED, _task.c.closed_at >= closed_since, *where)
    return Tally(
        open=sum(row[2] for row in grouped),
        cents=sum(row[3] for row in grouped),
        by_severity=severities,
        by_kind=kinds,
        mine=sum(row[4] for row in grouped),
        visit_near=sum(row[5] for row in grouped),
        snoozed=session.execute(aside).scalar_one(),
        closed=session.execute(closed).scalar_one(),
    )


def quick_stop(
    session: Session, patient_id: int, now: Findings | None = None, payers_now: Mapping[int, Findings] = {}
) -> list[QuickTask]:
    """The tasks of a patient (store id) that are not closed, worst first; then those about the money of whoever pays
    for them, each with the payer's name.

    now, payers_now: what the rules find this instant. With them every line says what they say, and what they do not find
    any more is left out though nobody has closed its task yet: the screen never says two things at once.
    """
    others = payers_of(session, patient_id)
    query = _rows().where(_task.c.patient_id.in_([patient_id, *others]), ~_CLOSED)
    rows = [_row(row) for row in session.execute(query).all()]
    told = [_as_of_now(row, now if row.key == patient_id else payers_now.get(row.key)) for row in rows]
    standing = sorted(
        (row for row in told if row is not None),
        key=lambda row: (RANK[row.severity], -row.cents, row.task_id),
    )
    own = [QuickTask(row) for row in standing if row.key == patient_id]
    of_payers = [
        QuickTask(row, row.patient) for row in standing if row.key != patient_id and row.kind in HOUSEHOLD
    ]
    return own + of_payers


def payers_of(session: Session, patient_id: int) -> list[int]:
    """Who else pays for a patient: their guarantor, and the payers of their plans (store ids)."""
    guarantor = select(_patient.c.guarantor_id).where(_patient.c.id == patient_id)
    found = {session.execute(guarantor).scalar()}
    found |= set(
        session.execute(
            select(_plan.c.payer_id).where(_plan.c.patient_id == patient_id, _plan.c.gone_at.is_(None))
        ).scalars()
    )
    return sorted(key for key in found if key not in (None, patient_id))


def _as_of_now(row: TaskRow, now: Findings | None) -> TaskRow | None:
    """The task in the words of this instant; None where the rules find nothing of it any more. One that a person
    reopened though nothing was found, and one of which nobody can say now, stay as they are."""
    if now is None:
        return row
    found = now.found.get(Key(row.kind, *row.source))
    if found is None:
        return row if not row.holds or row.kind in now.unsure else None
    return replace(
        row,
        flag=found.flag,
        severity=found.severity,
        sentence=found.sentence,
        cents=found.cents,
        next_visit_at=found.next_visit_at,
        evidence=found.evidence,
    )


# a payer's, shown at the child
HOUSEHOLD = (
    TaskKind.CARD,
    TaskKind.PAYMENT,
    TaskKind.BALANCE,
    TaskKind.SETTLEMENT,
)


def task_counts(
    session: Session, patient_ids: Iterable[int], kinds: Iterable[TaskKind] = tuple(TaskKind)
) -> dict[int, int]:
    """How many tasks of these kinds are open or worked on, by patient (store id); patients without any are left out."""
    open_now = _task.c.state.in_((TaskState.OPEN.value, TaskState.WORKING.value))
    query = select(_task.c.patient_id, func.count()).where(
        _task.c.patient_id.in_(list(patient_ids)), _task.c.kind.in_([one.value for one in kinds]), open_now
    )
    rows = session.execute(query.group_by(_task.c.patient_id)).all()
    return {row[0]: row[1] for row in rows}


def history(session: Session, task_ids: Sequence[int]) -> dict[int, list[Step]]:
    """What happened to each task, oldest first."""
    staff = table_of(Staff)
    rows = session.execute(
        select(
            _event.c.task_id, _event.c.at, staff.c.display_name, staff.c.username, _event.c.did, _event.c.words, _event.c.undone
        )
        .select_from(_event.outerjoin(staff, _event.c.staff_id == staff.c.id))
        .where(_event.c.task_id.in_(list(task_ids)))
        .order_by(_event.c.id)
    )  # fmt: skip
    found: dict[int, list[Step]] = {}
    for task_id, at, display, username, did, words, undone in rows:
        found.setdefault(task_id, []).append(Step(at, display or username or "", did, words, undone))
    return found


def task_people(session: Session, location_id: int | None) -> dict[int, str]:
    """Who may be given a task: staff id → name, by name."""
    staff = table_of(Staff)
    rows = session.execute(
        select(staff.c.id, staff.c.display_name, staff.c.username, staff.c.role, staff.c.location_id).where(
            staff.c.disabled_at.is_(None)
        )
    ).all()
    people = {
        row[0]: row[1] or row[2]
        for row in rows
        if may(row[3], Permission.WORK_TASKS) and (location_id is None or row[4] in (None, location_id))
    }
    return dict(sorted(people.items(), key=lambda pair: pair[1].casefold()))


def looked_at(session: Session) -> datetime | None:
    """When the rules began their latest look (UTC); None: they never did."""
    return session.execute(
        select(table_of(TaskLook).c.looked_at).order_by(table_of(TaskLook).c.looked_at.desc()).limit(1)
    ).scalar()


def _rows() -> Any:
    return select(
        _task,
        _patient.c.external_id.label("patient_ref"),
        _patient.c.first_name,
        _patient.c.last_name,
        _patient.c.mobile_last_four,
        func.coalesce(func.nullif(_owner.c.display_name, ""), _owner.c.username).label("owner"),
        func.coalesce(func.nullif(_closer.c.display_name, ""), _closer.c.username).label("closer"),
    ).select_from(
        _task.join(_patient, _task.c.patient_id == _patient.c.id)
        .outerjoin(_owner, _task.c.owner_id == _owner.c.id)
        .outerjoin(_closer, _task.c.closed_by == _closer.c.id)
    )


def _here(location_id: int | None) -> list[ColumnElement[bool]]:
    """Patients of no location stand at every one, as in the other lists."""
    if location_id is None:
        return []
    return [or_(_task.c.location_id == location_id, _task.c.location_id.is_(None))]


def _narrowed(query: Any, wanted: Wanted) -> Any:
    states = {
        Show.OPEN: (TaskState.OPEN.value, TaskState.WORKING.value),
        Show.SNOOZED: (TaskState.SNOOZED.value,),
        Show.CLOSED: (TaskState.CLOSED.value,),
    }[wanted.show]
    query = query.where(_task.c.state.in_(states), *_here(wanted.location_id))
    if wanted.kind:
        query = query.where(_task.c.kind == wanted.kind)
    if wanted.severity:
        query = query.where(_task.c.severity == wanted.severity)
    if wanted.owner_id is not None:
        query = query.where(
            _task.c.owner_id == wanted.owner_id if wanted.owner_id else _task.c.owner_id.is_(None)
        )
    if wanted.visit_before is not None:
        query = query.where(_task.c.next_visit_at < wanted.visit_before)
    if wanted.closed_since is not None and wanted.show is Show.CLOSED:
        query = query.where(_task.c.closed_at >= wanted.closed_since)
    words = folded(wanted.search).split()
    if words:
        query = query.where(_patient.c.id == _task.c.patient_id)
    if len(words) == 1 and len(words[0]) == 4 and words[0].isdigit():
        return query.where(_patient.c.mobile_last_four == words[0])
    for word in words:
        query = query.where(_patient.c.search_name.contains(word, autoescape=True))
    return query


def _row(row: Any) -> TaskRow:
    name = f"{row.first_name} {row.last_name}".strip()
    return TaskRow(
        task_id=row.id,
        key=row.patient_id,
        patient_id=row.patient_ref,
        patient=name,
        initials="".join(f"{part[0]}." for part in (row.first_name, row.last_name) if part),
        mobile_last_four=row.mobile_last_four,
        kind=TaskKind(row.kind),
        flag=row.flag,
        state=TaskState(row.state),
        severity=Severity(row.severity),
        sentence=row.sentence,
        cents=row.cents,
        next_visit_at=row.next_visit_at,
        owner_id=row.owner_id,
        owner=row.owner,
        snoozed_until=row.snoozed_until,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        closed_by=row.closer,
        close_reason=CloseReason(row.close_reason) if row.close_reason else None,
        cleared=row.cleared,
        evidence=tuple((table, key) for table, key in json.loads(row.evidence)),
        source=(row.source_kind, row.source_id),
        holds=row.holds,
    )
