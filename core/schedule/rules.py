"""Which visits are still to come, which are done, and which nobody came to (DOMAIN §0).

Status words are those of core.schedule.models.AppointmentStatus; rules may not import tables, so they stand here.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

PRESUMED_MISSED_AFTER = timedelta(minutes=30)


class VisitFacts(NamedTuple):
    """One appointment. starts_at is aware UTC; service_class and price_cents come from its type, None = unknown."""

    id: int
    external_id: str
    patient_id: int
    provider_id: int | None
    appointment_type_id: int | None
    service_class: str | None
    starts_at: datetime
    minutes: int | None
    status: str
    price_cents: int | None


class VisitStanding(StrEnum):
    OPEN = "OPEN"
    DONE = "DONE"
    DEAD = "DEAD"
    PRESUMED_MISSED = "PRESUMED_MISSED"
    UNKNOWN = "UNKNOWN"  # a status word nobody taught us: neither open nor done


IN_START_ORDER = attrgetter("starts_at", "id")

_BY_STATUS = {
    "scheduled": VisitStanding.OPEN,
    "confirmed": VisitStanding.OPEN,
    "arrived": VisitStanding.OPEN,
    "completed": VisitStanding.DONE,
    "cancelled": VisitStanding.DEAD,
    "rescheduled": VisitStanding.DEAD,
    "no_show": VisitStanding.DEAD,
}
OPEN_STATUSES = tuple(word for word, standing in _BY_STATUS.items() if standing is VisitStanding.OPEN)


def standing(visit: VisitFacts, as_of: datetime) -> VisitStanding:
    """Where a visit stands at `as_of` (aware UTC).

    Still scheduled or confirmed more than 30 minutes after its start: presumed missed. Somebody who arrived is
    here, however late it gets (DOMAIN §0).
    """
    found = _BY_STATUS.get(visit.status, VisitStanding.UNKNOWN)
    if (
        found is VisitStanding.OPEN
        and as_of - visit.starts_at > PRESUMED_MISSED_AFTER
        and visit.status != "arrived"
    ):
        return VisitStanding.PRESUMED_MISSED
    return found


def next_visit(
    visits: Iterable[VisitFacts], as_of: datetime, after: VisitFacts | None = None
) -> VisitFacts | None:
    """The earliest open visit starting strictly after the one at hand, or after `as_of` when none is (DOMAIN §0)."""
    since = as_of if after is None else after.starts_at
    coming = (v for v in visits if v.starts_at > since and standing(v, as_of) is VisitStanding.OPEN)
    return min(coming, key=IN_START_ORDER, default=None)


def last_visit(visits: Iterable[VisitFacts], as_of: datetime) -> VisitFacts | None:
    """The latest visit that was done, started at or before `as_of` (aware UTC)."""
    past = (v for v in visits if v.starts_at <= as_of and v.status == "completed")
    return max(past, key=IN_START_ORDER, default=None)
