"""What somebody has to do about a patient's money, card, bookings or insurance, and what became of it (DOMAIN §9)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.store.base import Row
from core.store.types import UtcInstant


class TaskState(StrEnum):
    OPEN = "open"
    SNOOZED = "snoozed"
    WORKING = "working"
    CLOSED = "closed"


class CloseReason(StrEnum):
    PAID = "paid"
    UPDATED = "updated"
    WAIVED = "waived"
    WRONG = "wrong"
    OTHER = "other"


class TaskAct(StrEnum):
    """What happened to a task, as its history says it."""

    OPENED = "opened"
    TOOK = "took it"
    ASSIGNED = "gave it to"
    SNOOZED = "snoozed it"
    WOKE = "snooze ended"
    CLOSED = "closed it"
    REOPENED = "reopened it"
    NOTED = "noted"
    UNDID = "took back the last step"


class ShownInEhr(StrEnum):
    """What the EHR's own task list was last asked to show of this task."""

    NOTHING = ""
    OPEN = "open"
    CLOSED = "closed"


_NOT_CLOSED = text("state <> 'closed'")


class Task(Row, table=True):
    """One thing to do. (patient, kind, source, episode) is there once, and of its episodes one at most is not closed.

    source_kind, source_id: the row it hangs on, as (table, the EHR's or processor's id). flag: the word of
    core/findings/flags.py that raised it, which may change while the matter stays the same. evidence,
    cleared_evidence: JSON lists of (table, external id). cents: money at risk.
    holds: the rule found it at the last look; a task closed by hand stays closed until the rule has cleared once.
    mark_severity, mark_cents: how bad it was when it was snoozed or closed by hand; worse than that brings it back.
    closed_by: None = it closed itself. cleared: the sentence that says what closed it, or a person's own words.
    told: see Told; told_key: under which key it stands there. Instants are UTC.
    """

    __table_args__ = (
        UniqueConstraint("patient_id", "kind", "source_kind", "source_id", "episode", name="uq_task_key"),
        Index(
            "ix_task_one_open",
            "patient_id",
            "kind",
            "source_kind",
            "source_id",
            unique=True,
            sqlite_where=_NOT_CLOSED,
            postgresql_where=_NOT_CLOSED,
        ),
        Index(None, "state", "closed_at"),
        Index(None, "told_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    patient_id: int = Field(foreign_key="patient.id")
    kind: str
    source_kind: str
    source_id: str
    episode: int = 1
    flag: str
    state: str = TaskState.OPEN
    severity: str
    sentence: str
    cents: int = 0
    next_visit_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    evidence: str = "[]"
    holds: bool = True
    owner_id: int | None = Field(default=None, foreign_key="staff.id")
    snoozed_until: datetime | None = Field(default=None, sa_type=UtcInstant)
    mark_severity: str = ""
    mark_cents: int = 0
    opened_at: datetime = Field(sa_type=UtcInstant)
    changed_at: datetime = Field(sa_type=UtcInstant)
    closed_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    closed_by: int | None = Field(default=None, foreign_key="staff.id")
    close_reason: str = ""
    cleared: str = ""
    cleared_evidence: str = "[]"
    told: str = ShownInEhr.NOTHING
    told_key: str = ""


class TaskEvent(Row, table=True):
    """One step in the life of a task. staff_id None = Huddle itself. words: whom, until when, why, or a note.

    before: JSON of what the step changed, to take it back. undone: it was taken back.
    """

    __table_args__ = (Index(None, "task_id"),)

    id: int | None = Field(default=None, primary_key=True)
    task_id: int = Field(foreign_key="task.id")
    at: datetime = Field(sa_type=UtcInstant)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    did: str
    words: str = ""
    before: str = "{}"
    undone: bool = False


class TaskLook(Row, table=True):
    """How far the rules have looked at a location's patients.

    version: the data version of the last look; looked_at: when its reading began (UTC). ground: what every patient's
    finding rests on (the day, whether cards are known …): another ground means a look at everybody.
    at_patient: the last patient id of a look at everybody that is not over; None when it is.
    """

    location_id: int = Field(primary_key=True, foreign_key="location.id")
    version: int = 0
    looked_at: datetime = Field(sa_type=UtcInstant)
    ground: str = ""
    at_patient: int | None = None
