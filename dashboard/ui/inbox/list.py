"""The conversations as rows: who wrote, what, when, and who works on it."""

from collections.abc import Sequence
from typing import Any

from core import clock
from core.messages.conversations import Conversation, Show
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import clock_time, count, phone_words, shown, visit_day

HEADS = [
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "chips", "label": "State", "kind": "chips"},
    {"key": "say", "label": "What they wrote", "kind": "say"},
    {"key": "at", "label": "When", "kind": "next"},
    {"key": "owner", "label": "Who works on it", "kind": "text"},
]
SHOWS = {Show.UNREAD: "Unread", Show.MINE: "Mine", Show.ALL: "All"}
EMPTY = {
    Show.UNREAD: ("Nothing waits to be read", "Every text is read, answered or left."),
    Show.MINE: ("You have no conversation", "Take one, and it stands here."),
    Show.ALL: ("Nobody has written yet", "What patients text back stands here."),
}


def drawn(found: Sequence[Conversation], place: LocalDay, may_see: MaySee) -> list[dict[str, Any]]:
    """Rows of the board; their key is the patient's, 0 for a number that is nobody's."""
    return [_row(one, place, may_see) for one in found]


def _row(one: Conversation, place: LocalDay, may_see: MaySee) -> dict[str, Any]:
    today = clock.local_date(one.at, place.time_zone) == place.today
    names = ", ".join(person.initials if may_see.initials else person.name for person in one.people)
    number = f"…{one.number[-4:]}" if may_see.initials else phone_words(one.number)
    return {
        "id": one.number,
        "key": one.people[0].key if one.people else 0,
        "severity": "",
        "quiet": False,
        "cells": {
            "who": {"name": shown(names, 60) or "Unknown number", "sub": number},
            "chips": _chips(one),
            "say": {"words": shown(one.words, 200), "calm": not one.unread},
            "at": clock_time(one.at, place.time_zone) if today else visit_day(one.at, place.time_zone, place.today),
            "owner": {"words": shown(one.owner, 40), "sub": ""},
        },
    }  # fmt: skip


def _chips(one: Conversation) -> list[dict[str, str]]:
    made = []
    if one.unread:
        made.append({"words": count(one.unread, "new text"), "icon": "mark_email_unread", "severity": "medium", "why": "Nobody has read it yet."})  # fmt: skip
    if not one.people:
        words = "Left" if one.left else "Unknown number"
        made.append({"words": words, "icon": "help", "severity": "unknown", "why": "Nobody has this number on file."})  # fmt: skip
    return made
