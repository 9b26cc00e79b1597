"""What a patient owes, since when, and why not yet; and what to collect now (DOMAIN §6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from core.dates import short_day
from core.ledger.facts import EntryFacts, raises_cents
from core.money import short_dollars


@dataclass(frozen=True, slots=True)
class Balance:
    """All in cents. patient_owes is what is posted and may be below 0 (then credit_cents is its size); due_now never is.

    since: date of the oldest posted charge that is not paid. what, since_when, why_not_yet: sentences for the desk.
    """

    patient_owes_cents: int
    due_now_cents: int
    insurance_pending_cents: int
    credit_cents: int
    unapplied_cents: int
    pending_cents: int
    since: date | None
    what: str
    since_when: str
    why_not_yet: str


class Waiting(NamedTuple):
    """Paid and not in the ledger yet, in cents. when: `2:47 pm` today, else `30 Nov`."""

    cents: int
    when: str


def judge_balance(
    entries: Sequence[EntryFacts],
    *,
    today: date,
    past_due_cents: int,
    due_today_cents: int,
    expected_at_visit_cents: int,
    pending_cents: int,
    at_most: bool = False,
    waiting: Waiting = Waiting(0, ""),  # noqa: B008  # a tuple
) -> Balance:
    """One patient's account on `today` (local), DOMAIN §6. Rows posted later are left out.

    past_due_cents: open amounts of items due before today; due_today_cents: due today; expected_at_visit_cents: what
    today's visit will add; pending_cents: money on its way; waiting: paid, and not posted yet. at_most: the EHR tells invoices and no payments of a part.
    """
    owes = insurance = 0
    patient_rows = []
    for entry in entries:
        if entry.posted_on > today:
            continue
        if entry.part == "patient":
            owes += raises_cents(entry)
            patient_rows.append(entry)
        else:
            insurance += raises_cents(entry)
    due_now = max(0, past_due_cents + due_today_cents + expected_at_visit_cents - pending_cents)
    since, unapplied = _oldest_open(patient_rows)
    insurance = max(0, insurance)
    return Balance(
        patient_owes_cents=owes,
        due_now_cents=due_now,
        insurance_pending_cents=insurance,
        credit_cents=max(0, -owes),
        unapplied_cents=unapplied,
        pending_cents=pending_cents,
        since=since,
        what=_what(owes, due_now, past_due_cents, due_today_cents, expected_at_visit_cents)
        + (_AT_MOST if at_most and owes > 0 else ""),
        since_when=f"Since {short_day(since, today)}." if since is not None and owes > 0 else "",
        why_not_yet=_why_not_yet(owes, due_now, insurance, pending_cents, waiting),
    )


_AT_MOST = " At most: from invoices; a payment of a part is not told by this EHR."


def _oldest_open(rows: Sequence[EntryFacts]) -> tuple[date | None, int]:
    """Date of the oldest charge that all credits together do not reach, and the credits without any charge to pay."""
    credit = -sum(cents for cents in map(raises_cents, rows) if cents < 0)
    for row in sorted((r for r in rows if raises_cents(r) > 0), key=lambda r: (r.posted_on, r.id)):
        credit -= raises_cents(row)
        if credit < 0:
            return row.posted_on, 0
    return None, credit


def _what(owes: int, due_now: int, past_due: int, due_today: int, at_visit: int) -> str:
    if owes < 0 and not due_now:
        return f"Has a credit of {short_dollars(-owes)}."
    parts = [
        f"{short_dollars(cents)} {words}"
        for cents, words in (
            (past_due, "past due"),
            (due_today, "due today"),
            (at_visit, "for today's visit"),
        )
        if cents > 0
    ]
    if parts:
        return f"{short_dollars(due_now)} due now: {', '.join(parts)}."
    return f"Owes {short_dollars(owes)}, none of it due now." if owes > 0 else "Nothing is owed."


def _why_not_yet(owes: int, due_now: int, insurance: int, pending: int, waiting: Waiting) -> str:
    parts = []
    if insurance:
        parts.append(f"{short_dollars(insurance)} is with the insurance.")
    if pending > 0:
        parts.append(f"{short_dollars(pending)} is on its way from the bank.")
    rest = owes - due_now - max(0, pending)
    paid = min(rest, waiting.cents)
    if paid > 0:
        of_it = f"{short_dollars(paid)} of it paid" if paid < owes else "Paid"
        parts.append(f"{of_it} {waiting.when}, waiting to post.")
    if rest > max(0, paid):
        parts.append(f"{short_dollars(rest - max(0, paid))} is not due yet.")
    return " ".join(parts)
