"""Whether a person may act at Cash Practice, asked before the call (field-notes §2.3: every action is stamped with a
clerk key, and all privileges and login times are respected). Reads only."""

from datetime import datetime, time

from sqlmodel import Session, col, select

from core import clock
from core.connections.clerk_keys import clerk_key_of
from core.connections.models import Connection, ProcessorUser
from core.errors import NotAllowed
from core.practice.models import Location
from core.staff.login_times import refusal
from core.staff.models import Access, Staff
from core.staff.rules import WEEKDAYS, DayTimes, refusal_at

TAKE_PAYMENTS = "Process payments"  # the privilege as the processor writes it


def clerk_key_for(
    session: Session, staff_id: int, connection: Connection, *, privilege: str = "", now: datetime
) -> str:
    """The clerk key this person acts with at this connection, now (aware).

    Raises NotAllowed with what is missing: the key, the login at the processor, its privilege, or the hours.
    """
    person = session.get(Staff, staff_id)
    name = (person.display_name or person.username) if person else "This person"
    key = clerk_key_of(session, staff_id, connection.id or 0)
    if key is None:
        raise NotAllowed(
            f"{name} has no clerk key for {connection.name} yet. Enter it on the team page first."
        )
    if said := refusal(session, staff_id, now=now):
        raise NotAllowed(f"{name}: {said}")
    login = session.exec(
        select(ProcessorUser).where(
            ProcessorUser.connection_id == connection.id,
            ProcessorUser.staff_id == staff_id,
            col(ProcessorUser.gone_at).is_(None),
        )
    ).first()
    if login is not None and (why_not := _why_not(session, login, connection, privilege, now)):
        raise NotAllowed(f"{name}: {why_not}")
    return key


def _why_not(
    session: Session, login: ProcessorUser, connection: Connection, privilege: str, now: datetime
) -> str | None:
    where = connection.name
    if not login.active:
        return f"the login “{login.username}” at {where} is switched off. Ask its administrator there."
    if privilege and not login.is_admin and privilege not in login.privileges.split("\n"):
        return f"the login “{login.username}” at {where} lacks the privilege “{privilege}”. Ask its administrator there."
    local = now.astimezone(clock.zone(_time_zone(session, connection.practice_id)))
    if said := refusal_at(read_login_times(login.login_times), local):
        return f"{said.removesuffix(' Ask the owner.')} That is set at {where}."
    return None


def read_login_times(text: str) -> list[DayTimes]:
    """Weekdays of “Monday: 08:00-18:00” lines. A line that cannot be read says nothing: the processor itself decides."""
    found: list[DayTimes] = []
    for line in text.split("\n"):
        day, _, hours = (part.strip() for part in line.partition(":"))
        if day not in WEEKDAYS:
            continue
        number, word = WEEKDAYS.index(day), hours.casefold()
        if word == "no access":
            found.append(DayTimes(number, Access.NONE))
        elif word.startswith("24"):
            found.append(DayTimes(number, Access.ALWAYS))
        elif (times := _hours(hours)) is not None:
            found.append(DayTimes(number, Access.HOURS, *times))
    return found


def _hours(text: str) -> tuple[time, time] | None:
    begin, _, end = text.partition("-")
    try:
        return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip().replace("24:00", "00:00"))
    except ValueError:
        return None


def _time_zone(session: Session, practice_id: int) -> str:
    query = select(Location.time_zone).where(Location.practice_id == practice_id).order_by(col(Location.id))
    return session.exec(query.limit(1)).first() or "UTC"
