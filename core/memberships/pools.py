"""Memberships of one pool share their visits: a family (DOMAIN §5, CONTRACTS §3 pool_id). Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from core.clock import local_date
from core.memberships.facts import BenefitFacts, ExtraFacts, Member
from core.memberships.periods import Period, Terms
from core.schedule.rules import VisitFacts


class Mate(NamedTuple):
    """Another membership of the same pool, its dates, and its patient's visits."""

    member: Member
    terms: Terms
    visits: Sequence[VisitFacts]


class Shared(NamedTuple):
    """What a pool adds to one of its memberships. speaks: what all share is said here, and at no other of them."""

    benefits: Sequence[BenefitFacts] = ()
    extras: Sequence[ExtraFacts] = ()
    visits: Sequence[VisitFacts] = ()
    speaks: bool = True


def shared(
    member: Member, terms: Terms, mates: Iterable[Mate], current: Period, today: date, zone: str
) -> Shared:
    """Sum the pool: benefits of the mates that have a day in the current period, and their visits inside their terms.

    What all share is said at the one that runs and began first.
    """
    benefits: list[BenefitFacts] = []
    extras: list[ExtraFacts] = []
    visits: dict[int, VisitFacts] = {}
    running = [(member.membership.start_date, member.membership.id)] if terms.runs(today) else []
    for mate in mates:
        one = mate.member
        if one.membership.id == member.membership.id:
            continue
        if mate.terms.gives(current):
            benefits += one.benefits
            extras += one.extras
        if mate.terms.runs(today):
            running.append((one.membership.start_date, one.membership.id))
        classes = {benefit.service_class for benefit in one.benefits}
        for visit in mate.visits:
            day = local_date(visit.starts_at, zone)
            if visit.service_class in classes and mate.terms.runs(day) and not mate.terms.frozen(day):
                visits[visit.id] = visit
    speaks = not running or min(running)[1] == member.membership.id
    return Shared(benefits, extras, list(visits.values()), speaks)
