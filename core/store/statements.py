"""Pieces that the prepared statements of several reports share."""

from typing import Any

from sqlalchemy import bindparam, literal

from core.store.base import table_of
from core.store.types import UtcInstant

IDS = bindparam("ids", expanding=True)


SINCE = bindparam("since", type_=UtcInstant)


NONE = literal(None)  # a field that gather.py fills in: a card resolved by its reference, a local date


def columns_of(model: Any, facts: Any, **other: Any) -> list[Any]:
    """The table's columns in the order of the NamedTuple's fields; `other` supplies those that are not columns."""
    table = table_of(model)
    return [other[name] if name in other else table.c[name] for name in facts._fields]
