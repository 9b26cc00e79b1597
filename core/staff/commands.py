"""Staff accounts and their sessions. Passwords arrive hashed: how they are hashed is the edge's business."""

import secrets
from datetime import timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.card_numbers import has_card_number
from core.errors import BadInput, NotAllowed
from core.permissions import Identity, Permission, Role, require
from core.practice.models import Location, Practice
from core.settings import settings
from core.staff.authority import hold, require_another_owner
from core.staff.models import Invitation, Staff, StaffSession
from core.staff.reports import HOURS_OVER, fold, token_hash
from core.staff.team import require_managing

TOKEN_BYTES = 32  # 256 bits


def add_staff(
    session: Session,
    actor: Identity | None,
    *,
    username: str,
    display_name: str,
    role: str,
    password_hash: str,
    email: str | None = None,
    location_id: int | None = None,
    must_change_password: bool = False,
) -> Staff:
    """A new account. actor None: someone at the machine itself (the command line, the demo).
    must_change_password: somebody else chose the password, so another is asked for at the first sign-in.

    Raises NotAllowed; BadInput when the name is empty or taken, or the role or location is not known.
    """
    if actor:
        require(actor.role, Permission.MANAGE_TEAM)
    name = fold(username)
    if not name or not name.isprintable() or any(character.isspace() for character in name):
        raise BadInput("A user name is one word without spaces, such as dana.lee.")
    if any(has_card_number(each) for each in (name, display_name, email or "")):
        raise BadInput("This looks like a card number. Huddle never keeps one; give the person's name.")
    if role not in set(Role):
        raise BadInput(f"“{role}” is not a role. Roles are: {', '.join(Role)}.")
    if session.exec(select(Staff).where(Staff.username == name)).first():
        raise BadInput(f"The user name {name} is taken. Choose another.")
    if location_id is not None and session.get(Location, location_id) is None:
        raise BadInput(f"There is no location {location_id}.")
    if actor and actor.location_id not in {None, location_id}:
        raise NotAllowed("You may add people to your own location only. Ask an owner of every location.")
    if session.get(Practice, 1) is None:
        session.add(Practice(id=1))
        session.flush()
    staff = Staff(
        practice_id=actor.practice_id if actor else 1,
        username=name,
        display_name=display_name.strip() or name,
        role=role,
        password_hash=password_hash,
        email=email,
        location_id=location_id,
        created_at=clock.now(),
        password_changed_at=clock.now(),
        must_change_password=must_change_password,
    )
    session.add(staff)
    session.flush()
    record(session, who=actor, action="added staff", subject_kind="staff", subject_id=staff.id or 0)
    return staff


def change_password(session: Session, actor: Identity | None, staff: Staff, *, password_hash: str) -> None:
    """Set a new password: one's own, or with the right to manage the team. Ends every session and open invitation
    of the person.

    Of somebody else's choice, the person is asked for another at their next sign-in. Raises NotAllowed, NotFound.
    """
    hold(session, staff)
    if actor and actor.staff_id != staff.id:
        require_managing(actor, staff)
    staff.password_hash = password_hash
    staff.password_changed_at = clock.now()
    staff.must_change_password = actor is not None and actor.staff_id != staff.id
    session.add(staff)
    end_all_sessions(session, staff, why="password changed")
    end_invitations(session, staff)
    record(session, who=actor, action="changed a password", subject_kind="staff", subject_id=staff.id or 0)


def disable(session: Session, actor: Identity | None, staff: Staff) -> None:
    """Close an account and everything it has open.

    Raises NotAllowed, also for one's own account and the last owner's; NotFound.
    """
    if actor:
        require_managing(actor, staff)
        if actor.staff_id == staff.id:
            raise NotAllowed("You cannot disable your own account. Ask another owner.")
    require_another_owner(session, staff)
    hold(session, staff)
    if staff.disabled_at is not None:
        return
    staff.disabled_at = clock.now()
    session.add(staff)
    end_all_sessions(session, staff, why="account disabled")
    end_invitations(session, staff)
    record(session, who=actor, action="disabled an account", subject_kind="staff", subject_id=staff.id or 0)


def enable(session: Session, actor: Identity | None, staff: Staff) -> None:
    """Open a disabled account again; old sessions stay over. Raises NotAllowed, NotFound."""
    hold(session, staff)
    if actor:
        require_managing(actor, staff)
    if staff.disabled_at is None:
        return
    staff.disabled_at = None
    session.add(staff)
    record(session, who=actor, action="enabled an account", subject_kind="staff", subject_id=staff.id or 0)


def start_session(session: Session, staff: Staff) -> str:
    """A new session for a person who has just proved who they are; returns the token for the cookie.

    The token is random and new each time, and only its SHA-256 is stored. Raises NotAllowed when disabled.
    """
    if staff.disabled_at is not None or staff.id is None:
        raise NotAllowed("This account is disabled.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = clock.now()
    session.add(
        StaffSession(
            token_hash=token_hash(token),
            staff_id=staff.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=settings().session_hours),
            proved_at=now,
        )
    )
    return token


def note_activity(session: Session, session_id: int) -> None:
    """A person did something: the idle clock starts again. A session that is over stays over."""
    idle_limit = clock.now() - timedelta(minutes=settings().idle_minutes)
    session.execute(
        update(StaffSession)
        .where(
            col(StaffSession.id) == session_id,
            col(StaffSession.ended_at).is_(None),
            col(StaffSession.last_seen_at) > idle_limit,
        )
        .values(last_seen_at=clock.now())
    )


def end_session(session: Session, token: str, *, why: str = "signed out") -> None:
    """Sign out: the token, and any copy of it, opens nothing from now on. Ending it twice changes nothing."""
    session.execute(
        update(StaffSession)
        .where(col(StaffSession.token_hash) == token_hash(token), col(StaffSession.ended_at).is_(None))
        .values(ended_at=clock.now(), ended_why=why)
    )


def end_session_of(session: Session, actor: Identity, staff: Staff, session_id: int) -> None:
    """End one sign-in of a person: one's own, or with the right to manage the team. Raises NotAllowed, NotFound."""
    if actor.staff_id != staff.id:
        require_managing(actor, staff)
    why = "signed out" if actor.staff_id == staff.id else "ended by somebody who manages the team"
    ended = session.execute(
        update(StaffSession)
        .where(
            col(StaffSession.id) == session_id,
            col(StaffSession.staff_id) == staff.id,
            col(StaffSession.ended_at).is_(None),
        )
        .values(ended_at=clock.now(), ended_why=why)
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has one
        record(session, who=actor, action="ended a session", subject_kind="staff", subject_id=staff.id or 0)


def end_out_of_hours(session: Session, session_id: int) -> None:
    """End a session whose person's login times are over. Ending it twice changes nothing."""
    session.execute(
        update(StaffSession)
        .where(col(StaffSession.id) == session_id, col(StaffSession.ended_at).is_(None))
        .values(ended_at=clock.now(), ended_why=HOURS_OVER)
    )


def end_all_sessions(session: Session, staff: Staff, *, why: str = "signed out everywhere") -> None:
    """Sign a person out on every device."""
    session.execute(
        update(StaffSession)
        .where(col(StaffSession.staff_id) == staff.id, col(StaffSession.ended_at).is_(None))
        .values(ended_at=clock.now(), ended_why=why)
    )


def end_invitations(session: Session, staff: Staff) -> None:
    """Links by which the person could choose a password open nothing any more."""
    session.execute(
        update(Invitation)
        .where(col(Invitation.staff_id) == staff.id, col(Invitation.used_at).is_(None))
        .values(used_at=clock.now())
    )
