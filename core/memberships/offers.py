"""The four things a practice can do about a visit beyond a membership, each with its effect before it is chosen. Pure.

Nothing is changed here: core/memberships/commands.py records what was chosen, core/memberships/choices.py judges it.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from core.clock import local_date
from core.memberships.choices import UPGRADE_HOLDS, ChoiceKind, may_move
from core.memberships.facts import BenefitFacts, MembershipFinding, MembershipPlanFacts, UseLine
from core.memberships.words import short, span
from core.money import short_dollars
from core.schedule.rules import VisitFacts


class PlanOnOffer(NamedTuple):
    """A plan that the practice sells, with what it allows per service class (None = no limit)."""

    plan: MembershipPlanFacts
    visits: dict[str, int | None]


class Offer(NamedTuple):
    """One choice for one visit. words: its effect, or why it cannot be chosen.

    cents: what it costs the patient, once or (a bigger plan) more a period; None = nothing or not known. allowance,
    committed: of this period afterwards. next_committed: of the next period, when the visit goes there.
    """

    kind: ChoiceKind
    possible: bool
    words: str
    cents: int | None = None
    allowance: int | None = None
    committed: int = 0
    next_committed: int | None = None
    plan: MembershipPlanFacts | None = None
    visits: int | None = None


def offers(
    finding: MembershipFinding,
    line: UseLine,
    visit: VisitFacts,
    plans: Iterable[PlanOnOffer],
    as_of: datetime,
) -> tuple[Offer, ...]:
    """What can be done about `visit`, one of the line's excess: always four, in the same order."""
    today = local_date(as_of, finding.time_zone)
    if visit.id in line.beyond_week:
        return _in_the_week(finding, line, visit, as_of)
    return (
        _drop_in(finding, line, visit),
        _extra(line, today),
        _move(line, visit, as_of, finding.time_zone),
        _upgrade(finding, line, plans, as_of),
    )


def _in_the_week(
    finding: MembershipFinding, line: UseLine, visit: VisitFacts, as_of: datetime
) -> tuple[Offer, ...]:
    """The same four for a visit that only its week has no room for: the period's count stays as it is."""
    kept = f"{line.per_week} a week"
    price = visit.price_cents
    charge = (
        "Charge the visit by itself" if price is None else f"Charge {short_dollars(price)} for this visit"
    )
    can_move = may_move(visit, as_of)
    move = (
        f"Nothing to pay. Move it in the EHR to a week with room: {finding.plan.name} allows {kept}."
        if can_move
        else "The visit has begun or is over: it cannot be moved any more."
    )
    return (
        Offer(
            ChoiceKind.DROP_IN,
            True,
            f"{charge}; its week then has {kept}.",
            price,
            line.allowance,
            line.committed - 1,
        ),
        Offer(
            ChoiceKind.EXTRA,
            True,
            f"Nothing to pay. It takes none of the {kept}. Enter it in the EHR too.",
            None,
            line.allowance,
            line.committed,
        ),
        Offer(ChoiceKind.MOVE, can_move, move, None, line.allowance, line.committed),
        Offer(ChoiceKind.UPGRADE, False, f"A bigger plan does not change its limit of {kept}."),
    )


def _drop_in(finding: MembershipFinding, line: UseLine, visit: VisitFacts) -> Offer:
    kept = f"{finding.plan.name} then counts {line.committed - 1} of {line.allowance}."
    amount = (
        "Charge the visit by itself; its price is not on file."
        if visit.price_cents is None
        else f"Charge {short_dollars(visit.price_cents)} for this visit."
    )
    return Offer(
        ChoiceKind.DROP_IN, True, f"{amount} {kept}", visit.price_cents, line.allowance, line.committed - 1
    )


def _extra(line: UseLine, today: date) -> Offer:
    more = (line.allowance or 0) + 1
    words = (
        f"Nothing to pay. {_span(line, today)} then allows {more} instead of {line.allowance}: "
        f"{line.committed} of {more}. Enter it in the EHR too."
    )
    return Offer(ChoiceKind.EXTRA, True, words, None, more, line.committed)


def _move(line: UseLine, visit: VisitFacts, as_of: datetime, time_zone: str) -> Offer:
    """Into the next period, where it must fit beside what is booked there and what was asked to go there already."""
    later, today = line.following, local_date(as_of, time_zone)
    if not may_move(visit, as_of):
        return Offer(ChoiceKind.MOVE, False, "The visit has begun or is over: it cannot be moved any more.")
    if later is None:
        return Offer(ChoiceKind.MOVE, False, "No period of this membership follows that it could go to.")
    taken = later.committed + line.to_come
    if later.allowance is not None and taken >= later.allowance:
        full = f"{_span(later, today)} is full already: {taken} of {later.allowance}."
        return Offer(ChoiceKind.MOVE, False, full)
    of = "" if later.allowance is None else f" of {later.allowance}"
    words = (
        f"Nothing to pay. {_span(line, today)}: {line.committed - 1} of {line.allowance} then; "
        f"{_span(later, today)}: {taken + 1}{of}. Move it in the EHR."
    )
    return Offer(ChoiceKind.MOVE, True, words, None, line.allowance, line.committed - 1, taken + 1)


def _upgrade(
    finding: MembershipFinding, line: UseLine, plans: Iterable[PlanOnOffer], as_of: datetime
) -> Offer:
    """The cheapest bigger plan that leaves the fewest visits over."""
    service_class = line.service_class or ""
    extras = line.rollover + line.add_ons + line.granted
    fitting = [one for one in plans if _is_bigger(one, finding, line)]
    if not fitting:
        none = f"There is no plan with more {service_class} visits and the same billing."
        return Offer(ChoiceKind.UPGRADE, False, none)

    def left_over(one: PlanOnOffer) -> int:
        visits = one.visits[service_class]
        return 0 if visits is None else max(0, line.committed - visits - extras)

    chosen = min(fitting, key=lambda one: (left_over(one), _price(one.plan), one.plan.id))
    visits = chosen.visits[service_class]
    allowance = None if visits is None else visits + extras
    more = _difference(finding.plan, chosen.plan)
    holds_until = short(
        local_date(as_of + UPGRADE_HOLDS, finding.time_zone), local_date(as_of, finding.time_zone)
    )
    count = f"{line.committed} with no limit" if allowance is None else f"{line.committed} of {allowance}"
    words = (
        f"{chosen.plan.name}: {_price_words(finding.plan, chosen.plan, more)} This period is then {count}. "
        f"Change the plan in the EHR by {holds_until}."
    )
    return Offer(ChoiceKind.UPGRADE, True, words, more, allowance, line.committed, None, chosen.plan, visits)


def _is_bigger(one: PlanOnOffer, finding: MembershipFinding, line: UseLine) -> bool:
    """More visits in the class, not fewer in any other that the member has, billed alike."""
    if one.plan.id == finding.plan.id or line.base is None or _billing(one.plan) != _billing(finding.plan):
        return False
    offered = one.visits.get(line.service_class or "", 0)
    if offered is not None and offered <= line.base:
        return False
    now = {other.service_class: other.base for other in finding.lines if other.service_class}
    return all(_not_fewer(one.visits.get(name, 0), base) for name, base in now.items())


def _billing(plan: MembershipPlanFacts) -> tuple[str, int, str]:
    return plan.period, plan.billing_every, plan.billing_unit


def _not_fewer(offered: int | None, base: int | None) -> bool:
    return offered is None or (base is not None and offered >= base)


def _price(plan: MembershipPlanFacts) -> int:
    return 1 << 60 if plan.price_cents is None else plan.price_cents


def _difference(now: MembershipPlanFacts, then: MembershipPlanFacts) -> int | None:
    if now.price_cents is None or then.price_cents is None:
        return None
    return then.price_cents - now.price_cents


def _price_words(now: MembershipPlanFacts, then: MembershipPlanFacts, more: int | None) -> str:
    if more is None or now.price_cents is None or then.price_cents is None:
        return "its price is not on file."
    change = f"{short_dollars(abs(more))} {'more' if more > 0 else 'less'}" if more else "no more"
    return f"{short_dollars(then.price_cents)} instead of {short_dollars(now.price_cents)}, {change} each period."


def _span(line: UseLine, today: date) -> str:
    return span(line, today).removeprefix("from ")


def plans_on_offer(
    plans: Iterable[MembershipPlanFacts], benefits: Iterable[tuple[int, BenefitFacts]]
) -> Sequence[PlanOnOffer]:
    """What each plan allows, from its benefits given with their plan's id; two of one class add up."""
    made = {plan.id: PlanOnOffer(plan, {}) for plan in plans}
    for plan_id, one in benefits:
        if plan_id in made:
            before = made[plan_id].visits.get(one.service_class, 0)
            either = None in (before, one.visits)
            made[plan_id].visits[one.service_class] = None if either else (before or 0) + (one.visits or 0)
    return [one for one in made.values() if one.visits]
