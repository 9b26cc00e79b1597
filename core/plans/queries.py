"""The rows of plans as the rules want them: a few indexed queries for the patients concerned."""

from typing import Any

from sqlalchemy import and_, literal, or_, select

from core.ledger.facts import EntryFacts
from core.ledger.models import Answer, DeskMatch, EntryKind, LedgerEntry, Part
from core.payments.queries import PAYMENT_TABLE, PAYMENTS_HELD
from core.plans.facts import InstalmentFacts, PlanFacts
from core.plans.models import Instalment, Plan
from core.schedule.queries import VISIT_DONE, VISIT_TABLE
from core.store.base import table_of
from core.store.statements import IDS, NONE, SINCE, columns_of, refs_of

_plan, _instalment = table_of(Plan), table_of(Instalment)
_entry, _match = table_of(LedgerEntry), table_of(DeskMatch)


DONE_SINCE = select(VISIT_TABLE.c.patient_id, VISIT_TABLE.c.starts_at).where(
    VISIT_TABLE.c.patient_id.in_(IDS), VISIT_DONE, VISIT_TABLE.c.starts_at >= SINCE
)


def _plans_by(owner: Any) -> Any:
    return (
        select(_plan.c.card_ref, *columns_of(Plan, PlanFacts, card_id=NONE))
        .where(owner.in_(IDS), _plan.c.gone_at.is_(None))
        .order_by(_plan.c.id)
    )


PLANS_BY_ID = _plans_by(_plan.c.id)


# two indexed look-ups instead of an OR, which makes SQLite walk the table
PLANS = (_plans_by(_plan.c.patient_id), _plans_by(_plan.c.payer_id))


INSTALMENTS = (
    select(*columns_of(Instalment, InstalmentFacts))
    .where(_instalment.c.plan_id.in_(IDS), _instalment.c.gone_at.is_(None))
    .order_by(_instalment.c.plan_id, _instalment.c.due_date, _instalment.c.id)
)


PAYMENTS_OF_PLANS = PAYMENTS_HELD.where(PAYMENT_TABLE.c.plan_id.in_(IDS))


REFUNDS = PAYMENTS_HELD.where(PAYMENT_TABLE.c.refund_ref.is_not(None))


REFUNDS_OF = PAYMENTS_HELD.where(PAYMENT_TABLE.c.refund_ref.in_(refs_of("refs")))


# money of the ledger: payments, and what takes them back
DESK_KINDS = and_(
    _entry.c.gone_at.is_(None),
    _entry.c.part == Part.PATIENT.value,
    or_(
        _entry.c.kind.in_([EntryKind.PAYMENT.value, EntryKind.REFUND.value]),
        and_(_entry.c.kind == EntryKind.ADJUSTMENT.value, _entry.c.amount_cents < 0),
    ),
)
# plan and the instalment's external id ("": none), then the entry
DESK_ROWS = (
    select(_entry.c.plan_id, literal(""), *columns_of(LedgerEntry, EntryFacts)).where(
        _entry.c.plan_id.in_(IDS), DESK_KINDS
    ),
    select(_match.c.plan_id, _match.c.due_ref, *columns_of(LedgerEntry, EntryFacts))
    .select_from(_match.join(_entry, _match.c.entry_id == _entry.c.id))
    .where(
        _match.c.plan_id.in_(IDS),
        _match.c.undone_at.is_(None),
        _match.c.answer == Answer.YES.value,
        _entry.c.plan_id.is_(None),  # since it names its plan itself, nobody needs to say so
        DESK_KINDS,
    ),
)
PAYMENTS_OF_ORDERS = PAYMENTS_HELD.where(PAYMENT_TABLE.c.order_id.in_(refs_of("orders")))
