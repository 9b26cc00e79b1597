"""Tasks as a list: the numbers to filter by, the headings, and rows as the board draws them."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from core import clock
from core.findings.flags import Kind
from core.money import short_dollars, whole_dollars
from core.severity import Flag, Severity
from core.tasks.kinds import TaskKind
from core.tasks.models import TaskState
from core.tasks.reports import Show, Tally, TaskRow
from dashboard.wording.chips import ShownChip
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee, chip_of, no_amounts
from dashboard.wording.text import count, day_month, shown, visit_day

NEAR_DAYS = 7  # a visit within a week: there will be somebody to talk to
CLOSED_DAYS = 30  # how far back closed tasks are counted and shown
ICONS = {
    TaskKind.CARD: "credit_card_clock",
    TaskKind.PAYMENT: "payments",
    TaskKind.SETTLEMENT: "gavel",
    TaskKind.BALANCE: "account_balance_wallet",
    TaskKind.POSTING: "sync_problem",
    TaskKind.OVERBOOKED: "event_busy",
    TaskKind.TO_BOOK: "event_upcoming",
    TaskKind.INSURANCE: "policy",
    TaskKind.AUTHORISATION: "gpp_maybe",
    TaskKind.BOOKING: "event_busy",
    TaskKind.TEXT: "sms",
}
HEADS = [
    {"key": "tick", "label": "Tick all rows shown", "kind": "tick"},
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "chips", "label": "Task", "kind": "chips"},
    {"key": "say", "label": "Say", "kind": "say"},
    {"key": "risk", "label": "At risk", "kind": "money"},
    {"key": "next", "label": "Next visit", "kind": "next"},
    {"key": "owner", "label": "Who", "kind": "text"},
]


class TaskTile(NamedTuple):
    """One number of the headline. good_news: what an empty list says."""

    id: str
    label: str
    icon: str
    tone: str
    good_news: tuple[str, str]


NUMBERS = (
    TaskTile("open", "Open", "checklist", "", ("Nothing to do", "Every rule is content. New tasks come by themselves after each sync.")),
    TaskTile("mine", "Mine", "person", "", ("You have no task", "Take one from the open ones.")),
    TaskTile("critical", "Critical", "error", "critical", ("Nothing is critical", "No card fails within the week.")),
    TaskTile("high", "High", "warning", "high", ("Nothing of high severity is open", "Look at the medium ones when there is time.")),
    TaskTile("medium", "Medium", "info", "medium", ("Nothing of medium severity is open", "What is left is worse, or nothing at all.")),
    TaskTile("near", "Visit in 7 days", "event", "", ("Nobody with a task comes within the week", "The others can be called or written to.")),
    TaskTile("snoozed", "Snoozed", "snooze", "", ("Nothing is put aside", "Snoozed tasks wait here and come back by themselves.")),
    TaskTile("closed", "Closed", "task_alt", "", ("Nothing was closed in the last 30 days", "What is settled stands here, with what settled it.")),
)  # fmt: skip


def show_of(pressed: str) -> Show:
    """Which part of the tasks a pressed number shows."""
    return {"snoozed": Show.SNOOZED, "closed": Show.CLOSED}.get(pressed, Show.OPEN)


def numbers(found: Tally, pressed: str) -> list[dict[str, Any]]:
    """The headline: open tasks with the dollars at risk, then the parts of them, then what is put aside and closed."""
    values = {
        "open": found.open,
        "mine": found.mine,
        "critical": found.by_severity.get(Severity.CRITICAL, 0),
        "high": found.by_severity.get(Severity.HIGH, 0),
        "medium": found.by_severity.get(Severity.MEDIUM, 0),
        "near": found.visit_near,
        "snoozed": found.snoozed,
        "closed": found.closed,
    }
    pressed = pressed or "open"
    return [
        {
            "id": one.id,
            "label": one.label,
            "icon": one.icon,
            "tone": one.tone if values[one.id] else "",
            "value": f"{values[one.id]:,}",
            "sub": f"{whole_dollars(found.cents)} at risk" if one.id == "open" and found.cents else "",
            "pressed": one.id == pressed,
            "why": "Show every open task" if one.id in (pressed, "open") else f"Show only: {one.label.lower()}",
        }
        for one in NUMBERS
    ]  # fmt: skip


def why_empty(*, looked: bool, pressed: str, narrowed: bool) -> tuple[str, str]:
    """A heading and a sentence for a list without rows. looked: the rules have looked at the patients at least once."""
    if not looked:
        return (
            "The rules have not looked yet",
            "Tasks come after the first sync. Connect the practice's systems first.",
        )
    if narrowed:
        return ("No task matches", "Clear the search and the choices to see the others.")
    return next((one.good_news for one in NUMBERS if one.id == pressed), NUMBERS[0].good_news)


def drawn(row: TaskRow, place: LocalDay, may_see: MaySee, ticked: Collection[int]) -> dict[str, Any]:
    """One task as the board draws it."""
    name = row.initials if may_see.initials else shown(row.patient, 60) or "No name"
    cells = {
        "who": {"name": name, "sub": _about(row, place, may_see)},
        "chips": [kind_chip(row)],
        "say": _say(row, may_see),
        "risk": short_dollars(row.cents) if row.cents and may_see.money else "",
        "next": visit_day(row.next_visit_at, place.time_zone, place.today),
        "owner": _owner(row, place),
    }
    return {
        "id": str(row.task_id),
        "key": row.key,
        "severity": "" if row.state is TaskState.CLOSED else row.severity,
        "quiet": False,
        "news": str(sorted(cells.items(), key=lambda pair: pair[0])),
        "cells": {**cells, "tick": {"on": row.task_id in ticked, "words": f"Tick {name}: {row.kind}"}},
    }


def kind_chip(row: TaskRow) -> ShownChip:
    """What was found, as on the morning list, in the colour of its severity."""
    done = row.state is TaskState.CLOSED
    words = chip_of(Flag(row.flag, row.severity, row.sentence)).words
    return ShownChip(
        words="Too many visits" if row.flag == Kind.OVER_SCHEDULED else words,
        icon=ICONS[row.kind],
        severity="good" if done else row.severity,
        why=shown(row.sentence, 300),
    )


def _about(row: TaskRow, place: LocalDay, may_see: MaySee) -> str:
    mobile = f"mobile …{row.mobile_last_four}" if row.mobile_last_four and not may_see.initials else ""
    since = f"since {day_month(clock.local_date(row.opened_at, place.time_zone), place.today)}"
    return " · ".join(word for word in (mobile, since) if word)


def _say(row: TaskRow, may_see: MaySee) -> dict[str, Any]:
    sentence = row.sentence if may_see.money else no_amounts(row.sentence)
    if row.state is not TaskState.CLOSED:
        return {"words": shown(sentence, 300), "calm": False}
    return {"words": shown(f"{closing_words(row)} It was: {sentence}", 400), "calm": False}


def closing_words(row: TaskRow) -> str:
    """`Paid. Paid $149 on Nov 22. Closed by itself.` or a person's reason and words."""
    reason = (row.close_reason or "").capitalize()
    said = row.cleared
    by = (
        f"Closed by {row.closed_by}."
        if row.closed_by
        else ""
        if said.startswith("Closed in")
        else "Closed by itself."
    )
    return " ".join(
        part for part in (f"{reason}." if row.closed_by or not said else "", _stop(said), by) if part
    )


def _stop(words: str) -> str:
    return words if not words or words[-1] in ".!?" else f"{words}."


def _owner(row: TaskRow, place: LocalDay) -> dict[str, str]:
    if row.state is TaskState.CLOSED:
        day = clock.local_date(row.closed_at, place.time_zone) if row.closed_at else None
        return {"words": day_month(day, place.today), "sub": shown(row.closed_by or "by itself", 40)}
    who = shown(row.owner, 40) if row.owner else "–"
    if row.snoozed_until is not None:
        until = day_month(clock.local_date(row.snoozed_until, place.time_zone), place.today)
        return {"words": f"until {until}", "sub": who if row.owner else ""}
    return {"words": who, "sub": ""}


def heads(may_see: MaySee, *, closed: bool) -> list[dict[str, str]]:
    """The headings; amounts only for those who may see them."""
    kept = [one for one in HEADS if may_see.money or one["key"] != "risk"]
    if not closed:
        return kept
    names = {"say": "What settled it", "owner": "Closed"}
    return [{**one, "label": names.get(one["key"], one["label"])} for one in kept]


def list_words(total: int, first: int, shown_rows: Sequence[TaskRow], show: Show) -> str:
    """`74 tasks, worst first, 1 to 50 shown`."""
    order = "latest first" if show is Show.CLOSED else "worst first"
    part = f", {first + 1:,} to {first + len(shown_rows):,} shown" if total > len(shown_rows) else ""
    return f"{count(total, 'task')}, {order}{part}"
