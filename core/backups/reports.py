"""When the last good backup was, and whether that is too long ago. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from core.backups.models import BackupRun
from core.settings import settings
from core.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Standing:
    """at: of the last good backup, UTC; None = never. too_old: nobody should rely on it. trouble: why a later try failed."""

    at: datetime | None
    size: int
    too_old: bool
    trouble: str


def backups(session: Session, *, now: datetime) -> Standing:
    """How the practice stands if the machine is lost at `now` (aware UTC). A store that is new is given time."""
    good = session.exec(
        select(BackupRun).where(col(BackupRun.good)).order_by(col(BackupRun.at).desc()).limit(1)
    ).first()
    last = session.exec(
        select(BackupRun).order_by(col(BackupRun.at).desc(), col(BackupRun.id).desc()).limit(1)
    )
    tried = last.first()
    begun = session.exec(select(func.min(Staff.created_at))).one()
    since = good.at if good else begun
    limit = timedelta(hours=settings().backup_max_age_hours)
    return Standing(
        at=good.at if good else None,
        size=good.size if good else 0,
        too_old=since is not None and now - since > limit,
        trouble="" if tried is None or tried.good else tried.reason,
    )
