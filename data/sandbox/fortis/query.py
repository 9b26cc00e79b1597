"""The processor's query language (Fortis facts §1): page, order, filter_by, expand and fields, in both spellings.

`page[number]=2` and `page={"number":2}` are the same; so are `filter_by[0][key]=..` and `filter_by=[{"key":..}]`.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from data.sandbox.fortis.schemas import Complaint, Shape
from data.sandbox.fortis.wire import invalid
from data.sandbox.state import COLUMNS

DEFAULT_SIZE = 10  # not documented; the samples show 10
BIGGEST_SIZE = 5000
OPERATORS = ("=", ">=", "<=", ">", "<", "IN")
_KNOWN = frozenset(
    {"page", "order", "filter_by", "expand", "fields", "_format", "_typeahead", "export_refunds_negative"}
)


@dataclass(frozen=True, slots=True)
class Filter:
    key: str
    operator: str
    values: tuple[Any, ...]
    boolean: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    number: int = 1
    size: int = DEFAULT_SIZE
    order: tuple[tuple[str, str], ...] = ()
    filters: tuple[Filter, ...] = ()
    expand: tuple[str, ...] = ()
    fields: tuple[str, ...] = field(default=())

    def where(self) -> tuple[str, list[Any]]:
        """The filters as SQL; keys were checked against the resource's shape, values are bound."""
        clauses, values = ["1"], []
        for each in self.filters:
            left = f"coalesce({_expression(each.key)}, 0)" if each.boolean else _expression(each.key)
            marks = f"({', '.join('?' * len(each.values))})" if each.operator == "IN" else "?"
            clauses.append(f"{left} {each.operator} {marks}")
            values += each.values
        return " AND ".join(clauses), values

    def order_by(self) -> str:
        """Ends with the row's own number, so that equal keys never change places between two pages."""
        last = self.order[-1][1] if self.order else "asc"
        return ", ".join([*(f"{_expression(key)} {way}" for key, way in self.order), f"rowid {last}"])


def parse(pairs: Iterable[tuple[str, str]], shape: Shape, expands: tuple[str, ...]) -> Query:
    """The query of a request. Raises Refused (412) for an unknown key, operator, size or spelling."""
    tree = _tree(pairs)
    unknown = [name for name in tree if name not in _KNOWN]
    if unknown:
        _refuse(f'"{unknown[0]}" is not allowed', unknown[0], kind="object.unknown")
    page = tree.get("page") or {}
    if not isinstance(page, dict):
        _refuse('"page" must be of type object', "page", kind="object.base")
    return Query(
        number=_whole(page.get("number", 1), "number", 1, None),
        size=_whole(page.get("size", DEFAULT_SIZE), "size", 1, BIGGEST_SIZE),
        order=tuple(_order(item, shape) for item in _items(tree.get("order"), "order")),
        filters=tuple(_filter(item, shape) for item in _items(tree.get("filter_by"), "filter_by")),
        expand=_words(tree.get("expand"), "expand", expands),
        fields=_words(tree.get("fields"), "fields", (*shape, *expands)),
    )


def _tree(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = re.findall(r"[^\[\]]+", name) or [name]
        if not rest:
            tree[first] = _plain(value)
            continue
        branch = tree.setdefault(first, {})
        for step in rest[:-1]:
            branch = branch.setdefault(step, {}) if isinstance(branch, dict) else {}
        if not isinstance(branch, dict):
            _refuse(f'"{first}" must not be given in two spellings', first, kind="object.base")
        branch[rest[-1]] = value
    return tree


def _plain(value: str) -> Any:
    if not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _items(value: Any, name: str) -> list[Any]:
    """`name[0]..` and `name=[..]` alike, in order."""
    if value in (None, ""):
        return []
    if isinstance(value, dict):
        numbered = [(int(index), item) for index, item in value.items() if index.isdigit()]
        if len(numbered) != len(value):
            _refuse(f'"{name}" must be an array', name, kind="array.base")
        return [item for _, item in sorted(numbered, key=lambda pair: pair[0])]
    if not isinstance(value, list):
        _refuse(f'"{name}" must be an array', name, kind="array.base")
    return value


def _words(value: Any, name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else _items(value, name)
    for word in words:
        if word not in allowed:
            _refuse(f'"{name}[0]" must be one of [{", ".join(allowed)}]', name)
    return tuple(words)


def _order(item: Any, shape: Shape) -> tuple[str, str]:
    key, operator = _key(item, shape, "order"), str(item.get("operator", "asc")).lower()
    if operator not in ("asc", "desc"):
        _refuse('"operator" must be one of [asc, desc]', "order", "operator")
    return key, operator


def _filter(item: Any, shape: Shape) -> Filter:
    key, operator = _key(item, shape, "filter_by"), str(item.get("operator", "=")).upper()
    if operator not in OPERATORS:
        _refuse(f'"operator" must be one of [{", ".join(OPERATORS)}]', "filter_by", "operator")
    value = item.get("value")
    if value is None:
        _refuse('"value" is required', "filter_by", "value", kind="any.required")
    parts = [value]
    if operator == "IN":
        parts = value if isinstance(value, list) else str(value).split(",")
    kind = shape[key].kind
    return Filter(key, operator, tuple(_typed(part, kind) for part in parts), kind == "bool")


def _key(item: Any, shape: Shape, name: str) -> str:
    if not isinstance(item, dict) or "key" not in item:
        _refuse('"key" is required', name, "key", kind="any.required")
    if not isinstance(item["key"], str) or item["key"] not in shape:
        _refuse(f'"key" must be one of [{", ".join(shape)}]', name, "key")
    return item["key"]


def _typed(value: Any, kind: str) -> Any:
    """A filter's value as SQLite keeps the field: numbers as numbers, true and false as 1 and 0."""
    if kind == "bool":
        return int(str(value).lower() in ("1", "true"))
    text = str(value).strip()
    if kind in ("int", "float") or (kind == "enum" and re.fullmatch(r"-?\d{1,18}", text)):
        try:
            return int(text) if re.fullmatch(r"-?\d{1,18}", text) else float(text)
        except ValueError:
            _refuse('"value" must be a number', "filter_by", "value", kind="number.base")
    return text


def _expression(key: str) -> str:
    """A field in SQL; null where the record says null or false (see blanks.py)."""
    if key in COLUMNS or key == "id":
        return key
    return f"json_extract(said, '$.{key}')"


def _whole(value: Any, name: str, low: int, high: int | None) -> int:
    if not re.fullmatch(r"-?\d{1,12}", str(value)):
        _refuse(f'"{name}" must be a number', "page", name, kind="number.base")
    if int(value) < low:
        _refuse(f'"{name}" must be greater than or equal to {low}', "page", name, kind="number.min")
    if high is not None and int(value) > high:
        _refuse(f'"{name}" must be less than or equal to {high}', "page", name, kind="number.max")
    return int(value)


def _refuse(message: str, *path: str, kind: str = "any.only") -> Any:
    raise invalid([Complaint(message, path, kind)])
