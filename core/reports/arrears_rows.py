"""What the plan reports answer: frozen rows in the words of CONTRACTS §2. Amounts are cents, None = unknown.

Ids are the EHR's own; names ending in `key` are the store's ids, for links inside Huddle, and never exported.
"""

from dataclasses import dataclass
from datetime import date, datetime

from core.severity import Severity


@dataclass(frozen=True, slots=True)
class AgingCell:
    """Cents in arrears by each instalment's own days past due; the four sum to the arrears."""

    d1_30: int
    d31_60: int
    d61_90: int
    over_90: int


@dataclass(frozen=True, slots=True)
class PromiseCell:
    """The promise that stands: who said it, who wrote it down, and what came since. state: see PromiseState."""

    state: str
    amount_cents: int
    due_on: date
    came_cents: int
    said_by: str
    recorded_at: datetime
    recorded_by: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ArrearsRow:
    """One plan that is behind, at the person who pays it.

    patient, patient_id, key: who pays; name_key: their last name first, folded, to sort by. member, member_id: for whose care, where that is somebody else (family).
    since: due date of the oldest instalment still open. last_event: what happened last to what is open.
    last_contact_at: when they were last in, last promised something, or were last sent a message.
    ask_cents: what of the arrears may be asked for now; not_asked: a sentence about the rest.
    state UNKNOWN: the amounts are None and `reason` says what is wrong with the plan.
    """

    key: int
    plan_key: int
    name_key: str
    plan_id: str
    plan: str
    patient_id: str
    patient: str
    initials: str
    mobile_last_four: str | None
    family: bool
    member_id: str | None
    member: str | None
    state: str
    severity: Severity | None
    expected_cents: int | None
    paid_cents: int
    arrears_cents: int | None
    pending_cents: int
    days_past_due: int | None
    missed_count: int | None
    since: date | None
    aging: AgingCell | None
    remaining_cents: int | None
    exposure_cents: int | None
    unearned_cents: int | None
    next_visit: datetime | None
    last_visit: datetime | None
    last_contact_at: datetime | None
    promise: PromiseCell | None
    reminders_stopped: bool
    reason: str
    last_event: str
    advice: str
    ask_cents: int = 0
    not_asked: str = ""
