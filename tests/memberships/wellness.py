"""A membership of four adjustments a month, and visits to fill it with: plain facts for the rule tests."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from core.clock import local_instant
from core.memberships.facts import (
    BenefitFacts,
    Member,
    MembershipFacts,
    MembershipFinding,
    MembershipPlanFacts,
)
from core.memberships.rules import Given, Moment, judge_membership
from core.schedule.rules import VisitFacts

ZONE = "America/Chicago"
PLAN = MembershipPlanFacts(1, "MP1", "Wellness 4", price_cents=14900)
MEMBER = MembershipFacts(1, "M1", 1, 1, date(2026, 1, 1))
FOUR = [BenefitFacts("B1", "adjustment", 4)]
AS_OF = datetime(2026, 11, 21, 18, tzinfo=UTC)
_ids = count(1)


def visit(
    when: str, status: str | None = None, service_class: str | None = "adjustment", **more: Any
) -> VisitFacts:
    """A visit at a local `2026-11-24` (10:00) or `2026-11-24T23:45`; done if before AS_OF, else scheduled."""
    moment = datetime.fromisoformat(when)
    starts_at = local_instant(moment if "T" in when else moment.replace(hour=10), more.pop("zone", ZONE))
    number = next(_ids)
    if status is None:
        status = "completed" if starts_at < AS_OF else "scheduled"
    return VisitFacts(
        number, f"A{number}", 1, None, None, service_class, starts_at, 15, status, 5500
    )._replace(**more)


def visits(*when: str) -> list[VisitFacts]:
    return [visit(one) for one in when]


def judge(booked: list[VisitFacts], **changed: Any) -> MembershipFinding:
    """The finding of Nov 21, 2026 with some facts changed: fields of the membership and plan, or whole arguments."""
    facts = {"benefits": FOUR, "extras": [], "as_of": AS_OF, "time_zone": ZONE} | {
        key: changed.pop(key) for key in ("benefits", "extras", "as_of", "time_zone") if key in changed
    }
    member = MEMBER._replace(**{k: changed.pop(k) for k in list(changed) if k in MembershipFacts._fields})
    plan = PLAN._replace(**{k: changed.pop(k) for k in list(changed) if k in MembershipPlanFacts._fields})
    given = Given(
        booked,
        **{k: changed.pop(k) for k in list(changed) if k in ("last_done", "since", "elsewhere", "mates")},
    )
    moment = Moment(
        facts["as_of"], facts["time_zone"], changed.pop("at_hand", None), changed.pop("first_weekday", 6)
    )
    one = Member(member, plan, facts["benefits"], facts["extras"], changed.pop("choices", ()))
    assert not changed, changed
    return judge_membership(one, given, moment)


def said(finding: MembershipFinding) -> list[str]:
    return [row.state.value for row in finding.states]
