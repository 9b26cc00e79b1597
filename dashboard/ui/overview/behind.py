"""The drawer with the patients behind a point of a chart; a press on one opens their card, and closing that returns."""

from typing import Any, NamedTuple

import streamlit as st

from core import clock
from core.errors import HuddleError
from core.money import short_dollars
from core.overview.charts import Chart, Key, Unit
from core.overview.drill_down import Behind, BehindPoint, behind
from core.overview.periods import Span
from core.permissions import Identity, Permission, require
from core.store.engine import reader
from core.store.version import data_version
from dashboard.ui import page
from dashboard.ui.components import board
from dashboard.ui.overview.plots import drawn_heads, step_name
from dashboard.ui.patient import drawer as patient_card
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, plain, shown

BOARD = "overview board"
POINT = "overview point"  # session state: the point whose drawer is open
LAST = "overview last point"  # session state: chart → the point that was pressed last
MOST = 200
COLUMNS = [
    {"key": "who", "label": "Patient", "kind": "who"},
    {"key": "words", "label": "What", "kind": "text"},
    {"key": "amount", "label": "Amount", "kind": "money"},
]


class Point(NamedTuple):
    """One number of a chart, by the keys of its chart and column. title: how the drawer calls it."""

    key: Key
    column: str
    span: Span
    title: str


def point_of(chart: Chart, column: int, step: int) -> Point:
    """The point at a place among the drawn columns and the steps of a chart."""
    head = drawn_heads(chart)[column]
    found = chart.steps[step]
    title = f"{chart.title}, {step_name(found, chart.steps)}: {head.label[0].lower()}{head.label[1:]}"
    return Point(chart.key, head.key, found.span, title)


def press(chart: Chart, name: str) -> None:
    """For a chart's on_select: open the point that was pressed. A second press on the same one opens it again."""
    picked = st.session_state[name].selection.points
    last = st.session_state.setdefault(LAST, {})
    if picked:
        last[chart.key] = point_of(chart, picked[0]["curve_number"], picked[0]["point_index"])
    if chart.key in last:
        st.session_state[POINT] = last[chart.key]


def press_cell(chart: Chart, name: str) -> None:
    """For a table's on_select: open the number in the cell that was pressed."""
    cells = st.session_state[name].selection.cells
    heads = [head.label for head in drawn_heads(chart)]
    if cells and cells[0][1] in heads:
        st.session_state[POINT] = point_of(chart, heads.index(cells[0][1]), cells[0][0])


def draw_behind(who: Identity, may_see: MaySee, location_id: int | None) -> None:
    """The drawer that is open, if one is: a patient's card, else the list behind a point."""
    opened = st.session_state.get(patient_card.OPEN)
    if opened and opened["board"] == BOARD:
        patient_card.draw_drawer(BOARD, who, may_see)
        return
    point = st.session_state.get(POINT)
    if point is not None:
        _drawer(point, read_behind(point, who, location_id), may_see)


def read_behind(point: Point, who: Identity, location_id: int | None) -> BehindPoint:
    """Who stands behind a point. Raises NotAllowed."""
    for permission in (Permission.SEE_OVERVIEW, Permission.SEE_PATIENTS, Permission.SEE_MONEY):
        require(who.role, permission)
    with page.open_reader() as session:
        version = data_version(session)
    return _behind(str(page.engine().url), version, point, location_id, who.location_id)


@st.cache_resource(max_entries=32, ttl=300, show_spinner="Looking for the patients…")
def _behind(store: str, version: int, point: Point, location_id: int | None, only: int | None) -> BehindPoint:
    with reader(page.engine()) as session:
        return behind(
            session,
            key=point.key,
            column=point.column,
            span=point.span,
            location_id=location_id,
            as_of=clock.now(),
            only=only,
        )


def _close() -> None:
    st.session_state.pop(POINT, None)


@st.dialog(
    "Patients behind this number", position="right", width=patient_card.DRAWER_WIDTH, on_dismiss=_close
)
def _drawer(point: Point, found: BehindPoint, may_see: MaySee) -> None:
    opened = st.session_state.get(patient_card.OPEN)
    if opened and opened["board"] == BOARD:
        st.rerun()  # a patient was pressed: their card takes this drawer's place
    if found.said:
        st.markdown(plain(found.said, 400))
    try:
        _list(point, found, may_see)
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")


def _list(point: Point, found: BehindPoint, may_see: MaySee) -> None:
    total = _amount(found.total, found.unit)
    st.markdown(f"**{plain(point.title, 200)}**")
    words = count(len(found.rows), "patient") + (f", {total} together" if found.total else "")
    if len(found.rows) > MOST:
        words += f"; the {MOST} largest are shown"
    board.draw_board(
        board.Board(
            caption="Patients behind this number",
            words=words,
            view=f"{point} {may_see}",
            columns=COLUMNS,
            rows=[_row(one, found.unit, may_see) for one in found.rows[:MOST]],
            empty=(
                "Nobody stands behind this number",
                "Bookings and cards of days gone by are counted, not kept by name.",
            ),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=_open,
    )


def _open() -> None:
    pressed = st.session_state[BOARD].open
    if pressed and pressed["key"]:  # a payment of nobody has no card to open
        patient_card.open_from(BOARD)


def _row(one: Behind, unit: Unit, may_see: MaySee) -> dict[str, Any]:
    name = one.initials if may_see.initials else one.patient
    return {
        "id": one.patient_id or "nobody",
        "key": one.key,
        "severity": "",
        "quiet": False,
        "cells": {
            "who": {"name": shown(name, 60) or "No name", "sub": ""},
            "words": {"words": shown(one.words, 160), "sub": ""},
            "amount": _amount(one.amount, unit),
        },
    }


def _amount(number: int, unit: Unit) -> str:
    return short_dollars(number) if unit is Unit.CENTS else f"{number:,}"
