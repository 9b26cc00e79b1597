"""Pieces that the prepared statements of several reports share."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, String, bindparam, column, literal, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.store.base import table_of
from core.store.types import UtcInstant


class _Ids(TypeDecorator[Sequence[Any]]):
    """A list of store ids as one value: an array on PostgreSQL, its JSON on SQLite."""

    impl = String
    cache_ok = True
    of: TypeEngine[Any] = BigInteger()

    def load_dialect_impl(self, dialect: Any) -> Any:
        is_array = dialect.name == "postgresql"
        return dialect.type_descriptor(postgresql.ARRAY(self.of) if is_array else String())

    def bind_processor(self, dialect: Any) -> Any:
        return list if dialect.name == "postgresql" else _as_json


class _Refs(_Ids):
    """The same of another system's ids, which are text."""

    cache_ok = True
    of = String()


def _as_json(values: Iterable[Any]) -> str:
    return json.dumps(list(values))


class _Each(FunctionElement[Any]):
    """The rows of such a list, in the column `value`."""

    inherit_cache = True


@compiles(_Each)
def _each_of_json(element: _Each, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Each, "postgresql")
def _each_of_array(element: _Each, compiler: Any, **options: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **options)}) AS each_id(value)"


def ids_of(name: str) -> Any:
    """For `column.in_(…)`: a list of store ids of any length as one parameter of this name.

    A parameter for each id makes another statement of every length, which is written and parsed anew each time.
    """
    return select(column("value", Integer)).select_from(_Each(bindparam(name, type_=_Ids())))


def refs_of(name: str) -> Any:
    """The same for another system's ids, or whatever else is text."""
    return select(column("value", String)).select_from(_Each(bindparam(name, type_=_Refs())))


IDS = ids_of("ids")


SINCE = bindparam("since", type_=UtcInstant)


NONE = literal(None)  # a field that gather.py fills in: a card resolved by its reference, a local date


def columns_of(model: Any, facts: Any, **other: Any) -> list[Any]:
    """The table's columns in the order of the NamedTuple's fields; `other` supplies those that are not columns."""
    table = table_of(model)
    return [other[name] if name in other else table.c[name] for name in facts._fields]
