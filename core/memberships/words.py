"""The sentences of membership findings, in the words of the front desk (dates as "Dec 3")."""

from collections.abc import Sequence
from datetime import date

from core.clock import local_date
from core.memberships.choices import ChoiceKind, ChoiceStanding
from core.memberships.facts import Covered, MembershipFacts, MembershipPlanFacts, UseLine
from core.memberships.uses import Reading
from core.money import short_dollars
from core.schedule.rules import VisitFacts

_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short(day: date, today: date) -> str:
    """`Dec 3`, with the year when it is another one. Written by hand: a report says thousands of dates."""
    words = f"{_MONTHS[day.month]} {day.day}"
    return words if day.year == today.year else f"{words}, {day.year}"


def days(visits: Sequence[VisitFacts], reading: Reading) -> str:
    """`Nov 26 and Nov 28`; after four, how many more."""
    named = [short(local_date(v.starts_at, reading.time_zone), reading.today) for v in visits[:4]]
    if len(visits) > 4:
        named.append(f"{len(visits) - 4} more")
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def visits_on(visits: Sequence[VisitFacts], reading: Reading) -> str:
    """`the visit on Nov 26 is`, `the visits on Nov 26 and Nov 28 are`."""
    one = len(visits) == 1
    return f"the visit{'' if one else 's'} on {days(visits, reading)} {'is' if one else 'are'}"


def over_here(plan: MembershipPlanFacts, here: Covered, price_cents: int | None) -> str:
    charge = "charge it" if price_cents is None else f"charge {short_dollars(price_cents)}"
    return f"This is {here.words} on {plan.name}: {charge}, use an extra visit, or move it."


def over(plan: MembershipPlanFacts, line: UseLine, reading: Reading) -> str:
    asked = [one.visit for one in line.decisions if one.stands is ChoiceStanding.LAPSED]
    more = f" Asked for and not done: {days(asked, reading)}." if asked else ""
    told = f"{visits_on(line.excess, reading)} over.{more}"
    if len(line.beyond_week.keys() & {visit.id for visit in line.excess}) == len(line.excess):
        limit = (
            f"At most {line.per_week} {line.service_class} visit{'' if line.per_week == 1 else 's'} a week"
        )
        return f"{limit} on {plan.name}{_family(line)}: {told}"
    weekly = f", at most {line.per_week} a week" if line.beyond_week else ""
    return (
        f"{line.committed} {line.service_class} visits for {line.allowance}{_family(line)} on {plan.name} "
        f"{span(line, reading.today)}{weekly}: {told}"
    )


def span(line: UseLine, today: date) -> str:
    """`from Nov 1 to Nov 30`; of a prepaid package without an end `since Oct 5`."""
    if line.period_end == date.max:
        return f"since {short(line.period_start, today)}"
    return f"from {short(line.period_start, today)} to {short(line.period_end, today)}"


def _family(line: UseLine) -> str:
    return " of the family" if line.shared else ""


def not_scheduled(
    plan: MembershipPlanFacts, last: date | None, since: int, every: int | None, today: date
) -> str:
    if last is None:
        seen = "never been in"
    else:
        ago = "today" if since == 0 else "yesterday" if since == 1 else f"{since} days ago"
        seen = f"last in {ago}" if since in (0, 1) else f"last in {short(last, today)}, {ago}"
    pace = "" if every is None else f"; {plan.name} means about every {every} days"
    return f"Nothing booked after this on {plan.name}: {seen}{pace}."


def under_booked(plan: MembershipPlanFacts, line: UseLine, lapse_on: date, today: date) -> str:
    are, them = ("visit is", "it") if line.lapsing == 1 else ("visits are", "them")
    return (
        f"{line.lapsing} {line.service_class} {are} lost after {short(lapse_on, today)} on {plan.name} "
        f"unless somebody books {them}."
    )


def used_up(plan: MembershipPlanFacts, line: UseLine, today: date) -> str:
    return (
        f"{_all_of(line)}{_family(line)} on {plan.name} {'is' if line.allowance == 1 else 'are'} used or booked"
        f"{'' if line.period_end == date.max else f' through {short(line.period_end, today)}'}."
    )


def provisional(plan: MembershipPlanFacts) -> str:
    return f"{plan.name} is past due: its visits count only once it is paid."


def while_frozen(plan: MembershipPlanFacts, visits: Sequence[VisitFacts], reading: Reading) -> str:
    return f"{plan.name} is frozen: {visits_on(visits, reading)} not covered."


def after_end(
    membership: MembershipFacts, plan: MembershipPlanFacts, visits: Sequence[VisitFacts], reading: Reading
) -> str:
    end = membership.end_date
    if end is None:
        ended = "is cancelled"
    else:
        ended = f"{'ended' if end < reading.today else 'ends'} on {short(end, reading.today)}"
    return f"{plan.name} {ended}: {visits_on(visits, reading)} not covered."


_OFTEN = {(1, "month"): "", (3, "month"): "quarterly", (6, "month"): "each half-year", (12, "month"): "yearly", (1, "week"): "weekly", (1, "day"): "daily"}  # fmt: skip


def billing(every: int, unit: str, period: str = "month") -> str:
    """How often a membership is drafted; empty = each month. `every 4 weeks`, `yearly`, of a package `once`."""
    if period == "package":
        return "once"
    return _OFTEN.get((every, unit), f"every {every} {unit}s")


CHOICE_WORDS = {
    ChoiceKind.DROP_IN: "charge as a drop-in",
    ChoiceKind.EXTRA: "use a rollover or add-on visit",
    ChoiceKind.MOVE: "move to the next period",
    ChoiceKind.UPGRADE: "upgrade the plan",
}
_DECIDED = {
    ChoiceKind.DROP_IN: "is a drop-in{cents}",
    ChoiceKind.EXTRA: "takes an extra visit",
    ChoiceKind.MOVE: "is to be moved",
    ChoiceKind.UPGRADE: "waits for {plan}",
}


def decided(line: UseLine, reading: Reading) -> str:
    """`Decided: Nov 26 is a drop-in, $55; Nov 28 is to be moved.`, and what is not needed any more."""
    parts = []
    for choice, visit, stands in line.decisions:
        day = short(local_date(visit.starts_at, reading.time_zone), reading.today)
        cents = "" if choice.cents is None else f", {short_dollars(choice.cents)}"
        told = _DECIDED[ChoiceKind(choice.kind)].format(cents=cents, plan=choice.plan_name or "a bigger plan")
        if stands is ChoiceStanding.HOLDS:
            parts.append(f"{day} {told}")
        elif stands is ChoiceStanding.NOT_NEEDED:
            parts.append(f"{day} needs nothing any more")
    return f"Decided: {'; '.join(parts)}."


def _all_of(line: UseLine) -> str:
    if line.allowance == 1:
        return f"The only {line.service_class} visit"
    return f"All {line.allowance} {line.service_class} visits"
