"""Every table, imported in one place, so that metadata is complete for migrations and tests."""

from sqlmodel import SQLModel

from core.audit import models as audit
from core.backups import models as backups
from core.booking import models as booking
from core.cards import models as cards
from core.connections import models as connections
from core.inbox import models as inbox
from core.insurance import models as insurance
from core.invoices import models as invoices
from core.ledger import models as ledger
from core.links import models as links
from core.memberships import models as memberships
from core.messages import models as messages
from core.outbox import models as outbox
from core.overview import models as overview
from core.own_exports import models as own_exports
from core.patients import models as patients
from core.payments import card_on_file
from core.payments import models as payments
from core.plans import models as plans
from core.postings import models as postings
from core.practice import models as practice
from core.schedule import models as schedule
from core.staff import models as staff
from core.store import version
from core.tasks import models as tasks

metadata = SQLModel.metadata

__all__ = [
    "audit",
    "backups",
    "booking",
    "card_on_file",
    "cards",
    "connections",
    "inbox",
    "insurance",
    "invoices",
    "ledger",
    "links",
    "memberships",
    "messages",
    "metadata",
    "outbox",
    "overview",
    "own_exports",
    "patients",
    "payments",
    "plans",
    "postings",
    "practice",
    "schedule",
    "staff",
    "tasks",
    "version",
]
