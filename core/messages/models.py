"""Messages to patients, blasts, what patients agreed to, the texts of the practice, and what came back."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from core.store.base import Row, index_where_given
from core.store.types import UtcInstant


class Channel(StrEnum):
    TEXT = "text"
    EMAIL = "email"


class Purpose(StrEnum):
    CARE = "care"
    BILLING = "billing"
    MARKETING = "marketing"


class MessageState(StrEnum):
    """skipped: never sent, and the reason says why. unknown: it may have gone out (see the outbox)."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class BatchState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"


class Letterhead(Row, table=True):
    """How the practice calls itself in messages. location_id None: everywhere without one of its own."""

    __table_args__ = (UniqueConstraint("practice_id", "location_id"),)

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    name: str = ""
    phone: str = ""
    signature: str = ""
    address: str = ""


class TextRegistration(Row, table=True):
    """How far the carriers are with the practice's texts (10DLC). state: registration.RegistrationState. reason: why it
    was refused, in the gateway's words."""

    practice_id: int = Field(primary_key=True, foreign_key="practice.id")
    state: str
    campaign: str = ""
    reason: str = ""
    changed_at: datetime = Field(sa_type=UtcInstant)
    changed_by: str = ""


class Template(Row, table=True):
    """A text of the practice. use: what it is for (card_link, pay_link …). Its words stand in its versions."""

    __table_args__ = (UniqueConstraint("practice_id", "name", "channel"),)

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    name: str
    use: str
    channel: str
    purpose: str
    version: int = 1  # the number of the one in use
    archived_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class TemplateVersion(Row, table=True):
    """Words as they once were, for ever: what was sent can always be read again. subject: of e-mails."""

    __table_args__ = (UniqueConstraint("template_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    template_id: int = Field(foreign_key="template.id")
    number: int
    subject: str = ""
    body: str
    created_at: datetime = Field(sa_type=UtcInstant)
    created_by: int | None = Field(default=None, foreign_key="staff.id")


class Batch(Row, table=True):
    """A blast. token: of the form that made it, so that a second press makes no second blast.

    condition: the audience's live condition, a word; who: JSON of what was chosen. undo_until, scheduled_at: UTC.
    """

    __table_args__ = (UniqueConstraint("practice_id", "token"), Index(None, "state", "scheduled_at"))

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    token: str
    name: str
    channel: str
    purpose: str
    template_version_id: int = Field(foreign_key="template_version.id")
    condition: str = ""
    who: str = "{}"
    state: str = BatchState.DRAFT
    count: int = 0  # recipients it goes to
    left_out: int = 0
    created_at: datetime = Field(sa_type=UtcInstant)
    created_by: int | None = Field(default=None, foreign_key="staff.id")
    scheduled_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    undo_until: datetime | None = Field(default=None, sa_type=UtcInstant)
    started_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    reason: str = ""


class Message(Row, table=True):
    """One message to one person, with the words and the address as they were. Nothing of it is ever overwritten.

    provider_id: the gateway's own id. link_kind, link_id: the link it carries. stop_token: what its
    unsubscribe address ends with. patient_id None: to somebody of the practice (a test to oneself).
    """

    __table_args__ = (
        UniqueConstraint("batch_id", "patient_id"),
        Index(None, "patient_id", "created_at"),
        Index(None, "to_address", "created_at"),
        index_where_given("provider_id"),
        index_where_given("link_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    patient_id: int | None = Field(default=None, foreign_key="patient.id")
    batch_id: int | None = Field(default=None, foreign_key="batch.id")
    outbox_id: str | None = Field(default=None, unique=True)
    channel: str
    purpose: str
    template_version_id: int | None = Field(default=None, foreign_key="template_version.id")
    subject: str = ""
    body: str = ""
    to_address: str = ""
    link_kind: str = ""
    link_id: int | None = None
    # SHA-256; the token itself only in what is sent
    stop_token: str | None = Field(default=None, unique=True)
    state: str = MessageState.QUEUED
    reason: str = ""
    provider_id: str | None = None
    segments: int = 0
    created_at: datetime = Field(sa_type=UtcInstant)
    created_by: int | None = Field(default=None, foreign_key="staff.id")
    sent_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    opened_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class ConsentEvent(Row, table=True):
    """What a person agreed to or took back, when and where: rows are only ever added. source: in words."""

    __table_args__ = (Index(None, "patient_id", "channel", "purpose", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    patient_id: int = Field(foreign_key="patient.id")
    channel: str
    purpose: str
    given: bool
    at: datetime = Field(sa_type=UtcInstant)
    source: str
    staff_id: int | None = Field(default=None, foreign_key="staff.id")


class Suppression(Row, table=True):
    """A phone or mailbox that wants nothing more from the practice, whoever shares it (STOP, unsubscribe, 21610)."""

    __table_args__ = (UniqueConstraint("practice_id", "channel", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    channel: str
    address: str
    since: datetime = Field(sa_type=UtcInstant)
    source: str
    lifted_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcInstant)  # the one confirmation


class InboundMessage(Row, table=True):
    """What a patient wrote back (card numbers masked). read_as: stop, start, help or "" for a person to read.

    seen_at, seen_by: who read it; owner_id: who works on this number; left_at: somebody said that it is nobody's.
    """

    __table_args__ = (
        UniqueConstraint("practice_id", "provider_id"),
        Index(None, "patient_id", "received_at"),
        Index(None, "from_address"),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    patient_id: int | None = Field(default=None, foreign_key="patient.id")
    channel: str
    from_address: str
    to_address: str = ""
    body: str = ""
    read_as: str = ""
    provider_id: str
    received_at: datetime = Field(sa_type=UtcInstant)
    seen_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    seen_by: int | None = Field(default=None, foreign_key="staff.id")
    owner_id: int | None = Field(default=None, foreign_key="staff.id")
    left_at: datetime | None = Field(default=None, sa_type=UtcInstant)
