"""The linking work list as numbers and rows: processor records that are nobody's, the most money first."""

from typing import Any, NamedTuple

from core.matching.work_list import Resting, WaitingRecord, WorkList
from core.money import short_dollars, whole_dollars
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, day_month, phone_words, shown

HEADS = [
    {"key": "who", "label": "Processor record", "kind": "who"},
    {"key": "money", "label": "Money on it", "kind": "money"},
    {"key": "rests", "label": "What rests on it", "kind": "text"},
    {"key": "likely", "label": "Who it may be", "kind": "text"},
]


class LinkingTile(NamedTuple):
    id: str
    label: str
    icon: str
    tone: str
    why: str


NUMBERS = (
    LinkingTile("money", "Unlinked money", "payments", "high", "Show only records with money on them"),
    LinkingTile(
        "likely", "With a likely patient", "person_check", "medium", "Show only records with a proposal"
    ),
    LinkingTile(
        "nobody", "No likely patient", "person_search", "unknown", "Show only records without a proposal"
    ),
    LinkingTile("aside", "Not patients", "person_off", "", "Show the records that were set aside"),
)


def numbers(found: WorkList, pressed: str) -> list[dict[str, Any]]:
    """The headline; dollars for the money, records for the rest."""
    return [_number(one, found, pressed) for one in NUMBERS]


def _number(one: LinkingTile, found: WorkList, pressed: str) -> dict[str, Any]:
    records = kept(found, one.id)
    held = one.id == pressed
    return {
        "id": one.id,
        "label": f"{one.label} ({len(records):,})" if one.id == "money" else one.label,
        "icon": one.icon,
        "tone": one.tone if records else "good" if one.id == "money" else "",
        "value": whole_dollars(found.cents) if one.id == "money" else f"{len(records):,}",
        "pressed": held,
        "why": "Show every waiting record again" if held else one.why,
    }


def kept(found: WorkList, pressed: str) -> list[WaitingRecord]:
    """The records a pressed number stands for; all that wait when none is pressed."""
    if pressed == "aside":
        return list(found.aside)
    keeps = {
        "money": lambda one: one.resting.cents > 0,
        "likely": lambda one: one.likely is not None,
        "nobody": lambda one: one.likely is None,
    }.get(pressed, lambda one: True)
    return [one for one in found.records if keeps(one)]


def drawn(record: WaitingRecord, place: LocalDay, may_see: MaySee) -> dict[str, Any]:
    """One record as the board draws it."""
    reach = " · ".join(word for word in (record.email, phone_words(record.mobile_phone)) if word)
    return {
        "id": f"contact {record.contact_id}",
        "key": record.contact_id,
        "severity": "" if record.aside else "high" if record.resting.cents else "unknown",
        "quiet": False,
        "cells": {
            "who": {
                "name": name_of(record, may_see),
                "sub": shown(
                    " · ".join((record.connection, *([] if may_see.initials or not reach else [reach]))), 120
                ),
            },
            "money": short_dollars(record.resting.cents) if record.resting.cents else "",
            "rests": {"words": rests(record.resting, place), "sub": ""},
            "likely": _likely(record, may_see),
        },
    }


def _likely(record: WaitingRecord, may_see: MaySee) -> dict[str, str]:
    """The patient it probably is and what agrees; how many more there are."""
    if record.aside or record.likely is None:
        return {"words": "Not a patient of ours" if record.aside else "Nobody yet", "sub": ""}
    more = record.likely.patients - 1
    also = f", and {count(more, 'other')}" if more else ""
    return {
        "words": said_name(record.likely.patient, may_see) + also,
        "sub": f"{record.likely.evidence} agree",
    }


def name_of(record: WaitingRecord, may_see: MaySee) -> str:
    """The record's name, its initials on a shared screen."""
    return said_name(record.name, may_see)


def said_name(name: str, may_see: MaySee) -> str:
    """A name as text of one line; initials when the privacy switch is on."""
    words = "".join(f"{part[0]}." for part in name.split()) if may_see.initials else shown(name, 60)
    return words or "No name"


def rests(resting: Resting, place: LocalDay) -> str:
    """`$150 paid in 90 days · next draft $149 on Dec 3 · 2 cards`."""
    parts = [
        f"{short_dollars(resting.paid_cents)} paid in 90 days" if resting.paid_cents else "",
        f"next draft {short_dollars(resting.draft_cents)} on {day_month(resting.draft_on, place.today)}"
        if resting.draft_cents
        else "",
        count(resting.cards, "card") if resting.cards else "",
    ]
    return " · ".join(part for part in parts if part) or "Nothing yet"


def why_empty(found: WorkList, pressed: str) -> tuple[str, str]:
    """Good news as good news."""
    if not found.records and pressed != "aside":
        return "Every processor record has its patient", "All money and all cards are where they belong."
    if pressed == "money":
        return "No money waits for a patient", "The records that are left hold no payment and no draft."
    if pressed == "aside":
        return "Nothing was set aside", "Records that are not patients of yours would stand here."
    return "No record fits", "Press the number again to see every waiting record."
