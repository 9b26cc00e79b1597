"""What the rules need to know about some patients, read with a handful of indexed queries.

SQL narrows, Python decides (DESIGN §2.5): rows that cannot change any answer are left in the store, and each such
narrowing says why it is safe. Nothing here judges.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Integer, and_, case, func, literal, or_, select, type_coerce
from sqlmodel import Session

from core import clock
from core.cards.models import Card
from core.cards.rules import CardFacts
from core.insurance.models import Coverage
from core.insurance.rules import CoverageFacts
from core.ledger.models import EntryKind, LedgerEntry, Part
from core.ledger.rules import EntryFacts
from core.memberships.models import Membership, MembershipBenefit, MembershipExtra, MembershipPlan
from core.memberships.rules import BenefitFacts, ExtraFacts, MembershipFacts, MembershipPlanFacts
from core.patients.models import Patient, ProcessorContact
from core.payments.facts import GIVEN_BACK
from core.payments.models import Payment, Recurring
from core.payments.rules import PaymentFacts, RecurringFacts
from core.plans.models import Instalment, Plan
from core.plans.rules import InstalmentFacts, PlanFacts
from core.schedule.models import Appointment, AppointmentStatus, AppointmentType
from core.schedule.rules import VisitFacts

POSTING_DAYS = 100  # posting problems look back 90 days and match a ledger row within one more
RECENT_VISITS = timedelta(days=70)  # two billing periods: enough for anybody without rollover


class Person(NamedTuple):
    id: int
    external_id: str
    first_name: str
    last_name: str
    location_id: int | None
    mobile_last_four: str | None
    guarantor_id: int | None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(slots=True)
class PlanRecord:
    plan: PlanFacts
    instalments: list[InstalmentFacts] = field(default_factory=list)
    payments: list[PaymentFacts] = field(default_factory=list)
    done_visits: int | None = None
    card_ref: str | None = None


@dataclass(slots=True)
class MembershipRecord:
    membership: MembershipFacts
    plan: MembershipPlanFacts
    benefits: list[BenefitFacts]
    extras: list[ExtraFacts] = field(default_factory=list)
    card_ref: str | None = None


@dataclass(slots=True)
class PatientFacts:
    """Everything the rules read about one patient. linked: some processor record is joined to them (DOMAIN §11).

    ledger: the whole account, or empty where it comes out even. recent_ledger: the last 100 days in any case.
    """

    person: Person
    linked: bool = False
    visits: list[VisitFacts] = field(default_factory=list)
    last_done: datetime | None = None
    cards: list[CardFacts] = field(default_factory=list)
    guarantor_cards: list[CardFacts] = field(default_factory=list)
    recurrings: list[RecurringFacts] = field(default_factory=list)
    plans: list[PlanRecord] = field(default_factory=list)
    memberships: list[MembershipRecord] = field(default_factory=list)
    payments: list[PaymentFacts] = field(default_factory=list)
    ledger: list[EntryFacts] = field(default_factory=list)
    recent_ledger: list[EntryFacts] = field(default_factory=list)
    coverages: list[CoverageFacts] = field(default_factory=list)


def gather(
    session: Session,
    patient_ids: Sequence[int],
    *,
    as_of: datetime,
    time_zone: str,
    since: datetime | None = None,
    whole: bool = False,
) -> dict[int, PatientFacts]:
    """Facts of each patient id, in the given order. whole=True reads everything, for the patient card.

    since: visits from this instant on are wanted in any case (the day of a report may lie further back).

    Payment dates are local to `time_zone`. Ids that are not in the store are left out.
    """
    facts = {person.id: PatientFacts(person) for person in _persons(session, patient_ids)}
    if not facts:
        return {}
    today = clock.local_date(as_of, time_zone)
    ids = list(facts)
    _add_memberships(session, facts, ids)
    _add_visits(session, facts, ids, as_of, min(as_of - RECENT_VISITS, since or as_of), whole=whole)
    cards_by_ref = _add_cards(session, facts, ids)
    for of in facts.values():
        for record in of.memberships:
            if record.card_ref:
                card_id = cards_by_ref.get(record.card_ref)
                record.membership = record.membership._replace(card_id=card_id)
    plans = _add_plans(session, facts, ids, cards_by_ref, time_zone)
    _add_payments(session, facts, ids, plans, as_of, time_zone, whole=whole)
    _add_recurrings(session, facts, ids, list(plans), cards_by_ref)
    _add_ledger(session, facts, ids, today, whole=whole)
    _add_coverages(session, facts, ids)
    return facts


def _table(model: Any) -> Any:
    return model.__table__


def _all(session: Session, query: Any) -> Sequence[Any]:
    """Every row at once: fetched one by one they cost three times as much."""
    return session.execute(query).all()


def _columns(model: Any, facts: Any, **other: Any) -> list[Any]:
    """The table's columns in the order of the NamedTuple's fields; `other` supplies those that are not columns."""
    table = _table(model)
    return [other[name] if name in other else table.c[name] for name in facts._fields]


def _persons(session: Session, ids: Sequence[int]) -> Iterable[Person]:
    found = {
        row[0]: Person._make(row)
        for row in _all(session, select(*_columns(Patient, Person)).where(_table(Patient).c.id.in_(ids)))
    }
    return [found[key] for key in dict.fromkeys(ids) if key in found]


def _add_memberships(session: Session, facts: dict[int, PatientFacts], ids: list[int]) -> None:
    table = _table(Membership)
    records: dict[int, MembershipRecord] = {}
    rows = _all(
        session,
        select(table.c.card_ref, *_columns(Membership, MembershipFacts, card_id=literal(None)))
        .where(table.c.patient_id.in_(ids), table.c.gone_at.is_(None))
        .order_by(table.c.id),
    )
    if not rows:
        return
    plans = {
        row[0]: MembershipPlanFacts._make(row)
        for row in _all(session, select(*_columns(MembershipPlan, MembershipPlanFacts)))
    }
    benefits: dict[int, list[BenefitFacts]] = {}
    benefit = _table(MembershipBenefit)
    for plan_id, *row in _all(
        session,
        select(benefit.c.membership_plan_id, *_columns(MembershipBenefit, BenefitFacts)).where(
            benefit.c.gone_at.is_(None)
        ),
    ):
        benefits.setdefault(plan_id, []).append(BenefitFacts._make(row))
    for card_ref, *row in rows:
        membership = MembershipFacts._make(row)
        plan_id = membership.membership_plan_id
        record = MembershipRecord(membership, plans[plan_id], benefits.get(plan_id, []), card_ref=card_ref)
        records[membership.id] = record
        facts[membership.patient_id].memberships.append(record)
    extra = _table(MembershipExtra)
    for membership_id, *row in _all(
        session,
        select(extra.c.membership_id, *_columns(MembershipExtra, ExtraFacts)).where(
            extra.c.membership_id.in_(list(records)), extra.c.gone_at.is_(None)
        ),
    ):
        records[membership_id].extras.append(ExtraFacts._make(row))


def _visit_query(*where: Any) -> Any:
    visit, kind = _table(Appointment), _table(AppointmentType)
    columns = _columns(
        Appointment, VisitFacts, service_class=kind.c.service_class, price_cents=kind.c.price_cents
    )
    return (
        select(*columns)
        .select_from(visit.outerjoin(kind, visit.c.appointment_type_id == kind.c.id))
        .where(visit.c.gone_at.is_(None), *where)
    )


def _add_visits(
    session: Session,
    facts: dict[int, PatientFacts],
    ids: list[int],
    as_of: datetime,
    since: datetime,
    *,
    whole: bool,
) -> None:
    """All visits from two billing periods ago on; from the start of the membership where rollover may reach back.

    Older visits decide nothing but the date of the last one, which is asked for by itself.
    """
    visit = _table(Appointment)
    reach_back = {
        key
        for key, of in facts.items()
        if any(m.plan.rollover_cap or m.plan.period != "month" for m in of.memberships)
    }
    recent = visit.c.starts_at >= since
    for some, narrow in ((set(ids) - reach_back, () if whole else (recent,)), (reach_back, ())):
        if some:
            query = _visit_query(visit.c.patient_id.in_(list(some)), *narrow).order_by(
                visit.c.patient_id, visit.c.starts_at
            )
            for row in _all(session, query):
                found = VisitFacts._make(row)
                facts[found.patient_id].visits.append(found)
    done = visit.c.status == AppointmentStatus.COMPLETED.value
    unseen = []
    for key, of in facts.items():
        past = [
            v.starts_at for v in of.visits if v.status == AppointmentStatus.COMPLETED and v.starts_at <= as_of
        ]
        of.last_done = max(past, default=None)
        if of.last_done is None and not whole:
            unseen.append(key)
    if unseen:
        last = (
            select(visit.c.patient_id, func.max(visit.c.starts_at))
            .where(
                visit.c.patient_id.in_(unseen), done, visit.c.starts_at <= as_of, visit.c.gone_at.is_(None)
            )
            .group_by(visit.c.patient_id)
        )
        for key, instant in _all(session, last):
            facts[key].last_done = instant


def _add_cards(session: Session, facts: dict[int, PatientFacts], ids: list[int]) -> dict[str, int]:
    """Cards of the patients and of those who pay for them. Returns external id → store id of every card read."""
    guarantors: dict[int, list[int]] = {}
    for key, of in facts.items():
        if of.person.guarantor_id is not None and of.person.guarantor_id != key:
            guarantors.setdefault(of.person.guarantor_id, []).append(key)
    card = _table(Card)
    by_ref: dict[str, int] = {}
    query = (
        select(card.c.patient_id, *_columns(Card, CardFacts))
        .where(card.c.patient_id.in_([*ids, *guarantors]), card.c.gone_at.is_(None))
        .order_by(card.c.id)
    )
    for owner, *row in _all(session, query):
        found = CardFacts._make(row)
        by_ref[found.external_id] = found.id
        if owner in facts:
            facts[owner].cards.append(found)
            facts[owner].linked = True
        for dependant in guarantors.get(owner, ()):
            facts[dependant].guarantor_cards.append(found)
    contact = _table(ProcessorContact)
    linked = select(contact.c.patient_id).where(contact.c.patient_id.in_(ids), contact.c.gone_at.is_(None))
    for (key,) in _all(session, linked):
        facts[key].linked = True
    return by_ref


def _add_plans(
    session: Session,
    facts: dict[int, PatientFacts],
    ids: list[int],
    cards_by_ref: dict[str, int],
    time_zone: str,
) -> dict[int, PlanRecord]:
    """Plans of the patients and plans they pay for; a family contract is one record seen from both."""
    plan = _table(Plan)
    records: dict[int, PlanRecord] = {}
    # two indexed look-ups instead of an OR, which makes SQLite walk the table
    for owner in (plan.c.patient_id, plan.c.payer_id):
        query = select(plan.c.card_ref, *_columns(Plan, PlanFacts, card_id=literal(None))).where(
            owner.in_(ids), plan.c.gone_at.is_(None)
        )
        for card_ref, *row in _all(session, query.order_by(plan.c.id)):
            found = PlanFacts._make(row)
            if found.id in records:
                continue
            known = cards_by_ref.get(card_ref) if card_ref else None
            records[found.id] = PlanRecord(found._replace(card_id=known), card_ref=card_ref)
    for record in records.values():
        for key in dict.fromkeys((record.plan.patient_id, record.plan.payer_id)):
            if key in facts:
                facts[key].plans.append(record)
    if not records:
        return records
    part = _table(Instalment)
    query = select(*_columns(Instalment, InstalmentFacts)).where(
        part.c.plan_id.in_(list(records)), part.c.gone_at.is_(None)
    )
    for row in _all(session, query.order_by(part.c.plan_id, part.c.due_date, part.c.id)):
        instalment = InstalmentFacts._make(row)
        records[instalment.plan_id].instalments.append(instalment)
    _count_done_visits(session, records, time_zone)
    return records


def _count_done_visits(session: Session, records: dict[int, PlanRecord], time_zone: str) -> None:
    """Done visits of each plan's patient from its first to its last day: what has been delivered (DOMAIN §4)."""
    wanted = {
        key: record.plan for key, record in records.items() if record.plan.visits and record.plan.start_date
    }
    if not wanted:
        return
    visit = _table(Appointment)
    first = min(plan.start_date for plan in wanted.values() if plan.start_date)
    rows = _all(
        session,
        select(visit.c.patient_id, visit.c.starts_at).where(
            visit.c.patient_id.in_({plan.patient_id for plan in wanted.values()}),
            visit.c.status == AppointmentStatus.COMPLETED.value,
            visit.c.starts_at >= clock.day_bounds(first, time_zone)[0],
            visit.c.gone_at.is_(None),
        ),
    )
    zone = clock.zone(time_zone)
    done: dict[int, list[date]] = {}
    for patient_id, starts_at in rows:
        done.setdefault(patient_id, []).append(starts_at.astimezone(zone).date())
    for key, plan in wanted.items():
        days = done.get(plan.patient_id, ())
        records[key].done_visits = sum(
            (plan.start_date or date.min) <= day <= (plan.end_date or date.max) for day in days
        )


def _payment_columns(table: Any) -> list[Any]:
    other = {"happened_on": literal(None)}
    return [other[name] if name in other else table.c[name] for name in PaymentFacts._fields]


def _add_payments(
    session: Session,
    facts: dict[int, PatientFacts],
    ids: list[int],
    plans: dict[int, PlanRecord],
    as_of: datetime,
    time_zone: str,
    *,
    whole: bool,
) -> None:
    """Payments that can still matter: tied to a plan or membership, giving or taking money back, or recent.

    An older payment tied to nothing was posted long ago: the ledger carries it.
    """
    table = _table(Payment)
    zone = clock.zone(time_zone)

    at = PaymentFacts._fields.index("happened_at")

    def local(row: Sequence[Any]) -> PaymentFacts:
        return PaymentFacts._make((*row[: at + 1], row[at].astimezone(zone).date(), *row[at + 2 :]))

    recent = table.c.happened_at >= as_of - timedelta(days=POSTING_DAYS)
    matters = or_(
        recent,
        table.c.membership_id.is_not(None),
        table.c.refund_ref.is_not(None),
        table.c.status.in_(sorted(GIVEN_BACK)),
    )
    own = select(*_payment_columns(table)).where(
        table.c.patient_id.in_(ids), table.c.gone_at.is_(None), *(() if whole else (matters,))
    )
    for row in _all(session, own.order_by(table.c.patient_id, table.c.happened_at)):
        found = local(row)
        assert found.patient_id is not None
        facts[found.patient_id].payments.append(found)
    of_plan = select(*_payment_columns(table)).where(
        table.c.plan_id.in_(list(plans)), table.c.gone_at.is_(None)
    )
    for row in _all(session, of_plan) if plans else ():
        found = local(row)
        plans[found.plan_id or 0].payments.append(found)
    _add_refunds_of_plans(session, plans, local)


def _add_refunds_of_plans(
    session: Session, plans: dict[int, PlanRecord], local: Callable[[Sequence[Any]], PaymentFacts]
) -> None:
    """A refund may carry no plan of its own: it belongs to the plan of the payment that it gives back."""
    table = _table(Payment)
    plan_of = {
        (p.connection_id, p.external_id): key for key, record in plans.items() for p in record.payments
    }
    query = select(*_payment_columns(table)).where(
        table.c.refund_ref.in_(sorted({external_id for _, external_id in plan_of})), table.c.gone_at.is_(None)
    )
    for row in _all(session, query) if plan_of else ():
        refund = local(row)
        key = plan_of.get((refund.connection_id, refund.refund_ref or ""))
        if key is not None and refund.plan_id != key:
            plans[key].payments.append(refund)
    for record in plans.values():
        record.payments.sort(key=lambda payment: payment.happened_at)


def _add_recurrings(
    session: Session,
    facts: dict[int, PatientFacts],
    ids: list[int],
    plan_ids: list[int],
    cards_by_ref: dict[str, int],
) -> None:
    """Scheduled drafts of the patients, and those of plans that somebody else pays."""
    table = _table(Recurring)
    columns = [
        table.c.patient_id,
        table.c.card_ref,
        *_columns(Recurring, RecurringFacts, card_id=literal(None)),
    ]
    seen: set[int] = set()
    members = {m.membership.id: key for key, of in facts.items() for m in of.memberships}
    owners: dict[int, list[int]] = {}
    for key, of in facts.items():
        for record in of.plans:
            owners.setdefault(record.plan.id, []).append(key)
    for where in (
        table.c.patient_id.in_(ids),
        table.c.plan_id.in_(plan_ids) if plan_ids else None,
        table.c.membership_id.in_(list(members)) if members else None,
    ):
        if where is None:
            continue
        for patient_id, card_ref, *row in _all(
            session, select(*columns).where(where, table.c.gone_at.is_(None)).order_by(table.c.id)
        ):
            found = RecurringFacts._make(row)
            if found.id in seen:
                continue
            seen.add(found.id)
            found = found._replace(card_id=cards_by_ref.get(card_ref) if card_ref else None)
            for key in {
                patient_id,
                members.get(found.membership_id or 0),
                *owners.get(found.plan_id or 0, ()),
            }:
                if key in facts:
                    facts[key].recurrings.append(found)


def _add_ledger(
    session: Session, facts: dict[int, PatientFacts], ids: list[int], today: date, *, whole: bool
) -> None:
    """The whole ledger of patients whose account does not come out even, and everybody's recent entries.

    Where charges and credits cancel out in every part, entries leave nothing open and nothing to explain, unless
    money that the ledger still shows was taken back at the processor. Part of an account must never be read as
    the whole: its sums would be wrong.
    """
    entry = _table(LedgerEntry)
    raises = entry.c.kind.in_([EntryKind.CHARGE.value, EntryKind.REFUND.value])
    signed = case((raises, entry.c.amount_cents), else_=-entry.c.amount_cents)
    patient_part = entry.c.part == Part.PATIENT.value
    sums = (
        select(
            entry.c.patient_id,
            type_coerce(func.sum(case((patient_part, signed), else_=0)), Integer),
            type_coerce(
                func.sum(case((and_(patient_part, entry.c.plan_id.is_(None)), signed), else_=0)), Integer
            ),
            type_coerce(func.sum(case((patient_part, 0), else_=signed)), Integer),
        )
        .where(entry.c.patient_id.in_(ids), entry.c.gone_at.is_(None), entry.c.posted_on <= today)
        .group_by(entry.c.patient_id)
    )
    uneven = set(ids) if whole else {row[0] for row in _all(session, sums) if any(row[1:])}
    uneven |= {key for key in ids if any(p.status in GIVEN_BACK or p.refund_ref for p in facts[key].payments)}
    first = today - timedelta(days=POSTING_DAYS)
    for some, narrow in ((uneven, ()), (set(ids) - uneven, (entry.c.posted_on >= first,))):
        if some:
            query = select(entry.c.patient_id, *_columns(LedgerEntry, EntryFacts)).where(
                entry.c.patient_id.in_(list(some)), entry.c.gone_at.is_(None), *narrow
            )
            for key, *row in _all(session, query.order_by(entry.c.patient_id, entry.c.posted_on, entry.c.id)):
                facts[key].recent_ledger.append(EntryFacts._make(row))
    for key in uneven:
        facts[key].ledger = facts[key].recent_ledger
        facts[key].recent_ledger = [row for row in facts[key].ledger if row.posted_on >= first]


def _add_coverages(session: Session, facts: dict[int, PatientFacts], ids: list[int]) -> None:
    table = _table(Coverage)
    query = select(table.c.patient_id, *_columns(Coverage, CoverageFacts)).where(
        table.c.patient_id.in_(ids), table.c.gone_at.is_(None)
    )
    for key, *row in _all(session, query.order_by(table.c.patient_id, table.c.id)):
        facts[key].coverages.append(CoverageFacts._make(row))
