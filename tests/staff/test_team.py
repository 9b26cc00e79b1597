"""The team: who may change whom, what a list shows, and what never leaves the practice."""

from collections.abc import Iterator
from datetime import time

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.connections.clerk_keys import set_clerk_key
from core.connections.models import Connection
from core.errors import BadInput, NotAllowed, NotFound
from core.permissions import Identity, Role
from core.practice.models import Location, Practice
from core.reports.team import team
from core.staff import commands
from core.staff.models import Staff
from core.staff.reports import look_up
from core.staff.rules import DayTimes
from core.staff.team import change_place, change_role, staff_of
from core.store.engine import transaction
from tests.staff.people import set_day
from tests.staff.test_sessions import hire, signed_in


@pytest.fixture
def office(sqlite_store: Engine) -> Iterator[Session]:
    """A practice of two locations."""
    with transaction(sqlite_store) as session:
        session.add(Practice(id=1))
        session.flush()
        session.add(Connection(id=1, kind="practice_files", name="EHR", created_at=clock.now()))
        session.flush()
        for number in (1, 2):
            place = {"name": f"Street {number}", "time_zone": "America/Denver"}
            session.add(Location(id=number, connection_id=1, external_id=str(number), **place))
        session.flush()
        yield session


def at(session: Session, person: Staff, location_id: int) -> Staff:
    person.location_id = location_id
    session.flush()
    return person


def test_a_new_role_and_place_hold_from_the_next_click(office: Session) -> None:
    olivia, dana = signed_in(office, "olivia", "owner"), hire(office)
    token = commands.start_session(office, dana)
    change_role(office, olivia, staff_id=dana.id or 0, role=Role.OFFICE_MANAGER)
    change_place(office, olivia, staff_id=dana.id or 0, location_id=2)
    office.flush()
    found = look_up(office, token)
    assert found is not None
    assert (found.role, found.location_id) == ("office manager", 2)
    written = office.exec(select(AuditEntry.action, AuditEntry.detail)).all()[-2:]
    assert written == [
        ("changed a role", '{"before": "front desk", "now": "office manager"}'),
        ("changed a location", '{"before": null, "now": 2}'),
    ]


def test_nobody_changes_their_own_role_place_or_account(office: Session) -> None:
    olivia = signed_in(office, "olivia", "owner")
    hire(office, "omar", "owner")
    me = olivia.staff_id
    for act in (
        lambda: change_role(office, olivia, staff_id=me, role=Role.PROVIDER),
        lambda: change_place(office, olivia, staff_id=me, location_id=1),
        lambda: set_day(office, olivia, staff_id=me, weekday=0, kind="none"),
        lambda: commands.disable(office, olivia, office.get_one(Staff, me)),
    ):
        with pytest.raises(NotAllowed, match="You cannot"):
            act()


def test_a_role_or_place_that_is_not_there_is_refused(office: Session) -> None:
    olivia, dana = signed_in(office, "olivia", "owner"), hire(office).id or 0
    with pytest.raises(BadInput, match="is not a role"):
        change_role(office, olivia, staff_id=dana, role="janitor")
    with pytest.raises(BadInput, match="not in your practice"):
        change_place(office, olivia, staff_id=dana, location_id=77)


def everything(session: Session, actor: Identity, whom: Staff) -> list[str]:
    """Which changes to a person go through."""
    key = whom.id or 0
    acts = {
        "role": lambda: change_role(session, actor, staff_id=key, role=Role.PROVIDER),
        "place": lambda: change_place(session, actor, staff_id=key, location_id=1),
        "times": lambda: set_day(session, actor, staff_id=key, weekday=0, kind="none"),
        "key": lambda: set_clerk_key(session, actor, staff_id=key, connection_id=1, key="0123456789ab"),
        "password": lambda: commands.change_password(session, actor, whom, password_hash="y"),
        "disable": lambda: commands.disable(session, actor, whom),
        "enable": lambda: commands.enable(session, actor, whom),
    }
    done = []
    for name, act in acts.items():
        try:
            act()
        except (NotAllowed, NotFound):
            continue
        done.append(name)
    return done


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OWNER])
def test_only_the_owner_changes_anybody(office: Session, role: Role) -> None:
    person = signed_in(office, "someone", role)
    assert everything(office, person, hire(office)) == []
    with pytest.raises(NotAllowed):
        team(office, person)


def test_an_owner_of_one_location_sees_and_changes_the_people_there_only(office: Session) -> None:
    lou = at(office, hire(office, "lou", "owner"), 1).id or 0
    here, there = at(office, hire(office), 1), at(office, hire(office, "kim"), 2)
    local = Identity(9, lou, "lou", "Lou", Role.OWNER, location_id=1)
    assert {line.username for line in team(office, local).people} == {"dana", "lou"}
    assert everything(office, local, there) == []
    assert len(everything(office, local, here)) == 7
    with pytest.raises(NotAllowed, match="your own location only"):
        change_place(office, local, staff_id=here.id or 0, location_id=2)
    with pytest.raises(NotAllowed, match="your own location only"):
        commands.add_staff(office, local, username="z", display_name="Z", role="provider", password_hash="x")


def test_an_owner_of_another_practice_changes_nobody(office: Session) -> None:
    dana = hire(office)
    office.add(Practice(id=2))
    office.flush()
    person = hire(office, "eve", "owner")
    person.practice_id = 2
    office.flush()
    eve = Identity(9, person.id or 0, "eve", "Eve", Role.OWNER, practice_id=2)
    assert everything(office, eve, dana) == []
    assert [line.username for line in team(office, eve).people] == ["eve"]
    with pytest.raises(NotFound):
        staff_of(office, eve, dana.id or 0)
    added = commands.add_staff(
        office, eve, username="ed", display_name="", role="provider", password_hash="x"
    )
    assert added.practice_id == 2


def test_the_list_shows_the_week_the_keys_and_who_was_here(office: Session) -> None:
    olivia, dana = signed_in(office, "olivia", "owner"), at(office, hire(office), 1)
    commands.disable(office, olivia, hire(office, "old"))
    office.add(Connection(id=2, kind="genesis", name="Genesis", created_at=clock.now()))
    office.flush()
    hours = DayTimes(0, "hours", time(8), time(18))
    set_day(
        office, olivia, staff_id=dana.id or 0, weekday=0, kind="hours", from_time=time(8), until_time=time(18)
    )
    set_clerk_key(office, olivia, staff_id=dana.id or 0, connection_id=2, key="0123456789abcdef")
    found = team(office, olivia)
    lines = {line.username: line for line in found.people}
    assert [line.username for line in found.people][-1] == "old"
    assert (lines["dana"].place, lines["dana"].week[0], lines["dana"].keys) == (
        "Street 1",
        hours,
        {2: "••••cdef"},
    )
    assert (lines["dana"].last_seen_at, lines["olivia"].last_seen_at is not None) == (None, True)
    assert (found.gaps, [one.name for one in found.wanting]) == (1, ["Genesis"])
