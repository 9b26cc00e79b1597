"""Looking at everything from Date Start on: what may be posted, what is there already, what is to wait, and why.

The dry run shows this and the job acts on it: both come from `look`, so what was shown is what is posted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session

from core import clock
from core.dates import short_day
from core.money import dollars
from core.postings.models import LedgerPosting, Part, State
from core.postings.reads import entries_between, first_zone, originals_of, payments_between
from core.postings.rules import (
    LOOKS_ALIKE_WITHIN,
    Judged,
    Pairs,
    Verdict,
    earliest_start,
    judge,
    lines_of,
    pair,
)
from core.store.base import table_of

FILE = "file "
_posting = table_of(LedgerPosting)


@dataclass(frozen=True, slots=True)
class Known:
    """One posting row as far as looking needs it."""

    id: int
    payment_id: int
    part: str
    key: str
    state: str
    hold: str
    patient_id: int | None
    amount_cents: int
    entry_ref: str
    cleared_by: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """judged: every line from the start on, also those with a posting row. known: posting rows by key."""

    first: date
    judged: tuple[Judged, ...]
    pairs: Pairs
    known: Mapping[str, Known]


def look(session: Session, practice_id: int, *, start: date, now: datetime) -> Looked:
    """Judge every payment whose local day is `start` or later, at most 90 days back. now: aware UTC."""
    first = max(start, earliest_start(clock.today(first_zone(session, practice_id), now)))
    payments = payments_between(session, practice_id, first)
    lines = lines_of(payments, originals_of(session, practice_id, payments))
    known = postings_of(session, practice_id, since=first - LOOKS_ALIKE_WITHIN)
    refs = {key: row.entry_ref for key, row in known.items() if row.entry_ref and not in_a_file(row)}
    pairs = pair(lines, entries_between(session, practice_id, first - LOOKS_ALIKE_WITHIN), refs)
    judged = judge(
        lines,
        pairs,
        cleared_by_hand={
            key for key, row in known.items() if row.state == State.CLEARED and row.cleared_by is not None
        },
    )
    return Looked(first, tuple(judged), pairs, known)


def postings_of(session: Session, practice_id: int, *, since: date) -> dict[str, Known]:
    """The practice's posting rows of payments from `since` (local day) on, by key."""
    columns = [_posting.c[name] for name in Known.__dataclass_fields__]
    rows = session.execute(
        select(*columns).where(_posting.c.practice_id == practice_id, _posting.c.posted_on >= since)
    )
    return {row.key: Known(*row) for row in rows}


def in_a_file(row: Known | LedgerPosting) -> bool:
    """Whether it was handed over in a file, so that the ledger's own number is not known."""
    return row.entry_ref.startswith(FILE)


def why_held(judged: Judged, today: date) -> str:
    """The sentence for a line that does not go out by itself; "" for one that does."""
    match judged.verdict:
        case Verdict.NOT_LINKED:
            return "Nobody knows whose payment this is. Link it to a patient; then it is posted by itself."
        case Verdict.SUSPECTED if judged.alike is not None:
            row = judged.alike
            return (
                f"{dollars(row.amount_cents)} of {short_day(row.posted_on, today)} in the ledger looks like it. "
                "Post it all the same, or clear it."
            )
        case Verdict.SUSPECTED:
            return "The payment it gives back was cleared by hand. Post it all the same, or clear it."
    return ""


def part_of(judged: Judged) -> Part:
    return Part.REFUND if judged.line.refund else Part.PAYMENT
