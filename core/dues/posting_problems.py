"""Money the processor took and the ledger does not show, or shows twice: not the patient's fault (DOMAIN §3)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from core import clock
from core.dates import clock_words, short_day
from core.ledger.facts import EntryFacts
from core.ledger.rules import Waiting
from core.money import short_dollars
from core.payments.facts import PaymentFacts, net_by_payment
from core.severity import Severity

POST_WITHIN = timedelta(minutes=60)
LOOK_BACK = timedelta(days=90)
SAME_DAY_OR_NEXT = 1


class PostingState(StrEnum):
    ACCEPTED_NOT_POSTED = "ACCEPTED_NOT_POSTED"
    POSTED_TWICE = "POSTED_TWICE"


@dataclass(frozen=True, slots=True)
class PostingProblem:
    """amount_cents: what is not posted, or posted too much. payment: the processor's row where it is known."""

    state: PostingState
    patient_id: int | None
    amount_cents: int
    payment: PaymentFacts | None
    severity: Severity
    sentence: str
    evidence: tuple[tuple[str, str], ...]


class Matched(NamedTuple):
    """Which ledger rows belong to a payment, and the accepted payments of the last 90 days without a row, each with
    what is left of it after refunds (cents)."""

    rows: frozenset[int]
    unposted: tuple[tuple[PaymentFacts, int], ...]


def match_ledger(
    payments: Sequence[PaymentFacts], ledger_entries: Sequence[EntryFacts], as_of: datetime
) -> Matched:
    """Match payments to ledger payments, by order id first, then by patient and amount (with its fee or without) within a
    day.

    A ledger row serves one payment. as_of: aware UTC. Older payments than the look-back need no row any more.
    """
    since = as_of - LOOK_BACK
    near = [p for p in payments if p.happened_at >= since - timedelta(days=SAME_DAY_OR_NEXT + 1)]
    if not near:
        return Matched(frozenset(), ())
    ledger = [e for e in ledger_entries if e.kind == "payment" and e.part == "patient"]
    taken, unposted = _match(near, ledger)
    nets = net_by_payment(payments) if unposted else {}
    left = ((p, nets[p.id]) for p in unposted if since <= p.happened_at <= as_of)
    return Matched(frozenset(taken), tuple((p, cents) for p, cents in left if cents > 0))


def posting_problems(
    payments: Sequence[PaymentFacts],
    ledger_entries: Sequence[EntryFacts],
    as_of: datetime,
    *,
    posts_ledger: bool = True,
    matched: Matched | None = None,
) -> list[PostingProblem]:
    """Accepted payments of the last 90 days without a ledger row after 60 minutes, and payments posted twice.

    as_of: aware UTC. posts_ledger=False: this practice's ledger does not reach us at all, so nothing is said.
    """
    if not posts_ledger:
        return []
    found = matched or match_ledger(payments, ledger_entries, as_of)
    late = [
        p
        for p, _ in found.unposted
        if p.method in ("card", "bank", None) and p.happened_at < as_of - POST_WITHIN
    ]
    return [_not_posted(p, as_of) for p in late] + _posted_twice(payments, ledger_entries, as_of)


def unposted_payments(
    payments: Sequence[PaymentFacts],
    ledger_entries: Sequence[EntryFacts],
    as_of: datetime,
    *,
    matched: Matched | None = None,
) -> list[PaymentFacts]:
    """Accepted payments of the last 90 days that the ledger does not have, however young, each with what is left of
    it after refunds as its amount (cents)."""
    found = matched or match_ledger(payments, ledger_entries, as_of)
    return [
        p if p.amount_cents == cents else p._replace(amount_cents=cents, surcharge_cents=0)
        for p, cents in found.unposted
    ]


def waiting_to_post(unposted: Sequence[PaymentFacts], time_zone: str, today: date) -> Waiting:
    """What was paid and the ledger does not have yet: cents, and when the latest of it was paid on the location's wall."""
    if not unposted:
        return Waiting(0, "")
    last = max(unposted, key=lambda p: (p.happened_at, p.id))
    local = last.happened_at.astimezone(clock.zone(time_zone))
    when = clock_words(local) if local.date() == today else short_day(local.date(), today)
    return Waiting(sum(p.pays_cents for p in unposted), when)


def _match(
    payments: Iterable[PaymentFacts], ledger: Sequence[EntryFacts]
) -> tuple[set[int], list[PaymentFacts]]:
    """Ledger row ids that belong to a payment, and the accepted payments without one."""
    by_order: defaultdict[str, list[EntryFacts]] = defaultdict(list)
    by_amount: defaultdict[int, list[EntryFacts]] = defaultdict(list)
    for entry in ledger:
        by_amount[entry.amount_cents].append(entry)
        if entry.order_id:
            by_order[entry.order_id].append(entry)
    accepted = [p for p in payments if p.status == "approved" and p.refund_ref is None]
    taken: set[int] = set()
    rest = []
    for payment in accepted:
        same = by_order.get(payment.order_id) if payment.order_id else None
        if same:
            taken.update(entry.id for entry in same)
        else:
            rest.append(payment)
    unposted = []
    for payment in rest:
        found = next(
            (
                e
                for cents in dict.fromkeys((payment.amount_cents, payment.pays_cents))
                for e in by_amount[cents]
                if e.id not in taken and _alike(payment, e)
            ),
            None,
        )
        if found is None:
            unposted.append(payment)
        else:
            taken.add(found.id)
    return taken, unposted


def _alike(payment: PaymentFacts, entry: EntryFacts) -> bool:
    return abs((entry.posted_on - payment.happened_on).days) <= SAME_DAY_OR_NEXT and entry.patient_id in (
        None,
        payment.patient_id,
    )


def _not_posted(payment: PaymentFacts, as_of: datetime) -> PostingProblem:
    day = short_day(payment.happened_on, as_of.date())
    return PostingProblem(
        PostingState.ACCEPTED_NOT_POSTED,
        payment.patient_id,
        payment.amount_cents,
        payment,
        Severity.MEDIUM,
        f"{short_dollars(payment.amount_cents)} was paid on {day} but is not in the ledger. Post it; do not ask again.",
        (("payment", payment.external_id),),
    )


def _posted_twice(
    payments: Sequence[PaymentFacts], entries: Sequence[EntryFacts], as_of: datetime
) -> list[PostingProblem]:
    """Several ledger payments with one order id. One payment split over several rows is no problem, and what a refund
    row with the same order id took back is put right already."""
    by_order: defaultdict[str, list[EntryFacts]] = defaultdict(list)
    back: defaultdict[str, int] = defaultdict(int)
    for entry in entries:
        if entry.order_id and entry.part == "patient":
            if entry.kind == "payment":
                by_order[entry.order_id].append(entry)
            elif entry.kind == "refund":
                back[entry.order_id] += entry.amount_cents
    paid = {p.order_id: p for p in payments if p.order_id and p.status == "approved" and p.refund_ref is None}
    found = []
    for order_id, rows in by_order.items():
        if len(rows) < 2:
            continue
        payment = paid.get(order_id)
        once = payment.amount_cents if payment else max(row.amount_cents for row in rows)
        if payment and any(row.amount_cents == payment.pays_cents for row in rows):
            once = payment.pays_cents  # the ledger shows it without its fee
        extra = sum(row.amount_cents for row in rows) - back[order_id] - once
        if extra > 0:
            found.append(_twice(rows, payment, extra, as_of))
    return found


def _twice(
    rows: Sequence[EntryFacts], payment: PaymentFacts | None, extra: int, as_of: datetime
) -> PostingProblem:
    days = " and ".join(dict.fromkeys(short_day(row.posted_on, as_of.date()) for row in rows))
    return PostingProblem(
        PostingState.POSTED_TWICE,
        rows[0].patient_id if payment is None else payment.patient_id,
        extra,
        payment,
        Severity.MEDIUM,
        f"One payment stands {len(rows)} times in the ledger ({days}): {short_dollars(extra)} too much. Take one out.",
        tuple(("ledger_entry", row.external_id) for row in rows),
    )
