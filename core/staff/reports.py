"""Who is behind a session, and which sessions a person has. Reads only."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from core import clock
from core.permissions import Identity
from core.practice.models import Location, Practice
from core.settings import settings
from core.staff.login_times import refusal
from core.staff.models import Staff, StaffSession

HOURS_OVER = "login times over"  # why such a session ended


@dataclass(frozen=True, slots=True)
class OutOfHours:
    """A session that the login times ended. sentence: why, for the person. open: its row still has to be ended."""

    session_id: int
    sentence: str
    open: bool


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One sign-in of a person, open or over. Instants are aware UTC; ended_why is "" while it is open."""

    session_id: int
    signed_in_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    ended_why: str
    open: bool


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One account in the list of the team."""

    staff_id: int
    username: str
    display_name: str
    role: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What signing in compares with."""

    staff_id: int
    password_hash: str


def fold(username: str) -> str:
    """The one spelling of a user name: no spaces around it, lower case, at most 100 characters."""
    return username.strip().casefold()[:100]


def token_hash(token: str) -> str:
    """SHA-256 of a session's random id: the only form the store knows (RELIABILITY 22)."""
    return hashlib.sha256(token.encode()).hexdigest()


def look_up(session: Session, token: str) -> Identity | None:
    """Who holds this token now; None when it is unknown, ended, idle, too old, the account is disabled, or its
    login times are over."""
    return _identity(session, col(StaffSession.token_hash) == token_hash(token))


def look_up_id(session: Session, session_id: int) -> Identity | None:
    """The same for a session already let in by its token: asked again at every rerun of an open tab."""
    return _identity(session, col(StaffSession.id) == session_id)


def out_of_hours(session: Session, *, token: str = "", session_id: int | None = None) -> OutOfHours | None:
    """Whether the person's login times are why this session is over now, and in what words; None otherwise."""
    by_token, by_id = col(StaffSession.token_hash) == token_hash(token), col(StaffSession.id) == session_id
    found = _session_and_person(session, by_token if token else by_id)
    if found is None or found[1].disabled_at is not None:
        return None
    row, person = found
    is_open = _seconds_left(row) > 0
    if not is_open and row.ended_why != HOURS_OVER:
        return None
    sentence = refusal(session, person.id or 0, now=clock.now())
    return OutOfHours(row.id or 0, sentence, is_open) if sentence else None


def account(session: Session, username: str) -> Account | None:
    """The enabled account of a user name, for comparing its password."""
    row = session.exec(select(Staff).where(Staff.username == fold(username))).first()
    if row is None or row.disabled_at is not None:
        return None
    return Account(row.id or 0, row.password_hash)


def own_sessions(session: Session, staff_id: int, *, limit: int = 30) -> list[OwnSession]:
    """The person's latest sign-ins, newest first."""
    rows = session.exec(
        select(StaffSession)
        .where(StaffSession.staff_id == staff_id)
        .order_by(col(StaffSession.created_at).desc())
        .limit(limit)
    )
    return [_own_session(row) for row in rows]


def staff_list(session: Session) -> list[StaffLine]:
    """Everybody with an account, by user name."""
    rows = session.exec(select(Staff).order_by(col(Staff.username)))
    return [
        StaffLine(row.id or 0, row.username, row.display_name, row.role, enabled=row.disabled_at is None)
        for row in rows
    ]


def has_staff(session: Session) -> bool:
    """Whether anyone at all can sign in yet."""
    return session.exec(select(Staff.id).limit(1)).first() is not None


def _session_and_person(session: Session, which: ColumnElement[bool]) -> tuple[StaffSession, Staff] | None:
    return session.exec(
        select(StaffSession, Staff).join(Staff, col(Staff.id) == StaffSession.staff_id).where(which)
    ).first()


def _identity(session: Session, which: ColumnElement[bool]) -> Identity | None:
    found = _session_and_person(session, which)
    if found is None:
        return None
    row, person = found
    left = _seconds_left(row)
    if left <= 0 or person.disabled_at is not None:
        return None
    if refusal(session, person.id or 0, now=clock.now()) is not None:
        return None
    return Identity(
        session_id=row.id or 0,
        staff_id=person.id or 0,
        username=person.username,
        display_name=person.display_name or person.username,
        role=person.role,
        location_id=person.location_id,
        practice_id=person.practice_id,
        idle_left=left,
        seen_at=row.last_seen_at,
    )


def _seconds_left(row: StaffSession) -> float:
    """Until the idle or the absolute limit, whichever comes first; 0 when it is over."""
    if row.ended_at is not None:
        return 0.0
    idle_ends = row.last_seen_at + timedelta(minutes=settings().idle_minutes)
    return max((min(idle_ends, row.expires_at) - clock.now()).total_seconds(), 0.0)


def _own_session(row: StaffSession) -> OwnSession:
    is_open = _seconds_left(row) > 0
    over_by_itself = not is_open and row.ended_at is None
    return OwnSession(
        session_id=row.id or 0,
        signed_in_at=row.created_at,
        last_seen_at=row.last_seen_at,
        ended_at=row.last_seen_at if over_by_itself else row.ended_at,
        ended_why="left idle" if over_by_itself else row.ended_why,
        open=is_open,
    )


def practice_name(session: Session) -> str:
    """The name over the door; "Huddle" until the practice has one."""
    practice = session.get(Practice, 1)
    return (practice.name if practice else "") or "Huddle"


def time_zone(session: Session) -> str:
    """The zone of the practice's first location, the one said at the set-up until there is one, else UTC."""
    first = session.exec(select(Location.time_zone).order_by(col(Location.id)).limit(1)).first()
    practice = session.get(Practice, 1)
    return first or (practice.time_zone if practice else "") or "UTC"
