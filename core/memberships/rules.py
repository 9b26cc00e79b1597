"""Whether a member's bookings fit what the membership allows, and what to do about it (DOMAIN §5)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from core.clock import day_bounds, local_date
from core.memberships.facts import (
    BenefitFacts,
    ExtraFacts,
    Member,
    MembershipFacts,
    MembershipFinding,
    MembershipPlanFacts,
    MembershipState,
    StateRow,
    UseLine,
)
from core.memberships.over_and_under import Case, evidence, line_of, not_scheduled, rows_of, rows_outside
from core.memberships.pools import Mate, shared
from core.memberships.terms import WEEK_BEFORE, terms_of, unusable
from core.memberships.uses import Allowances, Bases, Bookings, Reading, Seen, count, look_at
from core.memberships.weeks import SUNDAY
from core.schedule.rules import VisitFacts
from core.severity import RANK, Severity


def _bases(benefits: Iterable[BenefitFacts]) -> Bases:
    """Visits per service class; two benefits of one class add up, an unlimited one wins."""
    bases: dict[str, int | None] = {}
    for benefit in benefits:
        before = bases.get(benefit.service_class, 0)
        bases[benefit.service_class] = None if None in (before, benefit.visits) else before + benefit.visits  # type: ignore[operator]  # neither is None here
    return bases


class Given(NamedTuple):
    """The visits that a membership is judged from.

    visits: the patient's, any order, at least from the start of the period at hand. For computed rollover they must
    reach back to the membership's start, or to `since` (local date), where the counting then begins. last_done: the
    last visit done (UTC), where it may be older than `visits`. elsewhere: ids of visits that another membership covers.
    mates: the other memberships of its pool.
    """

    visits: Iterable[VisitFacts]
    last_done: datetime | None = None
    since: date | None = None
    elsewhere: Collection[int] = frozenset()
    mates: Sequence[Mate] = ()


class Moment(NamedTuple):
    """The instant asked at (aware UTC) in the location's zone, with the visit at hand when there is one."""

    as_of: datetime
    time_zone: str
    at_hand: VisitFacts | None = None
    first_weekday: int = SUNDAY


def _weekly(benefits: Iterable[BenefitFacts]) -> dict[str, int]:
    """The second limit by service class; two benefits of one class add up, one without a limit wins."""
    limits: dict[str, int | None] = {}
    for benefit in benefits:
        before = limits.get(benefit.service_class, 0)
        either = None in (before, benefit.per_week)
        limits[benefit.service_class] = None if either else (before or 0) + (benefit.per_week or 0)
    return {name: limit for name, limit in limits.items() if limit is not None}


def judge_membership(member: Member, given: Given, moment: Moment) -> MembershipFinding:
    """Everything DOMAIN §5 says about one membership."""
    reading = Reading(
        moment.as_of, moment.time_zone, local_date(moment.as_of, moment.time_zone), moment.first_weekday
    )
    visits = list(given.visits)
    after = moment.at_hand.starts_at if moment.at_hand else moment.as_of
    seen = look_at(visits, moment.as_of, after)
    last_done = max((at for at in (seen.last_done, given.last_done) if at is not None), default=None)
    coming = seen.coming[0] if seen.coming else None
    if problem := unusable(member.membership, member.plan, member.benefits):
        about = evidence(member.membership, member.plan)
        unknown = StateRow(MembershipState.UNKNOWN, Severity.UNKNOWN, problem, None, about)
        return _finding(member, reading, [unknown], last_done, coming)
    terms = terms_of(member.membership, member.plan, reading.today)
    current = terms.period(min(max(reading.today, terms.start), terms.end))
    pool = shared(member, terms, given.mates, current, reading.today, reading.time_zone)
    benefits = [*member.benefits, *pool.benefits]
    case = Case(
        member.membership,
        member.plan,
        terms,
        reading,
        member.membership.status == "past_due",
        moment.at_hand,
        local_date(last_done, reading.time_zone) if last_done else None,
        current,
        tuple(member.choices),
        _weekly(benefits),
        bool(given.mates),
        pool.speaks,
    )
    together = look_at([*visits, *pool.visits], moment.as_of, after) if pool.visits else seen
    admitted = frozenset(visit.id for visit in pool.visits)
    counted = _Counted(seen, together, admitted, _bases(benefits), [*member.extras, *pool.extras])
    return _judged(case, member, given, counted, last_done)


class _Counted(NamedTuple):
    """What is counted. seen: the patient's own visits; together: those of the whole pool, of which the dates of others
    admit some (ids). bases and extras: the pool's too."""

    seen: Seen
    together: Seen
    admitted: frozenset[int]
    bases: Bases
    extras: Sequence[ExtraFacts]


def _judged(
    case: Case, member: Member, given: Given, counted: _Counted, last_done: datetime | None
) -> MembershipFinding:
    """The use of each period and what it says."""
    seen, together, admitted, bases, extras = counted
    first = _first_day(case)
    since = _counts_from(case, first, given.since)
    bookings = count(
        together,
        bases,
        case.terms,
        case.reading,
        since=since - WEEK_BEFORE if case.weekly else since,
        forfeits=member.plan.no_show_forfeits,
        elsewhere=given.elsewhere,
        admitted=admitted,
    )
    lines, unsure = _lines(case, bases, extras, bookings, first, since)
    rows = [row for line in lines if line.says for row in rows_of(case, line)]
    if bookings.after_end or bookings.while_frozen:
        rows += rows_outside(case, bookings, case.terms.period(first))
    own = [visit for visit in seen.coming if visit.service_class in bases]
    anybody = [visit for visit in together.coming if visit.service_class in bases]
    if not _booked_later(case, anybody) and _wants_bookings(case, lines):
        rows.append(not_scheduled(case, bases, lines))
    coming = seen.coming[0] if seen.coming else None
    return _finding(
        member,
        case.reading,
        rows,
        last_done,
        coming,
        case,
        lines,
        frozenset(bases),
        own[0] if own else None,
        unsure=unsure,
    )


def _booked_later(case: Case, covered: Sequence[VisitFacts]) -> bool:
    """With no visit at hand, all of today's are the current one: today's visit is not the next one."""
    if case.at_hand:
        return bool(covered)
    tomorrow = _tomorrow(case.reading.today, case.reading.time_zone)
    return any(visit.starts_at >= tomorrow for visit in covered)


def _wants_bookings(case: Case, lines: Sequence[UseLine]) -> bool:
    """Active; and of a prepaid package something is left."""
    if not _is_active(case) or not case.speaks:
        return False
    left = [line for line in lines if line.allowance is None or line.committed < line.allowance]
    return case.terms.anchor is not None or bool(left)


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
    each its set as Given(elsewhere=…): an old membership then leaves the new one's visits alone.
    """
    today = local_date(as_of, time_zone)
    usable = [
        (member.id, terms_of(member, plan, today), _bases(benefits))
        for member, plan, benefits in sorted(memberships, key=lambda one: (one[0].start_date, one[0].id))
        if not unusable(member, plan, benefits)
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
    elif case.at_hand is None:
        keys = set()  # it has no period any more
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
    member: Member,
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
        member.membership,
        member.plan,
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
