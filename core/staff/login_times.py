"""When a person may work: login times by weekday, on the wall clock of their location (field-notes §2.3). Reads only.

Nobody is locked out by what is not known: a weekday without a row is open. And somebody can always get in: an owner is
never kept out unless another owner, enabled, has no limits at all. Setting the times is core/staff/team.py.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from core import clock
from core.permissions import Role
from core.practice.models import Location
from core.staff.models import Access, Staff, StaffLoginTime
from core.staff.rules import DayTimes, refusal_at


def refusal(session: Session, staff_id: int, *, now: datetime) -> str | None:
    """Why this person may not work at `now` (aware), in a sentence; None when they may. Unknown person: None."""
    times = times_of(session, staff_id)
    if not any(each.kind != Access.ALWAYS for each in times):
        return None
    sentence = refusal_at(times, now.astimezone(clock.zone(_zone(session, staff_id))))
    return None if sentence is None or _must_get_in(session, staff_id) else sentence


def times_of(session: Session, staff_id: int) -> list[DayTimes]:
    """The weekdays that say something, Monday first."""
    rows = session.exec(
        select(StaffLoginTime)
        .where(StaffLoginTime.staff_id == staff_id)
        .order_by(col(StaffLoginTime.weekday))
    )
    return [DayTimes(row.weekday, row.kind, row.from_time, row.until_time) for row in rows]


def another_owner_without_limits(session: Session, staff_id: int) -> bool:
    """Whether some other enabled owner of the practice may work at any time."""
    limited = select(StaffLoginTime.staff_id).where(StaffLoginTime.kind != Access.ALWAYS)
    practice = select(Staff.practice_id).where(Staff.id == staff_id).scalar_subquery()
    found = session.exec(
        select(Staff.id)
        .where(
            Staff.role == Role.OWNER,
            Staff.id != staff_id,
            Staff.practice_id == practice,
            col(Staff.disabled_at).is_(None),
            col(Staff.id).not_in(limited),
        )
        .limit(1)
    )
    return found.first() is not None


def _must_get_in(session: Session, staff_id: int) -> bool:
    person = session.get(Staff, staff_id)
    return (
        person is not None
        and person.role == Role.OWNER
        and not another_owner_without_limits(session, staff_id)
    )


def _zone(session: Session, staff_id: int) -> str:
    """Of the person's location; of the practice's first one when they work at all; UTC until there is one."""
    own = select(Staff.location_id).where(Staff.id == staff_id).scalar_subquery()
    practice = select(Staff.practice_id).where(Staff.id == staff_id).scalar_subquery()
    rows = session.exec(
        select(Location.time_zone)
        .where(Location.practice_id == practice)
        .order_by((col(Location.id) == own).desc(), col(Location.id))
        .limit(1)
    )
    return rows.first() or "UTC"
