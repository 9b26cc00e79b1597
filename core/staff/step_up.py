"""Saying once more who one is, before what hurts most: refunds, exports, keys. A session that was proved lately may."""

from datetime import timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import ProveAgain
from core.permissions import Identity
from core.staff.models import StaffSession

PROOF_HOLDS = timedelta(minutes=10)


def require_proof(session: Session, who: Identity) -> None:
    """Raises ProveAgain unless the person signed in, or said again who they are, within the last ten minutes."""
    at = session.exec(select(StaffSession.proved_at).where(StaffSession.id == who.session_id)).first()
    if at is None or clock.now() - at > PROOF_HOLDS:
        raise ProveAgain


def prove(session: Session, who: Identity) -> None:
    """The person has just said who they are, by password, code or passkey."""
    session.execute(
        update(StaffSession)
        .where(col(StaffSession.id) == who.session_id, col(StaffSession.ended_at).is_(None))
        .values(proved_at=clock.now())
    )
    record(session, who=who, action="confirmed who they are", subject_kind="staff", subject_id=who.staff_id)
