"""Which drafts of a membership were due: the part of DOMAIN §3 that no row spells out."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from core.dues.billing_days import draft_days
from core.dues.drafts import MembershipDrafts
from core.dues.missing import DueItem
from core.payments.allocation import EARLY_DAYS, Due, allocate, attempts
from core.payments.facts import PaymentFacts, RecurringFacts, net_by_payment

REACH_DAYS = 25  # the first payment we hold belongs to a draft at most this long before it …
JOINED_DAYS = 5  # … or this soon after it; otherwise it was paid on joining, and is a due item of its own


def membership_items(
    member: MembershipDrafts,
    start_date: date,
    payments: Sequence[PaymentFacts],
    today: date,
    *,
    recurrings: Sequence[RecurringFacts] = (),
    retries: Mapping[str, date] | None = None,
) -> list[DueItem]:
    """The open drafts of one membership up to and including `today` (local), oldest first.

    payments: those of this membership and the refunds of them; recurrings: those that pay it. Drafts count only from
    the first payment we know of: nobody is told to owe for years whose payments live in another system. Where no
    payment is known, only a draft date that has passed is due. An active recurring's amount is the price.
    """
    rows = sorted((p for p in payments if p.happened_on <= today), key=lambda p: (p.happened_at, p.id))
    nets = net_by_payment(rows)
    dues = _dues(member, start_date, rows, nets, today, recurrings)
    if not dues:
        return []
    allocation = allocate(dues, rows, nets)
    left = allocation.open(dues)
    if not any(left):
        return []
    tried = attempts(dues, allocation, rows, nets, today)
    found = []
    for due, still, paid, all_tried in zip(dues, left, allocation.cents, tried, strict=True):
        key = f"{member.external_id}:{due.due_on.isoformat()}"
        retry = (retries or {}).get(key)
        if still:
            found.append(
                DueItem("membership", key, due.due_on, due.owed_cents, 0, paid, tuple(all_tried), retry)
            )
    return found


def membership_dues(
    member: MembershipDrafts,
    start_date: date,
    payments: Sequence[PaymentFacts],
    today: date,
    *,
    recurrings: Sequence[RecurringFacts] = (),
) -> list[Due]:
    """All drafts of one membership that were due up to and including `today`, paid or not; else as membership_items."""
    rows = sorted((p for p in payments if p.happened_on <= today), key=lambda p: (p.happened_at, p.id))
    return _dues(member, start_date, rows, net_by_payment(rows), today, recurrings)


def _dues(
    member: MembershipDrafts,
    start_date: date,
    payments: Sequence[PaymentFacts],
    nets: Mapping[int, int],
    today: date,
    recurrings: Sequence[RecurringFacts],
) -> list[Due]:
    own = [r for r in recurrings if r.status == "active" and r.membership_id == member.membership_id]
    price = own[0].amount_cents if own else member.price_cents
    planned = (own[0].next_run_on if own else None) or member.next_draft_on
    if not price:
        return []
    amounts = _due_amounts(member, start_date, planned, price, payments, nets, today)
    # ids below 0: none of these is an instalment's
    return [Due(-1 - place, on, cents) for place, (on, cents) in enumerate(amounts) if _owes(member, on)]


def _due_amounts(
    member: MembershipDrafts,
    start_date: date,
    planned: date | None,
    price: int,
    payments: Sequence[PaymentFacts],
    nets: Mapping[int, int],
    today: date,
) -> list[tuple[date, int]]:
    """Draft days up to today and the amount of each, in time order."""
    first = next((p for p in payments if p.refund_ref is None), None)
    if first is None:
        return [(planned, price)] if planned is not None and planned <= today else []
    since = max(start_date, first.happened_on - timedelta(days=REACH_DAYS))
    run_on = [p.happened_on for p in payments if p.refund_ref is None]
    days = draft_days(member.anchor_day, planned or start_date, since, today, run_on)
    amounts = _prices(days, price, payments, nets)
    if not days or (days[0] - first.happened_on).days > JOINED_DAYS:
        amounts.insert(0, (first.happened_on, min(price, first.amount_cents)))
    return amounts


def _owes(member: MembershipDrafts, on: date) -> bool:
    if member.end_date is not None and on > member.end_date:
        return False
    if member.status == "cancelled" and member.end_date is None:
        return False
    if member.frozen_from is None and member.frozen_to is None:
        return member.status != "paused"
    return not (member.frozen_from or date.min) <= on <= (member.frozen_to or date.max)


def _prices(
    days: Sequence[date], price: int, payments: Sequence[PaymentFacts], nets: Mapping[int, int]
) -> list[tuple[date, int]]:
    """The price, except where a lower amount was paid whole at two draft days or more: it was the price back then.

    One lower payment alone is a part payment.
    """
    paid_at: dict[int, int] = {}
    for payment in payments:
        cents = payment.amount_cents
        if 0 < cents < price and nets[payment.id] == cents:
            place = bisect_left(days, payment.happened_on + EARLY_DAYS + timedelta(days=1)) - 1
            paid_at.setdefault(max(place, 0), cents)
    times = Counter(paid_at.values())
    return [
        (on, paid_at[place] if times[paid_at.get(place, 0)] > 1 else price) for place, on in enumerate(days)
    ]
