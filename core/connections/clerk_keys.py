"""Clerk keys: what stamps each person's actions in another system (field-notes §2.3, §3). Sealed, masked, audited."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.connections.commands import connection_of, require_key
from core.connections.models import Kind
from core.errors import BadInput, NotFound
from core.permissions import Identity, Permission, require
from core.secrets import clean_key, has_card_number, make_key_file, mask, open_sealed, seal
from core.staff.models import Staff, StaffClerkKey
from core.staff.team import staff_of

WANTED_BY = frozenset({Kind.CASH_PRACTICE, Kind.GENESIS})  # kinds of connection whose calls carry a clerk key


@dataclass(frozen=True, slots=True)
class ClerkKeyLine:
    """One enabled login and its key at one connection. masked: `••••1234`; "" when there is none."""

    staff_id: int
    username: str
    display_name: str
    role: str
    has_key: bool
    masked: str


def set_clerk_key(
    session: Session, actor: Identity | None, *, staff_id: int, connection_id: int, key: str
) -> bool:
    """Keep a person's key for a connection; an empty one takes it away. True when the paste held stray spaces.

    Raises NotAllowed, NotFound, WrongKey; BadInput for what is no key.
    """
    if actor:
        require(actor.role, Permission.MANAGE_TEAM)
    staff = staff_of(session, actor, staff_id)
    connection = connection_of(session, connection_id)
    if connection.practice_id != staff.practice_id:
        raise NotFound(f"There is no connection {connection_id}.")
    cleaned, had_strays = clean_key(key)
    if has_card_number(cleaned):
        raise BadInput("That looks like a card number. Huddle never keeps one; paste the clerk key.")
    row = _row(session, staff_id, connection_id)
    if cleaned:
        require_key(session)  # never seal one secret under a key that does not open the others
        make_key_file()
        row = row or StaffClerkKey(
            staff_id=staff_id, connection_id=connection_id, sealed_key="", changed_at=clock.now()
        )
        row.sealed_key, row.changed_at = seal(cleaned), clock.now()
        session.add(row)
    elif row is None:
        return False
    else:
        session.delete(row)
    session.flush()
    action = "set a clerk key" if cleaned else "removed a clerk key"
    detail = {"connection": connection_id}
    record(session, who=actor, action=action, subject_kind="staff", subject_id=staff_id, detail=detail)
    return had_strays and bool(cleaned)


def clerk_key_of(session: Session, staff_id: int, connection_id: int) -> str | None:
    """The key in clear, for the integration alone; None when the person has none. Raises WrongKey."""
    row = _row(session, staff_id, connection_id)
    return open_sealed(row.sealed_key) if row else None


def clerk_key_gaps(session: Session, connection_id: int) -> list[ClerkKeyLine]:
    """Every enabled login of the connection's practice, those without a key first. Raises NotFound, WrongKey."""
    practice_id = connection_of(session, connection_id).practice_id
    rows = session.exec(
        select(Staff, StaffClerkKey.sealed_key)
        .join(
            StaffClerkKey,
            (col(StaffClerkKey.staff_id) == col(Staff.id)) & (StaffClerkKey.connection_id == connection_id),
            isouter=True,
        )
        .where(Staff.practice_id == practice_id, col(Staff.disabled_at).is_(None))
        .order_by(col(StaffClerkKey.id).is_not(None), col(Staff.username))
    )
    return [
        ClerkKeyLine(
            staff_id=staff.id or 0,
            username=staff.username,
            display_name=staff.display_name or staff.username,
            role=staff.role,
            has_key=bool(sealed),
            masked=mask(open_sealed(sealed)) if sealed else "",
        )
        for staff, sealed in rows
    ]


def _row(session: Session, staff_id: int, connection_id: int) -> StaffClerkKey | None:
    return session.exec(
        select(StaffClerkKey).where(
            StaffClerkKey.staff_id == staff_id, StaffClerkKey.connection_id == connection_id
        )
    ).first()
