"""The panels of the overview: a sentence, the chart or the table, what to know about it, and its numbers as a file."""

from typing import Any

import streamlit as st

from core.money import dollars
from core.overview.charts import Chart, Key, Overview, Unit
from core.permissions import Identity, Permission, may
from dashboard.ui.overview.behind import press, press_cell
from dashboard.ui.overview.filters import Chosen
from dashboard.ui.overview.plots import HEIGHT, figure, step_name, theme
from dashboard.wording.text import plain

PANELS = (
    Key.COLLECTED,
    Key.ARREARS,
    Key.CARDS,
    Key.DRAFTS,
    Key.USE,
    Key.SERVICE,
    Key.RECOVERED,
    Key.METHODS,
)
NOTHING = "\u00a0"  # keeps its line's height, so that nothing moves
READY = "overview charts"  # session state: the sentences are on the screen, the charts may follow
QUIET = {"displayModeBar": False, "responsive": True, "showTips": False}


def draw_panels(found: Overview, chosen: Chosen, who: Identity) -> None:
    """Two panels a row, each of one height, so that nothing moves when numbers change."""
    for start in range(0, len(PANELS), 2):
        for column, key in zip(st.columns(2), PANELS[start : start + 2], strict=True):
            with column, st.container(border=True, height="stretch", gap="xsmall"):
                _one(found.chart(key), chosen, who)


def _one(chart: Chart, chosen: Chosen, who: Identity) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(chart.title)}**", width="stretch")
        if may(who.role, Permission.EXPORT):
            st.link_button(
                "CSV",
                f"/export/overview.csv?chart={chart.key}&{chosen.query}",
                icon=":material/download:",
                type="tertiary",
                help=f"The numbers of “{chart.title}” as a spreadsheet",
            )
    if chart.empty:
        _empty(*chart.empty)
        return
    st.markdown(f"#### {plain(chart.sentence, 300)}")
    aside(chart.compared)
    if chosen.tables:
        _table(chart)
    else:
        _plot(chart)
    if chart.note:
        aside(chart.note)


def aside(words: str) -> None:
    """A small line of the house's soft ink: Streamlit's caption is too pale to read in the light theme."""
    st.markdown(f":small[:gray[{plain(words, 300) or NOTHING}]]", width="content")


@st.fragment(run_every=0.2)
def charts_follow() -> None:
    """Let the sentences be read first: the charts' script is large. Draws the page again, with its charts, shortly after.

    Call it last, and only while READY is not in the session: the second page that is drawn has no such timer.
    """
    if READY in st.session_state:
        st.session_state[READY] = True
        st.rerun()
    st.session_state[READY] = False


def _plot(chart: Chart) -> None:
    if not st.session_state.get(READY):
        _empty(NOTHING, "")  # as high as the chart, so that nothing moves when it comes
        return
    name = f"overview {chart.key}"
    st.plotly_chart(
        figure(chart, theme()),
        key=name,
        theme=None,
        config=QUIET,
        on_select=lambda: press(chart, name),
        selection_mode="points",
    )


def _table(chart: Chart) -> None:
    """The chart's numbers in rows, newest first is not wanted: in the order of the chart."""
    name = f"overview table {chart.key}"
    rows: list[dict[str, Any]] = [
        {
            "When": step_name(step, chart.steps),
            **{
                head.label: _cell(value, head.unit)
                for head, value in zip(chart.heads, step.values, strict=True)
            },
        }
        for step in chart.steps
    ]
    st.dataframe(
        rows,
        key=name,
        height=HEIGHT,
        hide_index=True,
        column_config={head.label: st.column_config.TextColumn(alignment="right") for head in chart.heads},
        on_select=lambda: press_cell(chart, name),
        selection_mode="single-cell",
        alt=f"{chart.title}: {chart.sentence}",
    )


def _cell(value: int | None, unit: Unit) -> str:
    if value is None:
        return "–"
    if unit is Unit.CENTS:
        return dollars(value)
    return f"{value}%" if unit is Unit.PERCENT else f"{value:,}"


def _empty(title: str, hint: str) -> None:
    with st.container(
        height=HEIGHT, border=False, vertical_alignment="center", horizontal_alignment="center"
    ):
        st.markdown(f"**{plain(title)}**", width="content")
        if hint:
            aside(hint)
