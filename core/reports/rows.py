"""What the morning, patients and cards reports answer: frozen rows, in the words of CONTRACTS §2.

Ids are the EHR's own (external) ids; `key` is the store's id, for links inside Huddle. Amounts are cents;
instants are aware UTC; dates are the location's. None = unknown.
"""

from dataclasses import dataclass
from datetime import date, datetime

from core.severity import Flag, Severity


@dataclass(frozen=True, slots=True)
class CardCell:
    state: str
    severity: Severity | None
    brand: str | None
    last_four: str | None
    expires_on: date | None
    reason: str
    on_file: str
    card_id: str | None
    next_draft_on: date | None
    at_risk_cents: int


@dataclass(frozen=True, slots=True)
class MatchCell:
    """Money of the ledger that may have paid what is missing; a person says. entry_key: its store id."""

    entry_id: str
    posted_on: date
    amount_cents: int
    entry_key: int = 0


@dataclass(frozen=True, slots=True)
class MissingCell:
    """ask_cents: what of it may be asked for now; sentence says why the rest must not. new_card: on file since it was
    declined; charging it is the next step."""

    kind: str
    id: str
    due_on: date
    open_cents: int
    reason: str
    sentence: str
    severity: Severity
    retry_on: date | None
    reminders_stopped: bool
    promised_on: date | None = None
    ask_cents: int = 0
    possible_match: MatchCell | None = None
    new_card: str = ""


@dataclass(frozen=True, slots=True)
class MembershipCell:
    """The period and class that matter most for this row; `sentence` says why."""

    state: str
    membership_id: str
    name: str
    service_class: str | None
    allowance: int | None
    used: int
    booked: int
    over: int
    excess_appointment_ids: tuple[str, ...]
    period_start: date | None
    period_end: date | None
    should_be: int | None
    severity: Severity | None
    sentence: str


@dataclass(frozen=True, slots=True)
class InsuranceCell:
    state: str
    payer: str | None
    copay_cents: int | None
    visits_left: int | None
    authorisation: str | None
    estimate_cents: int | None
    checked_on: date | None
    sentence: str


@dataclass(frozen=True, slots=True)
class BalanceCell:
    patient_owes_cents: int
    due_now_cents: int
    insurance_pending_cents: int
    credit_cents: int
    pending_cents: int
    what: str
    since_when: str
    why_not_yet: str


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One active patient: the columns that do not belong to a visit."""

    key: int
    patient_id: str
    patient: str
    initials: str
    mobile_last_four: str | None
    card: CardCell
    missing_payments: tuple[MissingCell, ...]
    missing_cents: int
    arrears_cents: int
    days_past_due: int
    membership: MembershipCell | None
    insurance: InsuranceCell
    balance: BalanceCell
    last_visit: datetime | None
    next_visit: datetime | None
    flags: tuple[Flag, ...]
    severity: Severity | None
    at_risk_cents: int
    collect_now_cents: int
    say: str
    prepaid_cents: int = 0  # paid online for the visit at hand
    held_cents: int = 0  # held on a card for it


@dataclass(frozen=True, slots=True)
class MorningRow:
    """One visit of the day and what is wrong with its money. `about` is the patient behind it.

    A visit that was booked online and that the EHR has not shown yet carries the booking's key as appointment_id; while
    nobody knows surely who booked it, about.key is the booking's store id, negative.
    """

    appointment_id: str
    starts_at: datetime
    minutes: int | None
    provider: str | None
    provider_id: str | None
    appointment_type: str | None
    status: str
    about: PatientRow


@dataclass(frozen=True, slots=True)
class CardRow:
    """One patient whose card needs a person, the dollars that will fail first."""

    key: int
    patient_id: str
    patient: str
    state: str
    severity: Severity | None
    card_id: str | None
    brand: str | None
    last_four: str | None
    expires_on: date | None
    next_draft_on: date | None
    at_risk_cents: int
    next_visit: datetime | None
    reason: str
    next_draft_cents: int | None
    initials: str
    mobile_last_four: str | None
