"""What fell due, day by day: instalments, membership drafts, charges of visits; each less what was waived. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from core.dues.drafts import MembershipDrafts
from core.dues.membership_items import membership_dues
from core.ledger.facts import EntryFacts
from core.memberships.facts import MembershipFacts, MembershipPlanFacts
from core.payments.facts import PaymentFacts, RecurringFacts
from core.plans.facts import InstalmentFacts, InstalmentState, PlanFacts
from core.plans.rules import judge_plan

_DUE = (InstalmentState.LATE, InstalmentState.DUE_TODAY)


def instalments_due(
    plan: PlanFacts, instalments: Sequence[InstalmentFacts], first: date, last: date
) -> Iterator[tuple[date, int]]:
    """Instalments of a plan that fell due from `first` through `last`, none inside a pause or after an early end."""
    if plan.status == "cancelled":  # until its end it ran like any other
        last, plan = min(last, plan.end_date or last), plan._replace(status="active")
    if not any(first <= one.due_date <= last for one in instalments):
        return
    # judged without any payment, all that fell due is open
    for one in judge_plan(plan, instalments, (), last).instalments:
        if one.state in _DUE and one.due_on >= first:
            yield one.due_on, one.open_cents


def drafts_due(
    membership: MembershipFacts,
    plan: MembershipPlanFacts,
    payments: Sequence[PaymentFacts],
    recurrings: Sequence[RecurringFacts],
    first: date,
    last: date,
    today: date,
) -> Iterator[tuple[date, int]]:
    """Drafts of a membership from `first` through `last`; payments: all of this membership up to `today`."""
    drafts = MembershipDrafts(
        membership.id,
        membership.external_id,
        plan.price_cents,
        membership.next_draft_on,
        membership.card_id,
        membership.status,
        membership.end_date,
        membership.frozen_from,
        membership.frozen_to,
        membership.anchor_day,
        plan.billing_every,
        plan.billing_unit,
        plan.period,
    )
    for due in membership_dues(drafts, membership.start_date, payments, today, recurrings=recurrings):
        if first <= due.due_on <= last:
            yield due.due_on, due.owed_cents


def charges_due(entries: Iterable[EntryFacts], first: date, last: date) -> Iterator[tuple[date, int]]:
    """The patient's part of visits, due on the day it was posted; plans' charges are the plan's business.

    What was adjusted for the visit on the same day or before was never asked for.
    """
    rows = [e for e in entries if e.part == "patient" and e.plan_id is None and e.appointment_id is not None]
    less: dict[int, int] = {}
    charged_on = {e.appointment_id: e.posted_on for e in rows if e.kind == "charge"}
    for entry in rows:
        day = charged_on.get(entry.appointment_id)
        if entry.kind == "adjustment" and day is not None and entry.posted_on <= day:
            less[entry.appointment_id or 0] = less.get(entry.appointment_id or 0, 0) + entry.amount_cents
    for entry in rows:
        if entry.kind == "charge":
            taken = min(entry.amount_cents, less.get(entry.appointment_id or 0, 0))
            less[entry.appointment_id or 0] = less.get(entry.appointment_id or 0, 0) - taken
            if first <= entry.posted_on <= last and entry.amount_cents > taken:
                yield entry.posted_on, entry.amount_cents - taken
