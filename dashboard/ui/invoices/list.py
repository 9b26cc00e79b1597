"""The ledger of links as numbers, filters and rows: every invoice, payment link and new-card link with its life."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.links.rules import LIVE, LinkKind, LinkState
from core.money import short_dollars, whole_dollars
from core.reports.links import LinkLine, StateTotal
from dashboard.ui.asking.link_life import life_of, when
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import shown

KINDS = {
    "": "All",
    LinkKind.INVOICE: "Invoices",
    LinkKind.PAY: "Payment links",
    LinkKind.CARD: "New-card links",
}
HEADS = [
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "what", "label": "What", "kind": "text"},
    {"key": "amount", "label": "Amount", "kind": "money"},
    {"key": "life", "label": "Life", "kind": "steps"},
    {"key": "made", "label": "Made", "kind": "text"},
]


class LinkTile(NamedTuple):
    """One pressable number. dollars: what is still open ("open"), what was paid ("paid"), or "" = links are counted."""

    id: str
    label: str
    icon: str
    tone: str
    states: frozenset[str]
    dollars: str = ""


NUMBERS = (
    LinkTile("open", "Open", "link", "high", LIVE, "open"),
    LinkTile("created", "Not sent", "drafts", "medium", frozenset({LinkState.CREATED})),
    LinkTile("opened", "Opened", "visibility", "", frozenset({LinkState.OPENED})),
    LinkTile("part", "Part-paid", "pie_chart", "", frozenset({LinkState.PART_PAID})),
    LinkTile("paid", "Paid", "task_alt", "good", frozenset({LinkState.PAID, LinkState.PART_PAID, LinkState.UPDATED}), "paid"),
    LinkTile("over", "Over", "link_off", "", frozenset({LinkState.EXPIRED, LinkState.VOID, LinkState.REPLACED})),
    LinkTile("trouble", "In doubt", "help", "unknown", frozenset({LinkState.REFUSED, LinkState.UNKNOWN})),
)  # fmt: skip


def states_of(pressed: str) -> frozenset[str]:
    """The states a pressed number stands for; empty = all."""
    return next((one.states for one in NUMBERS if one.id == pressed), frozenset())


def numbers(totals: Mapping[str, StateTotal], pressed: str) -> list[dict[str, Any]]:
    """The headline."""
    return [_number(one, totals, pressed) for one in NUMBERS]


def _number(one: LinkTile, totals: Mapping[str, StateTotal], pressed: str) -> dict[str, Any]:
    found = [totals[state] for state in one.states if state in totals]
    links = sum(total.links for total in found)
    cents = sum(
        total.paid_cents if one.dollars == "paid" else max(0, total.amount_cents - total.paid_cents)
        for total in found
    )
    held = one.id == pressed
    return {
        "id": one.id,
        "label": f"{one.label} ({links:,})" if one.dollars else one.label,
        "icon": one.icon,
        "tone": one.tone if links else "",
        "value": whole_dollars(cents) if one.dollars else f"{links:,}",
        "pressed": held,
        "why": "Show every link again" if held else f"Show only: {one.label.lower()}",
    }


def drawn(line: LinkLine, place: LocalDay, may_see: MaySee) -> dict[str, Any]:
    """One link as the board draws it."""
    steps = [
        {
            "words": step.words,
            "at": when(step.at, place.time_zone, place.today) if step.at else "",
            "bad": step.bad,
        }
        for step in life_of(line)
    ]
    paid = f"{short_dollars(line.paid_cents)} paid" if 0 < line.paid_cents < line.amount_cents else ""
    return {
        "id": f"link {line.link_id}",
        "key": line.patient_key,
        "severity": _severity(line),
        "quiet": False,
        "cells": {
            "who": {
                "name": line.initials if may_see.initials else shown(line.patient, 60) or "No name",
                "sub": "",
            },
            "what": {
                "words": f"{line.kind_words} {line.number}".strip(),
                "sub": shown(line.reason or paid, 200),
            },
            "amount": short_dollars(line.amount_cents) if line.amount_cents else "",
            "life": steps,
            "made": {
                "words": when(line.created_at, place.time_zone, place.today),
                "sub": f"by {shown(line.created_by, 40)}" if line.created_by else "by itself",
            },
        },
    }


def _severity(line: LinkLine) -> str:
    if line.state in (LinkState.REFUSED, LinkState.UNKNOWN):
        return "unknown"
    return "medium" if line.state == LinkState.CREATED else ""


def why_empty(*, narrowed: bool) -> tuple[str, str]:
    """What an empty ledger means."""
    if narrowed:
        return "No link matches", "Clear the search or the filter to see every link."
    return (
        "Nothing was asked for yet",
        "Make an invoice here, or press $ Invoice, Payment link or New card link on a patient card.",
    )
