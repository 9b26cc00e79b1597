"""The link ledger as a report, for files and the command line."""

from datetime import datetime

from sqlmodel import Session

from core.reports.links import link_ledger
from core.reports.morning import locations, make_report
from core.reports.rows import Report

EVERY = 1_000_000


def links_report(session: Session, *, location_id: int | None, as_of: datetime) -> Report:
    """Every link ever, newest first. as_of: aware UTC, for the head; location_id None: of every location."""
    rows = link_ledger(session, None, location_id=location_id, limit=EVERY)
    return make_report(session, "links", locations(session, location_id), location_id, as_of, rows)
