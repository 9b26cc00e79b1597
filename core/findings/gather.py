"""What the rules need to know about some patients, read with a handful of indexed queries (queries.py).

Rows that cannot change any answer are left in the store, and each such narrowing says why it is safe. Nothing here judges.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from core import clock
from core.booking.facts import bookings_of
from core.cards.by_ref import CardsByRef
from core.cards.rules import CardFacts
from core.findings import queries
from core.findings.desk import add_desk_money, add_open_asks
from core.findings.facts import MembershipRecord, PatientFacts
from core.insurance.rules import CoverageFacts
from core.ledger.facts import EntryFacts
from core.memberships.facts import BenefitFacts, ExtraFacts, Member, MembershipFacts, MembershipPlanFacts
from core.memberships.standing_choices import standing_choices
from core.patients.person import Person
from core.payments.facts import GIVEN_BACK, RecurringFacts
from core.plans import queries as plan_queries
from core.plans.facts import PlanFacts
from core.plans.records import (
    IN_TIME,
    PlanRecord,
    add_instalments,
    add_payments,
    add_said,
    count_done_visits,
    local_payment,
    rows_of,
)
from core.schedule.rules import VisitFacts

POSTING_DAYS = 100  # posting problems look back 90 days and match a ledger row within one more
CHARGED_DAYS = 3  # a charge of today's visit may carry the date of the day before or after
RECENT_VISITS = timedelta(days=70)  # two billing periods: enough for anybody without rollover


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
    since = min(as_of - RECENT_VISITS, since or as_of)
    _add_visits(session, facts, ids, as_of, since, whole=whole)
    _add_pools(session, facts, since, whole=whole)
    by_ref = _add_cards(session, facts, ids)
    plans = _add_plans(session, facts, ids, by_ref)
    add_instalments(session, plans)
    add_said(session, plans, time_zone)
    count_done_visits(session, plans, time_zone)
    _add_payments(session, facts, ids, plans, as_of, time_zone, whole=whole)
    _add_recurrings(session, facts, ids, plans, by_ref)
    _add_others_cards(facts, by_ref)
    for key, booking in bookings_of(session, ids):
        facts[key].bookings.append(booking)
    _add_ledger(session, facts, ids, today, whole=whole)
    _add_posted_elsewhere(session, facts, as_of - timedelta(days=POSTING_DAYS))
    first = today - timedelta(days=POSTING_DAYS)
    add_desk_money(session, facts, as_of, time_zone, first=first, whole=whole)
    add_open_asks(session, facts, as_of, time_zone)
    for key, *row in rows_of(session, queries.COVERAGES, ids=ids):
        facts[key].coverages.append(CoverageFacts._make(row))
    return facts


def gather_for_cards(session: Session, patient_ids: Sequence[int]) -> dict[int, PatientFacts]:
    """Only what decides about a patient's card: cards, memberships and recurrings, and the plans without what of them
    is due and paid (core/forecast/coming_plans.py)."""
    facts = {person.id: PatientFacts(person) for person in _persons(session, patient_ids)}
    ids = list(facts)
    if not ids:
        return facts
    _add_memberships(session, facts, ids)
    by_ref = _add_cards(session, facts, ids)
    plans = _add_plans(session, facts, ids, by_ref)
    _add_recurrings(session, facts, ids, plans, by_ref)
    _add_others_cards(facts, by_ref)
    return facts


def _persons(session: Session, ids: Sequence[int]) -> Iterable[Person]:
    found = {row[0]: Person._make(row) for row in rows_of(session, queries.PERSONS, ids=list(ids))}
    return [found[key] for key in dict.fromkeys(ids) if key in found]


def _add_memberships(session: Session, facts: dict[int, PatientFacts], ids: list[int]) -> None:
    rows = rows_of(session, queries.MEMBERSHIPS, ids=ids)
    if not rows:
        return
    plans = {row[0]: MembershipPlanFacts._make(row) for row in rows_of(session, queries.MEMBERSHIP_PLANS)}
    benefits: dict[int, list[BenefitFacts]] = {}
    for plan_id, *row in rows_of(session, queries.BENEFITS):
        benefits.setdefault(plan_id, []).append(BenefitFacts._make(row))
    records: dict[int, MembershipRecord] = {}
    for card_ref, *row in rows:
        one = MembershipFacts._make(row)
        plan_id = one.membership_plan_id
        record = MembershipRecord(one, plans[plan_id], benefits.get(plan_id, []), card_ref=card_ref)
        records[one.id] = record
        facts[one.patient_id].memberships.append(record)
    for membership_id, *row in rows_of(session, queries.EXTRAS, ids=list(records)):
        records[membership_id].extras.append(ExtraFacts._make(row))
    for membership_id, choices in standing_choices(session, records).items():
        records[membership_id].choices = choices


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
    reach_back = [
        key
        for key, of in facts.items()
        if whole or any(m.plan.rollover_cap or m.plan.period != "month" for m in of.memberships)
    ]
    far = set(reach_back)
    others = [key for key in ids if key not in far]
    rows = list(rows_of(session, queries.VISITS, ids=reach_back)) if reach_back else []
    rows += rows_of(session, queries.VISITS_SINCE, ids=others, since=since) if others else []
    for row in rows:
        visit = VisitFacts._make(row)
        facts[visit.patient_id].visits.append(visit)
    unseen = []
    for key, of in facts.items():
        past = [v.starts_at for v in of.visits if v.status == "completed" and v.starts_at <= as_of]
        of.last_done = max(past, default=None)
        if of.last_done is None and key not in far:
            unseen.append(key)
    if unseen:
        for key, instant in rows_of(session, queries.LAST_DONE, ids=unseen, until=as_of):
            facts[key].last_done = instant


def _add_pools(session: Session, facts: dict[int, PatientFacts], since: datetime, *, whole: bool) -> None:
    """The other memberships of a family pool, and the visits of those who have them."""
    records = [r for of in facts.values() for r in of.memberships if r.membership.pool_id]
    if not records:
        return
    pools = sorted({record.membership.pool_id or "" for record in records})
    plans = {row[0]: MembershipPlanFacts._make(row) for row in rows_of(session, queries.MEMBERSHIP_PLANS)}
    benefits: dict[int, list[BenefitFacts]] = {}
    for plan_id, *row in rows_of(session, queries.BENEFITS):
        benefits.setdefault(plan_id, []).append(BenefitFacts._make(row))
    together = [
        MembershipFacts._make(row) for _, *row in rows_of(session, queries.MEMBERSHIPS_OF_POOLS, pools=pools)
    ]
    extras: dict[int, list[ExtraFacts]] = {}
    for membership_id, *row in rows_of(session, queries.EXTRAS, ids=[one.id for one in together]):
        extras.setdefault(membership_id, []).append(ExtraFacts._make(row))
    people = sorted({one.patient_id for one in together})
    far = whole or any(plans[one.membership_plan_id].period != "month" for one in together)
    rows = (
        rows_of(session, queries.VISITS, ids=people)
        if far
        else rows_of(session, queries.VISITS_SINCE, ids=people, since=since)
    )
    visits: dict[int, list[VisitFacts]] = {}
    for row in rows:
        visits.setdefault(row[2], []).append(VisitFacts._make(row))
    for record in records:
        mine = record.membership
        for one in together:
            if one.pool_id == mine.pool_id and one.id != mine.id:
                plan = plans[one.membership_plan_id]
                member = Member(one, plan, benefits.get(plan.id, []), extras.get(one.id, []))
                record.pool.append((member, visits.get(one.patient_id, [])))


def _add_cards(session: Session, facts: dict[int, PatientFacts], ids: list[int]) -> CardsByRef:
    """Cards of the patients and of those who pay for them. Returns every card read, and what memberships name."""
    guarantors: dict[int, list[int]] = {}
    for key, of in facts.items():
        if of.person.guarantor_id is not None and of.person.guarantor_id != key:
            guarantors.setdefault(of.person.guarantor_id, []).append(key)
    by_ref = CardsByRef()
    for owner, *row in rows_of(session, queries.CARDS, ids=[*ids, *guarantors]):
        found = CardFacts._make(row)
        by_ref.keep(found)
        if owner in facts:
            facts[owner].cards.append(found)
            facts[owner].linked = True
        for dependant in guarantors.get(owner, ()):
            facts[dependant].guarantor_cards.append(found)
    for (key,) in rows_of(session, queries.LINKED, ids=ids):
        facts[key].linked = True
    members = [record for of in facts.values() for record in of.memberships if record.card_ref]
    by_ref.look_up(session, [record.card_ref for record in members])
    for record in members:
        record.membership = record.membership._replace(card_id=by_ref.id_of(record.card_ref))
    return by_ref


def _add_others_cards(facts: dict[int, PatientFacts], by_ref: CardsByRef) -> None:
    """Cards that are charged for a patient's contracts and are neither theirs nor their guarantor's."""
    for of in facts.values():
        charged = [one.card_id for one in of.recurrings]
        charged += [r.plan.card_id for r in of.plans] + [r.membership.card_id for r in of.memberships]
        if any(charged):
            known = {card.id for card in (*of.cards, *of.guarantor_cards)}
            of.others_cards = [card for card in by_ref.by_id(charged) if card.id not in known]


def _add_plans(
    session: Session,
    facts: dict[int, PatientFacts],
    ids: list[int],
    by_ref: CardsByRef,
) -> dict[int, PlanRecord]:
    """Plans of the patients and plans they pay for; a family contract is one record seen from both."""
    records: dict[int, PlanRecord] = {}
    rows = [row for query in plan_queries.PLANS for row in rows_of(session, query, ids=ids)]
    by_ref.look_up(session, [card_ref for card_ref, *_ in rows])
    for card_ref, *row in rows:
        plan = PlanFacts._make(row)
        if plan.id not in records:
            records[plan.id] = PlanRecord(plan._replace(card_id=by_ref.id_of(card_ref)), card_ref=card_ref)
    for record in records.values():
        for key in dict.fromkeys((record.plan.patient_id, record.plan.payer_id)):
            if key in facts:
                facts[key].plans.append(record)
    return records


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
    """Payments that can still matter (see queries.PAYMENTS_SINCE), and all those of the plans."""
    zone = clock.zone(time_zone)
    members = [record.membership.id for of in facts.values() for record in of.memberships]
    if whole:
        rows = list(rows_of(session, queries.PAYMENTS, ids=ids))
    else:
        rows = list(
            rows_of(session, queries.PAYMENTS_SINCE, ids=ids, since=as_of - timedelta(days=POSTING_DAYS))
        )
        rows += rows_of(session, queries.PAYMENTS_TAKEN_BACK, ids=ids)
    rows += rows_of(session, queries.PAYMENTS_OF_MEMBERSHIPS, ids=members) if members else []
    owners = {record.membership.id: key for key, of in facts.items() for record in of.memberships}
    by_others: dict[tuple[int, str], int] = {}
    for row in {row[0]: row for row in rows}.values():
        payment = local_payment(row, zone)
        owner = owners.get(payment.membership_id or 0)
        for key in facts.keys() & {payment.patient_id, owner}:
            facts[key].payments.append(payment)
        if owner is not None and owner != payment.patient_id:
            by_others[payment.connection_id, payment.external_id] = owner
    _add_refunds_by_others(session, facts, by_others, zone)
    for of in facts.values():
        of.payments.sort(key=IN_TIME)
    add_payments(session, plans, zone)


def _add_refunds_by_others(
    session: Session, facts: dict[int, PatientFacts], paid: Mapping[tuple[int, str], int], zone: ZoneInfo
) -> None:
    """Refunds of what somebody else paid for a membership, where they carry no membership: its member owes again.

    paid: the member by (connection, external id) of the payment.
    """
    refs = sorted({external_id for _, external_id in paid})
    for row in rows_of(session, plan_queries.REFUNDS_OF, refs=refs) if refs else ():
        refund = local_payment(row, zone)
        member = paid.get((refund.connection_id, refund.refund_ref or ""))
        if member is not None and refund.membership_id is None and refund.patient_id != member:
            facts[member].payments.append(refund)


def _add_recurrings(
    session: Session,
    facts: dict[int, PatientFacts],
    ids: list[int],
    plans: Collection[int],
    by_ref: CardsByRef,
) -> None:
    """Scheduled drafts of the patients, and those of plans and memberships that somebody else pays."""
    members = {m.membership.id: key for key, of in facts.items() for m in of.memberships}
    owners: dict[int, list[int]] = {}
    for key, of in facts.items():
        for record in of.plans:
            owners.setdefault(record.plan.id, []).append(key)
    rows = list(rows_of(session, queries.RECURRINGS_OF_PATIENTS, ids=ids))
    rows += rows_of(session, queries.RECURRINGS_OF_PLANS, ids=list(plans)) if plans else []
    rows += rows_of(session, queries.RECURRINGS_OF_MEMBERSHIPS, ids=list(members)) if members else []
    by_ref.look_up(session, [row[1] for row in rows])
    seen: set[int] = set()
    for patient_id, card_ref, *row in rows:
        found = RecurringFacts._make(row)
        if found.id in seen:
            continue
        seen.add(found.id)
        found = found._replace(card_id=by_ref.id_of(card_ref))
        concerned = {patient_id, members.get(found.membership_id or 0), *owners.get(found.plan_id or 0, ())}
        for key in concerned & facts.keys():
            facts[key].recurrings.append(found)


def _add_ledger(
    session: Session, facts: dict[int, PatientFacts], ids: list[int], today: date, *, whole: bool
) -> None:
    """The whole ledger of patients whose account does not come out even, and everybody's recent payments.

    Where charges and credits cancel out in every part, entries leave nothing open and nothing to explain, unless
    money that the ledger still shows was taken back at the processor. Part of an account must never be read as
    the whole: its sums would be wrong.
    """
    uneven = set(ids)
    if not whole:
        sums = rows_of(session, queries.LEDGER_SUMS, ids=ids, until=today)
        uneven = {row[0] for row in sums if any(row[1:])}
        uneven |= {
            key for key in ids if any(p.status in GIVEN_BACK or p.refund_ref for p in facts[key].payments)
        }
        # what is paid ahead for a visit evens out nothing
        uneven |= {key for key in ids if any(one.prepaid_cents for one in facts[key].bookings)}
    first = today - timedelta(days=POSTING_DAYS)
    for key, *row in rows_of(session, queries.LEDGER, ids=list(uneven)) if uneven else ():
        facts[key].ledger.append(EntryFacts._make(row))
    for key in uneven:
        facts[key].recent_ledger = [row for row in facts[key].ledger if row.posted_on >= first]
    # the others' rows matter only to match payments of the last weeks, and for a visit that is charged already
    rest = [key for key in ids if key not in uneven]
    since = today - timedelta(days=CHARGED_DAYS)
    for key, *row in (
        rows_of(session, queries.RECENT_LEDGER, ids=rest, first=first, charged_since=since) if rest else ()
    ):
        facts[key].recent_ledger.append(EntryFacts._make(row))


def _add_posted_elsewhere(session: Session, facts: dict[int, PatientFacts], since: datetime) -> None:
    """Of the payments since an instant that their account does not show by order id: which another account shows."""
    for of in facts.values():
        here = {entry.order_id for entry in (*of.ledger, *of.recent_ledger)}
        of.posted_elsewhere = {
            p.order_id for p in of.payments if p.order_id and p.happened_at >= since
        } - here
    orders = sorted(set().union(*(of.posted_elsewhere for of in facts.values())))
    posted = {row[0] for row in rows_of(session, queries.POSTED_ORDERS, orders=orders)} if orders else set()
    for of in facts.values():
        of.posted_elsewhere &= posted
