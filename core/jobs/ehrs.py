"""The EHRs that are asked for their lists: how each is synced, and what follows when anything came."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session

from core.connections.models import Kind
from core.jobs.cliniko.load import sync_cliniko
from core.jobs.fhir.loading import Load, setting_for
from core.jobs.fhir.run import sync_fhir
from core.jobs.records.joining import join_records

Run = tuple[Any, ...]
"""Resource, the counts of FileCounts, the error ("" = none), and for how many seconds to wait after it."""


class Asking(NamedTuple):
    """One sync. confirm: called in every transaction (the lease). said: told after each page, may raise to stop."""

    engine: Engine
    connection_id: int
    full: bool
    confirm: Callable[[Session], None]
    said: Callable[[str], None]


def sync_ehr(
    asking: Asking,
    kind: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    wire: Mapping[str, Any],
) -> list[Run]:
    """Bring the store up to date with one EHR; what the processors know is joined anew when anything changed."""
    sync = _cliniko if kind == Kind.CLINIKO else _fhir
    runs, changed = sync(asking, settings, secrets, wire)
    if changed:
        join_records(asking.engine)
    return runs


def _fhir(
    asking: Asking, settings: Mapping[str, str], secrets: Mapping[str, str], wire: Mapping[str, Any]
) -> tuple[list[Run], bool]:
    zone = setting_for(asking.engine, settings)
    load = Load(asking.engine, asking.connection_id, zone, asking.full, asking.confirm, asking.said)
    came = sync_fhir(load, settings, secrets, **wire)
    return came.runs(), bool(any(counts.stored for counts in came.files.values()) or came.retried)


def _cliniko(
    asking: Asking, settings: Mapping[str, str], secrets: Mapping[str, str], wire: Mapping[str, Any]
) -> tuple[list[Run], bool]:
    how = {"full": asking.full, "confirm": asking.confirm, "said": asking.said}
    came = sync_cliniko(asking.engine, asking.connection_id, settings, secrets, **how, **wire)
    runs = [(each.resource, *each.counts, each.error, each.retry_after) for each in came]
    return runs, any(each.counts.stored or each.counts.gone or each.retried for each in came)
