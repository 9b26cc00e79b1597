"""A link, good once and for three days, by which a person chooses their own password: the first, or a new one."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import NotAllowed
from core.permissions import Identity
from core.staff.authority import hold
from core.staff.commands import end_all_sessions, end_invitations
from core.staff.models import Invitation, Staff
from core.staff.team import require_managing

GOOD_FOR = timedelta(days=3)
OVER = "This invitation is over: it was used, or it is older than three days. Ask for a new one."


def invite(session: Session, actor: Identity, staff: Staff) -> str:
    """The token of a new link; links made before for the same person open nothing any more.

    Raises NotAllowed (also for a disabled account), NotFound.
    """
    require_managing(actor, staff)
    hold(session, staff)
    if staff.disabled_at is not None:
        raise NotAllowed("This account is disabled. Enable it first.")
    end_invitations(session, staff)
    token = secrets.token_urlsafe(32)
    now = clock.now()
    session.add(
        Invitation(staff_id=staff.id or 0, digest=_digest(token), created_at=now, expires_at=now + GOOD_FOR)
    )
    record(session, who=actor, action="invited", subject_kind="staff", subject_id=staff.id or 0)
    return token


def invited(session: Session, token: str) -> Staff | None:
    """Whose link this is; None when it opens nothing."""
    return session.exec(
        select(Staff)
        .join(Invitation, col(Invitation.staff_id) == Staff.id)
        .where(*_open(token), col(Staff.disabled_at).is_(None))
    ).first()


def take_up(session: Session, token: str, *, password_hash: str) -> Staff:
    """The person chose their password. Of two who use one link at once, one is refused. Raises NotAllowed."""
    staff = invited(session, token)
    if staff is None:
        raise NotAllowed(OVER)
    hold(session, staff)
    used = session.execute(
        update(Invitation)
        .where(*_open(token))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1 or staff.disabled_at is not None:  # type: ignore[attr-defined]  # an UPDATE's result has one
        raise NotAllowed(OVER)
    staff.password_hash, staff.password_changed_at = password_hash, clock.now()
    staff.must_change_password = False
    session.add(staff)
    end_all_sessions(session, staff, why="password changed")
    record(
        session, who=None, action="chose a password by invitation", subject_kind="staff", subject_id=staff.id or 0
    )  # fmt: skip
    return staff


def _open(token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Invitation.digest) == _digest(token),
        col(Invitation.used_at).is_(None),
        col(Invitation.expires_at) > clock.now(),
    )


def _digest(token: str) -> str:
    return hashlib.sha256(f"invitation {token}".encode()).hexdigest()
