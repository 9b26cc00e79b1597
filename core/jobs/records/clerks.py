"""Whose login at Cash Practice each clerk key opens: so that its privileges and hours are known before a call."""

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from core.connections.clerk_keys import clerk_key_of
from core.connections.models import ProcessorUser
from core.errors import Refused
from core.integrations.cash_practice.client import CashPractice
from core.staff.models import StaffClerkKey
from core.store.engine import reader, transaction


def match_clerks(engine: Engine, client: CashPractice, connection_id: int) -> int:
    """Ask for each key whose it is. Returns how many were recognised. Raises TransportError.

    A key nobody there has is left alone: it is refused, with a sentence, when its owner acts.
    """
    with reader(engine) as session:
        keys = _keys(session, connection_id)
    found: dict[int, str] = {}
    for staff_id, key in keys.items():
        theirs = client.acting_as(key)
        try:
            found[staff_id] = theirs.clerk().User_ID
        except Refused as error:
            if error.code not in {"CLERK_KEY", "LOGIN_TIMES"}:
                raise
        finally:
            theirs.close()
    with transaction(engine) as session:
        _keep(session, connection_id, found)
    return len(found)


def _keys(session: Session, connection_id: int) -> dict[int, str]:
    rows = session.exec(
        select(StaffClerkKey.staff_id)
        .where(StaffClerkKey.connection_id == connection_id)
        .order_by(col(StaffClerkKey.staff_id))
    ).all()
    return {staff_id: key for staff_id in rows if (key := clerk_key_of(session, staff_id, connection_id))}


def _keep(session: Session, connection_id: int, found: dict[int, str]) -> None:
    """Only what differs is written. A login seen before keeps its owner when the key is refused at this hour."""
    owner = {user: staff_id for staff_id, user in found.items()}
    for login in session.exec(select(ProcessorUser).where(ProcessorUser.connection_id == connection_id)):
        staff_id = owner.get(login.external_id)
        if staff_id is not None and login.staff_id != staff_id:
            session.execute(
                update(ProcessorUser).where(col(ProcessorUser.id) == login.id).values(staff_id=staff_id)
            )
