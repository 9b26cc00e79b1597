"""Which drafts of a membership were due: the part of DOMAIN §3 that no row spells out."""

from collections.abc import Mapping, Sequence
from datetime import date

from core.dues.draft_slots import Settled, settle, slots_of
from core.dues.drafts import MembershipDrafts
from core.dues.missing import DueItem
from core.payments.allocation import Allocation, Due, allocate, attempts
from core.payments.facts import PaymentFacts, RecurringFacts, net_by_payment


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

    payments: those of this membership and the refunds of them; recurrings: those that pay it, and give day, interval
    and amount. Drafts count only from the first payment we know of: nobody is told to owe for years whose payments
    live in another system. Where no payment is known, only a draft date that has passed is due.
    """
    rows = _in_time(payments, today)
    settled = _settled(member, start_date, rows, today, recurrings)
    allocation = _allocated(settled)
    dues = settled.dues()
    left = allocation.open(dues)
    if not any(left):
        return []
    tried = attempts(dues, allocation, rows, settled.counted(), today, known=settled.known)
    found: dict[str, DueItem] = {}
    for due, still, paid, all_tried in zip(dues, left, allocation.cents, tried, strict=True):
        if not still:
            continue
        key = f"{member.external_id}:{due.due_on.isoformat()}"
        item = DueItem(
            "membership", key, due.due_on, due.owed_cents, 0, paid, tuple(all_tried), (retries or {}).get(key)
        )
        found[key] = _together(found[key], item) if key in found else item
    return list(found.values())


def membership_dues(
    member: MembershipDrafts,
    start_date: date,
    payments: Sequence[PaymentFacts],
    today: date,
    *,
    recurrings: Sequence[RecurringFacts] = (),
) -> list[Due]:
    """All drafts of one membership that were due up to and including `today`, paid or not; else as membership_items."""
    return _settled(member, start_date, _in_time(payments, today), today, recurrings).dues()


def lower_drafts(
    member: MembershipDrafts,
    start_date: date,
    payments: Sequence[PaymentFacts],
    today: date,
    *,
    recurrings: Sequence[RecurringFacts] = (),
) -> list[tuple[date, int, int]]:
    """Drafts that ran for less than they are now, as was agreed that day: (day, what came, today's amount), cents."""
    settled = _settled(member, start_date, _in_time(payments, today), today, recurrings)
    return [
        (slot.on, owed, slot.cents)
        for slot, owed, run in zip(settled.slots, settled.owed, settled.runs, strict=True)
        if run and owed < slot.cents
    ]


def _in_time(payments: Sequence[PaymentFacts], today: date) -> list[PaymentFacts]:
    return sorted((p for p in payments if p.happened_on <= today), key=lambda p: (p.happened_at, p.id))


def _settled(
    member: MembershipDrafts,
    start_date: date,
    rows: Sequence[PaymentFacts],
    today: date,
    recurrings: Sequence[RecurringFacts],
) -> Settled:
    slots = slots_of(member, start_date, rows, today, recurrings)
    return settle(slots, rows, net_by_payment(rows), owes=lambda on: _owes(member, on))


def _allocated(settled: Settled) -> Allocation:
    """What settled each draft, and what was paid by other ways: the oldest open draft first."""
    dues = settled.dues()
    own = settled.paid()
    left = [Due(due.id, due.due_on, due.owed_cents - paid) for due, paid in zip(dues, own, strict=True)]
    loose = settled.loose
    short = -sum(settled.nets[p.id] for p in loose)
    for place in reversed(range(len(own))):  # a refund of nobody knows what takes the newest money first
        taken = max(0, min(own[place], short))
        own[place] -= taken
        left[place] = left[place]._replace(owed_cents=left[place].owed_cents + taken)
        short -= taken
    more = allocate(left, loose, settled.nets)
    return Allocation(
        [paid + cents for paid, cents in zip(own, more.cents, strict=True)],
        [[*runs, *other] for runs, other in zip(settled.money(), more.paid_by, strict=True)],
        more.left_cents,
    )


def _together(one: DueItem, other: DueItem) -> DueItem:
    """Two drafts of one day, by two recurrings: one item."""
    return one._replace(
        amount_cents=one.amount_cents + other.amount_cents,
        allocated_cents=one.allocated_cents + other.allocated_cents,
        attempts=(*one.attempts, *other.attempts),
    )


def _owes(member: MembershipDrafts, on: date) -> bool:
    if member.end_date is not None and on > member.end_date:
        return False
    if member.status == "cancelled" and member.end_date is None:
        return False
    if member.frozen_from is None and member.frozen_to is None:
        return member.status != "paused"
    return not (member.frozen_from or date.min) <= on <= (member.frozen_to or date.max)
