"""What the patient card shows: everything Huddle knows of one patient, frozen, with reasons and evidence.

Amounts are cents, instants aware UTC, dates the location's. None = unknown. Ids are the EHR's or the processor's own.
"""

from dataclasses import dataclass
from datetime import date, datetime

from core.memberships.offers import Offer
from core.reports.head import SourceCell
from core.reports.links import LinkLine
from core.reports.rows import MissingCell, PatientRow
from core.severity import Severity
from core.tasks.reports import QuickTask


@dataclass(frozen=True, slots=True)
class FamilyMember:
    key: int
    patient_id: str
    name: str
    relation: str  # "pays for this patient" or "is paid for by this patient"


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """A processor's contact that is this patient. how: "same EHR id" or who confirmed it."""

    source: str
    contact_id: str
    name: str
    state: str  # linked, proposed
    how: str


@dataclass(frozen=True, slots=True)
class ContactPanel:
    first_name: str
    last_name: str
    birth_date: date | None
    age: int | None
    mobile_phone: str | None
    email: str | None
    text_consent: bool | None
    email_consent: bool | None
    text_said: str  # what was last said here, “said stop on Dec 1”; "" = only the EHR knows
    email_said: str
    active: bool
    location_name: str
    family: tuple[FamilyMember, ...]
    accounts: tuple[LinkedAccount, ...]


@dataclass(frozen=True, slots=True)
class VisitLine:
    appointment_id: str
    starts_at: datetime
    provider: str | None
    appointment_type: str | None
    status: str
    standing: str  # OPEN, DONE, DEAD, PRESUMED_MISSED
    insurance_sentence: str  # for today's and future visits, with the estimate and the date it was checked
    estimate_cents: int | None
    note: str  # "Visit 5 of 4", "covered by Wellness 4", …


@dataclass(frozen=True, slots=True)
class InstalmentLine:
    instalment_id: str
    due_on: date
    amount_cents: int
    waived_cents: int
    allocated_cents: int
    open_cents: int
    days_late: int
    what_happened: str  # "paid Oct 3", "declined Nov 15, not enough funds", "due in 12 days"
    changed: str = ""  # how its terms were edited: "Nov 3: amount $200 → $180"


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One promise to pay. open: it stands and is not kept yet, so it may be withdrawn. state: see PromiseState."""

    key: int
    state: str
    sentence: str
    by: str  # who wrote it down and when: "recorded Nov 3 by Dana"
    open: bool


@dataclass(frozen=True, slots=True)
class PlanPanel:
    plan_id: str
    name: str
    kind: str
    state: str
    severity: Severity | None
    sentence: str
    payer: str | None  # when another person pays (family contract)
    expected_cents: int
    paid_cents: int
    arrears_cents: int
    ahead_cents: int
    remaining_cents: int
    exposure_cents: int | None
    days_past_due: int
    aging: tuple[int, int, int, int]  # 1–30, 31–60, 61–90, over 90 days
    reminders_stopped: bool
    instalments: tuple[InstalmentLine, ...]
    key: int = 0  # the plan's id in the store
    total_cents: int | None = None
    delivered_cents: int | None = None  # contract price of the visits done; None = they cannot be counted
    promises: tuple[PromiseLine, ...] = ()  # newest first
    settlement: str = ""  # what was decided about a plan that was ended early
    to_settle: bool = False  # ended early, and nobody has decided yet
    changed: tuple[str, ...] = ()  # edits of the plan itself, newest first


@dataclass(frozen=True, slots=True)
class UseBar:
    service_class: str
    period_start: date
    period_end: date | None  # None: a prepaid package without an end
    allowance: int | None  # None = unlimited
    used: int
    booked: int
    over: int
    should_be: int | None
    excess: tuple[datetime, ...]
    state: str
    per_week: int | None = None  # the second limit
    shared: bool = False  # a family counts together


@dataclass(frozen=True, slots=True)
class OverVisit:
    """A visit beyond the membership, with the four choices and the effect of each. key: the visit's store id."""

    key: int
    appointment_id: str
    starts_at: datetime
    words: str  # "visit 5 of 4"
    service_class: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class TakenChoice:
    """A choice that was not undone. key: its store id; stands: a word of ChoiceStanding; now: the visit's start now."""

    key: int
    kind: str
    stands: str
    starts_at: datetime
    plan_name: str
    cents: int | None
    reason: str
    chosen_by: str
    chosen_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipPanel:
    """key: the membership's store id."""

    key: int
    membership_id: str
    name: str
    status: str
    state: str
    severity: Severity | None
    sentence: str
    next_draft_on: date | None
    price_cents: int | None
    bars: tuple[UseBar, ...]
    over: tuple[OverVisit, ...]
    choices: tuple[TakenChoice, ...]
    billing: str = ""  # how often it is drafted, where that is not each month: "every 4 weeks"


@dataclass(frozen=True, slots=True)
class CardLine:
    card_id: str
    kind: str
    brand: str | None
    last_four: str | None
    expires_on: date | None
    state: str  # "good", "ends soon", "expired", "closed", "unknown", "removed"
    is_default: bool
    source: str
    charges: str  # "Corrective plan $200 on Dec 1", or ""


@dataclass(frozen=True, slots=True)
class PaymentLine:
    payment_id: str
    happened_at: datetime
    amount_cents: int
    status: str
    method: str | None
    reason: str  # words for a decline, "" otherwise
    for_what: str  # plan, membership, refund of …
    source: str
    surcharge_cents: int = 0  # the part of the amount that is a fee and pays nothing


@dataclass(frozen=True, slots=True)
class LedgerLine:
    entry_id: str
    posted_on: date
    kind: str
    part: str
    amount_cents: int
    description: str


@dataclass(frozen=True, slots=True)
class DeskOffer:
    """Money of the ledger that may have paid something due: a person says. entry_key: its row in the store."""

    entry_key: int
    cents: int
    posted_on: date
    kind: str
    due_on: date


@dataclass(frozen=True, slots=True)
class DeskLine:
    """What a person said about money of the ledger and something due. key: its store id, to take it back."""

    key: int
    answer: str  # yes or no
    words: str  # "$200 of Apr 3 paid the instalment of Apr 1"
    by: str


@dataclass(frozen=True, slots=True)
class CoverageLine:
    payer: str | None
    kind: str | None
    state: str
    sentence: str
    copay_cents: int | None
    visits_left: int | None
    authorisation: str | None
    estimate_cents: int | None
    checked_on: date | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline, newest first. icon: a Material symbol's name."""

    at: datetime
    icon: str
    words: str
    cents: int | None


@dataclass(frozen=True, slots=True)
class PatientCard:
    """row carries card, balance, flags with evidence, collect now and the line to say; quick_stop ≤ 3, worst first.
    links: every invoice, payment link and new-card link, newest first. untold: what their EHR cannot say, "" = nothing."""

    row: PatientRow
    as_of: datetime
    day: date
    time_zone: str
    contact: ContactPanel
    quick_stop: tuple[tuple[Severity, str], ...]
    today: tuple[VisitLine, ...]
    missing: tuple[MissingCell, ...]
    ledger: tuple[LedgerLine, ...]
    plans: tuple[PlanPanel, ...]
    memberships: tuple[MembershipPanel, ...]
    cards: tuple[CardLine, ...]
    payments: tuple[PaymentLine, ...]
    coverages: tuple[CoverageLine, ...]
    visits: tuple[VisitLine, ...]
    timeline: tuple[Moment, ...]
    sources: tuple[SourceCell, ...]
    links: tuple[LinkLine, ...] = ()
    desk_offers: tuple[DeskOffer, ...] = ()
    desk: tuple[DeskLine, ...] = ()  # answers that stand, the latest first
    untold: str = ""
    tasks: tuple[QuickTask, ...] = ()  # those that stand this instant, in today's words
