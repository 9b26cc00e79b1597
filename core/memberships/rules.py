"""Whether a member's bookings fit what the membership allows, and what to do about it (DOMAIN §5)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

from core.clock import day_bounds, local_date
from core.memberships.choices import ChoiceFacts
from core.memberships.facts import (
    BenefitFacts,
    ExtraFacts,
    MembershipFacts,
    MembershipFinding,
    MembershipPlanFacts,
    MembershipState,
    StateRow,
    UseLine,
)
from core.memberships.periods import ONE_DAY, Period, Terms
from core.memberships.states import Case, evidence, line_of, not_scheduled, rows_of, rows_outside
from core.memberships.uses import Allowances, Bases, Bookings, Reading, count, look_at
from core.schedule.rules import VisitFacts
from core.severity import RANK, Severity

STATUSES = frozenset({"active", "paused", "past_due", "cancelled"})
PERIODS = frozenset({"month", "anchor", "package"})


def period_of(membership: MembershipFacts, plan: MembershipPlanFacts, day: date) -> Period | None:
    """The billing period that holds a local date; None where the anchor day or the plan's period is unusable."""
    if _bad_calendar(membership, plan):
        return None
    return terms_of(membership, plan, day).period(day)


def periods(membership: MembershipFacts, plan: MembershipPlanFacts, first: date, last: date) -> list[Period]:
    """The periods from the one that holds `first` through the one that holds `last`; empty where unusable."""
    if _bad_calendar(membership, plan):
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


def _bad_calendar(membership: MembershipFacts, plan: MembershipPlanFacts) -> str:
    if plan.period not in PERIODS:
        return f"{plan.name} has a billing period nobody knows, “{plan.period}”."
    if plan.period == "anchor" and membership.anchor_day is not None and not 1 <= membership.anchor_day <= 31:
        return f"The billing day of this membership is {membership.anchor_day}, which no month has."
    return ""


def _unusable(
    membership: MembershipFacts, plan: MembershipPlanFacts, benefits: Sequence[BenefitFacts]
) -> str:
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
    return _bad_calendar(membership, plan)


def _bases(benefits: Iterable[BenefitFacts]) -> Bases:
    """Visits per service class; two benefits of one class add up, an unlimited one wins."""
    bases: dict[str, int | None] = {}
    for benefit in benefits:
        before = bases.get(benefit.service_class, 0)
        bases[benefit.service_class] = None if None in (before, benefit.visits) else before + benefit.visits  # type: ignore[operator]  # neither is None here
    return bases


def judge_membership(
    membership: MembershipFacts,
    plan: MembershipPlanFacts,
    benefits: Sequence[BenefitFacts],
    extras: Sequence[ExtraFacts],
    visits: Sequence[VisitFacts],
    as_of: datetime,
    time_zone: str,
    *,
    at_hand: VisitFacts | None = None,
    paid_up: bool | None = None,
    last_done: datetime | None = None,
    visits_since: date | None = None,
    covered_elsewhere: Collection[int] = frozenset(),
    choices: Iterable[ChoiceFacts] = (),
) -> MembershipFinding:
    """Everything DOMAIN §5 says about one membership at `as_of` (aware UTC) in the location's zone.

    visits: the patient's, or all members' for a family pool, any order, at least from the start of the period at
    hand. For computed rollover they must reach back to the membership's start, or to `visits_since` (local date),
    where the counting then begins. last_done: the last visit done (UTC), where it may be older than `visits`.
    paid_up None: a past_due status is not paid up. covered_elsewhere: ids of visits that another membership covers.
    choices: what the desk decided about this membership's visits, none undone.
    """
    reading = Reading(as_of, time_zone, local_date(as_of, time_zone))
    seen = look_at(visits, as_of, at_hand.starts_at if at_hand else as_of)
    if seen.last_done is not None and (last_done is None or seen.last_done > last_done):
        last_done = seen.last_done
    coming = seen.coming[0] if seen.coming else None
    if problem := _unusable(membership, plan, benefits):
        rows = [
            StateRow(MembershipState.UNKNOWN, Severity.UNKNOWN, problem, None, evidence(membership, plan))
        ]
        return _finding(membership, plan, reading, rows, last_done, coming)
    bases = _bases(benefits)
    terms = terms_of(membership, plan, reading.today)
    provisional = not paid_up if paid_up is not None else membership.status == "past_due"
    current = terms.period(min(max(reading.today, terms.start), terms.end))
    last_day = local_date(last_done, time_zone) if last_done else None
    case = Case(membership, plan, terms, reading, provisional, at_hand, last_day, current, tuple(choices))
    first = _first_day(case)
    since = _counts_from(case, first, visits_since)
    bookings = count(
        seen, bases, terms, reading, since=since, forfeits=plan.no_show_forfeits, elsewhere=covered_elsewhere
    )
    lines, unsure = _lines(case, bases, extras, bookings, first, since)
    rows = [row for line in lines if line.says for row in rows_of(case, line)]
    if bookings.after_end or bookings.while_frozen:
        rows += rows_outside(case, bookings, terms.period(first))
    covered = [visit for visit in seen.coming if visit.service_class in bases]
    # with no visit at hand, all of today's are the current one: today's visit is not the next one
    later = covered if at_hand else [v for v in covered if v.starts_at >= _tomorrow(reading.today, time_zone)]
    if not later and _is_active(case):
        rows.append(not_scheduled(case, bases, lines))
    return _finding(
        membership,
        plan,
        reading,
        rows,
        last_done,
        coming,
        case,
        lines,
        frozenset(bases),
        covered[0] if covered else None,
        unsure=unsure,
    )


@lru_cache(maxsize=1_024)
def _tomorrow(today: date, time_zone: str) -> datetime:
    """The first instant of the local day after today."""
    return day_bounds(today, time_zone)[1]


def covered_elsewhere(
    memberships: Iterable[tuple[MembershipFacts, MembershipPlanFacts, Sequence[BenefitFacts]]],
    visits: Iterable[VisitFacts],
    as_of: datetime,
    time_zone: str,
) -> dict[int, frozenset[int]]:
    """For a patient with several memberships: membership id → ids of the visits that another one covers.

    A visit belongs to the membership that started first among those whose term, freeze and benefits admit it. Hand
    each its set as judge_membership(covered_elsewhere=…): an old membership then leaves the new one's visits alone.
    """
    today = local_date(as_of, time_zone)
    usable = [
        (member.id, terms_of(member, plan, today), _bases(benefits))
        for member, plan, benefits in sorted(memberships, key=lambda one: (one[0].start_date, one[0].id))
        if not _unusable(member, plan, benefits)
    ]
    taken: dict[int, set[int]] = {key: set() for key, _, _ in usable}
    for visit in visits:
        day = local_date(visit.starts_at, time_zone)
        for key, terms, bases in usable:
            if visit.service_class in bases and terms.runs(day) and not terms.frozen(day):
                taken[key].add(visit.id)
                break
    every = frozenset().union(*taken.values())
    return {key: every - own for key, own in taken.items()}


def _is_active(case: Case) -> bool:
    today = case.reading.today
    return case.membership.status == "active" and case.terms.runs(today) and not case.terms.frozen(today)


def _first_day(case: Case) -> date:
    """The visit at hand may be of an earlier period than today's: then that one is judged too."""
    first = case.reading.today
    if case.at_hand is not None:
        first = min(first, local_date(case.at_hand.starts_at, case.reading.time_zone))
    return max(first, case.terms.start)


def counts_since(
    membership: MembershipFacts, plan: MembershipPlanFacts, today: date, look_back: int | None = None
) -> date:
    """The local date from which on visits can matter when nobody is at hand: older ones change no answer but the date
    of the last visit. Where rollover is computed that is the membership's start, or the start of the period that lies
    `look_back` days before today, from which it may be certain already (see MembershipFinding.unsure)."""
    if _bad_calendar(membership, plan):
        return today
    terms = terms_of(membership, plan, today)
    if not plan.rollover_cap:
        return terms.period(max(today, terms.start)).start
    if look_back is None:
        return min(terms.start, today)
    return max(terms.start, terms.period(today - timedelta(days=look_back)).start)


def _counts_from(case: Case, first: date, visits_since: date | None) -> date:
    """Start of the first period that matters and whose visits are all known."""
    here = case.terms.period(first).start
    if not case.plan.rollover_cap:
        return here
    known = case.terms.start
    if visits_since is not None and visits_since > known:
        period = case.terms.period(visits_since)
        known = period.start if period.start == visits_since else period.next_start
    return min(here, known)


def _lines(
    case: Case, bases: Bases, extras: Sequence[ExtraFacts], bookings: Bookings, first: date, since: date
) -> tuple[tuple[UseLine, ...], bool]:
    """The current and the first period with every class, and each later period and class that has visits; and whether
    visits before `since` could change them."""
    keys = {key for key in bookings.counted if key[0].next_start > first}
    if case.reading.today <= case.terms.end:
        keys |= {(case.current, service_class) for service_class in bases}
    if first < case.current.start:
        keys |= {(case.terms.period(first), service_class) for service_class in bases}
    if not keys:
        return (), False
    ordered = sorted(keys)
    allowances = Allowances(case.terms, case.plan, bases)
    allowances.take(extras)
    if case.plan.rollover_cap:
        last = case.terms.period(ordered[-1][0].next_start)  # what moves there must be measured too
        whole = since <= case.terms.start
        allowances.roll_over(since, ordered[0][0], last, bookings.counted, whole=whole)
    return tuple([line_of(case, key, allowances, bookings) for key in ordered]), allowances.unsure


def _finding(
    membership: MembershipFacts,
    plan: MembershipPlanFacts,
    reading: Reading,
    rows: list[StateRow],
    seen: datetime | None,
    coming: VisitFacts | None,
    case: Case | None = None,
    lines: tuple[UseLine, ...] = (),
    classes: frozenset[str] = frozenset(),
    next_covered: VisitFacts | None = None,
    *,
    unsure: bool = False,
) -> MembershipFinding:
    if len(rows) > 1:
        rows.sort(key=lambda row: RANK[row.severity])
    state, severity, reason = _resting(case), None, ""
    if rows:
        state, severity, reason = rows[0].state, rows[0].severity, rows[0].reason
    last_day = local_date(seen, reading.time_zone) if seen else None
    return MembershipFinding(
        membership,
        plan,
        reading.time_zone,
        case.terms if case else None,
        classes,
        case.provisional if case else False,
        lines,
        tuple(rows),
        state,
        severity,
        reason,
        seen,
        coming,
        next_covered,
        (reading.today - last_day).days if last_day else None,
        unsure,
    )


def _resting(case: Case | None) -> MembershipState:
    """The state of a membership that has nothing to say."""
    if case is None:
        return MembershipState.UNKNOWN
    if not case.terms.runs(case.reading.today):
        return MembershipState.OUTSIDE_TERM
    return MembershipState.FROZEN if case.terms.frozen(case.reading.today) else MembershipState.OK
