"""Who is behind on a treatment or payment plan, by how much and since when (DOMAIN §4).

Pure: a plan, its instalments and its payments in, one finding out. The insurer's part never enters: instalments are
what the patient promised.
"""

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from core.dates import ONE_DAY
from core.money import share
from core.payments.allocation import Due, allocate, attempts
from core.payments.facts import PaymentFacts, net_by_payment, pending_cents
from core.plans.facts import (
    Aging,
    InstalmentFacts,
    InstalmentStanding,
    InstalmentState,
    PlanFacts,
    PlanFinding,
    PlanState,
)
from core.plans.settlements import SettlementFacts
from core.plans.wording import plan_sentence
from core.severity import Severity

BEHIND_LONG_DAYS = 30  # past the first aging bucket, or a second instalment missed: high


def judge_plan(
    plan: PlanFacts,
    instalments: Sequence[InstalmentFacts],
    payments: Sequence[PaymentFacts],
    as_of_date: date,
    *,
    done_visits: int | None = None,
    settled: SettlementFacts | None = None,
) -> PlanFinding:
    """Where a plan stands on `as_of_date` (local), DOMAIN §4.

    payments: those of the plan or its instalments and the refunds of them, of any status; later ones are left out.
    done_visits: completed visits of the plan so far, None = not known. settled: what a person decided about a plan
    that was ended early. A plan that cannot be judged (no instalments, an end before its start, negative amounts) is
    UNKNOWN with the reason.
    """
    rows = sorted((p for p in payments if p.happened_on <= as_of_date), key=attrgetter("happened_at"))
    nets = net_by_payment(rows)
    paid = max(0, sum(nets.values()))
    if doubt := _doubt(plan, instalments):
        return _unknown(plan, doubt, paid, pending_cents(rows))
    if plan.status != "cancelled" or (settled is not None and settled.decided_on > as_of_date):
        settled = None
    span = _span(plan, as_of_date, settled)
    ordered = sorted(instalments, key=attrgetter("due_date"))
    pauses = plan.paused_from or plan.paused_to or plan.status == "paused"
    dues = [
        Due(
            i.id,
            i.due_date,
            max(0, i.amount_cents - i.waived_cents),
            bool(pauses) and _paused(plan, i.due_date),
        )
        for i in ordered
    ]
    allocation = allocate(dues, rows, nets)
    tried = attempts(dues, allocation, rows, nets, as_of_date)
    standings = tuple(
        _standing(i, due, allocation.cents[place], tried[place], span)
        for place, (i, due) in enumerate(zip(ordered, dues, strict=True))
    )
    if settled is not None and settled.waived_cents:
        standings = _waived(standings, settled.waived_cents)
    return _sum_up(plan, standings, dues, paid, pending_cents(rows), as_of_date, span, done_visits, settled)


def contract_price(plan: PlanFacts, visit_number: int, total_cents: int) -> int:
    """Contract price in cents of the n-th visit (from 1): total ÷ visits rounded half up, the last takes the rounding.

    Beyond the contracted visits: 0. Raises ValueError when the plan says no number of visits.
    """
    if not plan.visits or plan.visits < 1:
        raise ValueError("a contract price needs the number of visits")
    return delivered_cents(plan.visits, visit_number, total_cents) - delivered_cents(
        plan.visits, visit_number - 1, total_cents
    )


def delivered_cents(visits: int, done: int, total_cents: int) -> int:
    """Σ contract prices of the first `done` visits; never more than the contract."""
    if done >= visits:
        return total_cents
    return min(total_cents, max(0, done) * share(total_cents, 1, visits))


def _doubt(plan: PlanFacts, instalments: Sequence[InstalmentFacts]) -> str | None:
    """Why this plan cannot be judged, or None."""
    if not instalments:
        return "This plan has no instalments, so nobody can say what is due."
    if plan.start_date and plan.end_date and plan.end_date < plan.start_date:
        return "This plan ends before it starts; correct its dates in the EHR."
    if plan.paused_from and plan.paused_to and plan.paused_to < plan.paused_from:
        return "This plan's pause ends before it starts; correct its dates in the EHR."
    if (plan.total_cents or 0) < 0 or any(i.amount_cents < 0 or i.waived_cents < 0 for i in instalments):
        return "This plan holds a negative amount; correct it in the EHR."
    return None


class _Span(NamedTuple):
    """due_before: what was due before this day is late; aged_on: the day its age is counted to. frozen: it was ended
    early, so that what is due from `due_before` on never falls due."""

    due_before: date
    aged_on: date
    frozen: bool


def _span(plan: PlanFacts, as_of: date, settled: SettlementFacts | None) -> _Span:
    """A plan that was ended early is frozen the day after its end: nothing falls due and nothing ages any more, until
    a person decides to collect; from then on what was due ages again."""
    if plan.status != "cancelled":
        return _Span(as_of, as_of, frozen=False)
    ended = plan.end_date or (settled.decided_on if settled else None)
    stop = as_of if ended is None or ended >= as_of else ended + ONE_DAY
    ages = settled is not None and settled.decision == "collect"
    return _Span(stop, as_of if ages else stop, frozen=True)


def _waived(standings: tuple[InstalmentStanding, ...], cents: int) -> tuple[InstalmentStanding, ...]:
    """Take what was waived off what is late, the oldest first."""
    found = []
    for one in standings:
        part = min(cents, one.open_cents) if one.state is InstalmentState.LATE else 0
        if part:
            cents -= part
            left = one.open_cents - part
            one = one._replace(  # noqa: PLW2901 - the same instalment, less what was waived
                open_cents=left, waived_cents=one.waived_cents + part,
                state=one.state if left else InstalmentState.WAIVED, days_late=one.days_late if left else 0,
            )  # fmt: skip
        found.append(one)
    return tuple(found)


def _paused(plan: PlanFacts, day: date) -> bool:
    """Inside the pause, both days included; an empty end is open. A plan paused without dates is paused throughout."""
    if plan.paused_from is None and plan.paused_to is None:
        return plan.status == "paused"
    return (plan.paused_from or date.min) <= day <= (plan.paused_to or date.max)


def _standing(
    instalment: InstalmentFacts,
    due: Due,
    allocated: int,
    tried: list[PaymentFacts],
    span: _Span,
) -> InstalmentStanding:
    left = due.owed_cents - allocated
    late = 0
    if left == 0:
        state = InstalmentState.PAID if allocated or not instalment.waived_cents else InstalmentState.WAIVED
    elif due.postponed:
        state = InstalmentState.PAUSED
    elif due.due_on < span.due_before:
        state, late = InstalmentState.LATE, (span.aged_on - due.due_on).days
    elif span.frozen:
        state = InstalmentState.FROZEN
    else:
        state = InstalmentState.DUE_TODAY if due.due_on == span.aged_on else InstalmentState.COMING
    return InstalmentStanding(
        instalment.id,
        instalment.external_id,
        due.due_on,
        instalment.amount_cents,
        instalment.waived_cents,
        allocated,
        left,
        late,
        state,
        tuple(tried),
    )


def _aging(late: Sequence[InstalmentStanding]) -> Aging:
    sums = [0, 0, 0, 0]
    for one in late:
        sums[min((one.days_late - 1) // 30, 3)] += one.open_cents
    return Aging(*sums)


def _sum_up(
    plan: PlanFacts,
    standings: tuple[InstalmentStanding, ...],
    dues: Sequence[Due],
    paid: int,
    pending: int,
    as_of: date,
    span: _Span,
    done_visits: int | None,
    settled: SettlementFacts | None,
) -> PlanFinding:
    late = []
    expected = arrears = due_today = waived = amounts = 0
    for one, due in zip(standings, dues, strict=True):
        amounts += one.amount_cents
        waived += one.waived_cents
        if due.due_on < span.due_before and not due.postponed:
            expected += one.amount_cents
        if one.state is InstalmentState.LATE:
            late.append(one)
            arrears += one.open_cents
        elif one.state is InstalmentState.DUE_TODAY:
            due_today += one.open_cents
    total = amounts if plan.total_cents is None else plan.total_cents
    exposure = unearned = None
    if plan.visits and done_visits is not None:
        delivered = delivered_cents(plan.visits, done_visits, total)
        exposure, unearned = max(0, delivered - paid), max(0, paid - delivered)
    disputed = any(p.status == "charged_back" for one in late for p in one.attempts)
    oldest = late[0] if late else None
    if settled is not None and (settled.decision == "collect" or not arrears):
        state = PlanState.COMPLETED_OWING if arrears else PlanState.COMPLETED
    else:
        state = _state(plan, arrears, due_today, paid - expected, total - waived - paid, as_of)
    return PlanFinding(
        plan_id=plan.id,
        state=state,
        severity=_severity(state, late, arrears or exposure or unearned or 0, disputed=disputed),
        reason=plan_sentence(plan, state, late, arrears, due_today, exposure, unearned, as_of),
        known=True,
        family=plan.payer_id is not None and plan.payer_id != plan.patient_id,
        expected_cents=expected,
        paid_cents=paid,
        waived_cents=waived,
        pending_cents=pending,
        arrears_cents=arrears,
        ahead_cents=max(0, paid - expected),
        due_today_cents=due_today,
        remaining_cents=total - waived - paid,
        days_past_due=oldest.days_late if oldest else 0,
        missed_count=len(late),
        oldest_due_on=oldest.due_on if oldest else None,
        aging=_aging(late),
        exposure_cents=exposure,
        unearned_cents=unearned,
        reminders_stopped=disputed,
        instalments=standings,
        evidence=(("plan", plan.external_id), *(("instalment", one.external_id) for one in late)),
    )


def _state(
    plan: PlanFacts, arrears: int, due_today: int, ahead: int, remaining: int, as_of: date
) -> PlanState:
    if plan.status == "cancelled":
        return PlanState.SETTLEMENT
    if plan.status == "completed" or (plan.end_date is not None and plan.end_date < as_of):
        if arrears:
            return PlanState.COMPLETED_OWING
        if plan.status == "completed" or remaining <= 0:
            return PlanState.COMPLETED
    if arrears:
        return PlanState.BEHIND
    if _paused(plan, as_of):
        return PlanState.PAUSED
    if due_today:
        return PlanState.DUE_TODAY
    return PlanState.AHEAD if ahead > 0 else PlanState.ON_TRACK


def _severity(
    state: PlanState, late: Sequence[InstalmentStanding], unsettled_cents: int, *, disputed: bool
) -> Severity | None:
    """DOMAIN names no severity for plans; docs/decisions/0004 does."""
    if state is PlanState.BEHIND:
        long = late[0].days_late > BEHIND_LONG_DAYS or len(late) > 1
        return Severity.HIGH if long or disputed else Severity.MEDIUM
    if state is PlanState.COMPLETED_OWING:
        return Severity.HIGH
    if state is PlanState.SETTLEMENT:
        return Severity.MEDIUM if unsettled_cents else None
    return Severity.NOTE if state is PlanState.DUE_TODAY else None


def _unknown(plan: PlanFacts, doubt: str, paid: int, pending: int) -> PlanFinding:
    return PlanFinding(
        plan_id=plan.id,
        state=PlanState.UNKNOWN,
        severity=Severity.UNKNOWN,
        reason=doubt,
        known=False,
        family=plan.payer_id is not None and plan.payer_id != plan.patient_id,
        expected_cents=0,
        paid_cents=paid,
        waived_cents=0,
        pending_cents=pending,
        arrears_cents=0,
        ahead_cents=0,
        due_today_cents=0,
        remaining_cents=0,
        days_past_due=0,
        missed_count=0,
        oldest_due_on=None,
        aging=Aging(),
        exposure_cents=None,
        unearned_cents=None,
        reminders_stopped=False,
        instalments=(),
        evidence=(("plan", plan.external_id),),
    )
