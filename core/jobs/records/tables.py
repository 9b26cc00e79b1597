"""Which of our tables holds which of a processor's resources (core/connections/resources.py)."""

from core.cards.models import Card
from core.connections.models import MerchantAccount, ProcessorLocation, ProcessorUser
from core.patients.models import ProcessorContact
from core.payments.models import DeclinedDraft, Payment, Recurring
from core.store.base import Synced

MODELS: dict[str, type[Synced]] = {
    "locations": ProcessorLocation,
    "product-transactions": MerchantAccount,
    "contacts": ProcessorContact,
    "tokens": Card,
    "recurrings": Recurring,
    "transactions": Payment,
    "declined-recurring-transactions": DeclinedDraft,
    "users": ProcessorUser,
    "customers": ProcessorContact,
    "billing": Card,
    "auto-debits": Recurring,
    "payments": Payment,
    "alerts": DeclinedDraft,
}
