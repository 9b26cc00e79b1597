"""What should stand in the ledger once, what stands there already, and what may go out (DOMAIN §3, field notes §5.4–5). Pure.

Posted are card and bank payments that were accepted, and money that went back: a refund of its own as a negative
amount, at most what its payment was. The ledger's row for a payment is found by order id or entry number, else by
patient and amount within a day; a row serves one payment. What merely looks alike within a week is held for a person.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.dues.posting_problems import SAME_DAY_OR_NEXT
from core.ledger.facts import EntryFacts
from core.payments.facts import PaymentFacts, gives_back_cents

POSTED_METHODS = frozenset({"card", "bank", None})  # cash and checks are typed into the EHR by the desk
LOOKS_ALIKE_WITHIN = timedelta(days=7)
FURTHEST_BACK = timedelta(days=90)


class PostingLine(NamedTuple):
    """An amount that should stand in the ledger once. cents: below 0 for a refund. key: the same for ever.

    with_fee_cents: the same with the surcharge that the patient paid on top, which the ledger may show as well.
    """

    payment: PaymentFacts
    cents: int
    key: str
    with_fee_cents: int | None = None

    @property
    def refund(self) -> bool:
        return self.cents < 0

    @property
    def amounts(self) -> tuple[int, ...]:
        """What a ledger row of it may show, above 0: the amount, or the amount with its fee."""
        both = (self.cents, self.cents if self.with_fee_cents is None else self.with_fee_cents)
        return tuple(dict.fromkeys(map(abs, both)))


class Pairs(NamedTuple):
    """rows: the ledger rows of each line, by its key. free: ledger rows that belong to no line."""

    rows: dict[str, tuple[EntryFacts, ...]]
    free: tuple[EntryFacts, ...]


class Verdict(StrEnum):
    POST = "post"
    THERE = "in the ledger already"
    SUSPECTED = "perhaps in the ledger already"
    NOT_LINKED = "patient not linked"


class Judged(NamedTuple):
    """alike: the ledger row that looks like it, where it is only suspected."""

    line: PostingLine
    verdict: Verdict
    alike: EntryFacts | None = None


def key_of(payment: PaymentFacts) -> str:
    """The key of a processor's transaction."""
    return f"{payment.connection_id}-{payment.external_id}"


def lines_of(payments: Sequence[PaymentFacts], originals: Sequence[PaymentFacts] = ()) -> list[PostingLine]:
    """What these payments should leave in the ledger, oldest first. originals: payments that only refunds rest on."""
    known = {(p.connection_id, p.external_id): p for p in (*originals, *payments) if p.refund_ref is None}
    room = {place: p.pays_cents for place, p in known.items()}
    given: defaultdict[tuple[int, str], int] = defaultdict(int)
    found = []
    for payment in sorted(payments, key=lambda p: (p.happened_at, p.id)):
        if payment.method not in POSTED_METHODS or payment.status != "approved":
            continue
        cents, with_fee = payment.pays_cents, payment.amount_cents
        if payment.refund_ref is not None:
            place = (payment.connection_id, payment.refund_ref)
            cents = gives_back_cents(payment, known.get(place), given[place])
            given[place] += payment.amount_cents
            left = room.get(place, cents)
            room[place] = left - min(left, cents)
            cents = -min(left, cents)
        if cents:
            found.append(PostingLine(payment, cents, key_of(payment), with_fee))
    return found


def pair(
    lines: Sequence[PostingLine],
    entries: Sequence[EntryFacts],
    entry_refs: Mapping[str, str] | None = None,
    *,
    by_amount_too: bool = True,
) -> Pairs:
    """Which ledger rows belong to which line. entry_refs: key → the ledger's own number, where we posted it.

    by_amount_too=False: only what order ids and numbers say for sure.
    """
    refs = entry_refs or {}
    rows: dict[str, list[EntryFacts]] = defaultdict(list)
    taken: set[int] = set()
    _by_reference(lines, entries, refs, rows, taken)
    by_amount: defaultdict[tuple[bool, int], list[EntryFacts]] = defaultdict(list)
    for entry in entries:
        by_amount[entry.kind == "refund", entry.amount_cents].append(entry)
    for line in lines:
        if rows[line.key] or line.key in refs or not by_amount_too:
            continue
        for entry in (entry for cents in line.amounts for entry in by_amount[line.refund, cents]):
            if (
                entry.id not in taken
                and _same_patient(line, entry)
                and _days_apart(line, entry) <= SAME_DAY_OR_NEXT
            ):
                rows[line.key].append(entry)
                taken.add(entry.id)
                break
    free = tuple(entry for entry in entries if entry.id not in taken)
    return Pairs({key: tuple(found) for key, found in rows.items() if found}, free)


def _by_reference(
    lines: Sequence[PostingLine],
    entries: Sequence[EntryFacts],
    refs: Mapping[str, str],
    rows: dict[str, list[EntryFacts]],
    taken: set[int],
) -> None:
    """Order ids and entry numbers say it for sure. Several lines of one order share its rows, each the ones it fits."""
    numbered = {ref: key for key, ref in refs.items()}
    claims: defaultdict[tuple[bool, str], list[PostingLine]] = defaultdict(list)
    by_key = {line.key: line for line in lines}
    for line in lines:
        for name in {line.payment.order_id, line.payment.external_id} - {None, ""}:
            claims[line.refund, name or ""].append(line)
    for entry in sorted(entries, key=lambda e: (e.posted_on, e.id)):
        own = by_key.get(numbered.get(entry.external_id, ""))
        claiming = [own] if own else claims.get((entry.kind == "refund", entry.order_id or ""), [])
        if claiming:
            line = min(claiming, key=lambda each: _fit(each, entry, rows))
            rows[line.key].append(entry)
            taken.add(entry.id)


def _fit(
    line: PostingLine, entry: EntryFacts, rows: Mapping[str, list[EntryFacts]]
) -> tuple[bool, bool, int]:
    """The line that still lacks a row and has its amount comes first."""
    other_amount = entry.amount_cents not in line.amounts
    return (other_amount, bool(rows.get(line.key)), _days_apart(line, entry))


def judge(
    lines: Iterable[PostingLine], pairs: Pairs, *, cleared_by_hand: Collection[str] = ()
) -> list[Judged]:
    """What may be posted. cleared_by_hand: keys of payments that a person decided not to post."""
    spare = list(pairs.free)
    judged = []
    for line in lines:
        if line.key in pairs.rows:
            judged.append(Judged(line, Verdict.THERE))
            continue
        original = f"{line.payment.connection_id}-{line.payment.refund_ref}" if line.refund else ""
        if line.payment.patient_id is None:
            judged.append(Judged(line, Verdict.NOT_LINKED))
        elif original in cleared_by_hand:
            judged.append(Judged(line, Verdict.SUSPECTED))
        elif (alike := next((entry for entry in spare if _looks_alike(line, entry)), None)) is not None:
            spare.remove(alike)
            judged.append(Judged(line, Verdict.SUSPECTED, alike))
        else:
            judged.append(Judged(line, Verdict.POST))
    return judged


def reversal_cents(posted_cents: int, refunded_cents: int) -> int:
    """What is to be taken back of a posted payment that its status gave back whole, below 0; 0 when nothing is left.

    refunded_cents: what refunds of their own took back already, above 0.
    """
    return -max(0, posted_cents - refunded_cents)


def _looks_alike(line: PostingLine, entry: EntryFacts) -> bool:
    return (
        entry.amount_cents in line.amounts
        and (entry.kind == "refund") is line.refund
        and _same_patient(line, entry)
        and _days_apart(line, entry) <= LOOKS_ALIKE_WITHIN.days
    )


def _same_patient(line: PostingLine, entry: EntryFacts) -> bool:
    return entry.patient_id is None or entry.patient_id == line.payment.patient_id


def _days_apart(line: PostingLine, entry: EntryFacts) -> int:
    return abs((entry.posted_on - line.payment.happened_on).days)


def earliest_start(today: date) -> date:
    """Older payments cannot be compared with the ledger any more (DOMAIN §3 looks back 90 days)."""
    return today - FURTHEST_BACK
