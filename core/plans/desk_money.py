"""Money that stands only in the EHR's ledger, cash or a check taken at the desk, and what of it pays a plan (DOMAIN §3). Pure.

A ledger row is one payment's posting when it has its order id, else when it has its amount within a day; a row is one
payment's at most. What is left over is money that no processor knows of.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, time, tzinfo
from typing import NamedTuple

from core.ledger.facts import EntryFacts
from core.payments.facts import GIVEN_BACK, PaymentFacts

DESK = -1  # the connection of such money: no processor's
NEAR_DAYS = 1
_CAME = frozenset({"approved", "pending", *GIVEN_BACK})


class DeskRow(NamedTuple):
    """A ledger row of a plan. instalment_id: the instalment a person said it paid; None: oldest due first."""

    entry: EntryFacts
    plan_id: int
    instalment_id: int | None = None


def unexplained(
    entries: Iterable[EntryFacts], payments: Sequence[PaymentFacts], orders: Collection[str] = ()
) -> list[EntryFacts]:
    """The payments and what was taken back among these ledger rows, without those that some payment explains.

    payments: of any status; those that never came explain nothing but by their order id. orders: order ids of further
    payments, on any account.
    """
    rows = sorted((e for e in entries if e.part == "patient"), key=lambda e: (e.posted_on, e.id))
    known = {p.order_id for p in payments if p.order_id}.union(orders)
    posted = {e.order_id for e in rows if e.order_id}
    came = [p for p in payments if p.refund_ref is None and p.status in _CAME and p.order_id not in posted]
    back = Counter(p.amount_cents for p in payments if p.refund_ref is not None or (p.status in GIVEN_BACK))
    by_amount: defaultdict[int, list[PaymentFacts]] = defaultdict(list)
    for payment in came:
        for shown in {payment.amount_cents, payment.pays_cents}:  # the ledger may show either (DOMAIN §3)
            by_amount[shown].append(payment)
    used: set[int] = set()
    found = []
    for row in rows:
        if row.order_id and row.order_id in known:
            continue
        if row.kind == "payment":
            apart = {
                abs((p.happened_on - row.posted_on).days): p
                for p in reversed(by_amount[row.amount_cents])
                if p.id not in used and abs((p.happened_on - row.posted_on).days) <= NEAR_DAYS
            }
            if apart:
                used.add(apart[min(apart)].id)
                continue
            found.append(row)
        elif taken_back_cents(row):
            if row.kind == "refund" and back[taken_back_cents(row)]:
                back[taken_back_cents(row)] -= 1
                continue
            found.append(row)
    return found


def taken_back_cents(entry: EntryFacts) -> int:
    """What a refund, or a negative adjustment, takes back of the money the ledger shows; 0 for every other row."""
    if entry.kind == "refund":
        return entry.amount_cents
    return -entry.amount_cents if entry.kind == "adjustment" and entry.amount_cents < 0 else 0


def still_there(rows: Sequence[EntryFacts]) -> list[EntryFacts]:
    """Of unexplained rows the payments that were not taken back whole by a later row of the same amount."""
    there: list[EntryFacts] = []
    for row in rows:
        cents = taken_back_cents(row)
        if not cents:
            there.append(row)
            continue
        gone = next((one for one in reversed(there) if one.amount_cents == cents), None)
        if gone is not None:
            there.remove(gone)
    return there


def desk_payments(
    rows: Sequence[DeskRow], payments: Sequence[PaymentFacts], zone: tzinfo, orders: Collection[str] = ()
) -> list[PaymentFacts]:
    """Payments of one plan that its ledger rows stand for, as the rules read payments; ids below 0, connection DESK.

    payments: those of the plan. A refund row takes from the latest of these payments of the same amount, else from the
    newest money; a negative adjustment only from what these rows brought.
    """
    by_entry = {row.entry.id: row for row in rows}
    found: list[PaymentFacts] = []
    brought = 0
    for entry in unexplained([row.entry for row in rows], payments, orders):
        row, cents = by_entry[entry.id], taken_back_cents(entry)
        if not cents:
            found.append(_payment(row, entry.amount_cents, None, zone))
            brought += entry.amount_cents
            continue
        if entry.kind == "adjustment":
            cents = min(cents, brought)
        if not cents:
            continue
        taken = {p.refund_ref for p in found if p.refund_ref}
        same = [
            p
            for p in found
            if p.refund_ref is None and p.amount_cents == cents and p.external_id not in taken
        ]
        found.append(
            _payment(row, cents, same[-1].external_id if same else f"before {entry.external_id}", zone)
        )
        brought = max(0, brought - cents)
    return found


def _payment(row: DeskRow, cents: int, refund_ref: str | None, zone: tzinfo) -> PaymentFacts:
    entry = row.entry
    noon = datetime.combine(entry.posted_on, time(12), zone).astimezone(UTC)
    return PaymentFacts(
        id=-entry.id,
        external_id=entry.external_id,
        patient_id=entry.patient_id,
        plan_id=row.plan_id,
        instalment_id=None if refund_ref else row.instalment_id,
        membership_id=None,
        happened_at=noon,
        happened_on=entry.posted_on,
        amount_cents=cents,
        status="approved",
        reason_code=None,
        refund_ref=refund_ref,
        order_id=entry.order_id,
        method="desk",
        connection_id=DESK,
    )
