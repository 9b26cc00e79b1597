"""A chart's numbers as CSV: one line a point, amounts in cents under keys that end in _cents (CONTRACTS §2)."""

import csv
import io

from core.overview.charts import Chart, Unit

_ENDS = {Unit.CENTS: "_cents", Unit.COUNT: "", Unit.PERCENT: "_percent"}


def chart_csv(chart: Chart) -> str:
    """first and last day of each point, then its numbers; unknown is an empty cell, not nought."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["first_day", "last_day", *(f"{head.key}{_ENDS[head.unit]}" for head in chart.heads)])
    for step in chart.steps:
        numbers = ["" if value is None else value for value in step.values]
        writer.writerow([step.span.first.isoformat(), step.span.last.isoformat(), *numbers])
    return out.getvalue()
