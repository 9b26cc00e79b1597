"""Processor against ledger as numbers, filters and rows, as the board draws them."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple

from core.money import dollars, whole_dollars
from core.names import initials_of
from core.postings.models import State
from core.postings.reconcile import BookLine, Books, Finding
from dashboard.wording.chips import ShownChip
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, day_month, shown

HEADS = [
    {"key": "tick", "label": "Tick all rows shown", "kind": "tick"},
    {"key": "day", "label": "Day", "kind": "next"},
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "chips", "label": "Finding", "kind": "chips"},
    {"key": "processor", "label": "Processor", "kind": "money"},
    {"key": "ledger", "label": "Ledger", "kind": "money"},
    {"key": "what", "label": "What it is", "kind": "text"},
]


class BooksTile(NamedTuple):
    """One pressable number: a finding, its words and colour, and what an empty list says."""

    id: str
    kind: Finding
    label: str
    icon: str
    tone: str
    good_news: tuple[str, str]


NUMBERS = (
    BooksTile("not-posted", Finding.NOT_POSTED, "Not posted", "sync_problem", "medium", ("Everything that was accepted is posted", "Nothing is missing in the ledger on these days.")),
    BooksTile("twice", Finding.TWICE, "Posted twice", "content_copy", "high", ("Nothing is posted twice", "Each payment stands in the ledger once.")),
    BooksTile("differs", Finding.DIFFERS, "Amount differs", "balance", "medium", ("Every amount agrees", "What is posted is what was paid, to the cent.")),
    BooksTile("ledger-only", Finding.LEDGER_ONLY, "Ledger only", "edit_note", "", ("The ledger holds nothing else", "No cash, checks or payments typed by hand on these days.")),
    BooksTile("matched", Finding.MATCHED, "Agree", "task_alt", "good", ("Nothing agrees yet", "Payments appear here once they are in the ledger.")),
)  # fmt: skip
APART = {Finding.NOT_POSTED, Finding.TWICE, Finding.DIFFERS}
_CHIPS = {one.kind: one for one in NUMBERS}
_STATES = {
    State.FAILED: ("Failed", "high", "error"),
    State.UNKNOWN: ("In doubt", "unknown", "help"),
    State.SENDING: ("Being posted", "note", "sync"),
}


def numbers(books: Books, pressed: str) -> list[dict[str, Any]]:
    """The headline: how far the two are apart, then each finding with its dollars."""
    first = {
        "id": "apart",
        "label": "Apart",
        "icon": "difference",
        "tone": "high" if books.apart_cents else "good",
        "value": dollars(books.apart_cents),
        "sub": f"of {whole_dollars(books.processor_cents)} accepted",
        "pressed": not pressed,
        "why": "Show everything that does not agree",
    }
    return [first, *(_number(one, books, pressed) for one in NUMBERS)]


def _number(one: BooksTile, books: Books, pressed: str) -> dict[str, Any]:
    lines = [line for line in books.lines if line.kind == one.kind]
    cents = sum(
        line.ledger_cents if one.kind == Finding.LEDGER_ONLY else line.processor_cents for line in lines
    )
    held = pressed == one.id
    return {
        "id": one.id,
        "label": one.label,
        "icon": one.icon,
        "tone": one.tone if lines else "",
        "value": f"{len(lines):,}",
        "sub": whole_dollars(cents) if lines else "",
        "pressed": held,
        "why": "Show what does not agree again" if held else f"Show only: {one.label.lower()}",
    }


def matching(books: Books, pressed: str, day: date | None) -> list[BookLine]:
    """The rows of a pressed number and day; without a number those that do not agree, of a day all of them."""
    kinds = {one.kind for one in NUMBERS if one.id == pressed} or (set(Finding) if day else APART)
    return [line for line in books.lines if line.kind in kinds and (day is None or line.day == day)]


def drawn(
    line: BookLine, place: int, may_see: MaySee, ticked: Collection[int], today: date
) -> dict[str, Any]:
    """One row. place: its number on this page, its id where it is no payment."""
    name = initials_of(line.patient) if may_see.initials and line.patient else shown(line.patient, 60)
    name = name or ("Not linked" if line.patient_id is None else "No name")
    cells = {
        "day": day_month(line.day, today),
        "who": {"name": name, "sub": shown(line.order_id, 40)},
        "chips": chips(line),
        "processor": dollars(line.processor_cents) if line.payment_id is not None else "",
        "ledger": dollars(line.ledger_cents) if line.ledger_cents else "",
        "what": {"words": shown(line.what, 300)},
        "tick": {"on": line.payment_id in ticked, "words": f"Tick {name}, {dollars(line.processor_cents)}"},
    }
    return {
        "id": str(line.payment_id) if line.payment_id is not None else f"ledger {place}",
        "key": line.patient_id,
        "severity": severity(line),
        "quiet": False,
        "cells": cells,
    }


def chips(line: BookLine) -> list[ShownChip]:
    """The finding, and beside it where its posting stands when that is news."""
    one = _CHIPS[line.kind]
    severity = {"": "note"}.get(one.tone, one.tone)
    found = [ShownChip(words=one.label, icon=one.icon, severity=severity, why=shown(line.what, 300))]
    if line.posting_state in _STATES and line.kind != Finding.MATCHED:
        words, tone, icon = _STATES[State(line.posting_state)]
        found.append(ShownChip(words=words, icon=icon, severity=tone, why=""))
    return found


def severity(line: BookLine) -> str:
    """The colour of the row's edge."""
    if line.kind in (Finding.MATCHED, Finding.LEDGER_ONLY):
        return ""
    if line.posting_state == State.UNKNOWN:
        return "unknown"
    return "high" if line.urgent or line.kind == Finding.TWICE else "medium"


def list_words(lines: Sequence[BookLine], first: int, shown_rows: int, total: int) -> str:
    """`38 rows, failures first, 1 to 38 shown`."""
    part = f", {first + 1:,} to {first + shown_rows:,} shown" if total > shown_rows else ""
    return f"{count(len(lines), 'row')}, failures first{part}"


def why_empty(pressed: str, *, known: bool, narrowed: bool) -> tuple[str, str]:
    """A heading and a sentence for an empty list. known: a processor has brought payments."""
    if not known:
        return "No payments yet", "Connect the card processor first; its payments are compared here."
    if one := next((one for one in NUMBERS if one.id == pressed), None):
        return one.good_news
    if narrowed:
        return "Nothing on this day", "Choose another day to see its payments."
    return "Processor and ledger agree to the cent", "Press a number to see the rows behind it."
