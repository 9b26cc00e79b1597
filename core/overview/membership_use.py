"""How much of what members may use they had used by the end of each day (DOMAIN §5). Pure.

Each period is judged once, at its end or now; within it a visit counts from its own day on.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from core import clock
from core.dates import ONE_DAY
from core.memberships.facts import (
    BenefitFacts,
    ExtraFacts,
    Member,
    MembershipFacts,
    MembershipPlanFacts,
    UseLine,
)
from core.memberships.rules import Given, Moment, judge_membership
from core.memberships.terms import periods
from core.schedule.rules import VisitFacts, VisitStanding, standing


class MemberFacts(NamedTuple):
    """One membership with all it rests on. elsewhere: ids of the visits that another membership covers."""

    membership: MembershipFacts
    plan: MembershipPlanFacts
    benefits: Sequence[BenefitFacts]
    extras: Sequence[ExtraFacts]
    visits: Sequence[VisitFacts]
    elsewhere: Collection[int] = frozenset()


class Use(NamedTuple):
    """Of the periods that hold a day: visits allowed and used where there is a limit, and used where there is none."""

    allowance: int = 0
    used: int = 0
    unlimited_used: int = 0


def use_by_day(
    facts: MemberFacts, first: date, last: date, as_of: datetime, time_zone: str
) -> Iterator[tuple[date, Use]]:
    """Each day from `first` through `last` (local, none after as_of's) on which the membership ran and was not frozen."""
    today = clock.local_date(as_of, time_zone)
    one = as_it_was(facts.membership, today)
    first, last = max(first, one.start_date), min(last, one.end_date or date.max, today)
    if first > last:
        return
    for period in periods(one, facts.plan, first, last):
        ends = min(clock.day_bounds(min(period.last_day, last, today), time_zone)[1], as_of)
        finding = judge_membership(
            Member(one, facts.plan, facts.benefits, facts.extras),
            Given(facts.visits, elsewhere=facts.elsewhere),
            Moment(ends - timedelta(microseconds=1), time_zone),
        )
        lines = [line for line in finding.lines if line.period_start == period.start]
        used = [_days_of(line, ends, time_zone) for line in lines]
        day = max(first, period.start)
        while lines and day <= min(period.last_day, last):
            if finding.terms is None or not finding.terms.frozen(day):
                yield day, _on(day, lines, used)
            day += ONE_DAY


def as_it_was(membership: MembershipFacts, today: date) -> MembershipFacts:
    """The membership for days gone by: paused without dates is frozen from today on only, and what was cancelled
    without an end date ran until yesterday, as far as anybody can say (docs/decisions/0011)."""
    if membership.status == "cancelled" and membership.end_date is None:
        return membership._replace(end_date=today - ONE_DAY)
    if membership.status == "paused" and membership.frozen_from is None and membership.frozen_to is None:
        return membership._replace(frozen_from=today)
    return membership


def _days_of(line: UseLine, as_of: datetime, time_zone: str) -> list[date]:
    """Local dates of the visits used up: done, or missed where that forfeits them."""
    return [
        clock.local_date(visit.starts_at, time_zone)
        for visit in line.counted
        if standing(visit, as_of) is not VisitStanding.OPEN
    ]


def _on(day: date, lines: Sequence[UseLine], used: Sequence[Sequence[date]]) -> Use:
    allowance = limited = unlimited = 0
    for line, days in zip(lines, used, strict=True):
        count = sum(1 for one in days if one <= day)
        if line.allowance is None:
            unlimited += count
        else:
            allowance += line.allowance
            limited += count
    return Use(allowance, limited, unlimited)
