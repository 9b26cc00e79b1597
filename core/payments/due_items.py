"""What was due, item by item: instalments of a plan, drafts of a membership, charges of a visit (DOMAIN §3)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from core.dates import month_on
from core.ledger.facts import EntryFacts
from core.payments.allocation import Due, allocate, attempts
from core.payments.drafts import MembershipDrafts
from core.payments.facts import PaymentFacts, RecurringFacts, net_by_payment
from core.payments.missing import DueItem
from core.plans.facts import InstalmentState, PlanFinding, PlanState

FIRST_DRAFT_REACH = timedelta(
    days=25
)  # the first payment we hold belongs to a draft at most this long before it


def instalment_items(finding: PlanFinding, retries: Mapping[str, date] | None = None) -> list[DueItem]:
    """The late instalments of a judged plan. retries: planned retry by the instalment's external id.

    A plan that was ended early is frozen until a person decides: none of it is called missing (DOMAIN §4).
    """
    if finding.state is PlanState.SETTLEMENT:
        return []
    return [
        DueItem(
            "instalment",
            one.external_id,
            one.due_on,
            one.amount_cents,
            one.waived_cents,
            one.allocated_cents,
            one.attempts,
            (retries or {}).get(one.external_id),
        )
        for one in finding.instalments
        if one.state is InstalmentState.LATE
    ]


def membership_items(
    member: MembershipDrafts,
    start_date: date,
    payments: Sequence[PaymentFacts],
    today: date,
    *,
    recurrings: Sequence[RecurringFacts] = (),
    retries: Mapping[str, date] | None = None,
) -> list[DueItem]:
    """The open drafts of one membership up to `today` (local).

    payments: those of this membership and the refunds of them; recurrings: those that pay it. Drafts count only from
    the first payment we know of: nobody is told to owe for years whose payments live in another system. Where no
    payment is known, only a draft date that has passed is due. An active recurring's amount is the price; a lower
    amount paid at two drafts or more was the price at the time.
    """
    own = [r for r in recurrings if r.status == "active" and r.membership_id == member.membership_id]
    price = own[0].amount_cents if own else member.price_cents
    planned = own[0].next_run_on if own and own[0].next_run_on else member.next_draft_on
    if not price:
        return []
    rows = sorted((p for p in payments if p.happened_on <= today), key=lambda p: (p.happened_at, p.id))
    first = next((p.happened_on for p in rows if p.refund_ref is None), None)
    since = planned if first is None else max(start_date, first - FIRST_DRAFT_REACH)
    if since is None:
        return []
    days = [on for on in _draft_days(member, planned or start_date, since, today) if _owes(member, on)]
    if not days:
        return []
    nets = net_by_payment(rows)
    dues = [Due(-1 - place, on, cents) for place, (on, cents) in enumerate(_prices(days, price, rows, nets))]
    allocation = allocate(dues, rows, nets)
    left = allocation.open(dues)
    if not any(left):
        return []
    tried = attempts(dues, allocation, rows, nets, today)
    items = []
    for place, due in enumerate(dues):
        if left[place]:
            key = f"{member.external_id}:{due.due_on.isoformat()}"
            paid = allocation.cents[place]
            retry = (retries or {}).get(key)
            items.append(
                DueItem("membership", key, due.due_on, due.owed_cents, 0, paid, tuple(tried[place]), retry)
            )
    return items


def _draft_days(member: MembershipDrafts, some_draft: date, since: date, today: date) -> Iterator[date]:
    """Monthly draft days from `since` through `today`, in step with a draft day we know."""
    day = member.anchor_day or some_draft.day
    if some_draft.day != month_on(some_draft, 0, day).day:
        day = some_draft.day
    on = month_on(since, 0, day)
    months = 0
    while on <= today:
        if on >= since:
            yield on
        months += 1
        on = month_on(since, months, day)


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
    """The amount of each draft day: the price, or the lower amount that was the regular one back then."""
    paid_at: dict[int, int] = {}
    for payment in payments:
        cents = payment.amount_cents
        if 0 < cents < price and nets[payment.id] == cents:
            place = max(bisect_left(days, payment.happened_on + timedelta(days=4)) - 1, 0)
            paid_at.setdefault(place, cents)
    times = Counter(paid_at.values())
    return [
        (on, paid_at[place] if times[paid_at.get(place, 0)] > 1 else price) for place, on in enumerate(days)
    ]


def visit_items(
    entries: Sequence[EntryFacts], unposted: Sequence[PaymentFacts], today: date
) -> list[DueItem]:
    """Patient-part charges of visits that are still open; charges of plans are the plan's business.

    entries: the patient's whole ledger. unposted: accepted payments that the ledger does not have yet and that pay for
    no plan and no membership; other unposted rows (declined, pending) are shown as attempts at the latest charge
    before them. Credits go to their own visit first, then to the oldest charge.
    """
    rows = [e for e in entries if e.part == "patient" and e.plan_id is None and e.posted_on <= today]
    charges = sorted((e for e in rows if _is_charge(e)), key=lambda e: (e.posted_on, e.id))
    if not any(e.appointment_id is not None for e in charges):
        return []
    loose = [p for p in unposted if _is_loose(p) and p.happened_on <= today]
    nets = net_by_payment(loose)
    left = [abs(e.amount_cents) for e in charges]
    _spread(charges, left, rows)
    if not any(left):
        return []
    dues = [
        Due(-1 - place, e.posted_on, cents)
        for place, (e, cents) in enumerate(zip(charges, left, strict=True))
    ]
    rows_in_time = sorted(loose, key=lambda p: (p.happened_at, p.id))
    allocation = allocate(dues, rows_in_time, nets)
    tried = attempts(dues, allocation, rows_in_time, nets, today)
    return [
        DueItem(
            "visit",
            charge.external_id,
            charge.posted_on,
            abs(charge.amount_cents),
            0,
            abs(charge.amount_cents) - still,
            tuple(tried[place]),
        )
        for place, (charge, still) in enumerate(zip(charges, allocation.open(dues), strict=True))
        if still and charge.appointment_id is not None
    ]


def _is_loose(payment: PaymentFacts) -> bool:
    return payment.plan_id is None and payment.instalment_id is None and payment.membership_id is None


def _is_charge(entry: EntryFacts) -> bool:
    """A charge, or a negative adjustment, which raises what is owed all the same."""
    return (
        entry.amount_cents > 0
        if entry.kind == "charge"
        else entry.kind == "adjustment" and entry.amount_cents < 0
    )


def _spread(charges: Sequence[EntryFacts], left: list[int], rows: Sequence[EntryFacts]) -> None:
    """Take credits off `left` (cents by charge). Refunds first take from the credits of their own visit, then from any."""
    own: Counter[int] = Counter()
    free = 0
    for row in rows:
        if row.kind == "refund" or (row.kind in ("payment", "adjustment") and row.amount_cents > 0):
            cents = -row.amount_cents if row.kind == "refund" else row.amount_cents
            if row.appointment_id is None:
                free += cents
            else:
                own[row.appointment_id] += cents
    for place, charge in enumerate(charges):
        credit = own.get(charge.appointment_id, 0) if charge.appointment_id is not None else 0
        if credit > 0 and charge.appointment_id is not None:
            taken = min(left[place], credit)
            left[place] -= taken
            own[charge.appointment_id] -= taken
    free += sum(own.values())
    for place in range(len(left)):
        taken = max(0, min(left[place], free))
        left[place] -= taken
        free -= taken
