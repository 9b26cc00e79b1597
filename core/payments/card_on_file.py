"""What a patient allowed to be taken from a card on file, and every charge made under it (card networks' stored-credential rules)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.store.base import Row, index_where_given
from core.store.types import UtcInstant


class Scope(StrEnum):
    """What may be charged under an authorization. ONE_DEBT: only the debt it names."""

    MISSED = "missed payments of plans and memberships"
    ALL_DUE = "whatever is due at this practice"
    ONE_DEBT = "one debt"


class Signed(StrEnum):
    """How the patient said yes."""

    FORM = "signed form"
    SCREEN = "on the new-card page"
    PHONE = "by phone, written down"


class ChargeState(StrEnum):
    """unknown: whether it was taken is being looked up; nobody charges the debt again meanwhile."""

    WAITING = "waiting"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOT_MADE = "not made"


UNDER_WAY = (ChargeState.WAITING, ChargeState.UNKNOWN)


class CardAuthorization(Row, table=True):
    """One patient's permission to charge one card. Never changed, only ended; kept for seven years after its end.

    wording: what the patient read and agreed to. card_ref: the processor's id of the card; last_four: as it was then.
    cap_cents: the most of one charge. until: last day it holds (local), None = until it is ended. due_kind, due_ref: the
    debt, where the scope is one debt. copy_sent: how a copy went to the patient, "" = not.
    """

    __table_args__ = (Index(None, "patient_id"),)

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    patient_id: int = Field(foreign_key="patient.id")
    connection_id: int = Field(foreign_key="connection.id")
    card_ref: str
    last_four: str = ""
    wording: str
    scope: str
    cap_cents: int
    signed: str
    signed_by: str
    signed_on: date
    until: date | None = None
    due_kind: str = ""
    due_ref: str = ""
    copy_sent: str = ""
    recorded_at: datetime = Field(sa_type=UtcInstant)
    recorded_by: int | None = Field(default=None, foreign_key="staff.id")
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    ended_by: int | None = Field(default=None, foreign_key="staff.id")
    ended_why: str = ""


class CardCharge(Row, table=True):
    """One charge of a card on file. key: made before the first attempt; the processor keeps it unique and finds the
    transaction by it. form: of the press, so that pressing twice charges once. initiation: who began it, in the card
    networks' word. receipt: the channel of the receipt, "" = none. reason_code: the bank's, of a decline."""

    __table_args__ = (
        UniqueConstraint("practice_id", "form"),
        Index(None, "patient_id"),
        index_where_given("payment_ref"),
        Index(
            "uq_card_charge_under_way",
            "patient_id",
            "due_kind",
            "due_ref",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'unknown')"),
            postgresql_where=text("state IN ('waiting', 'unknown')"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    key: str = Field(unique=True)
    form: str
    authorization_id: int = Field(foreign_key="card_authorization.id")
    patient_id: int = Field(foreign_key="patient.id")
    connection_id: int = Field(foreign_key="connection.id")
    card_ref: str
    amount_cents: int
    what: str = ""
    due_kind: str
    due_ref: str
    due_on: date | None = None
    plan_id: int | None = Field(default=None, foreign_key="plan.id")
    instalment_id: int | None = Field(default=None, foreign_key="instalment.id")
    membership_id: int | None = Field(default=None, foreign_key="membership.id")
    initiation: str
    receipt: str = ""
    state: str = ChargeState.WAITING
    reason: str = ""
    reason_code: str = ""
    payment_ref: str | None = None
    asked_at: datetime = Field(sa_type=UtcInstant)
    asked_by: int | None = Field(default=None, foreign_key="staff.id")
    done_at: datetime | None = Field(default=None, sa_type=UtcInstant)
