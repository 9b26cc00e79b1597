"""Money typed into the ledger without a plan's id: what was due may have been paid with it; a person says (DOMAIN §3). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from core.dates import short_day
from core.dues.missing import DueItem, around, open_cents
from core.ledger.facts import EntryFacts
from core.money import short_dollars

Due = tuple[str, str]  # kind and id, as a due item names itself


class DeskAnswer(NamedTuple):
    """What a person said about a ledger row and a due item; it stands. answer: yes or no."""

    id: int
    entry_id: int
    due_kind: str
    due_ref: str
    membership_id: int | None
    answer: str
    amount_cents: int
    decided_on: date
    decided_by: str

    @property
    def due(self) -> Due:
        return self.due_kind, self.due_ref


def possible_matches(
    items: Sequence[DueItem], rows: Iterable[EntryFacts], answers: Iterable[DeskAnswer] = ()
) -> dict[Due, EntryFacts]:
    """By due item the ledger row that may have paid it: the same amount, −3 … +10 days from its due day.

    rows: unexplained payments (core/plans/desk_money.py). A row is offered for one item at most, and an item gets one:
    the oldest item the earliest row, so that no row is left over that another order would have placed. What a person
    said no to is not offered again for that item, what they said yes to for none.
    """
    said = list(answers)
    refused = {(one.entry_id, one.due) for one in said if one.answer == "no"}
    used = {one.entry_id for one in said if one.answer == "yes"}
    free = sorted((row for row in rows if row.id not in used), key=lambda row: (row.posted_on, row.id))
    found: dict[Due, EntryFacts] = {}
    for item in sorted(items, key=lambda one: (one.due_on, one.id)):
        if item.kind == "visit" or not open_cents(item):
            continue  # the ledger's own rows were spread over visit charges already
        due = (item.kind, item.id)
        row = next(
            (one for one in free if (one.id, due) not in refused and around(item, one, (open_cents(item), item.amount_cents))),
            None,
        )  # fmt: skip
        if row is not None:
            found[due] = row
            free.remove(row)
    return found


def with_answers(
    items: Sequence[DueItem], answers: Iterable[DeskAnswer], rows: Mapping[int, EntryFacts]
) -> list[DueItem]:
    """Membership drafts that a person said were paid at the desk, paid. rows: the unexplained rows by id: what a
    processor explains by now, or was taken back since, pays nothing. Instalments are paid in the plan itself."""
    paid = {one.due: one for one in answers if one.answer == "yes" and one.membership_id is not None}
    found = []
    for item in items:
        answer = paid.get((item.kind, item.id))
        row = rows.get(answer.entry_id) if answer else None
        found.append(
            item._replace(allocated_cents=item.allocated_cents + min(open_cents(item), row.amount_cents))
            if row is not None
            else item
        )
    return [item for item in found if open_cents(item)]


def match_sentence(row: EntryFacts, today: date) -> str:
    """What the desk reads instead of “nothing was charged”."""
    money, day = short_dollars(row.amount_cents), short_day(row.posted_on, today)
    return f"{money} of {day} in the ledger may have paid it: say yes or no on the patient card."
