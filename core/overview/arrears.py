"""A plan's arrears by age at the end of each day of a month (DOMAIN §4). Pure.

The rule itself judges the plan on the days on which anything changes; in between only the ages grow.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from core.dates import ONE_DAY
from core.payments.facts import PaymentFacts
from core.plans.facts import Aging, InstalmentFacts, InstalmentState, PlanFacts
from core.plans.rules import judge_plan


def arrears_by_day(
    plan: PlanFacts,
    instalments: Sequence[InstalmentFacts],
    payments: Sequence[PaymentFacts],
    first: date,
    last: date,
) -> Iterator[tuple[date, Aging]]:
    """Each day from `first` through `last` (local) on which something is in arrears, with its cents by age.

    A plan that was ended early ran until its end; from then on it is a settlement and no arrears. Without an end
    date nobody knows how long it ran, so it never counts. What cannot be judged has no arrears to show.
    """
    if plan.status == "cancelled":
        if plan.end_date is None:
            return
        last = min(last, plan.end_date)
        plan = plan._replace(status="active")
    changes = {first}
    changes.update(p.happened_on for p in payments if first < p.happened_on <= last)
    changes.update(i.due_date + ONE_DAY for i in instalments if first <= i.due_date < last)
    days = sorted(changes)
    for place, start in enumerate(days):
        end = days[place + 1] if place + 1 < len(days) else last + ONE_DAY
        finding = judge_plan(plan, instalments, payments, start)
        late = [
            (one.due_on, one.open_cents) for one in finding.instalments if one.state is InstalmentState.LATE
        ]
        day = start
        while late and day < end:
            yield day, _aging(late, day)
            day += ONE_DAY


def _aging(late: Sequence[tuple[date, int]], day: date) -> Aging:
    sums = [0, 0, 0, 0]
    for due_on, cents in late:
        sums[min(((day - due_on).days - 1) // 30, 3)] += cents
    return Aging(*sums)
