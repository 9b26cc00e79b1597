"""The rows of plans as the rules want them: a few indexed queries for the patients concerned."""

from typing import Any

from sqlalchemy import bindparam, select

from core.payments.queries import PAYMENT_TABLE, PAYMENTS_HELD
from core.plans.facts import InstalmentFacts, PlanFacts
from core.plans.models import Instalment, Plan
from core.schedule.queries import VISIT_DONE, VISIT_TABLE
from core.store.base import table_of
from core.store.statements import IDS, NONE, SINCE, columns_of

_plan, _instalment = table_of(Plan), table_of(Instalment)


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


REFUNDS_OF = PAYMENTS_HELD.where(PAYMENT_TABLE.c.refund_ref.in_(bindparam("refs", expanding=True)))
