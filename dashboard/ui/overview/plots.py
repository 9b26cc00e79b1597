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
from core.overview.reports import USE
from dashboard.ui.components.component import HERE

HEIGHT = 230
FONT = '"Source Sans", sans-serif'
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
    "card": ("action", ""),
    "bank": ("good", "/"),
    "cash": ("medium", "x"),
    "check": ("high", "."),
    "posted": ("unknown", ""),
    "other": ("note", "/"),
}
MARKS = frozenset({"expected", "due"})  # what a bar is to be measured by: a dash at its height
OVER = next(head for head in USE if head.key == "over")
HIDDEN = frozenset({"rate"})  # in the table and the sentence, not in the drawing


@lru_cache(maxsize=2)
def colours(theme: str) -> dict[str, str]:
    """The colours of tokens.css for `light` or `dark`."""
    blocks = re.findall(r"\{([^}]*--critical: #[^}]*)\}", (HERE / "tokens.css").read_text(encoding="utf-8"))
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[1 if theme == "dark" else 0]))


@lru_cache(maxsize=128)
def figure(chart: Chart, theme: str, height: int = HEIGHT) -> Any:
    """The chart, which never changes, as a Plotly figure, without any text from outside. A press on a point gives its place in `steps`."""
    from plotly import graph_objects as plot

    tones = colours(theme)
    if chart.key is Key.CARDS and len(chart.steps) == 1:
        return _side_by_side(plot, chart, tones, height)
    made = plot.Figure()
    names = [step_name(step, chart.steps) for step in chart.steps]
    for head in drawn_heads(chart):
        place = chart.heads.index(head)
        values = [_shown(step.values[place], head) for step in chart.steps]
        if head.key in MARKS:
            values = [value or None for value in values]  # nothing due, nothing to measure by
        if head.key == "booked":
            values = _within(values, [step.values[chart.heads.index(OVER)] for step in chart.steps])
        made.add_trace(_trace(plot, head, names, values, tones))
    made.update_layout(**_layout(chart, tones, names, height))
    return made


def _side_by_side(plot: Any, chart: Chart, tones: dict[str, str], height: int) -> Any:
    """A single look at several states: one lying bar each, named beside it."""
    made = plot.Figure()
    labels = [head.label for head in chart.heads]
    for head, value in zip(chart.heads, chart.steps[0].values, strict=True):
        bar = _trace(plot, head, [head.label], [value], tones)
        bar.update(x=[value], y=[head.label], orientation="h", text=[f"{value or 0:,}"], cliponaxis=False)
        bar.update(hovertemplate=f"{head.label}: %{{x:,d}}<extra></extra>", textposition="outside")
        made.add_trace(bar)
    layout: dict[str, Any] = _layout(chart, tones, labels, height) | {"showlegend": False}
    names, numbers = layout["xaxis"], layout["yaxis"]
    made.update_layout(**layout | {"xaxis": numbers, "yaxis": names | {"autorange": "reversed"}})
    return made


def _within(booked: list[float | None], over: list[int | None]) -> list[float | None]:
    """Booked visits less those beyond the allowance, which are drawn on top of them."""
    pairs = zip(booked, over, strict=True)
    return [None if visits is None else max(0, visits - (beyond or 0)) for visits, beyond in pairs]


def drawn_heads(chart: Chart) -> list[Head]:
    """The columns that are drawn, in the order of their traces."""
    return [head for head in chart.heads if head.key not in HIDDEN]


def _trace(plot: Any, head: Head, names: list[str], values: list[float | None], tones: dict[str, str]) -> Any:
    tone, pattern = LOOKS[head.key]
    money = head.unit is Unit.CENTS
    hover = f"%{{x}}<br>{head.label}: {'$' if money else ''}%{{y:,.{2 if money else 0}f}}<extra></extra>"
    common = {"name": head.label, "x": names, "y": values, "hovertemplate": hover}
    if head.key == "allowance":
        return plot.Scatter(mode="lines", line={"color": tones[tone], "width": 2, "shape": "hvh"}, **common)
    if head.key in MARKS:
        width = max(6, min(22, 420 // max(len(names), 1)))
        mark = {"symbol": "line-ew", "size": width, "line": {"width": 3, "color": tones[tone]}}
        return plot.Scatter(mode="markers", marker=mark, **common)
    return plot.Bar(
        marker={
            "color": tones[tone],
            "line": {"width": 0},
            "pattern": {
                "shape": pattern,
                "fillmode": "overlay",
                "fgcolor": tones["paper"],
                "size": 6,
                "solidity": 0.25,
            },
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
        "font": {"color": tones["ink"], "size": 13, "family": FONT},
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
            "range": [-1, len(names)],
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
    """How a point is called on the axis and in the table: `Dec 3`, `week of Nov 30`, `Nov 2026`."""
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
