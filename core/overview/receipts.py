"""Money that came in, each dollar once: the processor's payments, and what the desk posted beside them (DOMAIN §0, §8).

Pure. A payment's net stands on its own local date, also when it was given back later: the day is then counted anew.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from core.ledger.facts import EntryFacts
from core.payments.facts import GIVEN_BACK, PaymentFacts

NEAR_DAYS = 1  # a posting may carry the date of the day before or after (DOMAIN §3)


class Method(StrEnum):
    CARD = "card"
    BANK = "bank"
    CASH = "cash"
    CHECK = "check"
    POSTED = "posted"  # only the EHR's ledger knows of it, and does not say how it was paid
    OTHER = "other"


class Part(StrEnum):
    SERVICE = "time of service"
    PLAN = "plan"
    MEMBERSHIP = "membership"
    BALANCE = "balance"  # old balances, products, money paid ahead
    UNLINKED = "unlinked"  # nobody knows whose it is


class Receipt(NamedTuple):
    """Net cents of one day, without surcharges; below zero: more was given back than came. counted=False: the money stands on another
    patient's account (a parent paid) and only tells that this visit was paid."""

    day: date
    cents: int
    method: Method
    plan_id: int | None
    membership_id: int | None
    appointment_id: int | None
    counted: bool = True


def receipts(
    payments: Sequence[PaymentFacts],
    nets: Mapping[int, int],
    entries: Sequence[EntryFacts],
    known_orders: Collection[str],
) -> list[Receipt]:
    """One patient's receipts. nets: net_by_payment of these payments and all that belong to them.

    entries: ledger rows of the patient's part around the same days. known_orders: order ids that some payment has,
    on any account: a ledger row with one of them is that payment, not other money.
    """
    rows = [e for e in entries if e.part == "patient"]
    posted, explained = _postings(payments, rows)
    found = [_of_payment(p, nets[p.id], posted.get(p.id)) for p in payments if nets[p.id]]
    back = _given_back(payments)
    own = {p.order_id for p in payments if p.order_id}
    for entry in rows:
        if entry.id in explained or entry.kind not in ("payment", "refund"):
            continue
        if entry.kind == "refund":
            if entry.order_id in known_orders or _take(back, entry.amount_cents):
                continue
            found.append(_of_entry(entry, -entry.amount_cents))
        elif entry.order_id in known_orders:
            if entry.order_id not in own and entry.appointment_id is not None:
                found.append(_of_entry(entry, entry.amount_cents)._replace(counted=False))
        else:
            found.append(_of_entry(entry, entry.amount_cents))
    return found


def _postings(
    payments: Sequence[PaymentFacts], entries: Sequence[EntryFacts]
) -> tuple[dict[int, EntryFacts], set[int]]:
    """Payment id → the ledger row that posts it, and the ids of all rows that are some payment's.

    By order id first; then the same amount (with its fee or without) on the same day, then a day before or after. Each row serves one payment.
    """
    by_order: defaultdict[str, list[EntryFacts]] = defaultdict(list)
    by_amount: defaultdict[int, list[EntryFacts]] = defaultdict(list)
    for entry in entries:
        if entry.kind == "payment":
            by_amount[entry.amount_cents].append(entry)
            if entry.order_id:
                by_order[entry.order_id].append(entry)
    posted: dict[int, EntryFacts] = {}
    explained: set[int] = set()
    rest = []
    for payment in payments:
        if payment.refund_ref is not None or (
            payment.status != "approved" and payment.status not in GIVEN_BACK
        ):
            continue
        same = by_order.get(payment.order_id or "")
        if same:
            posted[payment.id] = same[0]
            explained.update(entry.id for entry in same)
        else:
            rest.append(payment)
    for apart in range(NEAR_DAYS + 1):
        for payment in rest:
            if payment.id in posted:
                continue
            alike = dict.fromkeys((payment.amount_cents, payment.pays_cents))
            for entry in (entry for cents in alike for entry in by_amount.get(cents, ())):
                if entry.id not in explained and abs((entry.posted_on - payment.happened_on).days) == apart:
                    posted[payment.id] = entry
                    explained.add(entry.id)
                    break
    return posted, explained


def _given_back(payments: Sequence[PaymentFacts]) -> list[tuple[int, int]]:
    """What the processor gave back, with its fee and without: the EHR's own refund rows of them are the same money."""
    return [
        (payment.amount_cents, payment.pays_cents)
        for payment in payments
        if payment.refund_ref is not None or payment.status in GIVEN_BACK
    ]


def _take(back: list[tuple[int, int]], cents: int) -> bool:
    found = next((amounts for amounts in back if cents in amounts), None)
    if found is not None:
        back.remove(found)
    return found is not None


def _of_payment(payment: PaymentFacts, cents: int, entry: EntryFacts | None) -> Receipt:
    try:
        method = Method(payment.method or "other")
    except ValueError:
        method = Method.OTHER
    plan_id = payment.plan_id or (entry.plan_id if entry else None)
    visit = entry.appointment_id if entry else None
    return Receipt(payment.happened_on, cents, method, plan_id, payment.membership_id, visit)


def _of_entry(entry: EntryFacts, cents: int) -> Receipt:
    return Receipt(entry.posted_on, cents, Method.POSTED, entry.plan_id, None, entry.appointment_id)
