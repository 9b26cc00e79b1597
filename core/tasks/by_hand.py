"""A task that a person makes, of a text that came in: no rule opens it, and none closes it."""

from sqlmodel import Session, col, select

from core import clock
from core.errors import BadInput
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require
from core.secrets import mask_card_numbers
from core.severity import Severity
from core.tasks.history import note_step
from core.tasks.kinds import TaskKind
from core.tasks.models import Task, TaskAct

LONGEST = 200
FLAG = "TEXT_TO_ANSWER"


def task_of_text(session: Session, who: Identity, *, patient_id: int, words: str, text_id: str) -> Task:
    """What a text asks for, as a task of its patient, taken by whoever made it. text_id: the gateway's own id: of one text
    there is one task at a time. Raises NotAllowed, NotFound; BadInput when there is one.
    """
    require(who.role, Permission.WORK_TASKS)
    patient = patient_of(session, who, patient_id, alone=True)
    said = mask_card_numbers(" ".join(words.split()))[:LONGEST]
    if not said:
        raise BadInput("Say in a few words what is to be done.")
    if (before := _latest(session, patient_id, text_id)) is not None and before.state != "closed":
        raise BadInput("There is a task of this text already.")
    now = clock.now()
    task = Task(
        location_id=patient.location_id, patient_id=patient_id, kind=TaskKind.TEXT, source_kind="text", source_id=text_id,
        episode=before.episode + 1 if before else 1, flag=FLAG, severity=Severity.MEDIUM, sentence=said,
        owner_id=who.staff_id, state="working", opened_at=now, changed_at=now,
    )  # fmt: skip
    session.add(task)
    session.flush()
    note_step(session, who, task, TaskAct.OPENED, words=said)
    return task


def _latest(session: Session, patient_id: int, text_id: str) -> Task | None:
    query = select(Task).where(
        Task.patient_id == patient_id, Task.kind == TaskKind.TEXT, Task.source_id == text_id
    )
    return session.exec(query.order_by(col(Task.episode).desc())).first()
