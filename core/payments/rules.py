"""The rules about payments, in one place to import from.

What is left of a payment: facts.py. Which money pays what: allocation.py. Coming drafts: drafts.py. What was due:
due_items.py, membership_items.py. What is missing and why: missing.py. Ledger against processor: posting.py. Decline codes: reasons.py.
"""

from core.dues.drafts import MembershipDrafts, PlanInstalments, plan_instalments, upcoming_drafts
from core.dues.due_items import instalment_items, visit_items
from core.dues.membership_items import membership_items
from core.dues.missing import (
    DueItem,
    MissingPayment,
    MissingReason,
    charge_of_item,
    is_missing,
    missing_payments,
)
from core.dues.posting_problems import (
    Matched,
    PostingProblem,
    PostingState,
    cash_rows,
    match_ledger,
    posting_problems,
    unposted_payments,
)
from core.payments.facts import PaymentFacts, RecurringFacts, net_by_payment, pending_cents
from core.payments.reasons import Reason, reason_of

__all__ = [
    "DueItem",
    "Matched",
    "MembershipDrafts",
    "MissingPayment",
    "MissingReason",
    "PaymentFacts",
    "PlanInstalments",
    "PostingProblem",
    "PostingState",
    "Reason",
    "RecurringFacts",
    "cash_rows",
    "charge_of_item",
    "instalment_items",
    "is_missing",
    "match_ledger",
    "membership_items",
    "missing_payments",
    "net_by_payment",
    "pending_cents",
    "plan_instalments",
    "posting_problems",
    "reason_of",
    "unposted_payments",
    "upcoming_drafts",
    "visit_items",
]
