"""The drafts of a membership one by one, and which payment was made by which of them (DOMAIN §3).

A payment made by the draft itself settles that draft and only that one, whatever its amount: it names the recurring, or
came on the draft's day with no failed try before it. All other money is paid by another way and is spread by age.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from core.dates import ONE_DAY, month_on, next_business_day
from core.dues.billing_days import Rhythm, draft_days, former_runs, monthly_day
from core.dues.drafts import MembershipDrafts
from core.payments.allocation import EARLY_DAYS, Due
from core.payments.facts import GIVEN_BACK, PaymentFacts, RecurringFacts

JOINED_DAYS = (
    5  # a first payment that meets no draft within so many days was paid on joining, and owes just itself
)
_AT_THE_DESK = ("cash", "check")
_ACCEPTED = ("approved", "pending")
_FAILED = ("declined", "returned")
_STOOD = (*_ACCEPTED, "charged_back")
_RUNNING = ("active", "reminder")  # a reminder is collected by a person, on its days


class Slot(NamedTuple):
    """One draft: its day, its amount, and the recurring that runs it (external id). settles: a draft can settle it; not
    so the price of a prepaid package. early: a run so long before the day is meant for it."""

    on: date
    cents: int
    ref: str | None = None
    settles: bool = True
    early: timedelta = EARLY_DAYS


class _Stream(NamedTuple):
    """What drafts a membership. stated: the known day was told, not reckoned. rests: nothing runs at present."""

    rhythm: Rhythm
    cents: int
    ref: str | None = None
    stated: bool = True
    rests: bool = False


def slots_of(
    member: MembershipDrafts,
    start_date: date,
    payments: Sequence[PaymentFacts],
    today: date,
    recurrings: Sequence[RecurringFacts],
) -> list[Slot]:
    """The drafts up to and including `today`, in time order, from the first payment that is known."""
    own = [r for r in recurrings if r.membership_id == member.membership_id and r.amount_cents]
    tries = [p for p in payments if p.refund_ref is None]
    streams = _streams(member, start_date, own)
    if member.period == "package" and not any(stream.ref for stream in streams):
        once = member.price_cents and start_date <= today
        return [Slot(start_date, member.price_cents or 0, settles=False)] if once else []
    slots = [
        slot for stream in streams for slot in _of_stream(stream, start_date, tries, today, own, len(streams))
    ]
    slots.sort(key=lambda slot: slot.on)
    if tries and streams and (not slots or (slots[0].on - tries[0].happened_on).days > JOINED_DAYS):
        slots.insert(0, Slot(tries[0].happened_on, min(streams[0].cents, tries[0].pays_cents)))
    return slots


def _streams(member: MembershipDrafts, start_date: date, own: Sequence[RecurringFacts]) -> list[_Stream]:
    """The recurrings that run; else the one that rests or ended last, for its interval; else the plan's own billing."""
    running = [r for r in own if r.status in _RUNNING]
    if not running and own:
        running = [max(own, key=lambda r: (r.status == "on_hold", r.next_run_on or date.min, r.id))]
    if not running:
        if not member.price_cents:
            return []
        every, unit = member.billing_every, member.billing_unit
        rhythm = _rhythm(member, start_date, every, unit, member.next_draft_on)
        return [_Stream(rhythm, member.price_cents, None, member.next_draft_on is not None)]
    found = []
    for one in running:
        known = one.next_run_on or member.next_draft_on
        rhythm = _rhythm(member, start_date, one.interval, one.interval_unit, known)
        rests = one.status == "on_hold"
        found.append(_Stream(rhythm, one.amount_cents, one.external_id, known is not None, rests))
    return found


def _rhythm(member: MembershipDrafts, start_date: date, every: int, unit: str, known: date | None) -> Rhythm:
    """In step with the next draft where one is told, else with the anchor."""
    if known is None:
        known = month_on(start_date, 0, member.anchor_day) if unit == "month" else start_date
    return Rhythm(every, unit, known, monthly_day(member.anchor_day, known))


def _of_stream(
    stream: _Stream,
    start_date: date,
    tries: Sequence[PaymentFacts],
    today: date,
    own: Sequence[RecurringFacts],
    streams: int,
) -> list[Slot]:
    if streams > 1:  # each has its own runs, where they are named
        tries = [p for p in tries if p.recurring_ref == stream.ref] or tries
    rhythm, early = _regular(stream.rhythm, tries), stream.rhythm.early
    if not tries:
        due = stream.stated and rhythm.known <= today and not stream.rests
        return [Slot(rhythm.known, stream.cents, stream.ref, early=early)] if due else []
    former = _former(stream, tries, own)
    now = tries[former:]
    since, until = start_date, today
    if stream.rests:
        until = min(until, tries[-1].happened_on)
    if now:
        since = max(since, now[0].happened_on - rhythm.reach)
    elif rhythm.known > tries[-1].happened_on:
        since = max(since, rhythm.known)
    told = [p for place, p in enumerate(tries[:former], 1) if p.status in _STOOD or place == former]
    found = [Slot(p.happened_on, p.pays_cents, p.recurring_ref) for p in told]
    if former:
        since = max(since, tries[former - 1].happened_on + rhythm.early + ONE_DAY)
    days = draft_days(rhythm, since, until, [p.happened_on for p in now])
    return [*found, *(Slot(on, stream.cents, stream.ref, early=early) for on in days)]


def _regular(rhythm: Rhythm, tries: Sequence[PaymentFacts]) -> Rhythm:
    """Without a retry: where the next run comes sooner after a failed one than the interval, that one's day is meant; and
    on the day of the month that the payments tell, where the next one is a month's last."""
    known = rhythm.known
    for payment in reversed(tries):
        if (
            payment.status != "declined"
            or not ONE_DAY <= known - payment.happened_on < rhythm.shortest - rhythm.late
        ):
            break
        known = payment.happened_on
    if known != rhythm.known:
        rhythm = rhythm.moved_to(known)
    if rhythm.day == known.day and _ends_month(known):  # the 28th of February may stand for the 31st
        rhythm = rhythm._replace(
            day=max([known.day, *(p.happened_on.day for p in tries if _ends_month(p.happened_on))])
        )
    return rhythm


def _ends_month(day: date) -> bool:
    return (day + ONE_DAY).day == 1


def _former(stream: _Stream, tries: Sequence[PaymentFacts], own: Sequence[RecurringFacts]) -> int:
    """How many of the first tries were drafts of another interval: each was due for itself."""
    others = {
        r.external_id
        for r in own
        if (r.interval, r.interval_unit) != (stream.rhythm.every, stream.rhythm.unit)
    }
    count = 0
    while count < len(tries) and tries[count].recurring_ref in others:
        count += 1
    if count or any(p.recurring_ref == stream.ref for p in tries if stream.ref):
        return count
    charges = []
    for payment in tries:
        if payment.status not in _ACCEPTED or payment.method in _AT_THE_DESK:
            break
        charges.append((payment.happened_on, payment.pays_cents))
    return former_runs(stream.rhythm, charges)


@dataclass(slots=True)
class Settled:
    """Slots with what of each is owed (cents), the payment that settled it, and what a failed run of it was for.

    known: payment id → place of the slot it was tried for. kept: runs that are a draft of their own. loose: money paid
    by other ways, and refunds. nets: net cents by payment.
    """

    slots: list[Slot]
    nets: Mapping[int, int]
    owed: list[int]
    runs: list[PaymentFacts | None]
    known: dict[int, int] = field(default_factory=dict)
    loose: list[PaymentFacts] = field(default_factory=list)

    def dues(self) -> list[Due]:
        """ids below 0: none of these is an instalment's."""
        return [
            Due(-1 - place, slot.on, owed)
            for place, (slot, owed) in enumerate(zip(self.slots, self.owed, strict=True))
        ]

    def paid(self) -> list[int]:
        """What its own run paid of each, in cents; what is more stays with it and pays nothing else."""
        return [
            0 if run is None else max(0, min(owed, self.nets[run.id]))
            for owed, run in zip(self.owed, self.runs, strict=True)
        ]

    def money(self) -> list[list[PaymentFacts]]:
        return [[] if run is None or not self.nets[run.id] else [run] for run in self.runs]

    def counted(self) -> dict[int, int]:
        """Nets without what stays with a draft beyond its amount."""
        own = zip(self.runs, self.paid(), strict=True)
        return {
            **self.nets,
            **{run.id: paid for run, paid in own if run is not None and run.status == "approved"},
        }


def settle(
    slots: Sequence[Slot],
    payments: Sequence[PaymentFacts],
    nets: Mapping[int, int],
    *,
    owes: Callable[[date], bool],
) -> Settled:
    """Match every try (in time order) with its draft. owes: whether a draft of that day is due at all; others are
    matched like the rest, and then left out with the money that ran by them."""
    sorting = _Sorting(list(slots))
    loose = [p for p in payments if p.refund_ref is not None or not sorting.take(p)]
    keep = [place for place, slot in enumerate(sorting.slots) if owes(slot.on)]
    places = {place: number for number, place in enumerate(keep)}
    return Settled(
        [sorting.slots[place] for place in keep],
        nets,
        [sorting.owed(place) for place in keep],
        [sorting.runs.get(place) for place in keep],
        {key: places[place] for key, place in sorting.known.items() if place in places},
        loose,
    )


class _Sorting:
    """Payments are handed in one by one, in time order."""

    def __init__(self, slots: list[Slot]) -> None:
        self.slots = slots
        self.runs: dict[int, PaymentFacts] = {}
        self.failed: dict[int, list[PaymentFacts]] = {}
        self.agreed: dict[int, int] = {}
        self.known: dict[int, int] = {}
        # places and days of all slots, and of those of each recurring
        self._places: dict[str | None, tuple[list[int], list[date]]] = {
            None: (list(range(len(slots))), [slot.on for slot in slots])
        }
        for place, slot in enumerate(slots):
            if slot.ref is not None:
                places, days = self._places.setdefault(slot.ref, ([], []))
                places.append(place)
                days.append(slot.on)

    def take(self, payment: PaymentFacts) -> bool:
        """Whether a payment belongs to its draft; False: it is money that goes to the oldest open one."""
        place = self._place(payment)
        if place is not None:
            self.known[payment.id] = place
        by_itself = self._by_itself(payment, place)
        if payment.status in _ACCEPTED:
            return by_itself and self._settle(payment, place)
        if place is not None and by_itself and (payment.status == "declined" or payment.status in GIVEN_BACK):
            self.agreed.setdefault(place, payment.pays_cents)
        if place is not None and payment.status in _FAILED:
            self.failed.setdefault(place, []).append(payment)
        return True  # nothing of it stays, so that it pays nothing

    def owed(self, place: int) -> int:
        """The slot's amount, or less where less was agreed that day."""
        run = self.runs.get(place)
        agreed = run.pays_cents if run is not None else self.agreed.get(place)
        return self.slots[place].cents if agreed is None else min(self.slots[place].cents, agreed)

    def _settle(self, payment: PaymentFacts, place: int | None) -> bool:
        if place is not None and place not in self.runs:
            self.runs[place] = payment
            return True
        if payment.recurring_ref is None:
            return False  # a second payment of the same day is no draft
        again = (p for p in sorted(self.failed) if p not in self.runs and p <= (place or 0))
        retried = next(again, None)
        if retried is not None:
            self.runs[retried], self.known[payment.id] = payment, retried
        return True  # a run that meets no draft of ours stays with itself

    def _by_itself(self, payment: PaymentFacts, place: int | None) -> bool:
        if payment.recurring_ref is not None:
            return True
        if place is None or payment.method in _AT_THE_DESK or payment.invoice_ref is not None:
            return False
        slot = self.slots[place]
        return slot.settles and _runs_on(slot.on, payment.happened_on) and place not in self.failed

    def _place(self, payment: PaymentFacts) -> int | None:
        """The draft of that day, else the one due last before it (a little early is meant for the next)."""
        among, days = self._places.get(payment.recurring_ref) or self._places[None]
        on = payment.happened_on
        upto = bisect_right(days, on)
        here = [place for place in among[max(0, upto - 4) : upto] if _runs_on(self.slots[place].on, on)]
        free = [place for place in here if place not in self.runs]
        if free or here:
            return (free or here)[-1]
        if upto < len(among) and days[upto] <= on + self.slots[among[upto]].early:
            return among[upto]
        return among[upto - 1] if upto else None


def _runs_on(due_on: date, on: date) -> bool:
    """Whether a draft of a day runs on that day: its own, or the next business day after a weekend."""
    return due_on <= on and (on == due_on or (due_on.weekday() > 4 and on <= next_business_day(due_on)))
