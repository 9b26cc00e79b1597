"""Money held for care that was not given yet, plan by plan (DOMAIN §4): the report `prepaid` (CONTRACTS §2).

Some states have rules for it from an amount on; the practice's state is a setting (HUDDLE_STATE).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlmodel import Session

from core import clock
from core.findings import queries
from core.money import short_dollars
from core.names import folded
from core.patients.models import Patient
from core.patients.person import Person
from core.payments.facts import net_by_payment
from core.plans.models import Plan
from core.plans.records import AT_ONCE, PlanRecord, done_days, plan_records, rows_of
from core.plans.rules import delivered_cents
from core.plans.settlements import standing_settlement
from core.practice.models import Location
from core.practice.reports import first_of, locations
from core.reports.head import Report, make_report
from core.settings import settings
from core.store.base import table_of

YEAR = timedelta(days=365)
# cents held of one patient within twelve months from which on a state has rules, and what they come to
# (facts: justia WY 11-6, ND 17-03-01-05, MN 2500.6060, MT 24.126.412, OH 4734-9-11)
RULES = {
    "WY": (500_00, "into an insured escrow account of the patient's own"),
    "ND": (500_00, "into an insured escrow account of the patient's own"),
    "MN": (1_000_00, "into a separate account, reconciled every quarter, papers kept 7 years"),
    "MT": (1, "into a separate trust account within 10 business days"),
    "OH": (1, "under a signed plan, accounted for in 14 days, given back in 14 business days"),
}


@dataclass(frozen=True, slots=True)
class PrepaidRow:
    """One plan with money held. All in cents, None = unknown: nobody says how many visits the plan has, so that what was
    given cannot be counted (state UNKNOWN). earned_this_month: of the money, what care given since the first of the
    local month has earned. refund_if_ended: what would go back if the plan ended today. rule: what the practice's state
    asks for from this amount on, "" where it asks nothing.
    """

    key: int
    plan_key: int
    name_key: str
    plan_id: str
    plan: str
    patient_id: str
    patient: str
    initials: str
    mobile_last_four: str | None
    state: str
    paid_cents: int
    delivered_cents: int | None
    unearned_cents: int | None
    earned_this_month_cents: int | None
    refund_if_ended_cents: int | None
    visits_done: int | None
    visits: int | None
    rule: str


def prepaid(session: Session, *, location_id: int | None, as_of: datetime) -> Report:
    """Plans with money held for care not yet given at `as_of` (aware UTC), the most money first.

    location_id: of the plan's patient; patients of no location stand with the first one.
    """
    places = locations(session, location_id)
    rows = [row for place in places for row in _rows(session, place, as_of)]
    rows.sort(key=lambda row: (-(row.unearned_cents or 0), row.name_key, row.plan_id))
    return make_report(session, "prepaid", places, location_id, as_of, rows)


def _rows(session: Session, place: Location, as_of: datetime) -> Iterator[PrepaidRow]:
    today = clock.local_date(as_of, place.time_zone)
    plan, patient = table_of(Plan), table_of(Patient)
    here = patient.c.location_id == place.id
    if place.id == first_of(session):
        here = or_(here, patient.c.location_id.is_(None))
    ids = session.execute(
        select(plan.c.id)
        .join_from(plan, patient, plan.c.patient_id == patient.c.id)
        .where(plan.c.gone_at.is_(None), or_(plan.c.kind == "treatment", plan.c.visits.is_not(None)), here)
        .order_by(plan.c.id)
    ).scalars()
    wanted = list(ids)
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        records = plan_records(session, part, place.time_zone, done_visits=False)
        yield from _judged(session, records.values(), today, place.time_zone)


def _judged(session: Session, records, today: date, time_zone: str) -> Iterator[PrepaidRow]:  # type: ignore[no-untyped-def]
    held = [one for one in records if _paid(one, today) > 0 and standing_settlement(one.settlements) is None]
    counted = [one.plan for one in held if one.plan.visits and one.plan.start_date]
    done = done_days(session, counted, time_zone) if counted else {}
    people = _people(session, [one.plan.patient_id for one in held])
    for one in held:
        row = _row(one, people[one.plan.patient_id], done.get(one.plan.patient_id, []), today)
        if row is not None:
            yield row


def _people(session: Session, ids: Sequence[int]) -> dict[int, Person]:
    return {row[0]: Person._make(row) for row in rows_of(session, queries.PERSONS, ids=sorted(set(ids)))}


def _row(record: PlanRecord, person: Person, done: Sequence[date], today: date) -> PrepaidRow | None:
    plan, paid = record.plan, _paid(record, today)
    delivered = unearned = earned = visits_done = None
    if plan.visits and plan.start_date is not None:
        total = (
            plan.total_cents
            if plan.total_cents is not None
            else sum(i.amount_cents for i in record.instalments)
        )
        first, last = plan.start_date, min(plan.end_date or today, today)
        month = today.replace(day=1)
        visits_done = sum(first <= day <= last for day in done)
        before = sum(first <= day <= last and day < month for day in done)
        delivered = delivered_cents(plan.visits, visits_done, total)
        unearned = max(0, paid - delivered)
        earlier = min(_paid(record, month - timedelta(days=1)), delivered_cents(plan.visits, before, total))
        earned = max(0, min(paid, delivered) - earlier)
        if not unearned:
            return None
    return PrepaidRow(
        key=person.id,
        plan_key=plan.id,
        name_key=folded(f"{person.last_name} {person.first_name}"),
        plan_id=plan.external_id,
        plan=plan.name,
        patient_id=person.external_id,
        patient=person.name,
        initials=person.initials,
        mobile_last_four=person.mobile_last_four,
        state="UNKNOWN" if unearned is None else "HELD",
        paid_cents=paid,
        delivered_cents=delivered,
        unearned_cents=unearned,
        earned_this_month_cents=earned,
        refund_if_ended_cents=unearned,
        visits_done=visits_done,
        visits=plan.visits,
        rule=rule_of(settings().state, _paid(record, today) - _paid(record, today - YEAR)),
    )


def _paid(record: PlanRecord, on: date) -> int:
    """What was paid on the plan by the end of a local day, less what went back, never below 0 (cents)."""
    return max(0, sum(net_by_payment([p for p in record.payments if p.happened_on <= on]).values()))


def rule_of(state: str, cents_in_a_year: int) -> str:
    """What a state asks of a practice that holds so much of one patient: a sentence, or ""."""
    threshold, words = RULES.get(state, (0, ""))
    if not threshold or cents_in_a_year < threshold:
        return ""
    amount = f"from {short_dollars(threshold)} in 12 months on" if threshold > 1 else "any prepayment"
    return f"{state}, {amount}: {words}."
