"""The board: one table for the day's visits and for all patients, drawn by board.js."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.reports.rows import MorningRow, PatientRow
from dashboard.ui.components.component import own
from dashboard.wording.chips import LEGEND
from dashboard.wording.columns import Column, LocalDay
from dashboard.wording.meanings import meaning_of
from dashboard.wording.text import clock_time, count, shown, visit_day

_BOARD = own("board")
_WHO = {"key": "who", "label": "Patient", "kind": "who"}
_TIME = {"key": "time", "label": "Time", "kind": "time"}


@dataclass(frozen=True, slots=True)
class Board:
    """What the table says. view: changes when the person asked for other rows or columns, so that only rows
    that the data changed are marked. fold: whether rows with nothing to say fold into one line.
    back: the row whose drawer was closed last, for the keyboard to return to."""

    caption: str
    words: str
    view: str
    columns: list[dict[str, str]]
    rows: list[dict[str, Any]]
    empty: tuple[str, str]
    fold: bool = False
    quiet_open: bool = False
    back: dict[str, Any] | None = None


def heads(columns: list[Column], *, timed: bool) -> list[dict[str, str]]:
    """The headings, with the time of day in front for visits."""
    own_columns = [{"key": one.key, "label": one.label, "kind": one.kind} for one in columns]
    return [*([_TIME] if timed else []), _WHO, *own_columns]


def visit_row(visit: MorningRow, columns: list[Column], place: LocalDay, tasks: int = 0) -> dict[str, Any]:
    """One visit of the day as the board draws it. tasks: how many wait to be worked on, told beneath the time."""
    doing = " · ".join(shown(word, 60) for word in (visit.appointment_type, visit.provider) if word)
    status = {"arrived": "arrived", "completed": "checked out", "no_show": "did not come"}.get(visit.status)
    drawn = patient_row(visit.about, columns, place)
    drawn["id"] = visit.appointment_id
    at = clock_time(visit.starts_at, place.time_zone)
    drawn["cells"]["time"] = {"words": at, "sub": count(tasks, "task")} if tasks else at
    drawn["cells"]["who"]["sub"] = " · ".join(word for word in (doing, status) if word)
    return drawn


def patient_row(row: PatientRow, columns: list[Column], place: LocalDay) -> dict[str, Any]:
    """One patient as the board draws it."""
    last = f"last visit {visit_day(row.last_visit, place.time_zone, place.today)}" if row.last_visit else ""
    mobile = f"mobile …{row.mobile_last_four}" if row.mobile_last_four else ""
    name = shown(row.patient, 60) or "No name"
    return {
        "id": row.patient_id,
        "key": row.key,
        "severity": "" if row.severity in (None, "note") else row.severity,
        "quiet": row.severity is None and not row.say and not row.collect_now_cents,
        "cells": {
            "who": {"name": name, "sub": " · ".join(word for word in (mobile, last) if word)},
            **{column.key: column.cell(row, place) for column in columns},
        },
    }


def _legend(rows: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """The severities that these rows have; where nothing has one there is nothing to explain."""
    rows = list(rows)
    found = {row["severity"] for row in rows}
    found |= {chip["severity"] for row in rows for chip in row["cells"].get("chips") or ()}
    return [one for one in LEGEND if one["severity"] in found]


def draw_board(board: Board, *, key: str, on_open: Any, on_fold: Any = None, on_tick: Any = None) -> Any:
    """Mount the board. `open` in its answer holds {"key", "id"} of the row that was pressed, `fold` the wish, `tick`
    {"ids", "on"} where a column has ticks."""
    quiet = sum(bool(row["quiet"]) for row in board.rows)
    fold = f"{quiet} more with nothing to say" if board.fold and quiet else ""
    return _BOARD(
        key=key,
        data={
            "caption": board.caption,
            "words": board.words,
            "view": board.view,
            "columns": [one | {"why": meaning_of(one["label"])} for one in board.columns],
            "rows": board.rows,
            "legend": _legend(board.rows),
            "empty": {"title": board.empty[0], "hint": board.empty[1]},
            "fold": fold,
            "quiet_open": board.quiet_open,
            "back": board.back,
        },
        on_open_change=on_open,
        on_fold_change=on_fold or (lambda: None),
        on_tick_change=on_tick or (lambda: None),
    )
