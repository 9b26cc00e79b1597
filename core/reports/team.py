"""The people of the practice as the owner sees them: role, place, week, clerk keys, last seen. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from core.connections.clerk_keys import WANTED_BY
from core.connections.models import Connection, ConnectionState
from core.permissions import Identity, Permission, require
from core.practice.models import Location
from core.secrets import mask, open_sealed
from core.staff.models import Passkey, SecondStep, Staff, StaffClerkKey, StaffLoginTime, StaffSession
from core.staff.rules import DayTimes


@dataclass(frozen=True, slots=True)
class Wanting:
    """A connection whose calls carry a clerk key."""

    connection_id: int
    name: str


@dataclass(frozen=True, slots=True)
class TeamLine:
    """One account. place "" = every location. last_seen_at: aware UTC, None = never signed in.
    week: seven days, Monday first, always open where nothing was said. keys: connection id → `••••1234`."""

    staff_id: int
    username: str
    display_name: str
    role: str
    location_id: int | None
    place: str
    enabled: bool
    last_seen_at: datetime | None
    second_step: bool
    week: tuple[DayTimes, ...]
    keys: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Team:
    """people: enabled ones first, by name. wanting: the connections that want clerk keys."""

    people: tuple[TeamLine, ...]
    wanting: tuple[Wanting, ...]

    @property
    def gaps(self) -> int:
        """How many clerk keys of enabled people are missing."""
        return sum(
            one.connection_id not in line.keys for line in self.people for one in self.wanting if line.enabled
        )


def team(session: Session, actor: Identity) -> Team:
    """Everybody the actor may manage: of the practice, or of the actor's own location. Raises NotAllowed, WrongKey."""
    require(actor.role, Permission.MANAGE_TEAM)
    seen = (
        select(StaffSession.staff_id, func.max(StaffSession.last_seen_at).label("at"))
        .group_by(col(StaffSession.staff_id))
        .subquery()
    )
    wanted = (
        select(Staff, Location.name, seen.c.at)
        .join(Location, col(Location.id) == Staff.location_id, isouter=True)
        .join(seen, seen.c.staff_id == Staff.id, isouter=True)
        .where(Staff.practice_id == actor.practice_id)
    )
    if actor.location_id is not None:
        wanted = wanted.where(Staff.location_id == actor.location_id)
    weeks, keys, safe = _weeks(session), _keys(session), _with_second_step(session)
    lines = [_line(staff, place, at, weeks, keys, safe) for staff, place, at in session.exec(wanted)]
    lines.sort(key=lambda line: (not line.enabled, line.display_name.casefold(), line.staff_id))
    return Team(tuple(lines), _wanting(session, actor))


def _line(
    staff: Staff,
    place: str | None,
    seen_at: datetime | None,
    weeks: Mapping[int, Mapping[int, DayTimes]],
    keys: Mapping[int, Mapping[int, str]],
    safe: set[int],
) -> TeamLine:
    key = staff.id or 0
    said = weeks.get(key, {})
    return TeamLine(
        staff_id=key,
        username=staff.username,
        display_name=staff.display_name or staff.username,
        role=staff.role,
        location_id=staff.location_id,
        place=place or "",
        enabled=staff.disabled_at is None,
        last_seen_at=seen_at,
        second_step=key in safe,
        week=tuple(said.get(day, DayTimes(day)) for day in range(7)),
        keys=keys.get(key, {}),
    )


def _with_second_step(session: Session) -> set[int]:
    """Who has an app or a passkey."""
    return {*session.exec(select(SecondStep.staff_id)), *session.exec(select(Passkey.staff_id))}


def _weeks(session: Session) -> dict[int, dict[int, DayTimes]]:
    found: dict[int, dict[int, DayTimes]] = {}
    for row in session.exec(select(StaffLoginTime)):
        day = DayTimes(row.weekday, row.kind, row.from_time, row.until_time)
        found.setdefault(row.staff_id, {})[row.weekday] = day
    return found


def _keys(session: Session) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = {}
    for row in session.exec(select(StaffClerkKey)):
        found.setdefault(row.staff_id, {})[row.connection_id] = mask(open_sealed(row.sealed_key))
    return found


def _wanting(session: Session, actor: Identity) -> tuple[Wanting, ...]:
    rows = session.exec(
        select(Connection)
        .where(
            Connection.practice_id == actor.practice_id,
            col(Connection.kind).in_(WANTED_BY),
            Connection.state != ConnectionState.DISCONNECTED,
        )
        .order_by(Connection.name)
    )
    return tuple(Wanting(row.id or 0, row.name) for row in rows)
