"""Ledger rows as the rules see them. Kind and part words are those of core/ledger/models.py."""

from datetime import date
from typing import NamedTuple


class EntryFacts(NamedTuple):
    """One ledger row. Amounts are positive: charges and refunds raise what is owed, payments and adjustments lower it
    (a negative adjustment raises it; CONTRACTS §3). patient_id may be left out where all rows are one patient's."""

    id: int
    external_id: str
    posted_on: date
    kind: str
    part: str
    amount_cents: int
    appointment_id: int | None
    plan_id: int | None
    order_id: str | None
    patient_id: int | None = None


def raises_cents(entry: EntryFacts) -> int:
    """By how much a row raises what is owed; below 0 when it lowers it."""
    return entry.amount_cents if entry.kind in ("charge", "refund") else -entry.amount_cents
