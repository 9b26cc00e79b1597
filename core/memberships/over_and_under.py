"""From counted visits to the states that have something to say, each with severity and reason (DOMAIN §5)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from core.clock import local_date
from core.memberships import words
from core.memberships.choices import (
    NOTHING,
    ChoiceFacts,
    ChoiceKind,
    ChoiceStanding,
    Counted,
    Settled,
    settle,
)
from core.memberships.facts import (
    Cover,
    Covered,
    Evidence,
    MembershipFacts,
    MembershipPlanFacts,
    MembershipState,
    StateRow,
    UseLine,
)
from core.memberships.periods import Period, Terms
from core.memberships.uses import Allowance, Allowances, Bases, Bookings, Key, Reading
from core.memberships.weeks import beyond_weeks
from core.schedule.rules import IN_START_ORDER, VisitFacts, VisitStanding, standing
from core.severity import Severity

LAPSES_WITHIN_DAYS = 10
OLD_TERM_DAYS = 60  # a membership that ended longer ago is no news to the desk: a note


_TOLD = (ChoiceStanding.HOLDS, ChoiceStanding.NOT_NEEDED)


class Case(NamedTuple):
    """One membership being judged. last_day: local date of the patient's last visit; current: today's period, or
    the nearest one of the term. weekly: the second limit by service class. pooled: it shares its visits with others;
    speaks: what all of them share is said here."""

    membership: MembershipFacts
    plan: MembershipPlanFacts
    terms: Terms
    reading: Reading
    provisional: bool
    at_hand: VisitFacts | None
    last_day: date | None
    current: Period
    choices: tuple[ChoiceFacts, ...] = ()
    weekly: Mapping[str, int] = MappingProxyType({})
    pooled: bool = False
    speaks: bool = True

    def evidence(self, visits: Sequence[VisitFacts] = ()) -> Evidence:
        return evidence(self.membership, self.plan, visits)


def evidence(
    membership: MembershipFacts, plan: MembershipPlanFacts, visits: Sequence[VisitFacts] = ()
) -> Evidence:
    rows = [("membership", membership.external_id), ("membership_plan", plan.external_id)]
    return (*rows, *(("appointment", visit.external_id) for visit in visits))


def line_of(case: Case, key: Key, allowances: Allowances, bookings: Bookings) -> UseLine:
    """One period and class: what it allows, what it holds, and what was decided about visits beyond that."""
    period, service_class = key
    visits = bookings.counted.get(key, ())
    used = bookings.used.get(key, 0)
    allowed = allowances.of(key)
    allowance, settled = allowed.visits, NOTHING
    beyond = _beyond_week(case, service_class, visits, bookings, NOTHING)
    if case.choices and (allowance is not None or beyond):
        over = len(_excess(visits, allowance, beyond))
        line = Counted(visits, over, allowed.rollover + allowed.add_ons, period.start, period.last_day)
        plan_id = case.membership.membership_plan_id
        settled = settle(line, case.choices, plan_id, case.reading.as_of, case.reading.time_zone)
        if settled.aside:
            used -= _done_among(case, visits, settled.aside)
            visits = [visit for visit in visits if visit.id not in settled.aside]
        allowance = _after_choices(allowance, allowed, settled)
        beyond = _beyond_week(case, service_class, visits, bookings, settled)
    committed = len(visits)
    lapsing = 0 if allowance is None else max(0, allowance - committed - allowed.carries_on)
    counted, excess = tuple(visits), _excess(visits, allowance, beyond)
    if case.pooled:
        excess = tuple([visit for visit in excess if visit.patient_id == case.membership.patient_id])
    return UseLine(
        period.start,
        min(period.last_day, case.terms.end),
        service_class,
        allowance,
        allowed.base,
        allowed.rollover,
        allowed.add_ons,
        used,
        committed - used,
        len(excess),
        counted,
        lapsing,
        _should_be(case, period, allowance),
        _says(case, period, allowance, counted, excess, used, lapsing, settled),
        settled.decisions,
        settled.granted,
        _following(case, key, allowances, bookings) if excess or settled.decisions else None,
        excess,
        case.weekly.get(service_class),
        beyond,
        case.pooled,
    )


def _after_choices(allowance: int | None, allowed: Allowance, settled: Settled) -> int | None:
    if allowance is None:
        return None
    if settled.bigger is None:
        return allowance + settled.granted
    bigger = settled.bigger.visits
    return None if bigger is None else bigger + allowed.rollover + allowed.add_ons + settled.granted


def _beyond_week(
    case: Case, service_class: str, visits: Sequence[VisitFacts], bookings: Bookings, settled: Settled
) -> dict[int, int]:
    """These visits that are too many in their week, and which of it each is; one that somebody granted takes none of it."""
    per_week = case.weekly.get(service_class)
    if per_week is None or not visits:
        return {}
    granted = {
        one.visit.id
        for one in settled.decisions
        if one.stands is ChoiceStanding.HOLDS and one.choice.kind == ChoiceKind.EXTRA
    }
    zone, first_weekday = case.reading.time_zone, case.reading.first_weekday
    too_many = beyond_weeks(
        bookings.of_class(service_class), per_week, zone, first_weekday, settled.aside | granted
    )
    return {visit.id: too_many[visit.id] for visit in visits if visit.id in too_many}


def _excess(
    visits: Sequence[VisitFacts], allowance: int | None, beyond: Collection[int]
) -> tuple[VisitFacts, ...]:
    """Those beyond their week's limit, and of the others the last ones by start time that the period does not allow:
    together as many as the stricter of both limits leaves over."""
    if not beyond:
        return () if allowance is None else tuple(visits[allowance:])
    kept = [visit for visit in visits if visit.id not in beyond]
    late = {visit.id for visit in (() if allowance is None else kept[allowance:])}
    return tuple([visit for visit in visits if visit.id in beyond or visit.id in late])


def _done_among(case: Case, visits: Sequence[VisitFacts], ids: Collection[int]) -> int:
    return sum(visit.id in ids and not _open(case, visit) for visit in visits)


def _following(case: Case, key: Key, allowances: Allowances, bookings: Bookings) -> UseLine | None:
    """The next period of the class, where a visit could be moved to; None where there is none to come."""
    period, service_class = key
    later = case.terms.period(period.next_start)
    if later == period or not case.terms.gives(later):
        return None
    visits = tuple(bookings.counted.get((later, service_class), ()))
    used = bookings.used.get((later, service_class), 0)
    allowed = allowances.of((later, service_class))
    return UseLine(
        later.start,
        later.last_day,
        service_class,
        allowed.visits,
        allowed.base,
        allowed.rollover,
        allowed.add_ons,
        used,
        len(visits) - used,
        0 if allowed.visits is None else max(0, len(visits) - allowed.visits),
        visits,
    )


def _should_be(case: Case, period: Period, allowance: int | None) -> int | None:
    """Visits due by today (counted as gone by) at an even pace through the part of the period in the term."""
    today = case.reading.today
    if allowance is None or not period.start <= today < period.next_start or not case.terms.runs(today):
        return None
    first, last = max(period.start, case.terms.start), min(period.last_day, case.terms.end)
    gone, whole = (today - first).days + 1, (last - first).days + 1
    return (2 * allowance * gone + whole) // (2 * whole)


def _says(
    case: Case,
    period: Period,
    allowance: int | None,
    counted: tuple[VisitFacts, ...],
    excess: tuple[VisitFacts, ...],
    used: int,
    lapsing: int,
    settled: Settled,
) -> tuple[MembershipState, ...]:
    """The states of a line, worst first.

    While the membership is frozen today, its period says nothing, unless too much is still to come. One that is over
    says nothing about a period it no longer has. What a pool shares is said once.
    """
    today, committed = case.reading.today, len(counted)
    if case.terms.end < today:
        return ()
    holds_today = period.start <= today < period.next_start
    says: tuple[MembershipState, ...] = ()
    if case.provisional and (used < committed or holds_today):
        says = (MembershipState.PROVISIONAL,)
    resting = holds_today and case.terms.frozen(today)
    over = bool(excess)
    if over and (not resting or any(_open(case, visit) for visit in excess)):
        says += (MembershipState.OVER_SCHEDULED,)
    if settled.decisions and any(one.stands in _TOLD for one in settled.decisions):
        return (*says, MembershipState.DECIDED)
    if over or resting or case.provisional or not allowance or not case.speaks or committed > allowance:
        return says
    if committed == allowance:
        says += (MembershipState.USED_UP,)
    elif lapsing and 0 <= (_lapses_on(case, period.last_day) - today).days <= LAPSES_WITHIN_DAYS:
        says += (MembershipState.UNDER_BOOKED,)
    return says


def _open(case: Case, visit: VisitFacts) -> bool:
    return standing(visit, case.reading.as_of) is VisitStanding.OPEN


def _lapses_on(case: Case, period_end: date) -> date:
    """The last day on which the unused visits of a period are good."""
    return min(period_end, case.terms.end)


def _urgency(case: Case, visits: Sequence[VisitFacts]) -> Severity:
    """High when one of them is the visit at hand or still to come today: the desk must speak now."""
    today, zone = case.reading.today, case.reading.time_zone
    for visit in visits:
        at_hand = case.at_hand is not None and visit.id == case.at_hand.id
        if at_hand or (local_date(visit.starts_at, zone) == today and _open(case, visit)):
            return Severity.HIGH
    return Severity.MEDIUM


def rows_of(case: Case, line: UseLine) -> Iterator[StateRow]:
    for state in line.says:
        severity, reason = _say(case, line, state)
        yield StateRow(state, severity, reason, line, case.evidence(line.counted))


def _say(case: Case, line: UseLine, state: MembershipState) -> tuple[Severity, str]:
    plan, reading = case.plan, case.reading
    if state is MembershipState.PROVISIONAL:
        return Severity.HIGH, words.provisional(plan)
    if state is MembershipState.USED_UP:
        return Severity.NOTE, words.used_up(plan, line, reading.today)
    if state is MembershipState.DECIDED:
        return Severity.NOTE, words.decided(line, reading)
    if state is MembershipState.UNDER_BOOKED:
        return Severity.MEDIUM, words.under_booked(
            plan, line, _lapses_on(case, line.period_end), reading.today
        )
    if case.at_hand and any(visit.id == case.at_hand.id for visit in line.excess):
        number = _place_of(case, line, case.at_hand)
        return Severity.HIGH, words.over_here(plan, number, case.at_hand.price_cents)
    return _urgency(case, line.excess), words.over(plan, line, reading)


def _place_of(case: Case, line: UseLine, visit: VisitFacts) -> Covered:
    """`visit 5 of 4`, or in its week where that limit decides."""
    if visit.id in line.beyond_week:
        return Covered(Cover.EXCESS, line.beyond_week[visit.id], line.per_week, in_week=True)
    kept = [one.id for one in line.counted if one.id not in line.beyond_week]
    return Covered(Cover.EXCESS, kept.index(visit.id) + 1, line.allowance)


def rows_outside(case: Case, bookings: Bookings, first: Period) -> Iterator[StateRow]:
    """Open visits in the freeze or after the end, by period and class: there is no allowance, so all are over."""
    for state, found in (
        (MembershipState.BOOKED_WHILE_FROZEN, bookings.while_frozen),
        (MembershipState.OUTSIDE_TERM, bookings.after_end),
    ):
        for (period, service_class), visits in sorted(found.items()):
            if period < first:
                continue
            some = tuple(visits)
            line = UseLine(
                period.start,
                period.last_day,
                service_class,
                0,
                0,
                0,
                0,
                0,
                len(some),
                len(some),
                some,
                says=(state,),
                excess=some,
            )
            severity = _urgency(case, some)
            if state is MembershipState.BOOKED_WHILE_FROZEN:
                reason = words.while_frozen(case.plan, some, case.reading)
            else:
                reason = words.after_end(case.membership, case.plan, some, case.reading)
                severity = _severity_after_end(case, severity)
            yield StateRow(state, severity, reason, line, case.evidence(some))


def _severity_after_end(case: Case, severity: Severity) -> Severity:
    end = case.membership.end_date
    old = end is not None and (case.reading.today - end).days > OLD_TERM_DAYS
    return Severity.NOTE if old else severity


def not_scheduled(case: Case, bases: Bases, lines: Sequence[UseLine]) -> StateRow:
    """An active member without a covered visit ahead: worse the longer ago the last visit, counted in intervals."""
    today, period = case.reading.today, case.current
    now = [line for line in lines if line.period_start == period.start]
    since = (today - (case.last_day or case.terms.start)).days
    visits = sum(base for base in bases.values() if base is not None)
    every = None
    severity = Severity.NOTE
    if visits and case.terms.anchor is not None:
        every = max(1, (2 * period.days + visits) // (2 * visits))
        if since * visits > 2 * period.days:
            severity = Severity.HIGH
        elif since * visits > period.days:
            severity = Severity.MEDIUM
    reason = words.not_scheduled(case.plan, case.last_day, since, every, today)
    line = _together(case, period, now)
    return StateRow(MembershipState.NOT_SCHEDULED, severity, reason, line, case.evidence())


def _together(case: Case, period: Period, lines: Sequence[UseLine]) -> UseLine:
    """All classes of a period as one line; one unlimited class makes the whole unlimited."""
    allowances = [line.allowance for line in lines]
    bases = [line.base for line in lines]
    allowance = None if None in allowances else sum(filter(None, allowances))
    counted = lines[0].counted if len(lines) == 1 else _in_order(lines)
    return UseLine(
        period.start,
        min(period.last_day, case.terms.end),
        None,
        allowance,
        None if None in bases else sum(filter(None, bases)),
        sum(line.rollover for line in lines),
        sum(line.add_ons for line in lines),
        sum(line.used for line in lines),
        sum(line.booked for line in lines),
        0 if allowance is None else max(0, len(counted) - allowance),
        counted,
        sum(line.lapsing for line in lines),
        says=(MembershipState.NOT_SCHEDULED,),
        excess=() if allowance is None else counted[allowance:],
    )


def _in_order(lines: Sequence[UseLine]) -> tuple[VisitFacts, ...]:
    return tuple(sorted((visit for line in lines for visit in line.counted), key=IN_START_ORDER))
