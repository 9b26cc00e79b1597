"""The only source of time. Instants are aware UTC; "today" always belongs to a location.

Tests and the demo move the clock with `frozen`; nothing else in core calls datetime.now().
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Hold the clock still at `instant` (aware) inside the block, in this thread or task."""
    token = _frozen.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


@functools.lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises zoneinfo.ZoneInfoNotFoundError (a KeyError) for an unknown one."""
    return ZoneInfo(name)


def local_date(instant: datetime, time_zone: str) -> date:
    """The calendar date of an instant on the wall of a location (DOMAIN §0)."""
    return instant.astimezone(zone(time_zone)).date()


def today(time_zone: str, as_of: datetime | None = None) -> date:
    """Today at a location: the local date of `as_of`, or of now."""
    return local_date(as_of or now(), time_zone)


def local_instant(moment: datetime, time_zone: str) -> datetime:
    """The UTC instant of a wall-clock time; one that already carries an offset is only converted."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(time_zone))
    return moment.astimezone(UTC)


def day_bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """First instant of the local day and first instant of the next one, UTC: 23, 24 or 25 hours apart."""
    start = datetime.combine(day, time.min, zone(time_zone)).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, zone(time_zone)).astimezone(UTC)
    return start, end


def iso(instant: datetime | None, time_zone: str | None = None) -> str | None:
    """ISO 8601 with offset, in the location's zone when one is given."""
    if instant is None:
        return None
    return instant.astimezone(zone(time_zone) if time_zone else UTC).isoformat(timespec="seconds")
