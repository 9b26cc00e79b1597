"""The overview's charts drawn: bars by day, week or month, in the house's colours, light and dark.

Plotly is imported inside the functions: it is heavy, and only this page wants it (DESIGN §2.11).
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import streamlit as st

from core.dates import short_day
from core.overview.charts import Chart, Head, Key, Step, Unit
from core.overview.periods import Span, step_word
from dashboard.ui.component import HERE

HEIGHT = 250
MOST_LABELS = 8
# head → colour of tokens.css and a pattern, so that nobody needs the colour to tell them apart
LOOKS = {
    "collected": ("action", ""),
    "expected": ("ink", ""),
    "arrears_1_30": ("action", ""),
    "arrears_31_60": ("medium", "/"),
    "arrears_61_90": ("high", "x"),
    "arrears_over_90": ("critical", ""),
    "good": ("good", ""),
    "ends": ("medium", "/"),
    "none": ("high", "x"),
    "ended": ("critical", ""),
    "unknown": ("unknown", "."),
    "paid": ("action", ""),
    "failing": ("critical", "/"),
    "used": ("action", ""),
    "booked": ("good", "/"),
    "over": ("critical", ""),
    "allowance": ("ink", ""),
    "due": ("ink", ""),
    "recovered": ("action", ""),
}
LINES = frozenset({"expected", "allowance", "due"})  # what the bars are to be measured by
HIDDEN = frozenset({"rate"})  # in the table and the sentence, not in the drawing


@lru_cache(maxsize=2)
def colours(theme: str) -> dict[str, str]:
    """The colours of tokens.css for `light` or `dark`."""
    blocks = re.findall(r"\{([^}]*--critical: #[^}]*)\}", (HERE / "tokens.css").read_text(encoding="utf-8"))
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[1 if theme == "dark" else 0]))


def figure(chart: Chart, theme: str, *, height: int = HEIGHT) -> Any:
    """The chart as a Plotly figure, without any text from outside. A press on a point gives its place in `steps`."""
    from plotly import graph_objects as plot

    tones = colours(theme)
    made = plot.Figure()
    names = [step_name(step, chart.steps) for step in chart.steps]
    for head in drawn_heads(chart):
        place = chart.heads.index(head)
        values = [_shown(step.values[place], head) for step in chart.steps]
        made.add_trace(_trace(plot, chart, head, names, values, tones))
    made.update_layout(**_layout(chart, tones, names, height))
    return made


def drawn_heads(chart: Chart) -> list[Head]:
    """The columns that are drawn, in the order of their traces."""
    return [head for head in chart.heads if head.key not in HIDDEN]


def _trace(
    plot: Any, chart: Chart, head: Head, names: list[str], values: list[float | None], tones: dict[str, str]
) -> Any:
    tone, pattern = LOOKS[head.key]
    money = head.unit is Unit.CENTS
    hover = f"%{{x}}<br>{head.label}: {'$' if money else ''}%{{y:,.{2 if money else 0}f}}<extra></extra>"
    common = {"name": head.label, "x": names, "y": values, "hovertemplate": hover}
    if head.key in LINES:
        return plot.Scatter(
            mode="lines+markers",
            line={"color": tones[tone], "width": 2, "shape": "hvh" if chart.key is Key.USE else "linear"},
            marker={"size": 5, "symbol": "diamond"},
            connectgaps=False,
            **common,
        )
    return plot.Bar(
        marker={
            "color": tones[tone],
            "line": {"width": 0},
            "pattern": {"shape": pattern, "fgcolor": tones["paper"], "size": 5, "solidity": 0.3},
        },
        unselected={"marker": {"opacity": 0.55}},
        **common,
    )


def _layout(chart: Chart, tones: dict[str, str], names: list[str], height: int) -> dict[str, Any]:
    every = -(-len(names) // MOST_LABELS) or 1
    money = chart.heads[0].unit is Unit.CENTS
    axis = {
        "gridcolor": tones["line"],
        "zerolinecolor": tones["line"],
        "fixedrange": True,
        "automargin": True,
    }
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": tones["ink"], "size": 13},
        "barmode": "stack",
        "bargap": 0.25,
        "dragmode": False,
        "hoverlabel": {"bgcolor": tones["hover"], "font": {"color": tones["ink"]}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 13}},
        "showlegend": len(chart.heads) > 1,
        "uirevision": "kept",  # a refresh moves nothing that the person set
        "xaxis": {
            **axis,
            "type": "category",
            "tickmode": "array",
            "tickvals": names[::every],
            "showgrid": False,
            "tickangle": 0,
        },
        "yaxis": {
            **axis,
            "rangemode": "tozero",
            "tickprefix": "$" if money else "",
            "separatethousands": True,
            "nticks": 5,
            "tickformat": ",.0f" if money else ",d",
        },
    }


def _shown(value: int | None, head: Head) -> float | None:
    """Dollars for the axis; only pixels are made of them, sums stay cents."""
    if value is None:
        return None
    return value / 100 if head.unit is Unit.CENTS else value


def step_name(step: Step, steps: Sequence[Step]) -> str:
    """How a point is called on the axis and in the table: `3 Dec`, `week of 30 Nov`, `Nov 2026`."""
    whole = Span(steps[0].span.first, steps[-1].span.last)
    last = whole.last
    kind = step_word(whole)
    if kind == "month":
        return f"{step.span.first:%b} {step.span.first.year}"
    day = short_day(step.span.first, last)
    return day if kind == "day" else f"week of {day}"


def theme() -> str:
    """What the browser shows now."""
    return "dark" if st.context.theme.type == "dark" else "light"
