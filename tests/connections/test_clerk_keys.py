"""Clerk keys: sealed, masked, cleaned, told to integrations only, and never in the audit."""

import pytest
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.connections.clerk_keys import clerk_key_gaps, clerk_key_of, set_clerk_key
from core.connections.models import Connection
from core.errors import BadInput, NotAllowed, NotFound
from core.practice.models import Practice
from core.staff import commands
from core.staff.models import Staff, StaffClerkKey
from tests.staff.test_sessions import hire, signed_in

KEY = "Qk9SSU5HQ0xFUktLRVlPRlRIRURFU0tERVNLREVTSzE="


def a_connection(session: Session, practice_id: int = 1) -> int:
    name = f"processor {practice_id}"
    row = Connection(practice_id=practice_id, kind="genesis", name=name, created_at=clock.now())
    session.add(row)
    session.flush()
    return row.id or 0


def test_a_pasted_key_loses_its_stray_spaces_and_comes_back_whole(session: Session) -> None:
    olivia, dana = signed_in(session, "olivia", "owner"), hire(session)
    where = a_connection(session)
    pasted = f"  {KEY[:20]}\u200b{KEY[20:]}\n"
    assert set_clerk_key(session, olivia, staff_id=dana.id or 0, connection_id=where, key=pasted)
    assert clerk_key_of(session, dana.id or 0, where) == KEY


def test_the_store_and_the_audit_hold_nothing_of_a_key_in_clear(session: Session) -> None:
    olivia, dana = signed_in(session, "olivia", "owner"), hire(session)
    set_clerk_key(session, olivia, staff_id=dana.id or 0, connection_id=a_connection(session), key=KEY)
    written = [row.model_dump() for row in session.exec(select(AuditEntry))]
    kept = session.exec(select(StaffClerkKey.sealed_key)).one()
    assert KEY not in f"{written}{kept}"
    assert KEY[-4:] not in f"{written}"
    assert [row["action"] for row in written][-1] == "set a clerk key"


def test_the_gaps_come_first_and_a_key_shows_its_last_four_only(session: Session) -> None:
    olivia, dana, kim = signed_in(session, "olivia", "owner"), hire(session), hire(session, "kim")
    where = a_connection(session)
    commands.disable(session, olivia, kim)
    set_clerk_key(session, olivia, staff_id=dana.id or 0, connection_id=where, key=KEY)
    lines = clerk_key_gaps(session, where)
    assert [(each.username, each.has_key, each.masked) for each in lines] == [
        ("olivia", False, ""),
        ("dana", True, "••••" + KEY[-4:]),
    ]


def test_an_empty_key_takes_it_away(session: Session) -> None:
    olivia, dana = signed_in(session, "olivia", "owner"), hire(session)
    where = a_connection(session)
    for key in (KEY, " "):
        set_clerk_key(session, olivia, staff_id=dana.id or 0, connection_id=where, key=key)
    assert clerk_key_of(session, dana.id or 0, where) is None
    assert session.exec(select(StaffClerkKey)).all() == []


def test_a_key_at_one_connection_is_no_key_at_another(session: Session) -> None:
    dana, one = hire(session), a_connection(session)
    session.add(Practice(id=2))
    session.flush()
    other = a_connection(session, 2)
    set_clerk_key(session, None, staff_id=dana.id or 0, connection_id=one, key=KEY)
    assert clerk_key_of(session, dana.id or 0, other) is None
    with pytest.raises(NotFound):
        set_clerk_key(session, None, staff_id=dana.id or 0, connection_id=other, key=KEY)


def test_the_office_manager_and_the_desk_set_no_keys(session: Session) -> None:
    where = a_connection_of_the_house(session)
    for name, role in (("max", "office manager"), ("dana", "front desk")):
        person = signed_in(session, name, role)
        with pytest.raises(NotAllowed):
            set_clerk_key(session, person, staff_id=person.staff_id, connection_id=where, key=KEY)


def a_connection_of_the_house(session: Session) -> int:
    hire(session, "first", "owner")
    return a_connection(session)


def test_a_card_number_is_never_kept_as_a_key(session: Session) -> None:
    dana, where = hire(session), a_connection(session)
    with pytest.raises(BadInput, match="card number"):
        set_clerk_key(session, None, staff_id=dana.id or 0, connection_id=where, key="4242 4242 4242 4242")
    assert session.exec(select(Staff.id).where(Staff.id == dana.id)).one()
