"""The resources of the processor, each with its shape, its envelope and its related records."""

from datetime import date

from data.sandbox.fortis import expands, link_expands, link_fields, records, ticket_fields
from data.sandbox.fortis.resources import Resource
from data.sandbox.state import Record, State

_RUNNING = "SELECT count(*) FROM recurrings WHERE token_id = ? AND json_extract(said, '$.status') != 'ended'"


def _fresh_token(state: State, token: Record) -> Record:
    used = state.select("SELECT 1 FROM recurrings WHERE token_id = ? LIMIT 1", [token["id"]])
    return {
        "expiring_in_months": _months_left(token["exp_date"], state.today(None)),
        "has_recurring": bool(used),
    }


def _months_left(exp_date: str | None, today: date) -> int | None:
    """Whole months until a card of MMYY expires, negative once it has; null for a bank account."""
    if not exp_date:
        return None
    return (2000 + int(exp_date[2:])) * 12 + int(exp_date[:2]) - (today.year * 12 + today.month)


LOCATIONS = Resource(
    "locations",
    "locations",
    "Location",
    records.LOCATION,
    records.EXPANDS["LOCATION"],
    {"location_type": "merchant"},
    expand=expands.of_location,
)
PRODUCT_TRANSACTIONS = Resource(
    "product_transactions",
    "product-transactions",
    "ProductTransaction",
    records.PRODUCT_TRANSACTION,
    (),
    {"active": True, "currency_code": "840", "currency": "USD"},
)
CONTACTS = Resource(
    "contacts",
    "contacts",
    "Contact",
    records.CONTACT,
    records.EXPANDS["CONTACT"],
    {"active": True, "header_message_type": 0},
    expand=expands.of_contact,
)
TOKENS = Resource(
    "tokens",
    "tokens",
    "Token",
    records.TOKEN,
    records.EXPANDS["TOKEN"],
    {"active": True, "cau_summary_status_id": 0},
    fresh=_fresh_token,
    expand=expands.of_token,
)
RECURRINGS = Resource(
    "recurrings",
    "recurrings",
    "Recurring",
    records.RECURRING,
    records.EXPANDS["RECURRING"],
    {"active": True, "status": "active", "currency": "USD", "recurring_type_id": "o"},
    expand=expands.of_recurring,
)
DECLINED = Resource(
    "declined_recurring_transactions",
    "declined-recurring-transactions",
    "DeclinedRecurringTransaction",
    records.DECLINED_RECURRING,
    records.EXPANDS["DECLINED_RECURRING"],
    {"status": "unpaid"},
    expand=expands.of_declined,
)
TRANSACTIONS = Resource(
    "transactions",
    "transactions",
    "Transaction",
    records.TRANSACTION,
    records.EXPANDS["TRANSACTION"],
    {"currency_code": "840", "currency": "USD", "type_id": 20},
    expand=expands.of_transaction,
)
QUICK_INVOICES = Resource(
    "quick_invoices",
    "quick-invoices",
    "QuickInvoice",
    link_fields.QUICK_INVOICE,
    link_fields.INVOICE_EXPANDS,
    {"active": True, "is_active": True},
    expand=link_expands.of_invoice,
    late=True,
)
PAYLINKS = Resource(
    "paylinks",
    "paylinks",
    "Paylink",
    link_fields.PAYLINK,
    link_fields.PAYLINK_EXPANDS,
    {"active": True, "status_code": 0},
    expand=link_expands.of_paylink,
)
TICKETS = Resource("tickets", "tickets", "Ticket", ticket_fields.TICKET, (), {})
BATCHES = Resource(
    "batches",
    "batches",
    "Batch",
    records.BATCH,
    (),
    {"currency_code": "840", "currency": "USD", "is_open": 0},
)
READABLE = (
    LOCATIONS,
    CONTACTS,
    TOKENS,
    RECURRINGS,
    DECLINED,
    TRANSACTIONS,
    QUICK_INVOICES,
    PAYLINKS,
    TICKETS,
    BATCHES,
)
ALL = {each.name: each for each in (*READABLE, PRODUCT_TRANSACTIONS)}
