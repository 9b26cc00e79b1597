"""What the membership rules read and what they answer. Field names are the columns of core/memberships/models.py."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from core.clock import local_date
from core.memberships.choices import ChoiceFacts, ChoiceKind, ChoiceStanding, Decision
from core.memberships.periods import Terms
from core.schedule.rules import VisitFacts
from core.severity import Severity

Evidence = tuple[tuple[str, str], ...]


class MembershipFacts(NamedTuple):
    id: int
    external_id: str
    patient_id: int
    membership_plan_id: int
    start_date: date
    end_date: date | None = None
    anchor_day: int | None = None
    status: str = "active"
    frozen_from: date | None = None
    frozen_to: date | None = None
    card_id: int | None = None
    next_draft_on: date | None = None
    pool_id: str | None = None


class MembershipPlanFacts(NamedTuple):
    """period: month, anchor, or package (prepaid: one period, the whole term). billing_unit: day, week or month."""

    id: int
    external_id: str
    name: str
    price_cents: int | None = None
    period: str = "month"
    rollover_cap: int | None = None
    rollover_periods: int | None = None
    no_show_forfeits: bool = False
    billing_every: int = 1
    billing_unit: str = "month"


class BenefitFacts(NamedTuple):
    """visits None = unlimited; per_week None = no second limit."""

    external_id: str
    service_class: str
    visits: int | None = None
    per_week: int | None = None


class ExtraFacts(NamedTuple):
    """kind: rollover or add_on, for the period that holds period_start."""

    external_id: str
    period_start: date
    service_class: str
    kind: str
    visits: int


class Member(NamedTuple):
    """One membership with what its rule reads beside the visits."""

    membership: MembershipFacts
    plan: MembershipPlanFacts
    benefits: Sequence[BenefitFacts]
    extras: Sequence[ExtraFacts] = ()
    choices: Sequence[ChoiceFacts] = ()


class MembershipState(StrEnum):
    """The words of DOMAIN §5. FROZEN and OK have nothing to say and are never a row."""

    UNKNOWN = "UNKNOWN"
    PROVISIONAL = "PROVISIONAL"
    OVER_SCHEDULED = "OVER_SCHEDULED"
    BOOKED_WHILE_FROZEN = "BOOKED_WHILE_FROZEN"
    OUTSIDE_TERM = "OUTSIDE_TERM"
    NOT_SCHEDULED = "NOT_SCHEDULED"
    UNDER_BOOKED = "UNDER_BOOKED"
    DECIDED = (
        "DECIDED"  # somebody chose what happens to a visit that was over: see core/memberships/choices.py
    )
    USED_UP = "USED_UP"
    FROZEN = "FROZEN"
    OK = "OK"


class Cover(StrEnum):
    COVERED = "COVERED"
    EXCESS = "EXCESS"
    DROP_IN = "DROP_IN"  # beyond the membership, and it was decided that it is paid by itself
    TO_MOVE = "TO_MOVE"  # beyond the membership, and somebody asked for another day
    NOT_COVERED = "NOT_COVERED"
    PROVISIONAL = "PROVISIONAL"
    FROZEN = "FROZEN"
    OUTSIDE_TERM = "OUTSIDE_TERM"
    UNKNOWN = "UNKNOWN"


class Covered(NamedTuple):
    """How one visit stands to a membership: visit `number` of `allowance` in its period.

    number None = its period was not judged; allowance None with a number = unlimited. in_week: the limit per week
    decides, and both count in the visit's own week.
    """

    cover: Cover
    number: int | None = None
    allowance: int | None = None
    in_week: bool = False

    @property
    def words(self) -> str:
        """`visit 5 of 4`; empty where there is no count."""
        if self.cover in (Cover.DROP_IN, Cover.TO_MOVE):
            return (
                "a drop-in visit, beyond those"
                if self.cover is Cover.DROP_IN
                else "to be moved, beyond those"
            )
        if self.number is None:
            return ""
        if self.in_week:
            return f"visit {self.number} of {self.allowance} in its week"
        return (
            f"visit {self.number}" if self.allowance is None else f"visit {self.number} of {self.allowance}"
        )


class UseLine(NamedTuple):
    """The use of one service class in one period; period_end is its last day, the term's where that ends first.

    allowance None = unlimited; it holds base, rollover, add-ons and what was granted (bigger: what a plan asked for
    allows). counted: the visits behind used + booked, in start order, without those set aside by a choice. lapsing:
    visits that nobody has booked and that do not roll over. should_be: visits due by today at an even pace, in the
    period that holds today. says: the states it has to tell, worst first. service_class None = all classes together.
    excess: the visits that are over, in start order, of a pool this patient's own; over is how many. beyond_week: of
    those that are too many in their week, per_week of which are allowed, id → which visit of that week, of any period. shared: a pool counts together.
    """

    period_start: date
    period_end: date
    service_class: str | None
    allowance: int | None
    base: int | None
    rollover: int
    add_ons: int
    used: int
    booked: int
    over: int
    counted: tuple[VisitFacts, ...]
    lapsing: int = 0
    should_be: int | None = None
    says: tuple[MembershipState, ...] = ()
    decisions: tuple[Decision, ...] = ()
    granted: int = 0
    following: "UseLine | None" = None
    excess: tuple[VisitFacts, ...] = ()
    per_week: int | None = None
    beyond_week: Mapping[int, int] = MappingProxyType({})
    shared: bool = False

    @property
    def state(self) -> MembershipState:
        """The worst of what it says."""
        return self.says[0] if self.says else MembershipState.OK

    @property
    def committed(self) -> int:
        return self.used + self.booked

    @property
    def ends_on(self) -> date | None:
        """The last day; None of a prepaid package without an end."""
        return None if self.period_end == date.max else self.period_end

    @property
    def to_come(self) -> int:
        """Visits of this period that somebody asked to move into the next one."""
        return sum(
            one.choice.kind == ChoiceKind.MOVE and one.stands is ChoiceStanding.HOLDS
            for one in self.decisions
        )

    def holds(self, day: date, service_class: str | None) -> bool:
        return self.service_class == service_class and self.period_start <= day <= self.period_end

    def aside(self, visit: VisitFacts) -> ChoiceKind | None:
        """The choice that keeps a visit out of the count; None when it is counted."""
        for one in self.decisions:
            if one.visit.id == visit.id and one.stands is ChoiceStanding.HOLDS:
                return next(
                    (kind for kind in (ChoiceKind.DROP_IN, ChoiceKind.MOVE) if kind == one.choice.kind), None
                )
        return None


class StateRow(NamedTuple):
    """One row of the memberships report: a state that has something to say, and why. line None only for UNKNOWN."""

    state: MembershipState
    severity: Severity
    reason: str
    line: UseLine | None
    evidence: Evidence

    @property
    def kind(self) -> str:
        """The word of core/findings/flags.py."""
        return "MEMBERSHIP_UNKNOWN" if self.state is MembershipState.UNKNOWN else self.state.value


class MembershipFinding(NamedTuple):
    """What one membership says at an instant. state, severity and reason are the worst row's.

    last_visit, next_visit: the patient's own of any kind (DOMAIN §0); next_covered: the next one of this membership.
    days_since_last_visit: None when there never was one. unsure: visits before those given could change what rolled
    over into these lines.
    """

    membership: MembershipFacts
    plan: MembershipPlanFacts
    time_zone: str
    terms: Terms | None
    classes: frozenset[str]
    provisional: bool
    lines: tuple[UseLine, ...]
    states: tuple[StateRow, ...]
    state: MembershipState
    severity: Severity | None
    reason: str
    last_visit: datetime | None
    next_visit: VisitFacts | None
    next_covered: VisitFacts | None
    days_since_last_visit: int | None
    unsure: bool = False

    def line_of(self, visit: VisitFacts) -> UseLine | None:
        """The line that a visit of this membership counts in; None when its class or period has none."""
        day = local_date(visit.starts_at, self.time_zone)
        return next((line for line in self.lines if line.holds(day, visit.service_class)), None)

    def covers(self, visit: VisitFacts) -> Covered:
        """How the membership stands to a visit; for one that is not counted (missed, called off): if they came."""
        if self.terms is None:
            return Covered(Cover.UNKNOWN)
        if visit.service_class not in self.classes:
            return Covered(Cover.NOT_COVERED)
        day = local_date(visit.starts_at, self.time_zone)
        if not self.terms.runs(day):
            return Covered(Cover.OUTSIDE_TERM)
        if self.terms.frozen(day):
            return Covered(Cover.FROZEN)
        granted = Cover.PROVISIONAL if self.provisional else Cover.COVERED
        line = self.line_of(visit)
        if line is None:
            return Covered(granted)
        if (aside := line.aside(visit)) is not None:
            return Covered(Cover.DROP_IN if aside is ChoiceKind.DROP_IN else Cover.TO_MOVE)
        place = (visit.starts_at, visit.id)
        before = [other for other in line.counted if (other.starts_at, other.id) < place]
        if visit.id in line.beyond_week:
            return Covered(Cover.EXCESS, line.beyond_week[visit.id], line.per_week, in_week=True)
        number = 1 + sum(1 for other in before if other.id not in line.beyond_week)
        if line.allowance is not None and number > line.allowance:
            granted = Cover.EXCESS
        return Covered(granted, number, line.allowance)
