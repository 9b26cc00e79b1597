"""Sessions end when they should: signed out, idle, too old, disabled, password changed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.errors import BadInput, NotAllowed
from core.settings import settings
from core.staff import commands, reports
from core.staff.models import Staff, StaffSession
from tests.staff.people import staff_named


def hire(session: Session, username: str = "dana", role: str = "front desk") -> Staff:
    return commands.add_staff(
        session, None, username=username, display_name="Dana Lee", role=role, password_hash="x"
    )


def signed_in(session: Session, username: str = "dana", role: str = "front desk") -> reports.Identity:
    token = commands.start_session(session, hire(session, username, role))
    session.flush()
    found = reports.look_up(session, token)
    assert found is not None
    return found


def test_a_token_opens_the_session_of_its_person(session: Session) -> None:
    token = commands.start_session(session, hire(session))
    session.flush()
    found = reports.look_up(session, token)
    assert found is not None
    assert (found.username, found.role, found.idle_left) == ("dana", "front desk", pytest.approx(900, abs=5))


def test_the_store_holds_only_a_hash_of_a_token_of_256_bits(session: Session) -> None:
    token = commands.start_session(session, hire(session))
    session.flush()
    row = session.exec(select(StaffSession)).one()
    assert len(token) >= 43
    assert token not in str(row.model_dump())
    assert reports.look_up(session, row.token_hash) is None


def test_every_sign_in_gets_a_new_token(session: Session) -> None:
    dana = hire(session)
    assert commands.start_session(session, dana) != commands.start_session(session, dana)


@pytest.mark.parametrize(
    ("minutes", "open_still"), [(settings().idle_minutes - 0.1, True), (settings().idle_minutes, False)]
)
def test_a_session_nobody_uses_is_over_at_the_idle_limit(
    session: Session, minutes: float, open_still: bool
) -> None:
    token = commands.start_session(session, hire(session))
    session.flush()
    with clock.frozen(clock.now() + timedelta(minutes=minutes)):
        assert (reports.look_up(session, token) is not None) is open_still


def test_activity_keeps_a_session_open_but_not_beyond_its_hours(session: Session) -> None:
    token = commands.start_session(session, hire(session))
    session.flush()
    start, who = clock.now(), reports.look_up(session, token)
    minutes = 0
    while who is not None and minutes < 24 * 60:
        minutes += 10
        with clock.frozen(start + timedelta(minutes=minutes)):
            commands.note_activity(session, who.session_id)
            who = reports.look_up(session, token)
    assert minutes == settings().session_hours * 60


def test_activity_does_not_wake_a_session_that_is_over(session: Session) -> None:
    who = signed_in(session)
    with clock.frozen(clock.now() + timedelta(minutes=settings().idle_minutes + 1)):
        commands.note_activity(session, who.session_id)
        assert reports.look_up_id(session, who.session_id) is None


def test_signing_out_kills_the_token_and_a_second_time_changes_nothing(session: Session) -> None:
    token = commands.start_session(session, hire(session))
    session.flush()
    commands.end_session(session, token)
    commands.end_session(session, token, why="left idle")
    assert reports.look_up(session, token) is None
    assert session.exec(select(StaffSession)).one().ended_why == "signed out"


def test_disabling_ends_every_session_and_enabling_brings_none_back(session: Session) -> None:
    owner, desk = signed_in(session, "olga", "owner"), signed_in(session)
    dana = staff_named(session, "dana")
    commands.disable(session, owner, dana)
    assert reports.look_up_id(session, desk.session_id) is None
    commands.enable(session, owner, dana)
    assert reports.look_up_id(session, desk.session_id) is None
    assert reports.look_up_id(session, owner.session_id) is not None


def test_a_new_password_ends_every_session(session: Session) -> None:
    desk = signed_in(session)
    commands.change_password(session, desk, staff_named(session, "dana"), password_hash="y")
    assert reports.look_up_id(session, desk.session_id) is None


TEAM_WORK = {
    "add": lambda session, actor, _other: commands.add_staff(
        session, actor, username="new", display_name="", role="owner", password_hash="x"
    ),
    "change": lambda session, actor, other: commands.change_password(
        session, actor, other, password_hash="z"
    ),
    "disable": commands.disable,
    "enable": commands.enable,
}


@pytest.mark.parametrize("act", TEAM_WORK.values(), ids=TEAM_WORK.keys())
def test_only_who_manages_the_team_touches_other_accounts(
    session: Session, act: Callable[[Session, reports.Identity, Staff], object]
) -> None:
    manager, other = signed_in(session, "mo", "office manager"), hire(session, "other")
    with pytest.raises(NotAllowed):
        act(session, manager, other)
    act(session, signed_in(session, "olga", "owner"), other)


def test_nobody_locks_themselves_out_by_disabling_their_own_account(session: Session) -> None:
    owner = signed_in(session, "olga", "owner")
    with pytest.raises(NotAllowed, match="your own account"):
        commands.disable(session, owner, staff_named(session, "olga"))


@pytest.mark.parametrize(
    ("username", "role", "says"),
    [
        ("", "owner", "one word"),
        ("dana lee", "owner", "one word"),
        ("da\0na", "owner", "one word"),
        ("dana", "boss", "Roles are"),
        ("DANA", "owner", "taken"),
    ],
)
def test_a_bad_account_is_refused_in_one_sentence(
    session: Session, username: str, role: str, says: str
) -> None:
    hire(session)
    with pytest.raises(BadInput, match=says):
        commands.add_staff(session, None, username=username, display_name="", role=role, password_hash="x")


def test_a_disabled_account_has_nothing_to_compare_a_password_with(session: Session) -> None:
    dana = hire(session)
    assert reports.account(session, " DANA") is not None
    commands.disable(session, None, dana)
    assert reports.account(session, "dana") is None
    with pytest.raises(NotAllowed):
        commands.start_session(session, dana)


def test_a_person_sees_their_own_sessions_newest_first(session: Session) -> None:
    first = signed_in(session)
    commands.end_session(session, commands.start_session(session, staff_named(session, "dana")))
    rows = reports.own_sessions(session, first.staff_id)
    assert [(row.open, row.ended_why) for row in rows] == [(False, "signed out"), (True, "")]
    with clock.frozen(clock.now() + timedelta(hours=1)):
        assert reports.own_sessions(session, first.staff_id)[1].ended_why == "left idle"


def test_what_was_done_to_accounts_is_written_down(session: Session) -> None:
    owner = signed_in(session, "olga", "owner")
    commands.disable(session, owner, hire(session))
    session.flush()
    entries = session.exec(select(AuditEntry)).all()
    assert [(entry.who, entry.action) for entry in entries][-1] == ("olga", "disabled an account")
    assert all(entry.at.tzinfo for entry in entries)
