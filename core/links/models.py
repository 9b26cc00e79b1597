"""Everything a patient was ever sent to press: invoices, payment links, new-card links, with each step of their life."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from core.links.rules import LinkState
from core.store.base import Row, index_where_given
from core.store.types import UtcInstant


class Link(Row, table=True):
    """One link, kept for ever. state, paid_cents, pending_cents, sent_at, opened_at and ended_at follow from its steps
    and payments (rules.life) and are stored to be searched.

    key: made before the first attempt; Fortis knows the link by it. form: of the form that made it, so that a second
    press makes no second link. connection_id, contact_ref: whose account at which processor; external_id, url: the
    processor's own id and page, once it has made it. due_kind, due_ref: the missing payment it asks for, as
    core/dues/missing.py names it. card_ref: the card a new-card link is to replace. keep_card: the card used
    goes on the plan or membership afterwards. asked_back_cents: what the processor says is still to be paid.
    seen_at: when the processor's list last showed it. expires_at, undo_until: UTC.
    """

    __table_args__ = (
        UniqueConstraint("practice_id", "form"),
        UniqueConstraint("connection_id", "external_id"),
        Index(None, "patient_id", "created_at"),
        Index(None, "practice_id", "state", "created_at"),
        index_where_given("plan_id"),
        index_where_given("membership_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    kind: str
    key: str = Field(unique=True)
    form: str
    patient_id: int = Field(foreign_key="patient.id")
    amount_cents: int = 0
    what: str = ""  # in the patient's words: "Payment for your plan", no clinical word
    plan_id: int | None = Field(default=None, foreign_key="plan.id")
    membership_id: int | None = Field(default=None, foreign_key="membership.id")
    instalment_id: int | None = Field(default=None, foreign_key="instalment.id")
    due_kind: str = ""
    due_ref: str = ""
    connection_id: int | None = Field(default=None, foreign_key="connection.id")
    contact_ref: str | None = None
    card_ref: str | None = None
    keep_card: bool = False
    external_id: str | None = None
    url: str | None = None
    new_card_ref: str | None = None
    due_on: date | None = None
    expires_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    undo_until: datetime | None = Field(default=None, sa_type=UtcInstant)
    replaced_by: int | None = Field(default=None, foreign_key="link.id")
    created_at: datetime = Field(sa_type=UtcInstant)
    created_by: int | None = Field(default=None, foreign_key="staff.id")
    state: str = LinkState.CREATED
    state_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    reason: str = ""  # of the state, a sentence for the staff
    paid_cents: int = 0
    pending_cents: int = 0
    asked_back_cents: int | None = None
    seen_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    sent_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    opened_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    reminders_stopped: str = ""  # why, a sentence; empty while they go on


class LinkStep(Row, table=True):
    """One thing that happened to a link; only ever added, each once. kind: rules.Step. ref: what makes it this one (a
    payment's id, a channel and message, a day). words: for the staff, without text from outside."""

    __table_args__ = (UniqueConstraint("link_id", "kind", "ref"),)

    id: int | None = Field(default=None, primary_key=True)
    link_id: int = Field(foreign_key="link.id")
    kind: str
    ref: str = ""
    at: datetime = Field(sa_type=UtcInstant)
    cents: int | None = None
    words: str = ""
    staff_id: int | None = Field(default=None, foreign_key="staff.id")


class LinkToken(Row, table=True):
    """What stands in an address we sent; the token itself is not kept, only its SHA-256. channel: where it went."""

    __table_args__ = (Index(None, "link_id"),)

    id: int | None = Field(default=None, primary_key=True)
    link_id: int = Field(foreign_key="link.id")
    token_hash: str = Field(unique=True)
    channel: str = ""
    made_at: datetime = Field(sa_type=UtcInstant)
    expires_at: datetime = Field(sa_type=UtcInstant)
    opened_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    used_at: datetime | None = Field(default=None, sa_type=UtcInstant)
