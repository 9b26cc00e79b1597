"""The tasks that are not closed as a report, for files and the command line."""

from datetime import datetime

from sqlmodel import Session

from core.practice.reports import locations
from core.reports.head import Report, make_report
from core.tasks.reports import Show, Wanted, open_tasks


def tasks_report(session: Session, *, location_id: int | None, as_of: datetime) -> Report:
    """Open, worked on and snoozed tasks, worst first, the snoozed ones last. as_of: aware UTC, for the head."""
    rows = [
        row
        for show in (Show.OPEN, Show.SNOOZED)
        for row in open_tasks(session, Wanted(show=show, location_id=location_id))
    ]
    return make_report(session, "tasks", locations(session, location_id), location_id, as_of, rows)
