"""The plans that are behind as a list: numbers to filter by, their order, and rows as the board draws them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, NamedTuple

from core.money import short_dollars, whole_dollars
from core.names import folded
from core.plans.facts import PlanState
from core.reports.arrears import is_behind
from core.reports.arrears_rows import ArrearsRow
from core.severity import Severity
from dashboard.ui.columns import Place
from dashboard.ui.components.chips import ShownChip
from dashboard.ui.sight import Sight
from dashboard.ui.text import count, shown, visit_day

AGES = (
    ("d1_30", "1–30 days", "medium"),
    ("d31_60", "31–60 days", "high"),
    ("d61_90", "61–90 days", "critical"),
    ("over_90", "Over 90 days", "critical"),
)
ORDERS = {"worst": "Worst first", "name": "By last name", "age": "Longest past due"}
HEADS = [
    {"key": "who", "label": "Who pays", "kind": "who"},
    {"key": "behind", "label": "Behind", "kind": "money"},
    {"key": "aging", "label": "Days past due", "kind": "aging"},
    {"key": "chips", "label": "State", "kind": "chips"},
    {"key": "say", "label": "Say", "kind": "say"},
    {"key": "contact", "label": "Last contact", "kind": "next"},
    {"key": "next", "label": "Next visit", "kind": "next"},
]


class Filter(NamedTuple):
    """One number of the headline. cents None = plans are counted. good_news: what an empty list says."""

    id: str
    label: str
    icon: str
    tone: str
    keeps: Callable[[ArrearsRow], bool]
    cents: Callable[[ArrearsRow], int] | None
    good_news: tuple[str, str]
    always: bool = True


def _age(name: str) -> Callable[[ArrearsRow], int]:
    return lambda row: getattr(row.aging, name) if row.aging is not None else 0


def _with(name: str) -> Callable[[ArrearsRow], bool]:
    cents = _age(name)
    return lambda row: cents(row) > 0


NOBODY = ("Nobody is behind", "Every instalment due so far is paid.")
FILTERS = (
    Filter("behind", "Behind", "trending_down", "high", is_behind, lambda row: row.arrears_cents or 0, NOBODY),
    *(
        Filter(
            name, label, "", tone, _with(name), _age(name),
            (f"Nothing is {label.lower()} past due", "No instalment of that age is open."),
        )
        for name, label, tone in AGES
    ),
    Filter(
        "promised", "Promised", "handshake", "", lambda row: row.promise is not None, None,
        ("Nobody behind has promised a day", "Open a row to write a promise down."), always=False,
    ),
    Filter(
        "settle", "To settle", "gavel", "medium", lambda row: row.state == PlanState.SETTLEMENT, None,
        ("No plan waits to be settled", "Every plan that was ended early is decided."), always=False,
    ),
    Filter(
        "unknown", "Unknown", "help", "", lambda row: row.state == PlanState.UNKNOWN, None,
        ("Every plan can be judged", "No plan is without instalments or with dates that contradict each other."), always=False,
    ),
)  # fmt: skip


def numbers(rows: Sequence[ArrearsRow], pressed: str) -> list[dict[str, Any]]:
    """Dollars behind, the same by age, and how many are promised, to be settled or unknown."""
    made = []
    for one in FILTERS:
        found = [row for row in rows if one.keeps(row)]
        if not (found or one.always or one.id == pressed):
            continue
        held = one.id == pressed or (one.id == "behind" and not pressed)
        value = f"{len(found):,}" if one.cents is None else whole_dollars(sum(map(one.cents, found)))
        made.append(
            {
                "id": one.id,
                "label": one.label,
                "icon": one.icon,
                "tone": one.tone if found else "",
                "value": value,
                "sub": "" if not found else count(len(found), "plan") if one.cents is not None else "plan" if len(found) == 1 else "plans",
                "pressed": held,
                "why": "Show everyone who is behind" if held or one.id == "behind" else f"Show only: {one.label.lower()}",
            }
        )  # fmt: skip
    return made


def matching(rows: Iterable[ArrearsRow], pressed: str, search: str) -> list[ArrearsRow]:
    """Rows of a pressed number (those behind when none is) whose name holds every word, or whose mobile ends so."""
    keeps = next((one.keeps for one in FILTERS if one.id == pressed), is_behind)
    words = folded(search).split()
    digits = words[0] if len(words) == 1 and len(words[0]) == 4 and words[0].isdigit() else ""

    def fits(row: ArrearsRow) -> bool:
        if not keeps(row):
            return False
        if digits:
            return row.mobile_last_four == digits
        name = folded(f"{row.patient} {row.member or ''}") if words else ""
        return all(word in name for word in words)

    return [row for row in rows if fits(row)]


def ordered(rows: list[ArrearsRow], order: str) -> list[ArrearsRow]:
    """Worst first is how the report comes."""
    if order == "name":
        return sorted(rows, key=attrgetter("name_key", "plan_id"))
    if order == "age":
        return sorted(rows, key=lambda row: (-(row.days_past_due or 0), row.name_key))
    return rows


def why_empty(*, loaded: bool, pressed: str, narrowed: bool) -> tuple[str, str]:
    """A heading and a sentence for a list without rows. loaded: some source was synced."""
    if not loaded:
        return (
            "Nothing is loaded yet",
            "Load the practice files with “huddle import FOLDER”, or connect a folder with “huddle connect”.",
        )
    if narrowed:
        return "No plan matches", "Clear the search to see the others."
    return next((one.good_news for one in FILTERS if one.id == pressed), NOBODY)


def seen_by(row: ArrearsRow, sight: Sight) -> ArrearsRow:
    """The row as this person may see it: initials for every name when the privacy switch is on."""
    if not sight.initials:
        return row
    promise = row.promise
    if promise is not None:
        hidden = promise.sentence.replace(promise.said_by, row.initials, 1)
        promise = replace(promise, said_by=row.initials, sentence=hidden)
    member = "".join(f"{word[0]}." for word in row.member.split()) if row.member else None
    return replace(row, patient=row.initials, mobile_last_four=None, member=member, promise=promise)


def drawn(row: ArrearsRow, place: Place, time_zone: str) -> dict[str, Any]:
    """One plan as the board draws it."""
    severity = row.severity
    return {
        "id": row.plan_id,
        "key": row.key,
        "severity": "" if severity in (None, Severity.NOTE) else severity,
        "quiet": False,
        "cells": {
            "who": {"name": shown(row.patient, 60) or "No name", "sub": _about(row)},
            "behind": "unknown" if row.arrears_cents is None else short_dollars(row.arrears_cents) if row.arrears_cents else "",
            "aging": _aging(row),
            "chips": _chips(row),
            "say": {"words": shown(_say(row), 300), "calm": severity is Severity.NOTE},
            "contact": visit_day(row.last_contact_at, time_zone, place.today),
            "next": visit_day(row.next_visit, time_zone, place.today),
        },
    }  # fmt: skip


def _about(row: ArrearsRow) -> str:
    for_whom = f"for {shown(row.member, 40)}" if row.family and row.member else ""
    return " · ".join(word for word in (shown(row.plan, 40) or "Plan", for_whom) if word)


def _aging(row: ArrearsRow) -> dict[str, Any] | None:
    """The arrears by age as a bar of four colours, in words beneath."""
    if row.aging is None or not row.arrears_cents or row.days_past_due is None:
        return None
    parts = [(label, tone, getattr(row.aging, name)) for name, label, tone in AGES]
    told = [f"{label.lower()} {short_dollars(cents)}" for label, _tone, cents in parts if cents]
    return {
        "parts": [{"tone": tone, "cents": cents} for _label, tone, cents in parts],
        "words": f"{row.days_past_due} days" if len(told) == 1 else f"{row.days_past_due} days, {row.missed_count} missed",
        "why": ", ".join(told),
    }  # fmt: skip


def _chips(row: ArrearsRow) -> list[ShownChip]:
    made = [_state_chip(row)]
    if row.promise is not None:
        promise = row.promise
        words, severity = {
            "OPEN": ("Promised", "note"),
            "DUE_TODAY": ("Promised for today", "medium"),
            "KEPT": ("Promise kept", "good"),
        }.get(promise.state, ("Promise broken", "high"))
        made.append(
            ShownChip(words=words, icon="handshake", severity=severity, why=shown(promise.sentence, 300))
        )
    if row.reminders_stopped:
        made.append(
            ShownChip(
                words="Reminders stopped",
                icon="notifications_off",
                severity="high",
                why="Money was charged back. Answer the dispute first.",
            )
        )
    return made  # fmt: skip


def _state_chip(row: ArrearsRow) -> ShownChip:
    words, icon = {
        "BEHIND": ("Behind", "trending_down"),
        "COMPLETED_OWING": ("Over, still owing", "event_busy"),
        "SETTLEMENT": ("Settle plan", "gavel"),
    }.get(row.state, ("Plan unknown", "help"))
    severity = row.severity.value if row.severity else "note"
    return ShownChip(words=words, icon=icon, severity=severity, why=shown(row.reason, 300))


def _say(row: ArrearsRow) -> str:
    """What happened last and what to say now; a promise first, where there is one."""
    if row.state in (PlanState.UNKNOWN, PlanState.SETTLEMENT):
        return row.reason
    event = f"{row.last_event[:1].upper()}{row.last_event[1:]}." if row.last_event else ""
    promise = row.promise.sentence if row.promise and row.promise.state != "KEPT" else ""
    return (
        " ".join(word for word in (promise, event if not promise else "", row.advice) if word) or row.reason
    )
