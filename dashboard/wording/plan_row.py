"""One plan that is behind, in the words of the list, its export and its print."""

from dataclasses import replace
from typing import Any

from core.money import short_dollars
from core.plans.facts import PlanState
from core.reports.arrears_rows import ArrearsRow
from core.severity import Severity
from dashboard.wording.chips import ShownChip
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import shown, visit_day

AGES = (
    ("d1_30", "1–30 days", "medium"),
    ("d31_60", "31–60 days", "high"),
    ("d61_90", "61–90 days", "critical"),
    ("over_90", "Over 90 days", "critical"),
)


def seen_by(row: ArrearsRow, may_see: MaySee) -> ArrearsRow:
    """The row as this person may see it: initials for every name when the privacy switch is on."""
    if not may_see.initials:
        return row
    promise = row.promise
    if promise is not None:
        hidden = promise.sentence.replace(promise.said_by, row.initials, 1)
        promise = replace(promise, said_by=row.initials, sentence=hidden)
    member = "".join(f"{word[0]}." for word in row.member.split()) if row.member else None
    return replace(row, patient=row.initials, mobile_last_four=None, member=member, promise=promise)


def drawn(row: ArrearsRow, place: LocalDay, time_zone: str) -> dict[str, Any]:
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
