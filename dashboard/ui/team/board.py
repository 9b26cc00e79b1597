"""The people of the practice as rows: role, place, a week of login times, clerk keys, last seen."""

from collections.abc import Callable
from typing import Any, NamedTuple

from core import clock
from core.reports.team import Team, TeamLine
from core.staff.models import Access
from core.staff.rules import WEEKDAYS, DayTimes
from dashboard.wording.columns import LocalDay
from dashboard.wording.text import near_day, short_time, shown

EVERYWHERE = "All locations"


def heads(team: Team) -> list[dict[str, str]]:
    """The headings: a week grid, and the clerk keys where a connection wants any."""
    return [
        {"key": "who", "label": "Person", "kind": "who"},
        {"key": "role", "label": "Role", "kind": "text"},
        *({"key": f"day{day}", "label": name[:3], "kind": "text"} for day, name in enumerate(WEEKDAYS)),
        *([{"key": "keys", "label": "Clerk key", "kind": "text"}] if team.wanting else []),
    ]


def drawn(line: TeamLine, team: Team, place: LocalDay, *, me: bool) -> dict[str, Any]:
    """One person as the board draws it; a missing clerk key of somebody who can sign in stands out."""
    state = "disabled" if not line.enabled else "you" if me else _seen(line, place)
    return {
        "id": f"staff {line.staff_id}",
        "key": line.staff_id,
        "severity": "medium" if _lacks_key(line, team) else "",
        "quiet": not line.enabled,
        "cells": {
            "who": {"name": shown(line.display_name, 60), "sub": shown(f"{line.username} · {state}", 80)},
            "role": {"words": line.role.capitalize(), "sub": shown(line.place or EVERYWHERE, 60)},
            **{f"day{day.weekday}": day_cell(day) for day in line.week},
            "keys": _keys(line, team),
        },
    }


def _seen(line: TeamLine, place: LocalDay) -> str:
    """By the day: the minute would change, and mark the row as changed, at every refresh."""
    if line.last_seen_at is None:
        return "never signed in"
    return f"last seen {near_day(clock.local_date(line.last_seen_at, place.time_zone), place.today)}"


def _keys(line: TeamLine, team: Team) -> dict[str, str]:
    """The last four of the key, or at which connections there is none."""
    missing = [one.name for one in team.wanting if one.connection_id not in line.keys]
    if not line.enabled:
        return {"words": "–", "sub": ""}
    if missing:
        return {"words": "No key", "sub": shown(", ".join(missing), 80)}
    return {"words": ", ".join(line.keys[one.connection_id] for one in team.wanting), "sub": ""}


class TeamTile(NamedTuple):
    """One pressable number: which people it counts, and shows when pressed."""

    id: str
    label: str
    icon: str
    why: str
    keeps: Callable[[TeamLine, Team], bool]


def _lacks_key(line: TeamLine, team: Team) -> bool:
    return line.enabled and any(one.connection_id not in line.keys for one in team.wanting)


NUMBERS = (
    TeamTile("people", "Can sign in", "group", "people who can sign in", lambda line, team: line.enabled),
    TeamTile(
        "limited", "With login times", "schedule", "people who may not sign in at any time",
        lambda line, team: line.enabled and any(day.kind != Access.ALWAYS for day in line.week),
    ),
    TeamTile("keys", "No clerk key", "key_off", "people who cannot act at a connection that wants their key", _lacks_key),
    TeamTile("disabled", "Disabled", "person_off", "closed accounts", lambda line, team: not line.enabled),
)  # fmt: skip


def numbers(team: Team, pressed: str) -> list[dict[str, Any]]:
    """The headline; without a connection that wants clerk keys nobody lacks one."""
    return [_number(one, team, pressed) for one in NUMBERS if one.id != "keys" or team.wanting]


def _number(one: TeamTile, team: Team, pressed: str) -> dict[str, Any]:
    found = sum(one.keeps(line, team) for line in team.people)
    tone = ("medium" if found else "good") if one.id == "keys" else ""
    held = one.id == pressed
    why = "Show everybody again" if held else f"Show only {one.why}"
    return {
        "id": one.id, "label": one.label, "icon": one.icon, "tone": tone, "value": f"{found}",
        "pressed": held, "why": why,
    }  # fmt: skip


def kept(team: Team, pressed: str) -> list[TeamLine]:
    """The people a pressed number stands for; everybody when none is pressed."""
    keeps = next((one.keeps for one in NUMBERS if one.id == pressed), None)
    return [line for line in team.people if keeps is None or keeps(line, team)]


def why_empty(pressed: str) -> tuple[str, str]:
    """What it means that nobody is left."""
    if pressed == "keys":
        return "Everybody has a clerk key", "Nobody is held up at the processor."
    return "Nobody here", "Press the number again to see everybody."


def day_cell(day: DayTimes) -> dict[str, str]:
    """`8 am` over `to 6 pm`, `No access`, `Any time`."""
    if day.kind == Access.NONE:
        return {"words": "No access", "sub": ""}
    if day.kind != Access.HOURS or day.from_time is None or day.until_time is None:
        return {"words": "Any time", "sub": ""}
    return {"words": short_time(day.from_time), "sub": f"to {short_time(day.until_time)}"}
