"""From the facts of one patient to what the screen says: runs the rules of every noun and joins what they found.

Pure: the facts come from gather.py, the rules from core/*/rules.py. Nothing is decided here that a noun's rule could
decide; this file only knows which finding needs which other (a card needs the drafts, a draft needs the plan …).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from core import clock
from core.booking.facts import BookingFacts
from core.cards.rules import CardFinding
from core.dues.askable import Asking, askable
from core.dues.collect import Collect, collect_now
from core.dues.drafts import MembershipDrafts
from core.dues.due_items import instalment_items, visit_items
from core.dues.membership_items import membership_items
from core.dues.missing import DueItem, MissingPayment, charge_of_item, missing_payments, open_cents
from core.dues.possible_matches import Due, with_answers
from core.dues.posting_problems import (
    Matched,
    PostingProblem,
    match_ledger,
    posting_problems,
    unposted_payments,
    waiting_to_post,
)
from core.dues.retries import instalment_retries, membership_retries
from core.findings.facts import MembershipRecord, PatientFacts
from core.findings.held import asked_of, held_against, promised_items
from core.findings.judge_card import card_drafts, judge_card, member_drafts, to_pay
from core.findings.lower_drafts import lower_draft_notes
from core.findings.new_cards import with_new_cards
from core.findings.paid_by import JudgedPlan, all_payments, on_own_account, payments_of_membership
from core.findings.set_aside import set_aside, without
from core.findings.setting import Setting
from core.insurance.rules import InsuranceFinding, judge_insurance
from core.ledger.facts import EntryFacts, raises_cents
from core.ledger.rules import Balance, judge_balance
from core.memberships.facts import Cover, MembershipFinding
from core.memberships.pools import Mate
from core.memberships.rules import Given, Moment, covered_elsewhere, judge_membership
from core.memberships.terms import terms_of
from core.payments.facts import Draft, PaymentFacts, pending_cents
from core.plans.facts import PlanState
from core.plans.records import PlanRecord
from core.schedule.rules import VisitFacts, VisitStanding, next_visit, standing

_OWED = (PlanState.BEHIND, PlanState.COMPLETED_OWING)


@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that was found about one patient, with the visit at hand when there is one."""

    facts: PatientFacts
    visit: VisitFacts | None
    upcoming: VisitFacts | None
    plans: tuple[JudgedPlan, ...]
    memberships: tuple[tuple[MembershipRecord, MembershipFinding], ...]
    drafts: tuple[Draft, ...]
    card: CardFinding
    insurance: InsuranceFinding
    missing: tuple[MissingPayment, ...]
    posting: tuple[PostingProblem, ...]
    balance: Balance
    collect: Collect
    asking: Asking
    matches: Mapping[Due, EntryFacts]  # by due item: money of the ledger that may have paid it
    arrears_cents: int
    days_past_due: int
    ledger_past_due_cents: (
        int  # past-due charges that belong to no visit: in the balance, not among the missing
    )
    past_due_cents: int
    today: date
    at_visit_cents: int  # what the visit at hand will add to the patient's part
    prepaid_cents: int = 0  # paid online for the visit at hand, and taken off what it will add
    held_cents: int = 0  # held on a card for it: taken as the patient arrives
    in_ehr: bool = True  # False: booked online, and the EHR has not shown it yet
    lower_drafts: tuple[tuple[str, str], ...] = ()  # membership, sentence: runs for less, as was agreed


@dataclass(frozen=True, slots=True)
class Owing:
    """What one patient owes and what of it may be asked for: the part of `Judged` that a list of debts needs."""

    plans: tuple[JudgedPlan, ...]
    members: list[MembershipDrafts]
    mine: list[PaymentFacts]
    matched: Matched
    items: list[DueItem]
    loose_cents: int  # past due on the account beside the items
    asking: Asking
    missing: tuple[MissingPayment, ...]
    matches: Mapping[Due, EntryFacts]
    unposted: list[PaymentFacts]


def owing_of(facts: PatientFacts, setting: Setting, *, at_visit_cents: int = 0) -> Owing:
    """Run the rules of what is due. at_visit_cents: what the visit at hand will add to the patient's part."""
    plans = tuple(_plans(facts, setting))
    members = [member_drafts(record) for record in facts.memberships]
    recent = facts.recent_ledger
    mine = on_own_account(facts)
    matched = match_ledger(mine, recent, setting.as_of)
    posts = setting.posts(facts.person.connection_id)
    unposted = unposted_payments(mine, recent, setting.as_of, matched=matched) if posts else []
    desk = {row.id: row for row in facts.desk_rows}
    aside = set_aside(facts, setting.as_of)
    free, facts_due = aside.free(unposted), without(facts, aside)
    due = list(_items(facts_due, plans, members, free, setting.today))
    items = list(with_new_cards(with_answers(due, facts.desk_answers, desk), facts, plans, setting.today))
    loose = _loose_past_due(facts_due, items, free, setting.today)
    held = held_against(facts, plans, items, setting.today)
    asking = askable(items, held, account_cents=loose + at_visit_cents)
    missing = missing_payments(items, setting.today, held.matches, asked_of(asking))
    return Owing(plans, members, mine, matched, items, loose, asking, tuple(missing), held.matches, unposted)


def judge(facts: PatientFacts, setting: Setting, visit: VisitFacts | None = None) -> Judged:
    """Run every rule on one patient, with `visit` as the one at hand (None: as of now)."""
    upcoming = next_visit(facts.visits, setting.as_of, visit)
    memberships = tuple(_memberships(facts, setting, visit))
    insurance = insurance_of(facts, visit or upcoming, setting)
    booked = _booking_of(visit, facts.bookings)
    prepaid = booked.prepaid_cents if booked else 0
    at_visit = _expected_at(visit, facts, memberships, insurance, setting) if visit is not None else 0
    at_visit = max(0, at_visit - prepaid - (paid_ahead(facts, setting) if at_visit else 0))
    owing = owing_of(facts, setting, at_visit_cents=at_visit)
    plans, loose, asking = owing.plans, owing.loose_cents, owing.asking
    own_plans = [to_pay(one.record, one.finding) for one in plans if not one.family]
    drafts = card_drafts(facts, own_plans, owing.members, setting)
    past_due, due_today = _open(owing.items, setting.today)
    balance = judge_balance(
        facts.ledger,
        today=setting.today,
        past_due_cents=past_due + loose,
        due_today_cents=due_today,
        expected_at_visit_cents=at_visit,
        pending_cents=pending_cents(all_payments(facts)),
        at_most=setting.at_most(facts.person.connection_id),
        waiting=waiting_to_post(owing.unposted, setting.time_zone, setting.today),
    )
    owed = [one.finding for one in plans if not one.family and one.finding.state in _OWED]
    return Judged(
        facts=facts,
        visit=visit,
        upcoming=upcoming,
        plans=plans,
        memberships=memberships,
        drafts=drafts,
        card=judge_card(facts, own_plans, drafts, setting),
        insurance=insurance,
        missing=owing.missing,
        posting=tuple(
            posting_problems(
                owing.mine,
                facts.recent_ledger,
                setting.as_of,
                posts_ledger=setting.posts(facts.person.connection_id),
                matched=owing.matched,
            )
        ),
        balance=balance,
        prepaid_cents=prepaid,
        held_cents=booked.held_cents if booked else 0,
        in_ehr=visit is None or visit.id > 0,
        collect=collect_now(balance, asking),
        asking=asking,
        matches=owing.matches,
        arrears_cents=sum(finding.arrears_cents for finding in owed),
        days_past_due=max((finding.days_past_due for finding in owed), default=0),
        ledger_past_due_cents=loose,
        past_due_cents=past_due + loose,
        today=setting.today,
        at_visit_cents=at_visit,
        lower_drafts=tuple(lower_draft_notes(facts, owing.members, setting)),
    )


def paid_ahead(facts: PatientFacts, setting: Setting) -> int:
    """Cents paid today that no charge stands for yet: they are for today's visit, which the EHR charges later."""
    if not setting.posts(facts.person.connection_id):
        return 0
    mine = on_own_account(facts)
    aside = set_aside(facts, setting.as_of)
    unposted = aside.free(unposted_payments(mine, facts.recent_ledger, setting.as_of))
    today = sum(p.pays_cents for p in unposted if p.happened_on == setting.today and _ties_to_nothing(p))
    if not today:
        return 0
    ledger = without(facts, aside).ledger
    owed = sum(raises_cents(e) for e in ledger if e.part == "patient" and e.plan_id is None)
    before = sum(p.pays_cents for p in unposted if p.happened_on != setting.today and _ties_to_nothing(p))
    return max(0, today - max(0, owed - before))


def _ties_to_nothing(payment: PaymentFacts) -> bool:
    return payment.plan_id is None and payment.instalment_id is None and payment.membership_id is None


def _booking_of(visit: VisitFacts | None, bookings: Iterable[BookingFacts]) -> BookingFacts | None:
    """The online booking of a visit: the one that has it, else one at this time that has not been found again yet."""
    if visit is None:
        return None
    mine = [
        one
        for one in bookings
        if one.appointment_id == visit.id or (one.appointment_id is None and one.starts_at == visit.starts_at)
    ]
    return min(mine, key=lambda one: one.appointment_id is None, default=None)


def _plans(facts: PatientFacts, setting: Setting) -> Iterable[JudgedPlan]:
    for record in facts.plans:
        finding = record.judged(setting.today)
        payer = record.plan.payer_id or record.plan.patient_id
        promise = record.promise(setting.today, setting.time_zone)
        yield JudgedPlan(record, finding, payer != facts.person.id, promise)


def _memberships(
    facts: PatientFacts, setting: Setting, visit: VisitFacts | None
) -> Iterable[tuple[MembershipRecord, MembershipFinding]]:
    several = [(record.membership, record.plan, record.benefits) for record in facts.memberships]
    elsewhere = (
        covered_elsewhere(several, facts.visits, setting.as_of, setting.time_zone) if len(several) > 1 else {}
    )
    moment = Moment(setting.as_of, setting.time_zone, visit, setting.first_weekday)
    for record in facts.memberships:
        elsewhere_covered = elsewhere.get(record.membership.id, frozenset())
        given = Given(facts.visits, facts.last_done, None, elsewhere_covered, _mates(record, setting))
        yield record, judge_membership(record.member, given, moment)


def _mates(record: MembershipRecord, setting: Setting) -> list[Mate]:
    return [
        Mate(member, terms_of(member.membership, member.plan, setting.today), visits)
        for member, visits in record.pool
    ]


def _items(
    facts: PatientFacts,
    plans: tuple[JudgedPlan, ...],
    members: list[MembershipDrafts],
    unposted: list[PaymentFacts],
    today: date,
) -> Iterable[DueItem]:
    for judged in plans:
        if not judged.family and (judged.finding.arrears_cents or judged.finding.due_today_cents):
            retries = instalment_retries(judged.finding, facts.recurrings, today)
            yield from promised_items(
                instalment_items(judged.finding, retries, due_today=True), judged.promise
            )
    for member, record in zip(members, facts.memberships, strict=True):
        own = payments_of_membership(facts.payments, member.membership_id)
        items = membership_items(
            member, record.membership.start_date, own, today, recurrings=facts.recurrings
        )
        retry = membership_retries(member, facts.recurrings, today) if items else None
        for item in items:
            tried = any(payment.status == "declined" for payment in item.attempts)
            yield item._replace(retry_on=retry) if retry is not None and tried else item
    if facts.ledger:
        failed = [p for p in facts.payments if p.status != "approved" and p.refund_ref is None]
        yield from visit_items(facts.ledger, [*unposted, *failed], today)


def _open(items: list[DueItem], today: date) -> tuple[int, int]:
    """Cents past due and cents due today."""
    past = sum(open_cents(item) for item in items if item.due_on < today)
    return past, sum(open_cents(item) for item in items if item.due_on == today)


def _loose_past_due(
    facts: PatientFacts, items: list[DueItem], unposted: list[PaymentFacts], today: date
) -> int:
    """What the account owes outside plans beyond the open visit charges: products, old balances, refunds.

    An open draft or instalment that the EHR charged to the account as well is one debt, not two: its charge is the
    one without visit and plan, of the same amount, posted around the due date.
    """
    rows = [e for e in facts.ledger if e.part == "patient" and e.plan_id is None and e.posted_on <= today]
    owed = sum(raises_cents(entry) for entry in rows)
    for payment in unposted:
        if _ties_to_nothing(payment):
            owed -= payment.pays_cents
    if owed <= 0:
        return 0
    charges = [entry for entry in rows if entry.kind == "charge" and entry.appointment_id is None]
    for item in items:
        if item.kind == "visit":
            owed -= open_cents(item)
        elif (charge := charge_of_item(item, charges)) is not None:
            charges.remove(charge)
            owed -= open_cents(item)
    return max(0, owed)


def insurance_of(facts: PatientFacts, visit: VisitFacts | None, setting: Setting) -> InsuranceFinding:
    """How the insurance stands to a visit, or to today without one; open visits before it take theirs first."""
    if visit is None:
        return judge_insurance(facts.coverages, setting.today, None, setting.today)
    day = clock.local_date(visit.starts_at, setting.time_zone)
    earlier = sum(
        1
        for other in facts.visits
        if other.starts_at < visit.starts_at and standing(other, setting.as_of) is VisitStanding.OPEN
    )
    return judge_insurance(
        facts.coverages, day, visit.price_cents, setting.today, earlier_open_visits=earlier
    )


def _expected_at(
    visit: VisitFacts,
    facts: PatientFacts,
    memberships: tuple[tuple[MembershipRecord, MembershipFinding], ...],
    insurance: InsuranceFinding,
    setting: Setting,
) -> int:
    """What the visit at hand will add to the patient's part (DOMAIN §6): nothing where a membership or a plan covers
    it, its price where it is beyond the membership, else the insurance's estimate. Unknown adds nothing."""
    if standing(visit, setting.as_of) is not VisitStanding.OPEN:
        return 0
    if any(entry.appointment_id == visit.id and entry.kind == "charge" for entry in facts.recent_ledger):
        return 0
    covers = {finding.covers(visit).cover for _, finding in memberships}
    if covers & {Cover.COVERED, Cover.PROVISIONAL}:
        return 0
    if covers & {Cover.EXCESS, Cover.DROP_IN, Cover.TO_MOVE}:
        return visit.price_cents or 0
    day = clock.local_date(visit.starts_at, setting.time_zone)
    if any(_plan_covers(record, facts.person.id, day) for record in facts.plans):
        return 0
    return insurance.estimate_cents or 0


def _plan_covers(record: PlanRecord, patient_id: int, day: date) -> bool:
    plan = record.plan
    within = (plan.start_date or date.min) <= day <= (plan.end_date or date.max)
    return plan.patient_id == patient_id and plan.kind == "treatment" and plan.status == "active" and within
