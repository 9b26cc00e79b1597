"""Where a patient belongs when their EHR does not say: at the place of their latest visit."""

from sqlalchemy import select, update
from sqlmodel import Session

from core.jobs.practice_files.rows import table_of
from core.store.version import touch


def place_patients(session: Session, connection_id: int) -> int:
    """A patient whose EHR names no location belongs where their latest visit is. Returns how many were placed."""
    patient, visit = table_of("patients"), table_of("appointments")
    latest = (
        select(visit.c.location_id)
        .where(visit.c.patient_id == patient.c.id, visit.c.gone_at.is_(None))
        .order_by(visit.c.starts_at.desc(), visit.c.id)
        .limit(1)
        .scalar_subquery()
    )
    mine = (patient.c.connection_id == connection_id, patient.c.location_id.is_(None), latest.is_not(None))
    placed = session.execute(update(patient).where(*mine).values(location_id=latest)).rowcount  # type: ignore[attr-defined]  # an UPDATE's result has one
    if placed:
        touch(session)
    return placed
