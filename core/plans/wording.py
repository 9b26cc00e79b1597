"""What the desk reads about a plan and about each of its instalments."""

from collections.abc import Sequence
from datetime import date

from core.dates import short_day
from core.money import short_dollars
from core.payments.facts import PaymentFacts
from core.payments.reasons import reason_of
from core.plans.facts import InstalmentStanding, InstalmentState, PlanFacts, PlanState

_CAME_BACK = {
    "charged_back": "charged back",
    "returned": "returned by the bank",
    "refunded": "given back",
    "voided": "voided",
}


def plan_sentence(
    plan: PlanFacts,
    state: PlanState,
    late: Sequence[InstalmentStanding],
    arrears: int,
    due_today: int,
    exposure: int | None,
    unearned: int | None,
    as_of: date,
) -> str:
    """One sentence for a finding; empty when there is nothing to say."""
    name = plan.name or "the plan"
    if state in (PlanState.BEHIND, PlanState.COMPLETED_OWING):
        missed = "1 instalment" if len(late) == 1 else f"{len(late)} instalments, the oldest"
        since = f"{missed} from {short_day(late[0].due_on, as_of)}, {days_past_due(late[0].days_late)}"
        if state is PlanState.BEHIND:
            return f"Behind {short_dollars(arrears)} on {name}: {since}."
        return f"{name[0].upper()}{name[1:]} is over with {short_dollars(arrears)} still owed: {since}."
    if state is PlanState.SETTLEMENT:
        facts = [f"{short_dollars(arrears)} was due and is not paid"] if arrears else []
        facts += [f"{short_dollars(exposure)} of the care given is not paid"] if exposure else []
        facts += [f"{short_dollars(unearned)} was paid for care not given"] if unearned else []
        return f"{name[0].upper()}{name[1:]} was ended early: {', '.join(facts) or 'nothing is open'}."
    if state is PlanState.DUE_TODAY:
        return f"{short_dollars(due_today)} is due today on {name}."
    if state is PlanState.PAUSED:
        until = f" until {short_day(plan.paused_to, as_of)}" if plan.paused_to else ""
        return f"Paused{until}: nothing falls due meanwhile."
    return ""


def days_past_due(days: int) -> str:
    """`1 day past due`, `45 days past due`."""
    return f"{days} day{'' if days == 1 else 's'} past due"


def what_happened(standing: InstalmentStanding, today: date) -> str:
    """One instalment's story: `paid Oct 3`, `declined Nov 15, not enough funds`, `due in 12 days`."""
    last = standing.attempts[-1] if standing.attempts else None
    if standing.state is InstalmentState.PAID:
        return f"paid {short_day(last.happened_on, today)}" if last else "nothing to pay"
    if standing.state is InstalmentState.WAIVED:
        return "waived"
    if standing.state is InstalmentState.PAUSED:
        return "not due: the plan is paused"
    if standing.state is InstalmentState.FROZEN:
        return "not due: the plan was ended early"
    if last is not None:
        return _attempt(last, today)
    days = (standing.due_on - today).days
    if standing.state is InstalmentState.COMING:
        return f"due in {days} days" if days > 1 else "due tomorrow"
    return "due today" if days == 0 else "nothing was tried"


def _attempt(payment: PaymentFacts, today: date) -> str:
    day = short_day(payment.happened_on, today)
    if payment.refund_ref is not None:
        return f"given back {day}"
    if payment.status == "declined":
        return f"declined {day}, {reason_of(payment.reason_code).words}"
    if payment.status == "pending":
        return f"on its way since {day}"
    return f"{_CAME_BACK.get(payment.status, 'partly paid')} {day}"
