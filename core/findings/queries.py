"""The statements behind gather.py, built once: building one anew each time costs as much as running it.

Every one takes `ids` (a list of store ids) and leaves out rows that are gone. SQL narrows, Python decides (DESIGN §2.5).
"""

from typing import Any

from sqlalchemy import Integer, and_, bindparam, case, func, literal, or_, select, type_coerce

from core.cards.models import Card
from core.cards.rules import CardFacts
from core.insurance.models import Coverage
from core.insurance.rules import CoverageFacts
from core.ledger.models import EntryKind, LedgerEntry, Part
from core.ledger.rules import EntryFacts
from core.memberships.models import Membership, MembershipBenefit, MembershipExtra, MembershipPlan
from core.memberships.rules import BenefitFacts, ExtraFacts, MembershipFacts, MembershipPlanFacts
from core.patients.models import Patient, ProcessorContact
from core.patients.person import Person
from core.payments.models import TAKEN_BACK, Payment, Recurring
from core.payments.rules import PaymentFacts, RecurringFacts
from core.plans.models import Instalment, Plan
from core.plans.rules import InstalmentFacts, PlanFacts
from core.schedule.models import Appointment, AppointmentStatus, AppointmentType
from core.schedule.rules import VisitFacts
from core.store.base import table_of
from core.store.types import UtcInstant

_IDS = bindparam("ids", expanding=True)
_SINCE = bindparam("since", type_=UtcInstant)
_NONE = literal(None)  # a field that gather.py fills in: a card resolved by its reference, a local date


def _columns(model: Any, facts: Any, **other: Any) -> list[Any]:
    """The table's columns in the order of the NamedTuple's fields; `other` supplies those that are not columns."""
    table = table_of(model)
    return [other[name] if name in other else table.c[name] for name in facts._fields]


_membership, _extra, _benefit = table_of(Membership), table_of(MembershipExtra), table_of(MembershipBenefit)
_visit, _kind, _card, _contact = (
    table_of(Appointment),
    table_of(AppointmentType),
    table_of(Card),
    table_of(ProcessorContact),
)
_plan, _instalment, _payment, _recurring = (
    table_of(Plan),
    table_of(Instalment),
    table_of(Payment),
    table_of(Recurring),
)
_entry, _coverage, _patient = table_of(LedgerEntry), table_of(Coverage), table_of(Patient)

PERSONS = select(*_columns(Patient, Person)).where(_patient.c.id.in_(_IDS))

# card_ref first, then the facts
MEMBERSHIPS = (
    select(_membership.c.card_ref, *_columns(Membership, MembershipFacts, card_id=_NONE))
    .where(_membership.c.patient_id.in_(_IDS), _membership.c.gone_at.is_(None))
    .order_by(_membership.c.id)
)
# both small tables whole: what a practice sells
MEMBERSHIP_PLANS = select(*_columns(MembershipPlan, MembershipPlanFacts))
BENEFITS = select(_benefit.c.membership_plan_id, *_columns(MembershipBenefit, BenefitFacts)).where(
    _benefit.c.gone_at.is_(None)
)
EXTRAS = select(_extra.c.membership_id, *_columns(MembershipExtra, ExtraFacts)).where(
    _extra.c.membership_id.in_(_IDS), _extra.c.gone_at.is_(None)
)

VISITS = (
    select(
        *_columns(
            Appointment, VisitFacts, service_class=_kind.c.service_class, price_cents=_kind.c.price_cents
        )
    )
    .select_from(_visit.outerjoin(_kind, _visit.c.appointment_type_id == _kind.c.id))
    .where(_visit.c.patient_id.in_(_IDS), _visit.c.gone_at.is_(None))
    .order_by(_visit.c.patient_id, _visit.c.starts_at)
)
VISITS_SINCE = VISITS.where(_visit.c.starts_at >= _SINCE)
_done = and_(_visit.c.status == AppointmentStatus.COMPLETED.value, _visit.c.gone_at.is_(None))
LAST_DONE = (
    select(_visit.c.patient_id, func.max(_visit.c.starts_at, type_=UtcInstant))
    .where(_visit.c.patient_id.in_(_IDS), _done, _visit.c.starts_at <= bindparam("until", type_=UtcInstant))
    .group_by(_visit.c.patient_id)
)
_open = _visit.c.status.in_([AppointmentStatus.SCHEDULED.value, AppointmentStatus.CONFIRMED.value, AppointmentStatus.ARRIVED.value])  # fmt: skip
NEXT_OPEN = (
    select(_visit.c.patient_id, func.min(_visit.c.starts_at, type_=UtcInstant))
    .where(
        _visit.c.patient_id.in_(_IDS),
        _open,
        _visit.c.gone_at.is_(None),
        _visit.c.starts_at > bindparam("after", type_=UtcInstant),
    )
    .group_by(_visit.c.patient_id)
)
DONE_SINCE = select(_visit.c.patient_id, _visit.c.starts_at).where(
    _visit.c.patient_id.in_(_IDS), _done, _visit.c.starts_at >= _SINCE
)

# owner first, then the facts
CARDS = (
    select(_card.c.patient_id, *_columns(Card, CardFacts))
    .where(_card.c.patient_id.in_(_IDS), _card.c.gone_at.is_(None))
    .order_by(_card.c.id)
)
LINKED = select(_contact.c.patient_id).where(_contact.c.patient_id.in_(_IDS), _contact.c.gone_at.is_(None))


def _plans_by(owner: Any) -> Any:
    return (
        select(_plan.c.card_ref, *_columns(Plan, PlanFacts, card_id=_NONE))
        .where(owner.in_(_IDS), _plan.c.gone_at.is_(None))
        .order_by(_plan.c.id)
    )


PLANS_BY_ID = _plans_by(_plan.c.id)
# two indexed look-ups instead of an OR, which makes SQLite walk the table
PLANS = (_plans_by(_plan.c.patient_id), _plans_by(_plan.c.payer_id))
INSTALMENTS = (
    select(*_columns(Instalment, InstalmentFacts))
    .where(_instalment.c.plan_id.in_(_IDS), _instalment.c.gone_at.is_(None))
    .order_by(_instalment.c.plan_id, _instalment.c.due_date, _instalment.c.id)
)

_payments = select(*_columns(Payment, PaymentFacts, happened_on=_NONE)).where(_payment.c.gone_at.is_(None))
_own_payments = _payments.where(_payment.c.patient_id.in_(_IDS))
PAYMENTS = _own_payments.order_by(_payment.c.patient_id, _payment.c.happened_at)
# An older payment that is tied to nothing and was not taken back was posted long ago: the ledger carries it.
# Three indexed look-ups instead of an OR, which reads every payment a patient ever made.
PAYMENTS_SINCE = _own_payments.where(_payment.c.happened_at >= _SINCE)
PAYMENTS_TAKEN_BACK = _own_payments.where(TAKEN_BACK)
PAYMENTS_OF_MEMBERSHIPS = _payments.where(_payment.c.membership_id.in_(_IDS))
PAYMENTS_OF_PLANS = _payments.where(_payment.c.plan_id.in_(_IDS))
REFUNDS = _payments.where(_payment.c.refund_ref.is_not(None))
REFUNDS_OF = _payments.where(_payment.c.refund_ref.in_(bindparam("refs", expanding=True)))


def _recurrings_by(owner: Any) -> Any:
    return (
        select(
            _recurring.c.patient_id,
            _recurring.c.card_ref,
            *_columns(Recurring, RecurringFacts, card_id=_NONE),
        )
        .where(owner.in_(_IDS), _recurring.c.gone_at.is_(None))
        .order_by(_recurring.c.id)
    )


RECURRINGS_OF_PATIENTS = _recurrings_by(_recurring.c.patient_id)
RECURRINGS_OF_PLANS = _recurrings_by(_recurring.c.plan_id)
RECURRINGS_OF_MEMBERSHIPS = _recurrings_by(_recurring.c.membership_id)

_raises = _entry.c.kind.in_([EntryKind.CHARGE.value, EntryKind.REFUND.value])
_signed = case((_raises, _entry.c.amount_cents), else_=-_entry.c.amount_cents)
_of_patient = _entry.c.part == Part.PATIENT.value
_outside_plans = and_(_of_patient, _entry.c.plan_id.is_(None))


def _sum_where(condition: Any) -> Any:
    return type_coerce(func.sum(case((condition, _signed), else_=0)), Integer)


# patient id, then the patient's part, of it what no plan covers, and the insurer's part
LEDGER_SUMS = (
    select(_entry.c.patient_id, _sum_where(_of_patient), _sum_where(_outside_plans), _sum_where(~_of_patient))
    .where(
        _entry.c.patient_id.in_(_IDS), _entry.c.gone_at.is_(None), _entry.c.posted_on <= bindparam("until")
    )
    .group_by(_entry.c.patient_id)
)
# owner first, then the facts
LEDGER = (
    select(_entry.c.patient_id, *_columns(LedgerEntry, EntryFacts))
    .where(_entry.c.patient_id.in_(_IDS), _entry.c.gone_at.is_(None))
    .order_by(_entry.c.patient_id, _entry.c.posted_on, _entry.c.id)
)
# money that came or went, to match with the processor's; and what was charged in the last days, for today's visit
RECENT_LEDGER = LEDGER.where(
    _entry.c.posted_on >= bindparam("first"),
    or_(_entry.c.kind != EntryKind.CHARGE.value, _entry.c.posted_on >= bindparam("charged_since")),
)
# one payment may stand on another patient's account: a parent pays for a child
POSTED_ORDERS = select(_entry.c.order_id).where(
    _entry.c.order_id.in_(bindparam("orders", expanding=True)),
    _entry.c.gone_at.is_(None),
    _entry.c.kind == EntryKind.PAYMENT.value,
)
COVERAGES = (
    select(_coverage.c.patient_id, *_columns(Coverage, CoverageFacts))
    .where(_coverage.c.patient_id.in_(_IDS), _coverage.c.gone_at.is_(None))
    .order_by(_coverage.c.patient_id, _coverage.c.id)
)
