"""What the next thirty days bring in: numbers for the headline, and the payments behind them as rows of the board."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from core.forecast.rules import Incoming, IncomingRow, Risk
from core.money import short_dollars, whole_dollars
from dashboard.wording.chips import ShownChip
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, day_month, shown

HEADS = [
    {"key": "who", "label": "Who pays", "kind": "who"},
    {"key": "on", "label": "Day", "kind": "next"},
    {"key": "amount", "label": "Amount", "kind": "money"},
    {"key": "chips", "label": "Will it come?", "kind": "chips"},
    {"key": "say", "label": "Why", "kind": "say"},
]
KINDS = {"plan": "Plan", "membership": "Membership", "recurring": "Draft"}
RISKS = {
    Risk.CARD_CLOSED: ("Card closed", "credit_card_off", "critical"),
    Risk.CARD_EXPIRED: ("Card expired", "credit_card_off", "critical"),
    Risk.CARD_ENDS_BEFORE: ("Card ends before", "credit_card_clock", "high"),
    Risk.NO_CARD: ("No card", "credit_card_off", "high"),
    Risk.DECLINED_LAST_TIME: ("Declined last time", "money_off", "high"),
    Risk.UNKNOWN: ("Unknown", "help", "unknown"),
}


class Window(NamedTuple):
    """One number about the coming days and the payments it stands for."""

    id: str
    label: str
    icon: str
    keeps: Callable[[IncomingRow, Incoming], bool]
    good_news: tuple[str, str]


WINDOWS = (
    Window(
        "today", "Due today", "today", lambda row, found: row.on == found.first,
        ("Nothing is due today", "No instalment, draft or membership falls on this day."),
    ),
    Window(
        "coming", "Next 30 days", "calendar_month", lambda row, found: True,
        ("Nothing is planned for the next 30 days", "No plan, membership or draft has a date in them."),
    ),
    Window(
        "fail", "Likely to fail", "credit_card_off",
        lambda row, found: row.risk is not None and row.risk is not Risk.UNKNOWN,
        ("Every coming draft has a card that will pay it", "No card ends, is missing or was declined before its next draft."),
    ),
)  # fmt: skip


def window_of(pressed: str) -> Window | None:
    return next((one for one in WINDOWS if one.id == pressed), None)


def rows_of(found: Incoming, window: Window) -> list[IncomingRow]:
    return [row for row in found.rows if window.keeps(row, found)]


def numbers(coming: Mapping[str, Sequence[IncomingRow]], pressed: str) -> list[dict[str, Any]]:
    """Due today, the next 30 days, and what of them will probably fail. coming: the rows of each window by its id."""
    made = []
    for one in WINDOWS:
        rows = coming[one.id]
        tone = "critical" if one.id == "fail" and rows else ""
        made.append(
            {
                "id": one.id,
                "label": one.label,
                "icon": one.icon,
                "tone": tone,
                "value": whole_dollars(sum(row.cents for row in rows)),
                "sub": count(len(rows), "payment") if rows else "",
                "pressed": one.id == pressed,
                "why": "Show everyone who is behind" if one.id == pressed else f"Show the payments: {one.label.lower()}",
            }
        )  # fmt: skip
    return made


def week_words(found: Incoming, place: LocalDay) -> str:
    """`21 to Nov 27 $1,801, of it $349 may fail · Nov 28 to Dec 4 $7,582`: each week that brings anything."""
    parts = []
    for week in found.by_week():
        if not week.cents:
            continue
        fails = f", of it {whole_dollars(week.will_fail_cents)} may fail" if week.will_fail_cents else ""
        same = week.first.month == week.last.month
        first = str(week.first.day) if same else day_month(week.first, place.today)
        parts.append(f"{first} to {day_month(week.last, place.today)} {whole_dollars(week.cents)}{fails}")
    return " · ".join(parts)


def drawn(row: IncomingRow, place: LocalDay, may_see: MaySee) -> dict[str, Any]:
    """One coming payment as the board draws it."""
    name = (
        "".join(f"{word[0]}." for word in row.patient.split())
        if may_see.initials and row.key
        else row.patient
    )
    severity = RISKS[row.risk][2] if row.risk else ""
    why = row.why or "The card on file is good that day."
    return {
        "id": f"{row.kind} {row.source_id} {row.on}",
        "key": row.key,
        "severity": severity,
        "quiet": False,
        "cells": {
            "who": {"name": shown(name, 60) or "No name", "sub": KINDS.get(row.kind, row.kind)},
            "on": day_month(row.on, place.today),
            "amount": short_dollars(row.cents),
            "chips": [_chip(row)],
            "say": {"words": shown(f"{why[:1].upper()}{why[1:]}", 200), "calm": row.risk is None},
        },
    }


def _chip(row: IncomingRow) -> ShownChip:
    if row.risk is not None:
        words, icon, severity = RISKS[row.risk]
        return ShownChip(words=words, icon=icon, severity=severity, why=row.why)
    if row.by_hand:
        return ShownChip(
            words="By hand", icon="point_of_sale", severity="note", why="Nothing charges it by itself."
        )
    return ShownChip(
        words="Will be drafted", icon="check", severity="good", why="The card on file is good that day."
    )
