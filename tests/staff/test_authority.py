"""Who may is asked in the transaction that writes: what a person was allowed a moment ago is old news there."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.connections.models import Connection
from core.errors import HuddleError, NotAllowed
from core.permissions import Identity, Role
from core.practice.models import Location
from core.staff import commands, team
from core.staff.authority import confirm
from core.staff.models import Access, Staff, StaffSession
from core.staff.reports import look_up
from core.staff.sign_in import admit, begin_attempt
from core.store.engine import reader, transaction


def signed_in(engine: Engine, *names: str, role: Role = Role.OWNER) -> list[Identity]:
    found = []
    for name in names:
        with transaction(engine) as session:
            person = commands.add_staff(
                session, None, username=name, display_name=name, role=role, password_hash="x"
            )
            token = commands.start_session(session, person)
        with reader(engine) as session:
            who = look_up(session, token)
        assert who is not None
        found.append(who)
    return found


@contextmanager
def acting(engine: Engine, who: Identity) -> Iterator[Session]:
    """As the pages do it."""
    with transaction(engine) as session:
        confirm(session, who)
        yield session


def at_once(*acts: Callable[[], None]) -> list[str]:
    """Do all of these at the same moment: the sentences of those that could not be done."""
    said: list[str] = []
    together = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        together.wait(20)
        try:
            act()
        except HuddleError as error:
            said.append(error.sentence)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said


def enabled_owners(engine: Engine) -> int:
    with reader(engine) as session:
        rows = session.exec(select(Staff).where(Staff.role == Role.OWNER)).all()
        return sum(row.disabled_at is None for row in rows)


@pytest.mark.parametrize("way", ["disable", "change role"])
def test_two_owners_who_put_each_other_out_leave_one(store: Engine, way: str) -> None:
    for round_ in range(5):
        both = signed_in(store, f"ada{round_}", f"ben{round_}")
        for other in range(round_):  # only these two are owners in this round
            with transaction(store) as session:
                for row in session.exec(
                    select(Staff).where(Staff.username.in_([f"ada{other}", f"ben{other}"]))
                ):  # type: ignore[attr-defined]
                    row.disabled_at = row.disabled_at or clock.now()

        def put_out(who: Identity, whom: Identity) -> Callable[[], None]:
            def act() -> None:
                with acting(store, who) as session:
                    if way == "disable":
                        commands.disable(session, who, session.get_one(Staff, whom.staff_id))
                    else:
                        team.change_role(session, who, staff_id=whom.staff_id, role=Role.FRONT_DESK)

            return act

        said = at_once(put_out(both[0], both[1]), put_out(both[1], both[0]))
        assert enabled_owners(store) == 1
        assert len(said) == 1


def test_what_a_person_presses_who_was_disabled_while_the_store_was_busy_is_not_done(store: Engine) -> None:
    ada, ben = signed_in(store, "ada", "ben")
    waiting, done = threading.Event(), []

    def press() -> None:
        who = ben  # as the page knew them
        waiting.set()
        try:
            with acting(store, who) as session:
                commands.add_staff(
                    session, who, username="eve", display_name="Eve", role=Role.OWNER, password_hash="x"
                )
        except NotAllowed as error:
            done.append(error.sentence)

    with acting(store, ada) as session:
        commands.disable(session, ada, session.get_one(Staff, ben.staff_id))
        session.flush()
        thread = threading.Thread(target=press)
        thread.start()
        assert waiting.wait(20)
        thread.join(0.3)  # it waits for us
    thread.join(30)
    assert done == ["You are signed out by now, so nothing was changed. Sign in and look again."]
    with reader(store) as session:
        assert session.exec(select(Staff).where(Staff.username == "eve")).first() is None


def change_role(session: Session, ada: Identity, ben: Identity) -> None:
    team.change_role(session, ada, staff_id=ben.staff_id, role=Role.FRONT_DESK)


def change_place(session: Session, ada: Identity, ben: Identity) -> None:
    source = Connection(kind="practice_files", name="EHR", created_at=clock.now())
    session.add(source)
    session.flush()
    place = Location(external_id="L1", name="Main", time_zone="UTC", connection_id=source.id or 0)
    session.add(place)
    session.flush()
    team.change_place(session, ada, staff_id=ben.staff_id, location_id=place.id)


def end_hours(session: Session, ada: Identity, ben: Identity) -> None:
    week = [(day, Access.NONE, None, None) for day in range(7)]
    team.set_week(session, ada, staff_id=ben.staff_id, week=week)  # type: ignore[arg-type]


def sign_out(session: Session, ada: Identity, ben: Identity) -> None:
    commands.end_all_sessions(session, session.get_one(Staff, ben.staff_id))


@pytest.mark.parametrize("change", [change_role, change_place, end_hours, sign_out])
def test_role_place_hours_and_session_are_asked_again_as_it_is_written(
    sqlite_store: Engine, change: Callable[[Session, Identity, Identity], None]
) -> None:
    (ada,) = signed_in(sqlite_store, "ada")
    (ben,) = signed_in(sqlite_store, "ben", role=Role.OFFICE_MANAGER)
    with acting(sqlite_store, ada) as session:
        change(session, ada, ben)
    with pytest.raises(NotAllowed), acting(sqlite_store, ben):
        pass


def test_the_last_owner_stays(sqlite_store: Engine) -> None:
    (ada,) = signed_in(sqlite_store, "ada")
    for act in (
        lambda session: commands.disable(session, None, session.get_one(Staff, ada.staff_id)),
        lambda session: team.change_role(session, None, staff_id=ada.staff_id, role=Role.PROVIDER),
    ):
        with (
            pytest.raises(NotAllowed, match="needs at least one owner"),
            transaction(sqlite_store) as session,
        ):
            act(session)
    assert enabled_owners(sqlite_store) == 1


def test_a_password_changed_while_the_old_one_was_compared_lets_nobody_in(sqlite_store: Engine) -> None:
    (ada,) = signed_in(sqlite_store, "ada")
    with transaction(sqlite_store) as session:
        attempt = begin_attempt(session, username="ada", address="").id or 0
        commands.change_password(session, None, session.get_one(Staff, ada.staff_id), password_hash="new")
    with pytest.raises(NotAllowed, match="was changed a moment ago"), transaction(sqlite_store) as session:
        admit(session, attempt, ada.staff_id, device="d", password_hash="x")
    with reader(sqlite_store) as session:
        assert all(row.ended_at is not None for row in session.exec(select(StaffSession)))
