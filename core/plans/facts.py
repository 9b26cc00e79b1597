"""A plan, its instalments, and what was found about it (DOMAIN §4). Status words are those of core/plans/models.py."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from core.payments.facts import PaymentFacts
from core.severity import Severity


class PlanFacts(NamedTuple):
    """One plan. Pause dates and end_date are inclusive; payer_id: who pays when not the patient."""

    id: int
    external_id: str
    patient_id: int
    payer_id: int | None
    kind: str
    name: str
    start_date: date | None
    end_date: date | None
    total_cents: int | None
    visits: int | None
    status: str
    paused_from: date | None
    paused_to: date | None
    card_id: int | None


class InstalmentFacts(NamedTuple):
    id: int
    external_id: str
    plan_id: int
    due_date: date
    amount_cents: int
    waived_cents: int


class PlanState(StrEnum):
    BEHIND = "BEHIND"
    DUE_TODAY = "DUE_TODAY"
    ON_TRACK = "ON_TRACK"
    AHEAD = "AHEAD"
    PAUSED = "PAUSED"
    SETTLEMENT = "SETTLEMENT"
    COMPLETED_OWING = "COMPLETED_OWING"
    COMPLETED = "COMPLETED"
    UNKNOWN = "UNKNOWN"


class InstalmentState(StrEnum):
    PAID = "PAID"
    WAIVED = "WAIVED"
    LATE = "LATE"
    DUE_TODAY = "DUE_TODAY"
    COMING = "COMING"
    PAUSED = "PAUSED"  # due inside a pause: not due
    FROZEN = "FROZEN"  # due after the plan was ended early: a person decides


class Aging(NamedTuple):
    """Cents in arrears by the days past due of each instalment; the four always sum to the arrears."""

    d1_30: int = 0
    d31_60: int = 0
    d61_90: int = 0
    over_90: int = 0


class InstalmentStanding(NamedTuple):
    """What became of one instalment. attempts: what paid it, and what failed or came back, in time order."""

    id: int
    external_id: str
    due_on: date
    amount_cents: int
    waived_cents: int
    allocated_cents: int
    open_cents: int
    days_late: int
    state: InstalmentState
    attempts: tuple[PaymentFacts, ...]


@dataclass(frozen=True, slots=True)
class PlanFinding:
    """All amounts in cents. known=False (state UNKNOWN): only paid and pending are known, the rest is not zero but
    unknown. exposure_cents and unearned_cents are None where the delivered care cannot be counted.

    remaining_cents below 0 = paid beyond the total. family: somebody else pays, and the arrears are at the payer's.
    """

    plan_id: int
    state: PlanState
    severity: Severity | None
    reason: str
    known: bool
    family: bool
    expected_cents: int
    paid_cents: int
    waived_cents: int
    pending_cents: int
    arrears_cents: int
    ahead_cents: int
    due_today_cents: int
    remaining_cents: int
    days_past_due: int
    missed_count: int
    oldest_due_on: date | None
    aging: Aging
    exposure_cents: int | None
    unearned_cents: int | None
    reminders_stopped: bool
    instalments: tuple[InstalmentStanding, ...]
    evidence: tuple[tuple[str, str], ...]
