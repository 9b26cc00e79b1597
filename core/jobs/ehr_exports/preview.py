"""A dry run to look at: what would be stored and what would not, ten patients as they will look, and tomorrow's morning.

Everything is done as a load does it, inside one transaction that is rolled back at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select

from core import clock
from core.integrations.ehr_exports.finding import Match
from core.jobs.ehr_exports.load import Progress, load_match
from core.jobs.ehr_exports.result import ExportResult
from core.jobs.practice_files.rows import table_of
from core.practice.reports import locations
from core.reports.head import Report
from core.reports.morning import morning
from core.store.engine import reader, rehearsal

_PATIENTS = 10


@dataclass(frozen=True, slots=True)
class PatientLook:
    """A patient as the screens will show them; None = unknown."""

    patient_id: str
    first_name: str
    last_name: str
    birth_date: date | None
    mobile_phone: str | None
    email: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """result: counts and reasons. patients: ten of the export's. tomorrow: the morning of `day`; None without a place."""

    result: ExportResult
    patients: tuple[PatientLook, ...]
    day: date
    tomorrow: Report | None


def preview(
    engine: Engine, chosen: Match, answers: Mapping[str, Any], progress: Progress | None = None
) -> Preview:
    """Try a load. Raises BadInput as the load itself would."""
    with rehearsal(engine) as connection:
        result = load_match(connection, chosen, answers, None, progress)
        result.rehearsed = True
        return _look(connection, result)


def _look(connection: Connection, result: ExportResult) -> Preview:
    table = table_of("patients").c
    with reader(connection) as session:
        rows = session.execute(
            select(
                table.external_id, table.first_name, table.last_name, table.birth_date, table.mobile_phone,
                table.email, table.active,
            )
            .where(table.gone_at.is_(None))
            .order_by(table.synced_at.desc(), table.id)
            .limit(_PATIENTS)
        ).all()  # fmt: skip
        places = locations(session)
        day = clock.today(places[0].time_zone if places else "UTC") + timedelta(days=1)
        report = morning(session, location_id=None, day=day, as_of=clock.now()) if places else None
    return Preview(result, tuple(PatientLook(*row) for row in rows), day, report)
