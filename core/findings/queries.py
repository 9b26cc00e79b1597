"""The statements behind gather.py, built once: building one anew each time costs as much as running it.

Every one takes `ids` (a list of store ids) and leaves out rows that are gone. SQL narrows, Python decides (DESIGN §2.5).
"""

from typing import Any

from sqlalchemy import (
    Integer,
    String,
    and_,
    bindparam,
    case,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    table,
    type_coerce,
)

from core.cards.models import Card
from core.cards.rules import CardFacts
from core.insurance.models import Coverage
from core.insurance.rules import CoverageFacts
from core.ledger.facts import EntryFacts
from core.ledger.models import DeskMatch, EntryKind, LedgerEntry, Part
from core.memberships.facts import BenefitFacts, ExtraFacts, MembershipFacts, MembershipPlanFacts
from core.memberships.models import Membership, MembershipBenefit, MembershipExtra, MembershipPlan
from core.patients.models import Patient, ProcessorContact
from core.patients.person import Person
from core.payments.card_on_file import UNDER_WAY, CardCharge
from core.payments.facts import RecurringFacts
from core.payments.models import TAKEN_BACK, Recurring
from core.payments.queries import PAYMENT_TABLE, PAYMENTS_HELD
from core.plans.queries import DESK_KINDS
from core.schedule.models import Appointment, AppointmentStatus, AppointmentType
from core.schedule.queries import VISIT_DONE
from core.schedule.rules import VisitFacts
from core.store.base import table_of
from core.store.statements import IDS, NONE, SINCE, columns_of, refs_of
from core.store.types import UtcInstant

_membership, _extra, _benefit = table_of(Membership), table_of(MembershipExtra), table_of(MembershipBenefit)
_visit, _kind, _card, _contact = (
    table_of(Appointment),
    table_of(AppointmentType),
    table_of(Card),
    table_of(ProcessorContact),
)
_recurring, _charge = table_of(Recurring), table_of(CardCharge)
_entry, _coverage, _patient = table_of(LedgerEntry), table_of(Coverage), table_of(Patient)

PERSONS = select(*columns_of(Patient, Person)).where(_patient.c.id.in_(IDS))

# card_ref first, then the facts
MEMBERSHIPS = (
    select(_membership.c.card_ref, *columns_of(Membership, MembershipFacts, card_id=NONE))
    .where(_membership.c.patient_id.in_(IDS), _membership.c.gone_at.is_(None))
    .order_by(_membership.c.id)
)
MEMBERSHIPS_OF_POOLS = (
    select(_membership.c.card_ref, *columns_of(Membership, MembershipFacts, card_id=NONE))
    .where(_membership.c.pool_id.in_(refs_of("pools")), _membership.c.gone_at.is_(None))
    .order_by(_membership.c.id)
)
# both small tables whole: what a practice sells
MEMBERSHIP_PLANS = select(*columns_of(MembershipPlan, MembershipPlanFacts))
BENEFITS = select(_benefit.c.membership_plan_id, *columns_of(MembershipBenefit, BenefitFacts)).where(
    _benefit.c.gone_at.is_(None)
)
EXTRAS = select(_extra.c.membership_id, *columns_of(MembershipExtra, ExtraFacts)).where(
    _extra.c.membership_id.in_(IDS), _extra.c.gone_at.is_(None)
)

VISITS = (
    select(
        *columns_of(
            Appointment, VisitFacts, service_class=_kind.c.service_class, price_cents=_kind.c.price_cents
        )
    )
    .select_from(_visit.outerjoin(_kind, _visit.c.appointment_type_id == _kind.c.id))
    .where(_visit.c.patient_id.in_(IDS), _visit.c.gone_at.is_(None))
    .order_by(_visit.c.patient_id, _visit.c.starts_at)
)
VISITS_SINCE = VISITS.where(_visit.c.starts_at >= SINCE)
LAST_DONE = (
    select(_visit.c.patient_id, func.max(_visit.c.starts_at, type_=UtcInstant))
    .where(
        _visit.c.patient_id.in_(IDS), VISIT_DONE, _visit.c.starts_at <= bindparam("until", type_=UtcInstant)
    )
    .group_by(_visit.c.patient_id)
)
_open = _visit.c.status.in_([AppointmentStatus.SCHEDULED.value, AppointmentStatus.CONFIRMED.value, AppointmentStatus.ARRIVED.value])  # fmt: skip
NEXT_OPEN = (
    select(_visit.c.patient_id, func.min(_visit.c.starts_at, type_=UtcInstant))
    .where(
        _visit.c.patient_id.in_(IDS),
        _open,
        _visit.c.gone_at.is_(None),
        _visit.c.starts_at > bindparam("after", type_=UtcInstant),
    )
    .group_by(_visit.c.patient_id)
)

# owner first, then the facts
CARDS = (
    select(_card.c.patient_id, *columns_of(Card, CardFacts))
    .where(_card.c.patient_id.in_(IDS), _card.c.gone_at.is_(None))
    .order_by(_card.c.id)
)
LINKED = select(_contact.c.patient_id).where(_contact.c.patient_id.in_(IDS), _contact.c.gone_at.is_(None))


_own_payments = PAYMENTS_HELD.where(PAYMENT_TABLE.c.patient_id.in_(IDS))
PAYMENTS = _own_payments.order_by(PAYMENT_TABLE.c.patient_id, PAYMENT_TABLE.c.happened_at)
# An older payment that is tied to nothing and was not taken back was posted long ago: the ledger carries it.
# Three indexed look-ups instead of an OR, which reads every payment a patient ever made.
PAYMENTS_SINCE = _own_payments.where(PAYMENT_TABLE.c.happened_at >= SINCE)
PAYMENTS_TAKEN_BACK = _own_payments.where(TAKEN_BACK)
PAYMENTS_OF_MEMBERSHIPS = PAYMENTS_HELD.where(PAYMENT_TABLE.c.membership_id.in_(IDS))


def _recurrings_by(owner: Any) -> Any:
    return (
        select(
            _recurring.c.patient_id,
            _recurring.c.card_ref,
            *columns_of(Recurring, RecurringFacts, card_id=NONE),
        )
        .where(owner.in_(IDS), _recurring.c.gone_at.is_(None))
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
    .where(_entry.c.patient_id.in_(IDS), _entry.c.gone_at.is_(None), _entry.c.posted_on <= bindparam("until"))
    .group_by(_entry.c.patient_id)
)
# owner first, then the facts
LEDGER = (
    select(_entry.c.patient_id, *columns_of(LedgerEntry, EntryFacts))
    .where(_entry.c.patient_id.in_(IDS), _entry.c.gone_at.is_(None))
    .order_by(_entry.c.patient_id, _entry.c.posted_on, _entry.c.id)
)
# money that came or went, to match with the processor's; and what was charged in the last days, for today's visit
RECENT_LEDGER = LEDGER.where(
    _entry.c.posted_on >= bindparam("first"),
    or_(_entry.c.kind != EntryKind.CHARGE.value, _entry.c.posted_on >= bindparam("charged_since")),
)
# one payment may stand on another patient's account: a parent pays for a child
POSTED_ORDERS = select(_entry.c.order_id).where(
    _entry.c.order_id.in_(refs_of("orders")),
    _entry.c.gone_at.is_(None),
    _entry.c.kind == EntryKind.PAYMENT.value,
)
COVERAGES = (
    select(_coverage.c.patient_id, *columns_of(Coverage, CoverageFacts))
    .where(_coverage.c.patient_id.in_(IDS), _coverage.c.gone_at.is_(None))
    .order_by(_coverage.c.patient_id, _coverage.c.id)
)

# what a person said about money of the ledger and something due: payer first
_match = table_of(DeskMatch)
DESK_ANSWERS = (
    select(
        _match.c.patient_id,
        _match.c.id,
        _match.c.entry_id,
        _match.c.due_kind,
        _match.c.due_ref,
        _match.c.membership_id,
        _match.c.answer,
        _match.c.amount_cents,
        _match.c.decided_at,
        _match.c.decided_by,
    )
    .where(_match.c.patient_id.in_(IDS), _match.c.undone_at.is_(None))
    .order_by(_match.c.id)
)
# Money that came or was taken back longer ago than the recent ledger reaches, under no plan and no visit, and under no
# order id that a payment bears: nearly all of what is old is the posting of one.
OLD_DESK_ROWS = LEDGER.where(
    _entry.c.posted_on < bindparam("first"),
    DESK_KINDS,
    _entry.c.plan_id.is_(None),
    _entry.c.appointment_id.is_(None),
    or_(
        _entry.c.order_id.is_(None),
        ~exists().where(PAYMENT_TABLE.c.order_id == _entry.c.order_id, PAYMENT_TABLE.c.gone_at.is_(None)),
    ),
)
# The links of core/links, a floor above this one, by the columns alone that say what a patient is asked for already.
_link = table(
    "link",
    *(column(name, Integer) for name in ("id", "patient_id", "membership_id", "amount_cents", "paid_cents")),
    column("pending_cents", Integer),
    *(column(name, String) for name in ("kind", "state", "due_kind", "due_ref")),
    *(column(name, UtcInstant) for name in ("created_at", "sent_at", "expires_at")),
)
_link_left = _link.c.amount_cents - _link.c.paid_cents - _link.c.pending_cents
# patient first; of each its id, kind, cents left, due item, membership, and when it was sent and made
OPEN_LINKS = (
    select(
        _link.c.patient_id,
        _link.c.id,
        _link.c.kind,
        _link_left,
        _link.c.due_kind,
        _link.c.due_ref,
        func.coalesce(_membership.c.external_id, ""),
        _link.c.sent_at,
        _link.c.created_at,
    )
    .select_from(_link.outerjoin(_membership, _link.c.membership_id == _membership.c.id))
    .where(
        _link.c.patient_id.in_(IDS),
        _link.c.kind.in_(["invoice", "pay"]),
        _link.c.state.in_(["created", "sent", "opened", "part-paid", "unknown"]),
        or_(_link.c.expires_at.is_(None), _link.c.expires_at > bindparam("at", type_=UtcInstant)),
        _link.c.created_at <= bindparam("at", type_=UtcInstant),
        _link_left > 0,
    )
    .order_by(_link.c.id)
)
# charges of a card on file that are under way: patient first, the rest as of links; a link's id is never below 0
CARD_CHARGES = (
    select(
        _charge.c.patient_id,
        -_charge.c.id,
        literal("charge"),
        _charge.c.amount_cents,
        _charge.c.due_kind,
        _charge.c.due_ref,
        func.coalesce(_membership.c.external_id, ""),
        _charge.c.asked_at,
        _charge.c.asked_at,
    )
    .select_from(_charge.outerjoin(_membership, _charge.c.membership_id == _membership.c.id))
    .where(
        _charge.c.patient_id.in_(IDS),
        _charge.c.state.in_([state.value for state in UNDER_WAY]),
        _charge.c.asked_at <= bindparam("at", type_=UtcInstant),
    )
    .order_by(_charge.c.id)
)
