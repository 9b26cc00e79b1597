"""A report as JSON, CSV or a plain table: the same rows the page shows (CONTRACTS §2).

CSV cells are formula-safe: a spreadsheet must never run what a patient typed as a name.
"""

import csv
import dataclasses
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from core import clock
from core.money import dollars
from core.reports.head import Report
from core.reports.rows import MorningRow
from core.safe_csv import safe_cell
from core.severity import Flag

MANY_ROWS = 500


def as_json(report: Report) -> dict[str, Any]:
    """{"report", "as_of", "location", "sources", "rows"}; money keys end in _cents; unknown is null."""
    return {
        "report": report.report,
        "as_of": clock.iso(report.as_of, report.time_zone),
        "date": report.day.isoformat(),
        "location": report.location,
        "sources": [
            {
                "name": source.name,
                "synced_at": clock.iso(source.synced_at, report.time_zone),
                "stale": source.stale,
            }
            for source in report.sources
        ],
        "rows": [row_as_json(row, report.time_zone) for row in report.rows],
    }


def row_as_json(row: Any, time_zone: str) -> dict[str, Any]:
    """One row as plain JSON values; a visit's row carries the patient's columns at its own level."""
    if isinstance(row, MorningRow):
        visit = {name: getattr(row, name) for name in row.__slots__ if name != "about"}
        return {**_plain(visit, time_zone), **row_as_json(row.about, time_zone)}
    if isinstance(row, tuple):
        values = row._asdict()  # type: ignore[attr-defined]  # rows of many thousands are NamedTuples: made faster
    else:
        values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    values = {name: value for name, value in values.items() if name != "key" and not name.endswith("_key")}
    return _plain(values, time_zone)


def _plain(value: Any, time_zone: str) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Flag):
        return {"kind": value.kind, "severity": value.severity, "reason": value.reason, "cents": value.cents}
    if isinstance(value, datetime):
        return clock.iso(value, time_zone)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(inner, time_zone) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, time_zone) for inner in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (field.name for field in dataclasses.fields(value) if not field.name.endswith("_key"))
        fields = {name: getattr(value, name) for name in names}
        return _plain(fields, time_zone)
    return value


def as_csv(report: Report) -> str:
    """One line a row; nested values get dotted headers, lists of flags and payments become one cell each."""
    lines = [_flat(row) for row in as_json(report)["rows"]]
    header = list(dict.fromkeys(name for line in lines for name in line))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([safe_cell(line.get(name)) for name in header] for line in lines)
    return out.getvalue()


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            flat[f"{prefix}{name}"] = "; ".join(_cell_of(item) for item in value)
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _cell_of(item: Any) -> str:
    if isinstance(item, Mapping):
        if "kind" in item and "severity" in item and "reason" in item and "open_cents" not in item:
            return f"{item['kind']} ({item['severity']})"
        return " ".join(str(part) for part in item.values() if part not in (None, ""))
    return str(item)


_TABLE_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "morning": (
        ("starts_at", "time"),
        ("patient", "patient"),
        ("provider", "provider"),
        ("flags", "flags"),
        ("collect_now_cents", "collect"),
        ("say", "say"),
    ),
    "patients": (
        ("patient_id", "id"),
        ("patient", "patient"),
        ("flags", "flags"),
        ("collect_now_cents", "collect"),
        ("next_visit", "next visit"),
        ("say", "say"),
    ),
    "tasks": (
        ("severity", "severity"),
        ("kind", "kind"),
        ("patient", "patient"),
        ("cents", "at risk"),
        ("next_visit_at", "next visit"),
        ("owner", "who"),
        ("sentence", "say"),
    ),
    "links": (
        ("created_at", "made"),
        ("patient", "patient"),
        ("kind_words", "what"),
        ("number", "number"),
        ("amount_cents", "amount"),
        ("paid_cents", "paid"),
        ("state", "state"),
        ("reason", "why"),
    ),
    "cards": (
        ("patient_id", "id"),
        ("patient", "patient"),
        ("state", "state"),
        ("severity", "severity"),
        ("last_four", "card"),
        ("expires_on", "good until"),
        ("next_draft_on", "next draft"),
        ("at_risk_cents", "at risk"),
    ),
    "arrears": (
        ("plan_id", "plan"),
        ("patient_id", "id"),
        ("patient", "patient"),
        ("state", "state"),
        ("arrears_cents", "behind"),
        ("days_past_due", "days"),
        ("missed_count", "missed"),
        ("remaining_cents", "left to pay"),
        ("next_visit", "next visit"),
        ("last_event", "what happened last"),
    ),
    "prepaid": (
        ("plan_id", "plan"),
        ("patient_id", "id"),
        ("patient", "patient"),
        ("paid_cents", "paid"),
        ("delivered_cents", "care given"),
        ("unearned_cents", "held"),
        ("earned_this_month_cents", "earned this month"),
        ("refund_if_ended_cents", "back if ended"),
        ("rule", "rule"),
    ),
    "credits": (
        ("patient_id", "id"),
        ("patient", "patient"),
        ("credit_cents", "credit"),
        ("since", "since"),
        ("days", "days"),
        ("last_contact", "last contact"),
        ("falls_to_state_on", "falls to the state"),
    ),
    "memberships": (
        ("membership_id", "membership"),
        ("patient_id", "id"),
        ("patient", "patient"),
        ("state", "state"),
        ("service_class", "class"),
        ("allowance", "allowed"),
        ("used", "done"),
        ("booked", "booked"),
        ("over", "over"),
        ("reason", "why"),
    ),
}


def as_table(report: Report) -> str:
    """For a terminal: the columns a person reads first, aligned, dollars and local clock times."""
    columns = _TABLE_COLUMNS[report.report]
    lines = [[title for _, title in columns]]
    lines += [[_words(name, row.get(name)) for name, _ in columns] for row in as_json(report)["rows"]]
    widths = [min(60, max(len(line[place]) for line in lines)) for place in range(len(columns))]
    return "\n".join(_aligned(line, widths) for line in lines)


def _aligned(line: Iterable[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _words(name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if name.endswith("_cents"):
        return dollars(value)
    if name == "starts_at":
        return value[11:16]
    if name == "next_visit":
        return value[:10]
    if isinstance(value, list):
        return ", ".join(item["kind"] for item in value) or "–"
    return str(value)


def dumps(document: Any) -> str:
    """JSON as the command prints it: UTF-8, two spaces; of a long report each row on a line of its own.

    Python writes indented JSON five times slower than compact JSON, which a report of thousands of rows would feel.
    """
    rows = document.get("rows") if isinstance(document, dict) else None
    if not rows or len(rows) < MANY_ROWS:
        return json.dumps(document, ensure_ascii=False, indent=2, default=str)
    rest = {name: value for name, value in document.items() if name != "rows"}
    head = json.dumps(rest, ensure_ascii=False, indent=2, default=str).removesuffix("\n}")
    lines = ",\n    ".join(json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    return f'{head},\n  "rows": [\n    {lines}\n  ]\n}}'
