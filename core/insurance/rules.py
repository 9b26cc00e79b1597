"""What an insurance will do for one visit, as far as the last check can tell (DOMAIN §7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from core.money import share, short_dollars
from core.severity import Severity, worst

CHECK_GOOD_DAYS = 30
LOW_VISITS = 2
CASES = {"auto": "Auto", "injury": "Injury", "workers_comp": "Workers' compensation"}


class CoverageFacts(NamedTuple):
    """The columns of core/insurance/models.py. Amounts in cents, coinsurance in basis points, None = unknown."""

    id: int
    external_id: str
    payer: str | None = None
    kind: str | None = None
    rank: int | None = None
    active_from: date | None = None
    active_to: date | None = None
    checked_on: date | None = None
    eligible: bool | None = None
    copay_cents: int | None = None
    coinsurance_basis_points: int | None = None
    deductible_cents: int | None = None
    deductible_met_cents: int | None = None
    out_of_pocket_max_cents: int | None = None
    out_of_pocket_met_cents: int | None = None
    visit_limit: int | None = None
    visits_used: int | None = None
    visits_pending: int | None = None
    authorisation_required: bool | None = None
    authorisation_from: date | None = None
    authorisation_to: date | None = None
    authorisation_units: int | None = None
    authorisation_used: int | None = None


class InsuranceState(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    STALE = "STALE"
    NOT_CHECKED = "NOT_CHECKED"
    SELF_PAY = "SELF_PAY"
    UNKNOWN = "UNKNOWN"


class VisitsState(StrEnum):
    EXHAUSTED = "EXHAUSTED"
    LOW = "LOW"


class AuthorisationState(StrEnum):
    MISSING = "MISSING"
    EXPIRED_BY_VISIT = "EXPIRED_BY_VISIT"
    UNITS_SHORT = "UNITS_SHORT"
    OK = "OK"


class InsuranceFlag(NamedTuple):
    """kind is a word of core/findings/flags.py."""

    kind: str
    severity: Severity
    reason: str


@dataclass(frozen=True, slots=True)
class InsuranceFinding:
    """What one visit may count on. estimate_cents is always an estimate; None = it cannot be known.

    visits_left: before this visit; None = no limit on file, or its use unknown. authorisation None = unknown.
    severity None and no flags = nothing to say; reason says how things stand in any case.
    """

    state: InsuranceState
    payer: str | None
    kind: str | None
    copay_cents: int | None
    visits_left: int | None
    visits_state: VisitsState | None
    authorisation: AuthorisationState | None
    estimate_cents: int | None
    checked_on: date | None
    severity: Severity | None
    reason: str
    flags: tuple[InsuranceFlag, ...]
    evidence: tuple[tuple[str, str], ...]


def judge_insurance(
    coverages: Sequence[CoverageFacts],
    visit_on: date,
    price_cents: int | None,
    today: date,
    *,
    earlier_open_visits: int = 0,
) -> InsuranceFinding:
    """How the insurance stands to a visit on the local date `visit_on` that is priced at `price_cents`.

    earlier_open_visits: covered visits still to come before this one; each will take a visit and a unit.
    """
    coverage, passed_over = _covering(coverages, visit_on, today)
    if coverage is None:
        return _nothing_on_file()
    state, why = _state(coverage, visit_on, today)
    flags = (
        [InsuranceFlag(f"INSURANCE_{state}", _STATE_SEVERITY[state], why)] if state in _STATE_SEVERITY else []
    )
    beside = [_passed_over(one, visit_on, today) for one in passed_over]
    flags += beside
    why = " ".join([why, *(flag.reason for flag in beside)])
    if state is InsuranceState.SELF_PAY:
        return _finding(coverage, state, why, price_cents, flags)
    left, visits_state, said = _visits(coverage, earlier_open_visits)
    flags += said
    authorisation, said = _authorisation(coverage, visit_on, today, earlier_open_visits)
    flags += said
    refused = state is InsuranceState.INACTIVE or visits_state is VisitsState.EXHAUSTED
    estimate = None
    if refused:
        estimate = price_cents
    elif state in (InsuranceState.ACTIVE, InsuranceState.STALE):
        estimate = estimate_cents(coverage, price_cents)
    if not refused and coverage.kind in CASES:
        estimate = 0
    return _finding(coverage, state, why, estimate, flags, left, visits_state, authorisation)


def estimate_cents(
    coverage: CoverageFacts, covered_cents: int | None, non_covered_cents: int = 0
) -> int | None:
    """What the patient will probably pay: min(oop left, copay + d + coinsurance × (covered − d)) + non-covered,
    d = min(deductible left, covered), in cents, half up (DOMAIN §7).

    None where a part that matters is unknown. An unknown out-of-pocket maximum is no cap. Auto, injury and
    workers' compensation pay all of it.
    """
    if coverage.kind in CASES:
        return 0
    deductible_left = _left(coverage.deductible_cents, coverage.deductible_met_cents)
    if covered_cents is None or coverage.copay_cents is None or deductible_left is None:
        return None
    deductible = min(deductible_left, covered_cents)
    rest = covered_cents - deductible
    coinsurance = 0
    if rest:
        if coverage.coinsurance_basis_points is None:
            return None
        coinsurance = share(rest, coverage.coinsurance_basis_points, 10_000)
    patient = coverage.copay_cents + deductible + coinsurance
    cap = _left(coverage.out_of_pocket_max_cents, coverage.out_of_pocket_met_cents)
    return max(0, patient if cap is None else min(cap, patient)) + non_covered_cents


def _left(whole: int | None, met: int | None) -> int | None:
    """What is left of a deductible or maximum, never below 0; nothing is left of one of 0, whatever was met."""
    if whole is None or (met is None and whole > 0):
        return None
    return max(0, whole - (met or 0))


def _covering(
    coverages: Sequence[CoverageFacts], visit_on: date, today: date
) -> tuple[CoverageFacts | None, list[CoverageFacts]]:
    """The coverage that decides, and those in force before it by rank that do not: they refused, or nobody knows.

    The first by rank that is in force and eligible (DOMAIN §7). Without one: the first in force that did not refuse;
    all of them refused: the first one; none in force: the one of lowest rank. That the patient pays without insurance
    decides only where no insurance before it is still in doubt. Equal ranks stand in the order of their ids.
    """
    ranked = sorted(coverages, key=lambda one: (one.rank is None, one.rank or 0, one.id))
    here = [one for one in ranked if _in_force(one, visit_on)]
    if not here:
        return (ranked[0] if ranked else None), []
    open_to_it = [one for one in here if not _refuses(one, visit_on, today)]
    if not open_to_it:
        return here[0], []
    first = open_to_it[0]
    if not _eligible(first):
        first = next((one for one in open_to_it if _eligible(one) and one.kind != "self_pay"), first)
    return first, [one for one in here[: here.index(first)] if one.kind != "self_pay"]


def _eligible(coverage: CoverageFacts) -> bool:
    return bool(coverage.eligible) or coverage.kind == "self_pay"


def _refuses(coverage: CoverageFacts, visit_on: date, today: date) -> bool:
    return _state(coverage, visit_on, today)[0] is InsuranceState.INACTIVE


def _passed_over(coverage: CoverageFacts, visit_on: date, today: date) -> InsuranceFlag:
    """What is said beside the coverage that decides: one before it refused, or gave no clear answer."""
    state, why = _state(coverage, visit_on, today)
    if state is InsuranceState.INACTIVE:
        return InsuranceFlag("INSURANCE_REFUSED", Severity.MEDIUM, why)
    return InsuranceFlag(f"INSURANCE_{state}", _STATE_SEVERITY[state], why)


def _in_force(coverage: CoverageFacts, day: date) -> bool:
    starts, ends = coverage.active_from, coverage.active_to
    return (starts is None or starts <= day) and (ends is None or day <= ends)


_STATE_SEVERITY = {
    InsuranceState.INACTIVE: Severity.HIGH,
    InsuranceState.STALE: Severity.MEDIUM,
    InsuranceState.NOT_CHECKED: Severity.MEDIUM,
    InsuranceState.UNKNOWN: Severity.UNKNOWN,
}


def _state(coverage: CoverageFacts, visit_on: date, today: date) -> tuple[InsuranceState, str]:
    """The state and the sentence for it. `checked` after today would be a check nobody has made yet."""
    name, checked = _name(coverage), coverage.checked_on
    if coverage.active_from and coverage.active_to and coverage.active_to < coverage.active_from:
        return InsuranceState.UNKNOWN, f"{name} ends before it starts in the EHR: correct its dates."
    if not _in_force(coverage, visit_on):
        return InsuranceState.INACTIVE, f"{name} is not in force on {_short(visit_on, today)}."
    if coverage.kind == "self_pay":
        return InsuranceState.SELF_PAY, "Pays for the visit without insurance."
    if checked is None:
        return InsuranceState.NOT_CHECKED, f"{name} was never checked."
    if (checked - today).days > 1:
        return InsuranceState.UNKNOWN, f"The check of {name} is dated {_short(checked, today)}, after today."
    if coverage.eligible is None:
        return (
            InsuranceState.UNKNOWN,
            f"{name} was checked on {_short(checked, today)} without a clear answer.",
        )
    if not coverage.eligible:
        return (
            InsuranceState.INACTIVE,
            f"{name} said on {_short(checked, today)} that the patient is not covered.",
        )
    if (today - checked).days > CHECK_GOOD_DAYS:
        return (
            InsuranceState.STALE,
            f"{name} was last checked on {_short(checked, today)}, {(today - checked).days} days ago.",
        )
    if checked.year != visit_on.year:
        return (
            InsuranceState.STALE,
            f"{name} was checked on {_short(checked, today)}; the visit is in the next plan year.",
        )
    return InsuranceState.ACTIVE, f"{name} is active, checked on {_short(checked, today)}."


def _visits(
    coverage: CoverageFacts, earlier: int
) -> tuple[int | None, VisitsState | None, list[InsuranceFlag]]:
    """visits_left = limit − used − pending claims − earlier open covered visits.

    With used or pending unknown the number is unknown, but what is left can only be fewer: that much is flagged.
    """
    if coverage.visit_limit is None:
        return None, None, []
    known = coverage.visits_used is not None and coverage.visits_pending is not None
    at_most = coverage.visit_limit - (coverage.visits_used or 0) - (coverage.visits_pending or 0) - earlier
    left = at_most if known else None
    name, limit = _name(coverage), coverage.visit_limit
    if at_most <= 0:
        said = f"{name} pays {limit} visits a year and none is left for this one."
        return left, VisitsState.EXHAUSTED, [InsuranceFlag("VISITS_EXHAUSTED", Severity.HIGH, said)]
    if at_most <= LOW_VISITS:
        said = f"{name} has {'' if known else 'at most '}{at_most} of {limit} visits left, this one included."
        return left, VisitsState.LOW, [InsuranceFlag("VISITS_LOW", Severity.NOTE, said)]
    return left, None, []


def _authorisation(
    coverage: CoverageFacts, visit_on: date, today: date, earlier: int
) -> tuple[AuthorisationState | None, list[InsuranceFlag]]:
    """Whether this visit is authorised: one that is not required is OK, unknown stays None."""
    starts, ends = coverage.authorisation_from, coverage.authorisation_to
    units, used = coverage.authorisation_units, coverage.authorisation_used
    name = _name(coverage)
    if not coverage.authorisation_required:
        return (None if coverage.authorisation_required is None else AuthorisationState.OK), []
    if starts is None and ends is None and units is None:
        said = f"{name} wants an authorisation and none is on file."
        return AuthorisationState.MISSING, [InsuranceFlag("AUTHORISATION_MISSING", Severity.HIGH, said)]
    if ends is not None and ends < visit_on:
        verb = "ended" if ends < today else "ends"
        said = f"The authorisation of {name} {verb} on {_short(ends, visit_on)}, before this visit."
        return AuthorisationState.EXPIRED_BY_VISIT, [
            InsuranceFlag("AUTHORISATION_EXPIRED", Severity.HIGH, said)
        ]
    if starts is not None and visit_on < starts:
        said = f"The authorisation of {name} starts on {_short(starts, visit_on)}, after this visit."
        return AuthorisationState.MISSING, [InsuranceFlag("AUTHORISATION_MISSING", Severity.HIGH, said)]
    if units is not None and units - (used or 0) - earlier < 1:
        said = f"The {units} authorised units of {name} are used up before this visit."
        return AuthorisationState.UNITS_SHORT, [
            InsuranceFlag("AUTHORISATION_UNITS_SHORT", Severity.HIGH, said)
        ]
    if units is not None and used is None:
        return None, []
    return AuthorisationState.OK, []


def _nothing_on_file() -> InsuranceFinding:
    said = "No insurance on file, and nobody noted that the patient pays without one."
    flag = InsuranceFlag("INSURANCE_UNKNOWN", Severity.UNKNOWN, said)
    return InsuranceFinding(
        InsuranceState.UNKNOWN,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        flag.severity,
        said,
        (flag,),
        (),
    )


def _finding(
    coverage: CoverageFacts,
    state: InsuranceState,
    why: str,
    estimate: int | None,
    flags: list[InsuranceFlag],
    left: int | None = None,
    visits_state: VisitsState | None = None,
    authorisation: AuthorisationState | None = None,
) -> InsuranceFinding:
    copay = 0 if coverage.kind in CASES else coverage.copay_cents
    return InsuranceFinding(
        state,
        coverage.payer,
        coverage.kind,
        None if state is InsuranceState.SELF_PAY else copay,
        left,
        visits_state,
        authorisation,
        estimate,
        coverage.checked_on,
        worst([flag.severity for flag in flags]),
        f"{why} {_estimate_words(coverage, state, estimate)}".strip(),
        tuple(flags),
        (("coverage", coverage.external_id),),
    )


def _estimate_words(coverage: CoverageFacts, state: InsuranceState, estimate: int | None) -> str:
    if state is InsuranceState.SELF_PAY:
        return "" if estimate is None else f"Price {short_dollars(estimate)}."
    if estimate is None:
        return "What the patient will pay cannot be estimated."
    if coverage.kind in CASES and estimate == 0:
        return "No copay: bill the case."
    checked = coverage.checked_on
    when = "never checked" if checked is None else f"checked on {checked:%b} {checked.day}, {checked.year}"
    return f"Estimate for the patient: {short_dollars(estimate)} ({when})."


def _name(coverage: CoverageFacts) -> str:
    payer = coverage.payer or "The insurance"
    case = CASES.get(coverage.kind or "")
    return payer if case is None else f"{case} case with {payer}" if coverage.payer else f"{case} case"


def _short(day: date, near: date) -> str:
    words = f"{day:%b} {day.day}"
    return words if day.year == near.year else f"{words}, {day.year}"
