"""Which drafts are coming: what the processor will charge by itself, and when it stops (DOMAIN §1, §4, §5)."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from core.dues.billing_days import Rhythm, monthly_day
from core.payments.allocation import EARLY_DAYS
from core.payments.facts import Draft, RecurringFacts
from core.plans.facts import InstalmentState, PlanFacts, PlanFinding


class PlanInstalments(NamedTuple):
    """What of one plan is still to be drafted. open: (due date, open cents) in due order, late ones too, none inside a pause.

    drafted: the plan itself names a card, so its instalments are charged without a recurring. scheduled: it has
    instalments at all, so that a recurring cannot draft past their end. stopped: paused without dates, or ended.
    """

    plan_id: int
    external_id: str
    card_id: int | None
    drafted: bool
    scheduled: bool
    stopped: bool
    paused_from: date | None
    paused_to: date | None
    open: tuple[tuple[date, int], ...]


class MembershipDrafts(NamedTuple):
    """What of one membership is still to be drafted. Dates are inclusive, an empty end is open.

    billing_every, billing_unit: the plan's own interval, where no recurring says otherwise. period: a package is paid once.
    """

    membership_id: int
    external_id: str
    price_cents: int | None
    next_draft_on: date | None
    card_id: int | None
    status: str
    end_date: date | None = None
    frozen_from: date | None = None
    frozen_to: date | None = None
    anchor_day: int | None = None
    billing_every: int = 1
    billing_unit: str = "month"
    period: str = "month"


def plan_instalments(plan: PlanFacts, finding: PlanFinding, *, names_card: bool) -> PlanInstalments:
    """The draftable side of a judged plan. names_card: the plan names a card, known here or not."""
    undated = plan.paused_from is None and plan.paused_to is None
    unpaid = (InstalmentState.LATE, InstalmentState.DUE_TODAY, InstalmentState.COMING)
    return PlanInstalments(
        plan.id,
        plan.external_id,
        plan.card_id,
        names_card,
        bool(finding.instalments),
        plan.status == "cancelled" or (plan.status == "paused" and undated),
        plan.paused_from,
        plan.paused_to,
        tuple((one.due_on, one.open_cents) for one in finding.instalments if one.state in unpaid),
    )


def upcoming_drafts(
    recurrings: Sequence[RecurringFacts],
    instalments_open: Sequence[PlanInstalments],
    membership_drafts: Sequence[MembershipDrafts],
    today: date,
    days: int = 60,
) -> list[Draft]:
    """The drafts from today through `days` days on, soonest first; amounts in cents, dates local.

    Only active recurrings run, and they run whatever the EHR thinks of the plan or membership: an active draft at the
    processor is a scheduled draft (§1), also in a pause or a freeze and after the end, until somebody stops it there.
    One that pays a plan runs at its next date and then with the plan's open instalments, so never past their end.
    Without a recurring, a plan with a card is drafted at its instalments, a membership at its next draft date and
    by its plan's interval on; those rest in a pause or a freeze and end with the contract.
    """
    last = today + timedelta(days=days)
    plans = {one.plan_id: one for one in instalments_open}
    members = {one.membership_id: one for one in membership_drafts}
    found: list[Draft] = []
    run_plans: set[int | None] = set()
    run_members: set[int | None] = set()
    for recurring in recurrings:
        run_plans.add(recurring.plan_id)
        if recurring.status != "active" or recurring.next_run_on is None:
            continue
        plan = plans.get(recurring.plan_id) if recurring.plan_id is not None else None
        member = members.get(recurring.membership_id) if recurring.membership_id is not None else None
        if plan is not None:
            found += _of_plan(recurring, plan, today, last)
        elif member is not None:
            run_members.add(member.membership_id)
            found += [
                Draft(on, recurring.amount_cents, recurring.card_id, "membership", member.external_id)
                for on in _runs(recurring, today, last)
            ]
        else:
            found += [
                Draft(on, recurring.amount_cents, recurring.card_id, "recurring", recurring.external_id)
                for on in _runs(recurring, today, last)
            ]
    for plan in instalments_open:
        if plan.drafted and not plan.stopped and plan.plan_id not in run_plans:
            found += [
                _instalment(plan, due, cents, plan.card_id)
                for due, cents in plan.open
                if today <= due <= last
            ]
    for member in membership_drafts:
        if member.membership_id not in run_members:
            found += _of_membership(member, today, last)
    found.sort(key=lambda draft: draft.on)
    return found


def _instalment(plan: PlanInstalments, on: date, cents: int, card_id: int | None) -> Draft:
    return Draft(on, cents, card_id, "plan", plan.external_id)


def _of_plan(recurring: RecurringFacts, plan: PlanInstalments, today: date, last: date) -> Iterator[Draft]:
    runs = list(_runs(recurring, today, last))
    if not plan.scheduled or plan.stopped:
        yield from (_instalment(plan, on, recurring.amount_cents, recurring.card_id) for on in runs)
        return
    inside = [on for on in runs if _within(on, plan.paused_from, plan.paused_to)]
    yield from (_instalment(plan, on, recurring.amount_cents, recurring.card_id) for on in inside)
    outside = [on for on in runs if on not in inside]
    if not outside or not plan.open:
        return
    first = outside[0]
    yield _instalment(plan, first, recurring.amount_cents, recurring.card_id)
    for due, cents in plan.open:
        if first + EARLY_DAYS < due <= last:
            yield _instalment(plan, due, cents, recurring.card_id)


def _member_pays(member: MembershipDrafts, on: date) -> bool:
    if member.status == "cancelled" or (member.end_date is not None and on > member.end_date):
        return False
    if member.frozen_from is None and member.frozen_to is None:
        return member.status != "paused"
    return not _within(on, member.frozen_from, member.frozen_to)


def _within(on: date, first: date | None, last: date | None) -> bool:
    """Both days included, an empty end is open; two empty ends are no range at all."""
    if first is None and last is None:
        return False
    return (first or date.min) <= on <= (last or date.max)


def _of_membership(member: MembershipDrafts, today: date, last: date) -> Iterator[Draft]:
    start = member.next_draft_on
    if start is None or not member.price_cents:
        return
    every = 0 if member.period == "package" else member.billing_every
    rhythm = Rhythm(every, member.billing_unit, start, monthly_day(member.anchor_day, start))
    for on in rhythm.days(max(start, today), last):
        if _member_pays(member, on):
            yield Draft(on, member.price_cents, member.card_id, "membership", member.external_id)


def _runs(recurring: RecurringFacts, today: date, last: date) -> Iterator[date]:
    """Run dates from today through `last`, none before its next one. An interval nobody can repeat runs once."""
    start = recurring.next_run_on
    if start is not None:
        rhythm = Rhythm(recurring.interval, recurring.interval_unit, start, start.day)
        yield from rhythm.days(max(start, today), last)
