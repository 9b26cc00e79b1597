"""Which money pays which due item: its own link first, then the oldest due (DOMAIN §3)."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import NamedTuple

from core.payments.facts import GIVEN_BACK, PaymentFacts

EARLY_DAYS = timedelta(days=3)  # a draft that runs a little before its due date is meant for that date


class Due(NamedTuple):
    """Something to be paid. owed_cents = amount − waived, never below 0. postponed: inside a pause, so that money
    tied to nothing reaches it only after everything else."""

    id: int
    due_on: date
    owed_cents: int
    postponed: bool = False


class Allocation(NamedTuple):
    """By place in the list of dues: cents that reached it and the payments they came from. left_cents: paid beyond."""

    cents: list[int]
    paid_by: list[list[PaymentFacts]]
    left_cents: int

    def open(self, dues: Sequence[Due]) -> list[int]:
        """What is still open of each due item, in cents."""
        return [due.owed_cents - paid for due, paid in zip(dues, self.cents, strict=True)]


def allocate(dues: Sequence[Due], payments: Sequence[PaymentFacts], nets: Mapping[int, int]) -> Allocation:
    """Spread the net of each payment (in time order) over `dues` (in due order). Sums always hold:
    Σ allocated + left = Σ net, never below 0.

    A refund whose payment is not among these takes from the newest money first.
    """
    givers = [p for p in payments if nets[p.id] > 0]
    money = [nets[p.id] for p in givers]
    owing_back = -sum(net for net in (nets[p.id] for p in payments) if net < 0)
    for i in reversed(range(len(money))):
        taken = min(money[i], owing_back)
        money[i] -= taken
        owing_back -= taken
    cents = [0] * len(dues)
    paid_by: list[list[PaymentFacts]] = [[] for _ in dues]

    def pay(place: int, giver: int) -> int:
        """Move what fits; returns the room that is left there."""
        room = dues[place].owed_cents - cents[place]
        part = min(money[giver], room)
        if part:
            cents[place] += part
            money[giver] -= part
            paid_by[place].append(givers[giver])
        return room - part

    places = {due.id: place for place, due in enumerate(dues)}
    for i, giver in enumerate(givers):
        if giver.instalment_id in places:
            pay(places[giver.instalment_id], i)
    order = [i for i, due in enumerate(dues) if not due.postponed]
    if len(order) < len(dues):
        order += [i for i, due in enumerate(dues) if due.postponed]
    first, count = 0, len(order)
    for i in range(len(givers)):
        while money[i] and first < count:
            if not pay(order[first], i):
                first += 1
    return Allocation(cents, paid_by, sum(money))


def attempts(
    dues: Sequence[Due],
    allocation: Allocation,
    payments: Sequence[PaymentFacts],
    nets: Mapping[int, int],
    today: date,
    *,
    explain_oldest: bool = True,
    known: Mapping[int, int] | None = None,
) -> list[list[PaymentFacts]]:
    """Per due item everything that was tried for it: what paid it, and what failed, came back or is on its way.

    A failed payment belongs to its own instalment, else to the one due last before it. Where that one has since
    been paid with other money, it explains the oldest amount still open, unless all was paid in between
    (explain_oldest=False: never; where each item is paid by itself). known: payment id → place of its item, where that is
    known better than by the days.
    """
    found = allocation.paid_by
    failed = [p for p in payments if nets[p.id] < p.pays_cents and _came_to_nothing(p)]
    if not failed:
        return found
    still_open = allocation.open(dues)
    oldest = next((i for i, due in enumerate(dues) if still_open[i] and not due.postponed), None)
    if oldest is None or dues[oldest].due_on > today:
        return found
    found = [list(paid) for paid in found]
    days = [due.due_on for due in dues]
    places = {due.id: place for place, due in enumerate(dues)}
    whole_on = _last_whole_day(dues, payments, nets) if explain_oldest else date.max
    for payment in failed:
        place = None if payment.instalment_id is None else places.get(payment.instalment_id)
        if known is not None:
            place = known.get(payment.id)
        if place is None:
            place = max(bisect_right(days, payment.happened_on + EARLY_DAYS) - 1, 0)
        if not still_open[place] and (whole_on is None or payment.happened_on > whole_on):
            place = oldest
        if still_open[place]:
            found[place] += _shown(payment, payments)
            found[place].sort(key=attrgetter("happened_at"))
    return found


def _shown(payment: PaymentFacts, payments: Sequence[PaymentFacts]) -> list[PaymentFacts]:
    """A failed payment itself; of an accepted one the refunds that took from it."""
    if payment.status != "approved":
        return [payment]
    key = (payment.connection_id, payment.external_id)
    return [p for p in payments if p.status == "approved" and (p.connection_id, p.refund_ref) == key]


def _came_to_nothing(payment: PaymentFacts) -> bool:
    """Of payments whose net is short of their amount: declined, given back in whole or part, or still pending."""
    if payment.refund_ref is not None:
        return False
    return payment.status in ("approved", "declined", "pending") or payment.status in GIVEN_BACK


def _last_whole_day(
    dues: Sequence[Due], payments: Sequence[PaymentFacts], nets: Mapping[int, int]
) -> date | None:
    """The last day on which a payment left nothing due open: what failed up to then has been made good."""
    paid = owed = due_count = 0
    whole_on = None
    for payment in payments:
        net = nets[payment.id]
        if net <= 0:
            continue
        paid += net
        while due_count < len(dues) and dues[due_count].due_on <= payment.happened_on:
            owed += 0 if dues[due_count].postponed else dues[due_count].owed_cents
            due_count += 1
        if paid >= owed:
            whole_on = payment.happened_on
    return whole_on
