"""Memberships as the counting of a month needs them: terms, visits of the month's periods, payments and drafts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session

from core import clock
from core.findings import queries
from core.memberships.facts import BenefitFacts, ExtraFacts, MembershipFacts, MembershipPlanFacts
from core.memberships.rules import covered_elsewhere
from core.overview.membership_use import MemberFacts, as_it_was
from core.overview.month_reads import PAYMENT_COLUMNS, all_of, chunks, local_payment, with_refunds
from core.payments.facts import PaymentFacts, RecurringFacts
from core.payments.models import Payment
from core.schedule.models import Appointment
from core.schedule.rules import VisitFacts
from core.store.base import table_of
from core.store.statements import IDS
from core.store.types import UtcInstant

LONGEST_PERIOD = timedelta(days=32)

_visit, _payment = table_of(Appointment), table_of(Payment)
VISITS_UNTIL = queries.VISITS.where(_visit.c.starts_at < bindparam("until", type_=UtcInstant))
VISITS_BETWEEN = VISITS_UNTIL.where(_visit.c.starts_at >= bindparam("since", type_=UtcInstant))
PAYMENTS = select(*PAYMENT_COLUMNS).where(_payment.c.membership_id.in_(IDS), _payment.c.gone_at.is_(None))


@dataclass(slots=True)
class CountedMember:
    """One membership of a patient. payments: all of it, and what gives them back, in time order."""

    facts: MemberFacts
    payments: list[PaymentFacts] = field(default_factory=list)
    recurrings: list[RecurringFacts] = field(default_factory=list)


def members_of(
    session: Session, ids: Sequence[int], first: date, last: date, today: date, time_zone: str
) -> list[CountedMember]:
    """The memberships of these patients with the visits of the periods that touch `first` to `last` (local)."""
    rows = all_of(session, queries.MEMBERSHIPS, ids=list(ids))
    if not rows:
        return []
    plans = {row[0]: MembershipPlanFacts._make(row) for row in all_of(session, queries.MEMBERSHIP_PLANS)}
    benefits: dict[int, list[BenefitFacts]] = {}
    for plan_id, *row in all_of(session, queries.BENEFITS):
        benefits.setdefault(plan_id, []).append(BenefitFacts._make(row))
    memberships = [MembershipFacts._make(row[1:]) for row in rows]
    extras: dict[int, list[ExtraFacts]] = {one.id: [] for one in memberships}
    for membership_id, *row in all_of(session, queries.EXTRAS, ids=list(extras)):
        extras[membership_id].append(ExtraFacts._make(row))
    visits = _visits(session, memberships, plans, first, last, time_zone)
    found: dict[int, list[CountedMember]] = {}
    for one in memberships:
        plan = plans[one.membership_plan_id]
        facts = MemberFacts(
            one, plan, benefits.get(plan.id, []), extras[one.id], visits.get(one.patient_id, [])
        )
        found.setdefault(one.patient_id, []).append(CountedMember(facts))
    for several in found.values():
        if len(several) > 1:
            _share_visits(several, last, today, time_zone)
    members = [one for several in found.values() for one in several]
    _add_money(session, members, time_zone)
    return members


def _visits(
    session: Session,
    memberships: Sequence[MembershipFacts],
    plans: dict[int, MembershipPlanFacts],
    first: date,
    last: date,
    time_zone: str,
) -> dict[int, list[VisitFacts]]:
    """Of the periods around the month; from the very first on where visits roll over or the period is the whole term."""
    reach = {
        one.patient_id
        for one in memberships
        if plans[one.membership_plan_id].rollover_cap or plans[one.membership_plan_id].period == "package"
    }
    others = sorted({one.patient_id for one in memberships} - reach)
    since = clock.day_bounds(first - LONGEST_PERIOD, time_zone)[0]
    until = clock.day_bounds(last + LONGEST_PERIOD, time_zone)[1]
    rows: list[Any] = []
    for some in chunks(sorted(reach)):
        rows += all_of(session, VISITS_UNTIL, ids=some, until=until)
    for some in chunks(others):
        rows += all_of(session, VISITS_BETWEEN, ids=some, since=since, until=until)
    visits: dict[int, list[VisitFacts]] = {}
    for row in rows:
        visit = VisitFacts._make(row)
        visits.setdefault(visit.patient_id, []).append(visit)
    return visits


def _share_visits(several: list[CountedMember], last: date, today: date, time_zone: str) -> None:
    """Of several memberships of one patient each leaves the others' visits alone (docs/decisions/0011)."""
    as_of = clock.day_bounds(last, time_zone)[1]
    terms = [(as_it_was(one.facts.membership, today), one.facts.plan, one.facts.benefits) for one in several]
    elsewhere = covered_elsewhere(terms, several[0].facts.visits, as_of, time_zone)
    for one in several:
        taken = elsewhere.get(one.facts.membership.id, frozenset())
        one.facts = one.facts._replace(elsewhere=taken)


def _add_money(session: Session, members: Sequence[CountedMember], time_zone: str) -> None:
    by_id = {one.facts.membership.id: one for one in members}
    for ids in chunks(list(by_id)):
        payments = [local_payment(row, time_zone) for row in all_of(session, PAYMENTS, ids=ids)]
        owner = {(p.connection_id, p.external_id): p.membership_id for p in payments}
        for payment in with_refunds(session, payments, time_zone):
            # a refund may name no membership: it belongs to that of the payment it gives back
            key = payment.membership_id or owner.get((payment.connection_id, payment.refund_ref or ""))
            if key in by_id:
                by_id[key].payments.append(payment)
        for _, _, *row in all_of(session, queries.RECURRINGS_OF_MEMBERSHIPS, ids=ids):
            recurring = RecurringFacts._make(row)
            by_id[recurring.membership_id or 0].recurrings.append(recurring)
