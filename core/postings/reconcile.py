"""Processor against ledger, day by day and to the cent: what agrees, what is missing, doubled or different (issue 5.3)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select

from core import clock
from core.dates import short_day
from core.ledger.facts import EntryFacts
from core.money import dollars
from core.payments.facts import GIVEN_BACK, PaymentFacts
from core.postings.look import in_a_file
from core.postings.models import LedgerPosting, PostingSwitch, State
from core.postings.reads import (
    entries_between,
    first_zone,
    located,
    originals_of,
    patient_refs,
    payments_between,
)
from core.postings.rules import LOOKS_ALIKE_WITHIN, PostingLine, key_of, lines_of, pair

POSTED_LATE = timedelta(days=60)  # a row may be dated this long after its payment


class Finding(StrEnum):
    """In the order of their urgency."""

    NOT_POSTED = "accepted, not posted"
    TWICE = "posted twice"
    DIFFERS = "amount differs"
    LEDGER_ONLY = "in the ledger only"
    MATCHED = "matched"


@dataclass(frozen=True, slots=True)
class BookLine:
    """One payment or refund, or one ledger row that belongs to none. Amounts in cents, below 0 for money that went back.

    day: local. difference_cents: processor less ledger. what: a sentence. posting_id, posting_state: where Huddle posts
    it, None and "" where it does not. urgent: it failed, or is in doubt.
    """

    kind: Finding
    day: date
    patient_id: int | None
    patient: str
    payment_id: int | None
    order_id: str
    processor_cents: int
    ledger_cents: int
    what: str
    posting_id: int | None = None
    posting_state: str = ""
    urgent: bool = False

    @property
    def difference_cents(self) -> int:
        return 0 if self.kind == Finding.LEDGER_ONLY else self.processor_cents - self.ledger_cents


@dataclass(frozen=True, slots=True)
class BookDay:
    """One local day. ledger_cents: rows that belong to these payments; ledger_only_cents: the others of that day."""

    day: date
    payments: int
    processor_cents: int
    ledger_cents: int
    ledger_only_cents: int

    @property
    def difference_cents(self) -> int:
        return self.processor_cents - self.ledger_cents


@dataclass(frozen=True, slots=True)
class Books:
    """lines: failures first, then by urgency and newest day. counts: how many lines of each finding."""

    first: date
    last: date
    lines: tuple[BookLine, ...]
    days: tuple[BookDay, ...]
    counts: Mapping[Finding, int]

    @property
    def processor_cents(self) -> int:
        return sum(day.processor_cents for day in self.days)

    @property
    def ledger_cents(self) -> int:
        return sum(day.ledger_cents for day in self.days)

    @property
    def difference_cents(self) -> int:
        return self.processor_cents - self.ledger_cents

    @property
    def ledger_only_cents(self) -> int:
        return sum(day.ledger_only_cents for day in self.days)

    @property
    def apart_cents(self) -> int:
        """All differences added up, whichever way they go: one missing and one doubled do not cancel each other."""
        return sum(abs(line.difference_cents) for line in self.lines)


def reconcile(
    session: Session,
    *,
    practice_id: int,
    first: date,
    last: date,
    as_of: datetime,
    location_id: int | None = None,
) -> Books:
    """The books of the local days from `first` to `last`, both included, as seen at an instant (aware UTC).

    location_id None: every location. Counted are accepted card and bank payments and refunds. A payment that was given back whole counts as nothing, and
    its ledger rows should come to nothing.
    """
    payments = payments_between(session, practice_id, first, last)
    entries = entries_between(session, practice_id, first - LOOKS_ALIKE_WITHIN, last + POSTED_LATE)
    postings = _postings(session, practice_id, [payment.id for payment in payments])
    refs = {row.key: row.entry_ref for row in postings.values() if row.entry_ref and not in_a_file(row)}
    lines = lines_of(payments, originals_of(session, practice_id, payments))
    pairs = pair(lines, entries, refs)
    gone = _given_back(payments)
    back = pair(gone, pairs.free, refs, by_amount_too=False)
    today = clock.today(first_zone(session, practice_id), as_of)
    off = _why_off(session, practice_id, today)
    found = [_line(line, pairs.rows.get(line.key, ()), postings.get(line.key), today, off) for line in lines]
    found += _returned(gone, back.rows, postings, today)
    found += [_alone(entry) for entry in back.free if first <= entry.posted_on <= last]
    if location_id is not None:
        here = located(session, location_id) | {None}
        found = [line for line in found if line.patient_id in here]
    named = _named(session, found)
    return Books(
        first, last, tuple(sorted(named, key=_urgency)), _days(named), Counter(x.kind for x in named)
    )


def _postings(session: Session, practice_id: int, payment_ids: Sequence[int]) -> dict[str, LedgerPosting]:
    found: dict[str, LedgerPosting] = {}
    for start in range(0, len(payment_ids), 500):
        rows = session.exec(
            select(LedgerPosting).where(
                LedgerPosting.practice_id == practice_id,
                col(LedgerPosting.payment_id).in_(payment_ids[start : start + 500]),
            )
        )
        found |= {row.key: row for row in rows}
    return found


def _given_back(payments: Iterable[PaymentFacts]) -> list[PostingLine]:
    """A payment that was taken back whole, and its taking back: two lines whose rows should cancel each other."""
    found = []
    for payment in payments:
        if payment.status in GIVEN_BACK and payment.refund_ref is None:
            key = key_of(payment)
            found += [
                PostingLine(payment, payment.pays_cents, key, payment.amount_cents),
                PostingLine(payment, -payment.pays_cents, f"{key}-back", payment.amount_cents),
            ]
    return found


def _line(
    line: PostingLine, rows: Sequence[EntryFacts], posting: LedgerPosting | None, today: date, off: str
) -> BookLine:
    stands = sum(row.amount_cents for row in rows) * (-1 if line.refund else 1)
    kind = _kind(line, stands, rows)
    what = {
        Finding.MATCHED: "",
        Finding.NOT_POSTED: _why_not(posting, off),
        Finding.TWICE: f"It stands {len(rows)} times in the ledger ({_dates(rows, today)}). Take one out.",
        Finding.DIFFERS: f"The ledger shows {dollars(stands)} ({_dates(rows, today)}).",
    }[kind]
    payment = line.payment
    return BookLine(
        kind,
        payment.happened_on,
        payment.patient_id,
        "",
        payment.id,
        payment.order_id or payment.external_id,
        line.cents,
        stands,
        what,
        posting.id if posting else None,
        posting.state if posting else "",
        kind != Finding.MATCHED and posting is not None and posting.state in {State.FAILED, State.UNKNOWN},
    )


def _kind(line: PostingLine, stands: int, rows: Sequence[EntryFacts]) -> Finding:
    if not rows:
        return Finding.NOT_POSTED
    if abs(stands) in line.amounts and (stands < 0) is line.refund:
        return Finding.MATCHED
    whole = [row for row in rows if row.amount_cents in line.amounts]
    return Finding.TWICE if len(whole) > 1 else Finding.DIFFERS


def _why_not(posting: LedgerPosting | None, off: str) -> str:
    if posting is None:
        return off or "It will be looked at within a minute."
    match posting.state:
        case State.POSTED if in_a_file(posting):
            return (
                f"It was written to {posting.entry_ref.removeprefix('file ')}. Import that file in Genesis."
            )
        case State.POSTED:
            return f"Genesis said it is entry {posting.entry_ref}, but the ledger does not show it."
        case State.CLEARED:
            return f"Cleared: {posting.reason}"
        case State.UNKNOWN:
            return f"In doubt: {posting.reason} It is looked up by itself."
    return posting.reason or "It waits to be posted."


def _returned(
    gone: Sequence[PostingLine],
    rows: Mapping[str, tuple[EntryFacts, ...]],
    postings: Mapping[str, LedgerPosting],
    today: date,
) -> list[BookLine]:
    """Of payments that were given back whole those that the ledger knows."""
    found = []
    for line in gone:
        if line.refund:
            continue
        mine, taken_back = rows.get(line.key, ()), rows.get(f"{line.key}-back", ())
        if not mine and not taken_back:
            continue
        stands = sum(r.amount_cents for r in mine) - sum(r.amount_cents for r in taken_back)
        payment, posting = line.payment, postings.get(f"{line.key}-back")
        word = payment.status.replace("_", " ")
        found.append(
            BookLine(
                Finding.DIFFERS if stands else Finding.MATCHED,
                payment.happened_on,
                payment.patient_id,
                "",
                payment.id,
                payment.order_id or payment.external_id,
                0,
                stands,
                f"It was {word}; the ledger still shows {dollars(stands)} ({_dates(mine, today)})."
                if stands
                else "",
                posting.id if posting else None,
                posting.state if posting else "",
                bool(stands) and posting is not None and posting.state in {State.FAILED, State.UNKNOWN},
            )
        )
    return found


def _alone(entry: EntryFacts) -> BookLine:
    cents = -entry.amount_cents if entry.kind == "refund" else entry.amount_cents
    return BookLine(
        Finding.LEDGER_ONLY,
        entry.posted_on,
        entry.patient_id,
        "",
        None,
        entry.order_id or entry.external_id,
        0,
        cents,
        "No processor knows it: cash, a check, or typed by hand.",
    )


def _dates(rows: Sequence[EntryFacts], today: date) -> str:
    return " and ".join(dict.fromkeys(short_day(row.posted_on, today) for row in rows))


def _why_off(session: Session, practice_id: int, today: date) -> str:
    """Why nothing is posted at all, "" when posting is on."""
    rows = session.exec(
        select(PostingSwitch).where(PostingSwitch.practice_id == practice_id, col(PostingSwitch.is_on))
    ).all()
    if not rows:
        return "Posting is off."
    return f"It came before posting began ({short_day(rows[0].date_start, today)})."


def _named(session: Session, lines: Sequence[BookLine]) -> list[BookLine]:
    people = patient_refs(session, {line.patient_id for line in lines if line.patient_id is not None})
    named = []
    for line in lines:
        _, first, last = people.get(line.patient_id or 0, ("", "", ""))
        named.append(replace(line, patient=f"{first} {last}".strip()))
    return named


def _days(lines: Iterable[BookLine]) -> tuple[BookDay, ...]:
    sums: dict[date, list[int]] = {}
    for line in lines:
        day = sums.setdefault(line.day, [0, 0, 0, 0])
        if line.kind == Finding.LEDGER_ONLY:
            day[3] += line.ledger_cents
        else:
            day[0] += 1
            day[1] += line.processor_cents
            day[2] += line.ledger_cents
    return tuple(BookDay(day, *values) for day, values in sorted(sums.items(), reverse=True))


_ORDER = list(Finding)


def _urgency(line: BookLine) -> tuple[bool, int, int, str]:
    return (not line.urgent, _ORDER.index(line.kind), -line.day.toordinal(), line.order_id)
