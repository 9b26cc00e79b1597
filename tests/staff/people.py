"""Somebody by their user name, and one weekday of theirs."""

from datetime import time

from sqlmodel import Session, select

from core.permissions import Identity
from core.staff.models import Staff
from core.staff.rules import day_times
from core.staff.team import set_week


def staff_named(session: Session, username: str) -> Staff:
    """The account of a user name, enabled or not."""
    return session.exec(select(Staff).where(Staff.username == username)).one()


def set_day(
    session: Session,
    actor: Identity | None,
    *,
    staff_id: int,
    weekday: int,
    kind: str,
    from_time: time | None = None,
    until_time: time | None = None,
) -> None:
    """One weekday (0 = Monday), the others stay as they are."""
    set_week(session, actor, staff_id=staff_id, week=[day_times(weekday, kind, from_time, until_time)])
