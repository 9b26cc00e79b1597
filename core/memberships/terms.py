"""The dates of a membership: its term, its freeze and its periods, and what makes them unusable (DOMAIN §5). Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from core.memberships.facts import BenefitFacts, MembershipFacts, MembershipPlanFacts
from core.memberships.periods import ONE_DAY, Period, Terms

WEEK_BEFORE = timedelta(days=6)  # the first week of a period may have begun before it
STATUSES = frozenset({"active", "paused", "past_due", "cancelled"})
PERIODS = frozenset({"month", "anchor", "package"})


def period_of(membership: MembershipFacts, plan: MembershipPlanFacts, day: date) -> Period | None:
    """The billing period that holds a local date; None where the anchor day or the plan's period is unusable."""
    if bad_calendar(membership, plan):
        return None
    return terms_of(membership, plan, day).period(day)


def periods(membership: MembershipFacts, plan: MembershipPlanFacts, first: date, last: date) -> list[Period]:
    """The periods from the one that holds `first` through the one that holds `last`; empty where unusable."""
    if bad_calendar(membership, plan):
        return []
    return list(terms_of(membership, plan, first).periods(first, last))


def terms_of(membership: MembershipFacts, plan: MembershipPlanFacts, today: date) -> Terms:
    """The membership's dates, an empty end open (CONTRACTS §3).

    Cancelled without an end date ended yesterday; paused without freeze dates is frozen from today on.
    """
    anchor: int | None = 1
    if plan.period == "anchor":
        anchor = membership.anchor_day or membership.start_date.day
    elif plan.period == "package":
        anchor = None
    end = membership.end_date or date.max
    if membership.status == "cancelled" and membership.end_date is None:
        end = today - ONE_DAY
    frozen_from, frozen_to = membership.frozen_from, membership.frozen_to
    if frozen_from is None and frozen_to is not None:
        frozen_from = date.min
    elif frozen_from is None and membership.status == "paused":
        frozen_from = today
    return Terms(anchor, membership.start_date, end, frozen_from, frozen_to or date.max)


def bad_calendar(membership: MembershipFacts, plan: MembershipPlanFacts) -> str:
    if plan.period not in PERIODS:
        return f"{plan.name} has a billing period nobody knows, “{plan.period}”."
    if plan.period == "anchor" and membership.anchor_day is not None and not 1 <= membership.anchor_day <= 31:
        return f"The billing day of this membership is {membership.anchor_day}, which no month has."
    return ""


def unusable(membership: MembershipFacts, plan: MembershipPlanFacts, benefits: Sequence[BenefitFacts]) -> str:
    """Why nothing can be said about a membership; empty when it can."""
    if not benefits:
        return f"{plan.name} has no benefits on file, so nobody knows what it covers."
    if any(benefit.visits is not None and benefit.visits < 0 for benefit in benefits):
        return f"{plan.name} allows a negative number of visits."
    if membership.status not in STATUSES:
        return f"The status of this membership, “{membership.status}”, is not one we know."
    if membership.end_date is not None and membership.end_date < membership.start_date:
        return "This membership ends before it starts."
    frozen_from, frozen_to = membership.frozen_from, membership.frozen_to
    if frozen_from is not None and frozen_to is not None and frozen_to < frozen_from:
        return "The freeze of this membership ends before it starts."
    return bad_calendar(membership, plan)


def counts_since(
    membership: MembershipFacts,
    plan: MembershipPlanFacts,
    today: date,
    look_back: int | None = None,
    *,
    weekly: bool = False,
) -> date:
    """The local date from which on visits can matter when nobody is at hand: older ones change no answer but the date
    of the last visit. Where rollover is computed that is the membership's start, or the start of the period that lies
    `look_back` days before today, from which it may be certain already (see MembershipFinding.unsure). weekly: some
    benefit has a limit per week, which may have begun before the period."""
    if bad_calendar(membership, plan):
        return today
    terms = terms_of(membership, plan, today)
    if not plan.rollover_cap:
        begins = terms.period(max(today, terms.start)).start
        return begins - WEEK_BEFORE if weekly and begins - date.min > WEEK_BEFORE else begins
    if look_back is None:
        return min(terms.start, today)
    return max(terms.start, terms.period(today - timedelta(days=look_back)).start)
