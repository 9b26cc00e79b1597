"""Whether a person still may, asked inside the transaction that writes for them: what was read before it may be old news."""

from sqlmodel import Session, col, select

from core.errors import NotAllowed
from core.permissions import Identity, Role
from core.staff.models import Staff, StaffSession
from core.staff.reports import look_up_id

OVER = "You are signed out by now, so nothing was changed. Sign in and look again."
CHANGED = "Your role or your location was changed a moment ago, so nothing was done. Look at the page again."
LAST_OWNER = (
    "The practice needs at least one owner who can sign in. Give another person the role of owner first."
)


def confirm(session: Session, who: Identity) -> Identity:
    """Who holds the session now, with role, location and login times as they are; they stay so until the commit.

    To be the first thing a writing transaction does: on SQLite it takes the store, on PostgreSQL it holds the person's
    own row, so that whoever disables them waits. Raises NotAllowed when the session is over or what it rests on changed.
    """
    session.exec(
        select(Staff)
        .where(Staff.id == who.staff_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).first()
    session.exec(
        select(StaffSession)
        .where(StaffSession.id == who.session_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).first()
    now = look_up_id(session, who.session_id)
    if now is None or now.staff_id != who.staff_id:
        raise NotAllowed(OVER)
    if (now.role, now.location_id, now.practice_id) != (who.role, who.location_id, who.practice_id):
        raise NotAllowed(CHANGED)
    return now


def hold(session: Session, staff: Staff) -> None:
    """The account as it is now, nobody else's to change until the commit."""
    session.flush()
    session.refresh(staff, with_for_update=True)


def hold_owners(session: Session, staff: Staff) -> set[int | None]:
    """The ids of the owners who can sign in, of the practice of `staff`; nobody else's to change until the commit."""
    owners = session.exec(
        select(Staff)
        .where(
            Staff.practice_id == staff.practice_id,
            Staff.role == Role.OWNER,
            col(Staff.disabled_at).is_(None),
        )
        .order_by(col(Staff.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {owner.id for owner in owners}


def require_another_owner(session: Session, staff: Staff) -> None:
    """Before an account stops being an owner's that can sign in: of two owners who put each other out one comes second
    and is refused. Raises NotAllowed."""
    if hold_owners(session, staff) == {staff.id}:
        raise NotAllowed(LAST_OWNER)
