"""`q[]=field:operatorvalue`, `sort` and paging, as facts §6.1 describe them.

Repeated filters are joined by and. Datetimes take > >= < <= ? !? *, numbers and ids = != and lists, text = != ~ ~~,
booleans = !=. Lists leave out archived and cancelled rows unless a filter asks about that field; deleted rows always.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

INSTANTS = {"created_at", "updated_at", "starts_at", "ends_at", "archived_at", "cancelled_at"}
_DEFAULT = ("created_at", "id", "updated_at")
FILTERS: dict[str, tuple[str, ...]] = {
    "businesses": _DEFAULT,
    "practitioners": (*_DEFAULT, "user_id"),
    "appointment_types": (*_DEFAULT, "archived_at", "category"),
    "billable_items": _DEFAULT,
    "appointment_type_billable_items": _DEFAULT,
    "patients": (
        *_DEFAULT,
        "archived_at",
        "date_of_birth",
        "email",
        "first_name",
        "last_name",
        "old_reference_id",
    ),
    "individual_appointments": (
        *_DEFAULT,
        "appointment_type_id",
        "archived_at",
        "business_id",
        "cancelled_at",
        "ends_at",
        "patient_id",
        "practitioner_id",
        "starts_at",
    ),
    "group_appointments": (*_DEFAULT, "archived_at", "cancelled_at", "starts_at"),
    "attendees": (*_DEFAULT, "archived_at", "booking_id", "cancelled_at", "patient_id"),
    "unavailable_blocks": (*_DEFAULT, "starts_at"),
    "invoices": (
        *_DEFAULT,
        "appointment_id",
        "business_id",
        "issue_date",
        "number",
        "patient_id",
        "practitioner_id",
        "status",
    ),
    "invoice_items": (*_DEFAULT, "invoice_id"),
}
_LEFT_OUT = ("archived_at", "cancelled_at")
_COLUMNS = {"created_at": "created", "updated_at": "updated", "id": "id"}
_FILTER = re.compile(r"([a-z_]+):(\*|!\?|\?|>=|<=|>|<|!=|=|~~|~)(.*)", re.DOTALL)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


class BadQuery(Exception):
    """Answered with 400."""


class Asked(NamedTuple):
    """where: SQL that follows `resource = ?`, values bound. order: SQL of ORDER BY."""

    where: str
    values: list[Any]
    order: str


def asked(resource: str, filters: Sequence[str], sort: str) -> Asked:
    """What a list was asked for. Raises BadQuery with the sentence of the answer."""
    where, values = "", list[Any]()
    named: set[str] = set()
    for text in filters:
        found = _FILTER.fullmatch(text)
        if found is None or found[1] not in FILTERS[resource]:
            raise BadQuery(f"{text.partition(':')[0]} is not filterable")
        name, operator, value = found[1], found[2], found[3]
        named.add(name)
        clause, bound = _clause(name, operator, value)
        where += clause
        values += bound
    for mark in _LEFT_OUT:
        if mark not in named:
            where += f" AND left_out NOT LIKE '%{mark}%'"
    return Asked(where + " AND left_out NOT LIKE '%deleted_at%'", values, _order(sort))


def _clause(name: str, operator: str, value: str) -> tuple[str, list[Any]]:
    column = _column(name)
    match operator:
        case "*":
            return "", []
        case "?":
            return f" AND {column} IS NOT NULL", []
        case "!?":
            return f" AND {column} IS NULL", []
        case ">" | ">=" | "<" | "<=":
            if name not in INSTANTS or not _INSTANT.fullmatch(value):
                raise BadQuery(f"Filter value for {name} must be a UTC datetime")
            return f" AND {column} {operator} ?", [value]
        case "=" | "!=":
            return _equal(name, column, operator, value)
    return f" AND lower({column}) LIKE ?", [f"%{value.lower()}%"]


def _equal(name: str, column: str, operator: str, value: str) -> tuple[str, list[Any]]:
    wanted = value.split(",")
    if name in ("status", "number") and not all(each.isdecimal() for each in wanted):
        raise BadQuery(f"Filter value for {name} must be a number")
    marks = ", ".join("?" * len(wanted))
    word = "IN" if operator == "=" else "NOT IN"
    return f" AND CAST({column} AS TEXT) {word} ({marks})", list(wanted)


def _column(name: str) -> str:
    if name in _COLUMNS:
        return _COLUMNS[name]
    if name.endswith("_id") and name != "old_reference_id":
        link = f"json_extract(said, '$.{name.removesuffix('_id')}.links.self')"
        return f"substr({link}, -19)"  # the sandbox's own ids have 19 digits
    return f"json_extract(said, '$.{name}')"


def _order(sort: str) -> str:
    if not sort:
        return "created, id"
    name, _, way = sort.partition(":")
    if name not in _COLUMNS or way not in ("", "asc", "desc"):
        raise BadQuery(f"{name} is not sortable")
    down = " DESC" if way == "desc" else ""
    return f"{_COLUMNS[name]}{down}, id{down}"
