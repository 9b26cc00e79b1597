"""The select behind every reading of payments: their facts, without rows that are gone."""

from sqlalchemy import select

from core.payments.facts import PaymentFacts
from core.payments.models import Payment
from core.store.base import table_of
from core.store.statements import NONE, columns_of

PAYMENT_TABLE = table_of(Payment)
PAYMENTS_HELD = select(*columns_of(Payment, PaymentFacts, happened_on=NONE)).where(
    PAYMENT_TABLE.c.gone_at.is_(None)
)
