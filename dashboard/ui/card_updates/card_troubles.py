"""The cards report as a list: what is wrong with a card in the words of the screen, its numbers, filters and rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from core.money import short_dollars, whole_dollars
from core.names import folded
from core.reports.rows import CardRow
from core.severity import Severity
from dashboard.wording.chips import ShownChip
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee, no_amounts
from dashboard.wording.text import day_month, shown, visit_day


class Trouble(NamedTuple):
    """One kind of trouble with a card: a filter, a number of the headline and the chip of its rows."""

    id: str
    label: str
    chip: str
    icon: str
    keeps: Callable[[CardRow], bool]


def _state(*words: str) -> Callable[[CardRow], bool]:
    return lambda row: row.state in words


TROUBLES = (
    Trouble("expired", "Expired", "Card expired", "credit_card_off", _state("EXPIRED", "EXPIRED_ONLY")),
    Trouble(
        "draft", "Ends before a draft", "Ends before a draft", "credit_card_clock",
        lambda row: row.state == "EXPIRING" and row.at_risk_cents > 0,
    ),
    Trouble(
        "soon", "Ends soon", "Ends soon", "credit_card_clock",
        lambda row: row.state == "EXPIRING" and row.at_risk_cents == 0,
    ),
    Trouble("invalid", "Closed", "Card closed", "credit_card_off", _state("INVALID")),
    Trouble("none", "No card", "No card", "credit_card_off", _state("NONE")),
    Trouble("not_linked", "Not linked", "Not linked", "link_off", _state("NOT_LINKED")),
    Trouble("unknown", "Unknown", "Card unknown", "help", _state("UNKNOWN")),
)  # fmt: skip
GOOD_NEWS = {
    "": ("Every card is good for the next 60 days", "Nobody with something to pay is without a card."),
    "expired": ("No card has expired", "Nobody's plan or membership rests on a card that ended."),
    "draft": ("No draft falls after the end of its card", "Every draft of the next 60 days has a card that lasts."),
    "soon": ("No card ends soon", "Nothing ends in the next 45 days."),
    "invalid": ("No card was closed or removed", "Every card that is charged is still open."),
    "none": ("Everyone who needs a card has one", "Nobody with a plan or membership is without a card."),
    "not_linked": ("Everyone is linked to the card processor", "No patient with something to pay is left out."),
    "unknown": ("Every card can be read", "Brand, last four and end date are known of each."),
}  # fmt: skip


def trouble_of(row: CardRow) -> Trouble:
    """The kind a row belongs to; a state this version does not know counts as unknown."""
    return next((one for one in TROUBLES if one.keeps(row)), TROUBLES[-1])


def seen_by(row: CardRow, may_see: MaySee) -> CardRow:
    """The row as this person may see it: amounts taken out of it, initials for the name."""
    if not may_see.money:
        row = replace(row, at_risk_cents=0, next_draft_cents=None, reason=no_amounts(row.reason))
    return replace(row, patient=row.initials, mobile_last_four=None) if may_see.initials else row


def matching(rows: Iterable[CardRow], trouble: str, search: str) -> list[CardRow]:
    """Rows of one kind (all when ""), whose name holds every word, or whose mobile or card ends in these four digits."""
    words = folded(search).split()
    digits = words[0] if len(words) == 1 and len(words[0]) == 4 and words[0].isdigit() else ""

    def fits(row: CardRow) -> bool:
        if trouble and trouble_of(row).id != trouble:
            return False
        if digits:
            return digits in (row.mobile_last_four, row.last_four)
        name = folded(row.patient) if words else ""
        return all(word in name for word in words)

    return [row for row in rows if fits(row)]


def numbers(rows: Sequence[CardRow], pressed: str, may_see: MaySee) -> list[dict[str, Any]]:
    """The headline: everybody, then each kind with its patients and the dollars of 60 days that will fail."""
    everybody = _number("all", "Cards to mend", "credit_card", rows, may_see, pressed=not pressed)
    kinds = [
        _number(
            one.id,
            one.label,
            one.icon,
            [row for row in rows if trouble_of(row).id == one.id],
            may_see,
            pressed=one.id == pressed,
        )
        for one in TROUBLES
    ]
    return [everybody, *kinds]


def _number(
    id_: str, label: str, icon: str, rows: Sequence[CardRow], may_see: MaySee, *, pressed: bool
) -> dict[str, Any]:
    cents = sum(row.at_risk_cents for row in rows)
    tone = "critical" if any(row.severity is Severity.CRITICAL for row in rows) else "high" if cents else ""
    back = pressed or id_ == "all"
    return {
        "id": id_,
        "label": label,
        "icon": icon,
        "tone": tone,
        "value": f"{len(rows):,}",
        "sub": f"{whole_dollars(cents)} will fail" if cents and may_see.money else "",
        "pressed": pressed,
        "why": "Show every card again" if back else f"Show only: {label.lower()}",
    }


HEADS = [
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "chips", "label": "Card", "kind": "chips"},
    {"key": "say", "label": "Say", "kind": "say"},
    {"key": "draft", "label": "Next draft", "kind": "text"},
    {"key": "risk", "label": "Will fail", "kind": "money"},
    {"key": "next", "label": "Next visit", "kind": "next"},
]


def heads(may_see: MaySee) -> list[dict[str, str]]:
    """The headings; what will fail is an amount and left out for a role that may not see any."""
    return [one for one in HEADS if may_see.money or one["key"] != "risk"]


def drawn(row: CardRow, place: LocalDay) -> dict[str, Any]:
    """One row as the board draws it."""
    kind = trouble_of(row)
    card = f"{(row.brand or 'Card').capitalize()} {row.last_four}" if row.last_four else ""
    mobile = f"mobile …{row.mobile_last_four}" if row.mobile_last_four else ""
    ends = f" {day_month(row.expires_on, place.today)}" if kind.id in ("draft", "soon") else ""
    chip = ShownChip(
        words=f"Ends{ends}" if ends else kind.chip,
        icon=kind.icon,
        severity=row.severity or "unknown",
        why=shown(row.reason, 300),
    )
    return {
        "id": row.patient_id,
        "key": row.key,
        "severity": row.severity or "",
        "quiet": False,
        "cells": {
            "who": {
                "name": shown(row.patient, 60) or "No name",
                "sub": " · ".join(word for word in (shown(card, 40), mobile) if word),
            },
            "chips": [chip],
            "say": {"words": shown(row.reason, 300), "calm": False},
            "draft": _draft(row, place),
            "risk": short_dollars(row.at_risk_cents) if row.at_risk_cents else "",
            "next": visit_day(row.next_visit, place.time_zone, place.today),
        },
    }


def _draft(row: CardRow, place: LocalDay) -> dict[str, str]:
    if row.next_draft_on is None:
        return {"words": "–", "sub": ""}
    cents = row.next_draft_cents
    return {
        "words": day_month(row.next_draft_on, place.today),
        "sub": short_dollars(cents) if cents is not None else "",
    }


def why_empty(*, loaded: bool, known: bool, trouble: str, narrowed: bool) -> tuple[str, str]:
    """A heading and a sentence for a list without rows. loaded: some source was synced; known: cards are fresh."""
    if not loaded:
        return (
            "Nothing is loaded yet",
            "Load the practice files with “huddle import FOLDER”, or connect the card processor with “huddle connect”.",
        )
    if narrowed:
        return "No card matches", "Clear the search to see the others."
    if not known:
        return (
            "Nobody can say which cards are good",
            "No source of cards has answered for three days. Look at the connections.",
        )
    return GOOD_NEWS[trouble]
