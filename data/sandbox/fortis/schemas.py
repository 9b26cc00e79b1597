"""Reads the facts' field notation and checks request bodies with it, with the complaints Joi would write.

`str? len 0..64 /re/` may be null and is held to a length and a pattern; `enum a/b`, `int 1..99`, `date`,
`ID`, `{a, b}` and `[..]` are what they look like.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

ID_PATTERN = r"^(([0-9a-fA-F\-]{24,36})|(UUID))$"
DATE_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
NEVER_REPEATED = frozenset({"account_number", "cvv", "track_data", "routing_number"})
_RANGE = r"(-?[\d.]*?)\.\.([\d.]*)"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str  # str, ID, date, int, float, bool, enum, object, array, any
    required: bool
    nullable: bool
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    choices: tuple[str | int, ...] = ()

    def unknown(self) -> Any:
        """What an answer says when nothing is known: null, or false where the wire has no null."""
        return False if self.kind == "bool" else None


Shape = dict[str, Field]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One entry of a 412's `meta.details`."""

    message: str
    path: tuple[str, ...]
    type: str

    def as_wire(self) -> dict[str, Any]:
        key = self.path[-1] if self.path else "value"
        context = {"key": key, "label": key}
        return {"message": self.message, "path": list(self.path), "type": self.type, "context": context}


def shape(notation: str) -> Shape:
    """The fields of a table in the facts' notation, by name."""
    fields: Shape = {}
    for line in notation.strip().splitlines():
        names, rule = line.split(": ", 1)
        for name in names.split(", "):
            fields[name.rstrip("*")] = _field(name, rule)
    return fields


def _field(name: str, rule: str) -> Field:
    required, name = name.endswith("*"), name.rstrip("*")
    pattern = re.search(r"/(\^.*\$)/", rule)
    bounds = re.search(_RANGE, rule.split(" /", maxsplit=1)[0])
    return Field(
        name=name,
        kind=_kind(rule),
        required=required,
        nullable="?" in rule.split(" /", maxsplit=1)[0] or rule == "any",
        low=float(bounds[1]) if bounds and bounds[1] else None,
        high=float(bounds[2]) if bounds and bounds[2] else None,
        pattern=pattern[1] if pattern else None,
        choices=_choices(rule),
    )


def _kind(rule: str) -> str:
    if rule[0] in "{[":
        return "object" if rule[0] == "{" else "array"
    word = re.match(r"[a-z]+", rule)
    kind = word[0] if word else "any"
    if kind == "enum" and not _choices(rule):
        return "int" if "179" in rule else "str"
    return "ID" if kind == "str" and "ID" in rule.split(" /", maxsplit=1)[0].split() else kind


def _choices(rule: str) -> tuple[str | int, ...]:
    if not rule.startswith("enum "):
        return ()
    words = rule.removeprefix("enum ").rstrip("?").split("/")
    # "000" is a word, not a number
    numbers = all(word.isdigit() and str(int(word)) == word for word in words)
    return tuple(int(word) if numbers else word for word in words)


def check(body: dict[str, Any], allowed: Shape) -> tuple[dict[str, Any], list[Complaint]]:
    """The body with strings coerced as the processor does, and everything that is wrong with it."""
    accepted: dict[str, Any] = {}
    complaints = [
        Complaint(f'"{name}" is required', (name,), "any.required")
        for name, field in allowed.items()
        if field.required and name not in body
    ]
    for name, value in body.items():
        if name not in allowed:
            complaints.append(Complaint(f'"{name}" is not allowed', (name,), "object.unknown"))
            continue
        accepted[name], complaint = _checked(allowed[name], value)
        if complaint:
            complaints.append(complaint)
    return accepted, complaints


def _checked(field: Field, value: Any) -> tuple[Any, Complaint | None]:
    if value is None:
        if field.nullable:
            return None, None
        word = "a number" if field.kind in ("int", "float") else "a string"
        return None, _complain(field, f"must be {word}", f"{'number' if 'number' in word else 'string'}.base")
    return _CHECKS[field.kind](field, value)


def _complain(field: Field, words: str, kind: str) -> Complaint:
    return Complaint(f'"{field.name}" {words}', (field.name,), kind)


def _text(field: Field, value: Any) -> tuple[Any, Complaint | None]:
    if not isinstance(value, str):
        return value, _complain(field, "must be a string", "string.base")
    if not value and (field.required or (field.low or 0) > 0):
        return value, _complain(field, "is not allowed to be empty", "string.empty")
    if field.high is not None and len(value) > field.high:
        words = f"length must be less than or equal to {field.high:.0f} characters long"
        return value, _complain(field, words, "string.max")
    if value and field.low is not None and len(value) < field.low:
        return value, _complain(
            field, f"length must be at least {field.low:.0f} characters long", "string.min"
        )
    return _patterned(field, value, field.pattern)


def _patterned(field: Field, value: str, pattern: str | None) -> tuple[Any, Complaint | None]:
    if pattern and value and not re.search(pattern, value):
        seen = "" if field.name in NEVER_REPEATED else f'with value "{value}" '
        words = f"{seen}fails to match the required pattern: /{pattern}/"
        return value, _complain(field, words, "string.pattern.base")
    return value, None


def _identifier(field: Field, value: Any) -> tuple[Any, Complaint | None]:
    if not isinstance(value, str):
        return value, _complain(field, "must be a string", "string.base")
    return _patterned(field, value or "-", ID_PATTERN)


def _date(field: Field, value: Any) -> tuple[Any, Complaint | None]:
    if not isinstance(value, str):
        return value, _complain(field, "must be a string", "string.base")
    return _patterned(field, value or "-", DATE_PATTERN)


def _number(field: Field, value: Any) -> tuple[Any, Complaint | None]:
    """Whole and decimal numbers; "100" is taken as 100 (seen live)."""
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        number = None
    if number is None or not math.isfinite(number):
        return value, _complain(field, "must be a number", "number.base")
    if field.kind == "int":
        if number != int(number):
            return value, _complain(field, "must be an integer", "number.integer")
        number = int(number)
    if field.low is not None and number < field.low:
        return number, _complain(field, f"must be greater than or equal to {field.low:.0f}", "number.min")
    if field.high is not None and number > field.high:
        return number, _complain(field, f"must be less than or equal to {field.high:.0f}", "number.max")
    return number, None


def _boolean(field: Field, value: Any) -> tuple[Any, Complaint | None]:
    words = {"true": True, "false": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()], None
    return value, None if isinstance(value, bool) else _complain(field, "must be a boolean", "boolean.base")


def _choice(field: Field, value: Any) -> tuple[Any, Complaint | None]:
    if isinstance(value, str) and value.isdigit() and int(value) in field.choices:
        value = int(value)
    if value in field.choices and not isinstance(value, bool):
        return value, None
    choices = ", ".join(map(str, field.choices))
    return value, _complain(field, f"must be one of [{choices}]", "any.only")


def _container(field: Field, value: Any) -> tuple[Any, Complaint | None]:
    wanted = dict if field.kind == "object" else list
    if isinstance(value, wanted):
        return value, None
    kind = "object" if field.kind == "object" else "array"
    return value, _complain(
        field, f"must be {'of type object' if kind == 'object' else 'an array'}", f"{kind}.base"
    )


def _anything(_field: Field, value: Any) -> tuple[Any, Complaint | None]:
    return value, None


_CHECKS = {
    "str": _text,
    "ID": _identifier,
    "date": _date,
    "int": _number,
    "float": _number,
    "bool": _boolean,
    "enum": _choice,
    "object": _container,
    "array": _container,
    "any": _anything,
}
