"""Online booking: what is offered, when, for how much, who took which time, and what was charged for it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from core.booking.costs import Charge
from core.store.base import Row, index_where_given
from core.store.types import UtcInstant


class Who(StrEnum):
    BOTH = "new and existing patients"
    NEW = "new patients"
    EXISTING = "existing patients"


class BookingState(StrEnum):
    """held: the time is kept for somebody who has not finished. paying: the card is with the processor.
    failed: neither an appointment nor a payment, and the reason says why."""

    HELD = "held"
    PAYING = "paying"
    BOOKED = "booked"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


LIVE = (BookingState.HELD, BookingState.PAYING, BookingState.BOOKED)
"""States that keep their time from others."""


class ChargeState(StrEnum):
    """accepted: the money (or the hold, or the card) is ours. undone: all of it was voided or refunded."""

    WAITING = "waiting"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOT_MADE = "not made"
    UNDONE = "undone"


class Back(StrEnum):
    """How money that goes back stands."""

    NOTHING = ""
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"


class Known(StrEnum):
    """Whom a booking is for, as far as the store can tell (DOMAIN §11)."""

    NOT_ASKED = ""
    MATCHED = "matched"
    PROPOSED = "proposed"
    NEW = "new"


class AtEhr(StrEnum):
    """How a booking stands at the EHR. to_import: nobody can be called; it waits in the file for a person."""

    NOTHING = ""
    WAITING = "waiting"
    SENT = "sent"
    TO_IMPORT = "to import"
    REFUSED = "refused"
    MATCHED = "matched"


class BookingSwitch(Row, table=True):
    """One practice's online booking. is_on False: the public pages offer nothing, at once.

    frame_hosts: hosts that may show the pages in a frame, comma-separated. no_shows_prepay: a patient with this many
    prepays any type; None = no such rule. days_ahead_prepay: whoever books further ahead prepays; None = no such rule.
    """

    practice_id: int = Field(primary_key=True, foreign_key="practice.id")
    is_on: bool = False
    frame_hosts: str = ""
    no_shows_prepay: int | None = None
    days_ahead_prepay: int | None = None
    changed_at: datetime = Field(sa_type=UtcInstant)
    changed_by: int | None = Field(default=None, foreign_key="staff.id")


class OnlineType(Row, table=True):
    """How one appointment type is offered online. slug: its place in the address, /book/{slug}.

    minutes: length of a visit; step_minutes: how far apart times begin; prep_minutes: kept free before it.
    notice_minutes: earliest, days_ahead: latest. capacity: people at the same time. group_name: types of one name count
    together ("" = this type alone). price_cents None = the EHR's price. refund_percent: of what was paid, on a
    cancellation before cutoff_hours; later refund_percent_late. members_free: a member's visits within the limit.
    """

    __table_args__ = (
        UniqueConstraint("practice_id", "appointment_type_id"),
        UniqueConstraint("practice_id", "slug"),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    appointment_type_id: int = Field(foreign_key="appointment_type.id")
    slug: str
    is_on: bool = False
    minutes: int = 30
    step_minutes: int = 30
    prep_minutes: int = 0
    notice_minutes: int = 120
    days_ahead: int = 60
    capacity: int = 1
    group_name: str = ""
    who: str = Who.BOTH
    text: str = ""
    charge: str = Charge.NOTHING
    price_cents: int | None = None
    deposit_cents: int | None = None
    refund_percent: int = 100
    refund_percent_late: int = 0
    cutoff_hours: int = 24
    members_free: bool = False
    changed_at: datetime = Field(sa_type=UtcInstant)
    changed_by: int | None = Field(default=None, foreign_key="staff.id")


class OnlineProvider(Row, table=True):
    """A provider who takes bookings of a type."""

    __table_args__ = (UniqueConstraint("online_type_id", "provider_id"),)

    id: int | None = Field(default=None, primary_key=True)
    online_type_id: int = Field(foreign_key="online_type.id")
    provider_id: int = Field(foreign_key="provider.id")


class ProviderHours(Row, table=True):
    """One stretch of a provider's week at a location, in minutes since local midnight. weekday: 0 = Monday.

    is_break: not bookable within the stretches that are.
    """

    __table_args__ = (UniqueConstraint("provider_id", "location_id", "weekday", "starts_minute", "is_break"),)

    id: int | None = Field(default=None, primary_key=True)
    provider_id: int = Field(foreign_key="provider.id")
    location_id: int = Field(foreign_key="location.id")
    weekday: int
    starts_minute: int
    ends_minute: int
    is_break: bool = False


class DayOff(Row, table=True):
    """Local days without bookings, first to last. provider_id None: everybody of the location; location_id None: of
    the practice."""

    __table_args__ = (Index(None, "practice_id", "last_on"),)

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    provider_id: int | None = Field(default=None, foreign_key="provider.id")
    location_id: int | None = Field(default=None, foreign_key="location.id")
    first_on: date
    last_on: date
    reason: str = ""


class PrepayByName(Row, table=True):
    """A person of whom prepayment is always asked (must_prepay), or never."""

    patient_id: int = Field(primary_key=True, foreign_key="patient.id")
    must_prepay: bool
    reason: str = ""
    set_at: datetime = Field(sa_type=UtcInstant)
    set_by: int | None = Field(default=None, foreign_key="staff.id")


class Booking(Row, table=True):
    """One person and one time. key: ours, for ever, also at the EHR; signed, it is the patient's own address.

    starts_at, hold_until …: UTC. minutes, prep_minutes, group_name, charge, amount_cents: as they were when the time
    was taken, so that a later change of the set-up changes nothing here. asked_from: a digest of who asked.
    patient_id: sure (DOMAIN §11). known: how sure. evidence: what agreed. appointment_id: the EHR's own row.
    ehr_ref: its id there, where the EHR said it; ehr_version: how often it was told; ehr_starts_at: when that row began
    at the last look. moved_at: when it was last moved here. settled: nothing is to be taken or given back any more. prepaid_why: why this one prepays, for the desk. conflict: a sentence
    while the EHR holds something else at that time. reason: a sentence of how it ended.
    """

    __table_args__ = (
        Index(None, "practice_id", "state", "starts_at"),
        Index(None, "provider_id", "starts_at"),
        Index(None, "state", "hold_until"),
        index_where_given("patient_id"),
        index_where_given("appointment_id"),
        Index(None, "mobile_phone", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    practice_id: int = Field(default=1, foreign_key="practice.id")
    location_id: int = Field(foreign_key="location.id")
    online_type_id: int = Field(foreign_key="online_type.id")
    provider_id: int = Field(foreign_key="provider.id")
    key: str = Field(unique=True)
    state: str = BookingState.HELD
    starts_at: datetime = Field(sa_type=UtcInstant)
    minutes: int
    prep_minutes: int = 0
    group_name: str = ""
    asked_from: str = ""
    hold_until: datetime = Field(sa_type=UtcInstant)
    created_at: datetime = Field(sa_type=UtcInstant)
    booked_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    ended_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    first_name: str = ""
    last_name: str = ""
    birth_date: date | None = None
    email: str | None = None
    mobile_phone: str | None = None
    text_consent: bool = False
    email_consent: bool = False
    agreed_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    patient_id: int | None = Field(default=None, foreign_key="patient.id")
    proposed_id: int | None = Field(default=None, foreign_key="patient.id")
    known: str = Known.NOT_ASKED
    evidence: str = ""
    charge: str = Charge.NOTHING
    amount_cents: int = 0
    prepaid_why: str = ""
    refund_percent: int = 100
    refund_percent_late: int = 0
    cutoff_hours: int = 24
    member_checked: bool = False
    refused: str = ""
    appointment_id: int | None = Field(default=None, foreign_key="appointment.id")
    at_ehr: str = AtEhr.NOTHING
    ehr_ref: str = ""
    ehr_version: int = 0
    ehr_starts_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    moved_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    conflict: str = ""
    settled: bool = False
    reason: str = ""


class BookedPlace(Row, table=True):
    """Five minutes of a provider, taken by a booking. place: 0, 1 … up to the capacity.

    The unique constraint is what makes two people at one place impossible, whoever asks first.
    """

    __table_args__ = (
        UniqueConstraint("provider_id", "at", "place"),
        Index(None, "booking_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    provider_id: int = Field(foreign_key="provider.id")
    at: datetime = Field(sa_type=UtcInstant)
    place: int = 0
    booking_id: int = Field(foreign_key="booking.id")


class BookingCharge(Row, table=True):
    """One try to charge a booking. order_id: made and kept before the first call, the key by which it is looked up.

    kind: sale, auth or card. payment_ref: the processor's transaction; card_ref: its token. taken_cents: what a hold
    was taken for. back_cents: what goes or went back. Instants are UTC. reason: a sentence.
    """

    __table_args__ = (Index(None, "booking_id"), Index(None, "state"), index_where_given("payment_ref"))

    id: int | None = Field(default=None, primary_key=True)
    booking_id: int = Field(foreign_key="booking.id")
    connection_id: int = Field(foreign_key="connection.id")
    order_id: str = Field(unique=True)
    kind: str
    amount_cents: int
    state: str = ChargeState.WAITING
    payment_ref: str | None = None
    card_ref: str | None = None
    contact_ref: str | None = None
    brand: str = ""
    last_four: str = ""
    taken_cents: int = 0
    taken_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    back_cents: int = 0
    back: str = Back.NOTHING
    back_why: str = ""
    made_at: datetime = Field(sa_type=UtcInstant)
    done_at: datetime | None = Field(default=None, sa_type=UtcInstant)
    reason: str = ""


class BookingStep(Row, table=True):
    """Something that happened to a booking, for the desk. staff_id None: the patient, or Huddle itself."""

    __table_args__ = (Index(None, "booking_id", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    booking_id: int = Field(foreign_key="booking.id")
    at: datetime = Field(sa_type=UtcInstant)
    staff_id: int | None = Field(default=None, foreign_key="staff.id")
    words: str


class BookingCode(Row, table=True):
    """The latest one-time code by which a member shows who they are. code_hash: its keyed digest; tries: wrong ones."""

    booking_id: int = Field(primary_key=True, foreign_key="booking.id")
    code_hash: str = ""
    sent_at: datetime = Field(sa_type=UtcInstant)
    sent_count: int = 1
    tries: int = 0
