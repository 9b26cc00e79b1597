"""Connections to other systems, what their syncs did, and the rows that could not be used."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.store.base import Row, Synced, one_per_source
from core.store.types import UtcInstant


class Kind(StrEnum):
    PRACTICE_FILES = "practice_files"
    FORTIS = "fortis"
    CASH_PRACTICE = "cash_practice"
    EMAIL = "email"
    SMS = "sms"
    FHIR = "fhir"
    GENESIS = "genesis"
    CLINIKO = "cliniko"


PROCESSORS = (Kind.FORTIS, Kind.CASH_PRACTICE)  # who holds cards and takes payments
EHRS = (Kind.PRACTICE_FILES, Kind.FHIR, Kind.CLINIKO)  # whose patients and visits they are
INVOICES_ONLY = (Kind.CLINIKO,)  # tell invoices, and neither payments of a part nor plans nor memberships
SENDING_ONLY = (Kind.EMAIL, Kind.SMS, Kind.GENESIS)  # nothing is synced from these

DEMO = '{"demo": "yes"}'  # settings of the connection that holds invented people, to be thrown away again
REPORTS_ONLY = '{"reports": "yes"}'  # settings of a connection that only holds report files: it never syncs


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    PAUSED = "paused"
    FAILING = "failing"
    DISCONNECTED = "disconnected"


class Connection(Row, table=True):
    """settings: JSON without secrets (base_url, folder, location …). sealed_secrets: Fernet text of a JSON object."""

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    kind: str
    name: str = Field(unique=True)
    settings: str = "{}"
    sealed_secrets: str = ""
    state: str = ConnectionState.CONNECTED
    created_at: datetime = Field(sa_type=UtcInstant)


class SyncRun(Row, table=True):
    """One resource of one sync. rows_in = stored + unchanged + quarantined + set_aside, always.

    gone: rows held that the source no longer sends.
    """

    __table_args__ = (Index(None, "connection_id", "resource", "started_at"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    resource: str
    full: bool = False
    state: str = "running"  # running, done, failed
    started_at: datetime = Field(sa_type=UtcInstant)
    finished_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    rows_in: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0
    set_aside: int = 0
    gone: int = 0
    error: str = ""


class SyncCursor(Row, table=True):
    """Where the next incremental sync of a resource starts, in the vendor's own terms (Fortis: modified_ts)."""

    __table_args__ = (UniqueConstraint("connection_id", "resource"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    resource: str
    cursor: str = ""
    synced_at: datetime | None = Field(default=None, sa_type=UtcInstant)  # last complete success: freshness


class QuarantinedRow(Row, table=True):
    """A row that could not be used, kept whole (card numbers masked) until it is mended or let go.

    resource: the file's name without .csv, or the vendor's resource. digest: the same bad row again is the same row.
    """

    __table_args__ = (UniqueConstraint("connection_id", "resource", "digest"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    resource: str
    external_id: str = ""
    line: int | None = None
    column: str = ""
    reason: str
    raw: str = "{}"
    digest: str
    first_seen_at: datetime = Field(sa_type=UtcInstant)
    last_seen_at: datetime = Field(sa_type=UtcInstant)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcInstant)


class Loss(Row, table=True):
    """Rows that a source which sends everything did not send, and that nobody believed gone: a person is asked.

    held: rows of the kind that were there before. missing: how many were not sent. why: a word of LossReason.
    answer: a word of LossAnswer, "" = open. Of each kind of each source at most one is open.
    """

    __table_args__ = (
        Index(
            None,
            "connection_id",
            "resource",
            unique=True,
            sqlite_where=text("answer = ''"),
            postgresql_where=text("answer = ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    resource: str
    table_name: str
    held: int
    missing: int
    why: str
    found_at: datetime = Field(sa_type=UtcInstant)
    answer: str = ""
    answered_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    answered_by: str = ""


class LossReason(StrEnum):
    FIFTH = "more than a fifth"
    CUT_OFF = "cut off"


class LossAnswer(StrEnum):
    GONE = "gone"
    KEPT = "kept"
    CAME_BACK = "came back"


class LostRow(Row, table=True):
    """One row of a loss. row_id: in the table that the loss names."""

    __table_args__ = (UniqueConstraint("loss_id", "row_id"),)

    id: int | None = Field(default=None, primary_key=True)
    loss_id: int = Field(foreign_key="loss.id")
    row_id: int


class KnownReference(Row, table=True):
    """What a FHIR reference stands for, learnt from what a source has sent.

    kind: “Patient identifier” (named: system|value), PractitionerRole (means: the practitioner's id), Organization
    (means: its name), merged (a patient's id → that of the one who stays).
    """

    __table_args__ = (UniqueConstraint("connection_id", "kind", "named"),)

    id: int | None = Field(default=None, primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    kind: str
    named: str
    means: str


class ProcessorLocation(Synced, table=True):
    """A location as the processor knows it (Fortis §2)."""

    __table_args__ = (one_per_source(),)

    name: str = ""
    time_zone: str = ""
    account_number: str = ""


class MerchantAccount(Synced, table=True):
    """One merchant account of a processor's location: Fortis calls it a product transaction (§2)."""

    __table_args__ = (one_per_source(),)

    location_ref: str = ""
    title: str = ""
    payment_method: str = ""  # cc, ach, cash
    active: bool = True


class ProcessorUser(Synced, table=True):
    """A login at a processor, with its rights there (field-notes §2.3). staff_id: whose clerk key stamps its actions.

    privileges: one a line. login_times: “Monday: 08:00-18:00”, “Monday: No Access” or “Monday: 24-hour Access”, one a line.
    """

    __table_args__ = (one_per_source(), Index(None, "staff_id"))

    username: str = ""
    name: str = ""
    email: str | None = None
    active: bool = True
    is_admin: bool = False
    privileges: str = ""
    login_times: str = ""
    staff_id: int | None = Field(default=None, foreign_key="staff.id")


class Lease(Row, table=True):
    """Who runs a job now. Taken and renewed in a write transaction; one left by a killed process runs out."""

    name: str = Field(primary_key=True)
    holder: str
    until: datetime = Field(sa_type=UtcInstant)
