"""The cards report: whose card needs a person, the dollars that will fail first (CONTRACTS §2, DOMAIN §1 and §2).

SQL narrows to patients of whom anything could be said at all; the rules of core/cards/rules.py decide.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, true, union
from sqlmodel import Session

from core import clock
from core.cards.models import Card, CardKind, Updater
from core.cards.rules import DRAFTS_AHEAD_DAYS, CardFinding
from core.findings.facts import PatientFacts
from core.findings.gather import gather_for_cards
from core.findings.judge_card import PlanToPay, card_drafts, is_paid_by, judge_card, member_drafts, to_pay
from core.findings.setting import Setting, setting_of
from core.forecast.coming_plans import ComingPlan, coming_plans
from core.memberships.models import Membership
from core.patients.models import Patient
from core.patients.person import Person
from core.patients.reports import AT_ONCE
from core.payments.models import Recurring
from core.plans.facts import PlanFinding
from core.plans.models import Plan, PlanStatus
from core.plans.records import PlanRecord, plan_records
from core.practice.models import Location
from core.practice.reports import first_of, locations
from core.reports.head import Report, make_report
from core.reports.rows import CardRow
from core.schedule.models import Appointment
from core.schedule.rules import OPEN_STATUSES
from core.severity import RANK, Severity
from core.store.base import table_of
from core.store.statements import IDS
from core.store.types import UtcInstant

_card, _patient, _visit = table_of(Card), table_of(Patient), table_of(Appointment)
_recurring = table_of(Recurring)

# good whatever is drafted in the next 60 days: such a card has nothing to say
_GOOD = and_(
    _card.c.active,
    _card.c.updater != Updater.CLOSED.value,
    or_(
        _card.c.kind == CardKind.BANK.value,
        _card.c.updater == Updater.UPDATED.value,
        func.coalesce(_card.c.expires_on >= bindparam("good_until"), False),
    ),
)
_there = [_card.c.patient_id.is_not(None), _card.c.gone_at.is_(None)]
_WITH_A_CARD = select(_card.c.patient_id).where(*_there)
_WITH_A_DOUBTFUL_CARD = select(_card.c.patient_id).where(*_there, ~_GOOD)


def _owners(model: Any, column: str) -> Any:
    table = table_of(model)
    return select(table.c[column]).where(table.c[column].is_not(None), table.c.gone_at.is_(None))


_WITH_SOMETHING_TO_PAY = union(
    _owners(Plan, "patient_id"),
    _owners(Plan, "payer_id"),
    _owners(Membership, "patient_id"),
    _owners(Recurring, "patient_id"),
)
# a contract may draw on a card that is neither the patient's own nor their guarantor's
_REFS = select(_card.c.external_id).where(_card.c.gone_at.is_(None), ~_GOOD)


def _drawn_from(model: Any, column: str) -> Any:
    return _owners(model, column).where(table_of(model).c.card_ref.in_(_REFS))


def _payers(model: Any, of: str, owner: str) -> Any:
    """Who has the contract that a recurring with a doubtful card pays for."""
    table = table_of(model)
    return (
        select(table.c[owner])
        .join_from(table, _recurring, _recurring.c[of] == table.c.id)
        .where(table.c[owner].is_not(None), _recurring.c.gone_at.is_(None), _recurring.c.card_ref.in_(_REFS))
    )


_DRAWN_FROM_A_DOUBTFUL_CARD = union(
    _drawn_from(Plan, "patient_id"),
    _drawn_from(Plan, "payer_id"),
    _drawn_from(Membership, "patient_id"),
    _drawn_from(Recurring, "patient_id"),
    _payers(Plan, "plan_id", "patient_id"),
    _payers(Plan, "plan_id", "payer_id"),
    _payers(Membership, "membership_id", "patient_id"),
)
_NEXT_VISITS = (
    select(_visit.c.patient_id, func.min(_visit.c.starts_at, type_=UtcInstant))
    .where(
        _visit.c.patient_id.in_(IDS),
        _visit.c.gone_at.is_(None),
        _visit.c.starts_at > bindparam("after", type_=UtcInstant),
        _visit.c.status.in_(OPEN_STATUSES),
    )
    .group_by(_visit.c.patient_id)
)


def cards(session: Session, *, location_id: int | None, as_of: datetime) -> Report:
    """Patients whose card needs a person, the dollars that will fail first, then the nearest draft."""
    places = locations(session, location_id)
    first = first_of(session)
    rows = [row for place in places for row in _rows_of(session, place, as_of, first=place.id == first)]
    rows.sort(key=_order)
    return make_report(session, "cards", places, location_id, as_of, rows)


def _rows_of(session: Session, place: Location, as_of: datetime, *, first: bool) -> Iterator[CardRow]:
    setting = setting_of(session, place, as_of)
    keys = candidates(session, place, setting, first=first)
    coming = _coming(session, setting) if keys else {}
    found: list[tuple[Person, CardFinding]] = []
    for start in range(0, len(keys), AT_ONCE):
        facts = gather_for_cards(session, keys[start : start + AT_ONCE]).values()
        judged = _judged_plans(session, facts, setting)
        for one in facts:
            own = [
                _to_pay(record, judged, coming) for record in one.plans if is_paid_by(record, one.person.id)
            ]
            members = [member_drafts(record) for record in one.memberships]
            card = judge_card(one, own, card_drafts(one, own, members, setting), setting)
            if needs_a_person(card):
                found.append((one.person, card))
    visits = _next_visits(session, [person.id for person, _ in found], as_of)
    return (_row(person, card, visits.get(person.id)) for person, card in found)


def _coming(session: Session, setting: Setting) -> dict[int, ComingPlan]:
    last = setting.today + timedelta(days=DRAFTS_AHEAD_DAYS)
    until = clock.day_bounds(setting.today, setting.time_zone)[1]
    return coming_plans(session, today=setting.today, last=last, until=until, time_zone=setting.time_zone)


def _judged_plans(
    session: Session, facts: Iterable[PatientFacts], setting: Setting
) -> dict[int, PlanFinding]:
    """Plans of which their sums do not tell whether they still run: those that are not active, or past their end."""
    wanted = {
        record.plan.id
        for one in facts
        for record in one.plans
        if record.plan.status != PlanStatus.ACTIVE or (record.plan.end_date or date.max) < setting.today
    }
    records = plan_records(session, sorted(wanted), setting.time_zone, done_visits=False)
    return {key: record.judged(setting.today) for key, record in records.items()}


def _to_pay(
    record: PlanRecord, judged: Mapping[int, PlanFinding], coming: Mapping[int, ComingPlan]
) -> PlanToPay:
    plan = record.plan
    if plan.id in judged:
        return to_pay(record, judged[plan.id])
    return PlanToPay(plan, coming[plan.id].drafts._replace(card_id=plan.card_id), runs=True)


def candidates(session: Session, place: Location, setting: Setting, *, first: bool) -> list[int]:
    """Store ids of a location's active patients of whom a card could need a person; patients of no location first.

    A doubtful card of theirs, of who pays for them, or that their contracts draw on; or no card and something to pay
    with one. Everybody else has
    only cards that pay whatever comes in the next 60 days, or pays for nothing.
    """
    here = _patient.c.location_id == place.id
    obliged = true() if setting.everyone_needs_card else _patient.c.id.in_(_WITH_SOMETHING_TO_PAY)
    query = (
        select(_patient.c.id)
        .where(
            here | _patient.c.location_id.is_(None) if first else here,
            _patient.c.active,
            _patient.c.gone_at.is_(None),
            or_(
                _patient.c.id.in_(_WITH_A_DOUBTFUL_CARD),
                _patient.c.guarantor_id.in_(_WITH_A_DOUBTFUL_CARD),
                _patient.c.id.in_(_DRAWN_FROM_A_DOUBTFUL_CARD),
                and_(_patient.c.id.not_in(_WITH_A_CARD), obliged),
            ),
        )
        .order_by(_patient.c.last_name, _patient.c.first_name, _patient.c.id)
    )
    good_until = setting.today + timedelta(days=DRAFTS_AHEAD_DAYS)
    return list(session.execute(query, {"good_until": good_until}).scalars())


def needs_a_person(found: CardFinding) -> bool:
    """Something is wrong or unknown, and it is for somebody to do something about it (DOMAIN §2)."""
    return found.alert and found.severity not in (None, Severity.NOTE)


def _order(row: CardRow) -> tuple[int, date, int, str]:
    severity = RANK[row.severity or Severity.NOTE]
    return -row.at_risk_cents, row.next_draft_on or date.max, severity, row.patient


def _next_visits(session: Session, keys: Sequence[int], as_of: datetime) -> dict[int, datetime]:
    """The earliest open visit after the instant by patient (DOMAIN §0)."""
    found: dict[int, datetime] = {}
    for start in range(0, len(keys), AT_ONCE):
        ids = list(keys[start : start + AT_ONCE])
        for key, starts_at in session.execute(_NEXT_VISITS, {"ids": ids, "after": as_of}):
            found[key] = starts_at
    return found


def _row(person: Person, found: CardFinding, next_visit: datetime | None) -> CardRow:
    card = found.card
    return CardRow(
        key=person.id,
        patient_id=person.external_id,
        patient=person.name,
        state=found.state,
        severity=found.severity,
        card_id=card.external_id if card else None,
        brand=card.brand if card else None,
        last_four=card.last_four if card else None,
        expires_on=card.expires_on if card else None,
        next_draft_on=found.next_draft_on,
        at_risk_cents=found.at_risk_cents,
        next_visit=next_visit,
        reason=found.reason,
        next_draft_cents=found.next_draft_cents,
        initials=person.initials,
        mobile_last_four=person.mobile_last_four,
    )
