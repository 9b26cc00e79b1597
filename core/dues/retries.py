"""Which failed amounts the processor will try again by itself (DOMAIN §3, "a planned retry").

No vendor says so in a field of its own. What can be seen: a recurring that ran and failed is set to run again before
its next regular day. Then nobody asks for the money, since both would succeed.
"""

from collections.abc import Sequence
from datetime import date

from core.dues.drafts import MembershipDrafts
from core.payments.allocation import EARLY_DAYS
from core.payments.facts import RecurringFacts
from core.plans.facts import InstalmentState, PlanFinding


def instalment_retries(
    finding: PlanFinding, recurrings: Sequence[RecurringFacts], today: date
) -> dict[str, date]:
    """External id of the oldest late instalment that was declined → the day it is tried again (local)."""
    coming = [one.due_on for one in finding.instalments if one.state is InstalmentState.COMING]
    for recurring in recurrings:
        runs = recurring.next_run_on
        if (
            recurring.plan_id != finding.plan_id
            or recurring.status != "active"
            or runs is None
            or runs <= today
        ):
            continue
        if coming and runs >= min(coming) - EARLY_DAYS:
            continue
        for one in finding.instalments:
            declined = any(payment.status == "declined" for payment in one.attempts)
            if one.state is InstalmentState.LATE and declined:
                return {one.external_id: runs}
    return {}


def membership_retries(
    member: MembershipDrafts, recurrings: Sequence[RecurringFacts], today: date
) -> date | None:
    """The day a membership's failed draft is tried again (local): a run before its next regular draft day."""
    if member.next_draft_on is None:
        return None
    for recurring in recurrings:
        runs = recurring.next_run_on
        if (
            recurring.membership_id == member.membership_id
            and recurring.status == "active"
            and runs is not None
        ) and today < runs < member.next_draft_on - EARLY_DAYS:
            return runs
    return None
