"""Login times at the real door: turned back after the right password only, and an open session ends by itself."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from websockets.exceptions import InvalidStatus

from core.permissions import Role
from core.staff.models import SignInAttempt, Staff, StaffSession
from core.staff.rules import DayTimes
from core.staff.team import set_week
from core.store.engine import reader, transaction
from tests.web.running import PASSWORD, Running
from tests.web.tab import open_tab

pytestmark = pytest.mark.xdist_group("security")  # one running dashboard for all
Hire = Callable[[str], Staff]
SENTENCE = re.compile(r"You have no access on \w+days\. Ask the owner\.")
OVER = "You are signed out. Nothing is shown"


def close(store: Engine, staff: Staff, kind: str = "none") -> None:
    with transaction(store) as session:
        set_week(session, None, staff_id=staff.id or 0, week=[DayTimes(day, kind) for day in range(7)])


def test_outside_the_login_times_the_right_password_is_answered_with_why(
    dashboard: Running, hire: Hire, practice_store: Engine
) -> None:
    person = hire(Role.FRONT_DESK)
    close(practice_store, person)
    with dashboard.visitor() as client:
        answer = client.post("/signin", data={"username": person.username, "password": PASSWORD})
    assert answer.status_code == 403
    assert SENTENCE.search(answer.text)
    assert "sid" not in answer.cookies


def test_a_wrong_password_learns_nothing_of_the_login_times(
    dashboard: Running, hire: Hire, practice_store: Engine
) -> None:
    closed, open_ = hire(Role.FRONT_DESK), hire(Role.FRONT_DESK)
    close(practice_store, closed)
    with dashboard.visitor() as client:
        answers = [
            client.post("/signin", data={"username": each.username, "password": "not the one"})
            for each in (closed, open_)
        ]
    assert {(each.status_code, each.text) for each in answers} == {(401, answers[0].text)}


def test_being_turned_back_is_no_wrong_guess(dashboard: Running, hire: Hire, practice_store: Engine) -> None:
    person = hire(Role.FRONT_DESK)
    close(practice_store, person)
    with dashboard.visitor() as client:
        codes = {
            client.post("/signin", data={"username": person.username, "password": PASSWORD}).status_code
            for _ in range(11)
        }
    with reader(practice_store) as session:
        tries = session.exec(
            select(SignInAttempt.succeeded).where(SignInAttempt.username == person.username)
        ).all()
    assert (codes, set(tries)) == ({403}, {True})


def test_an_open_tab_ends_at_its_next_rerun_and_says_why(
    dashboard: Running, hire: Hire, practice_store: Engine
) -> None:
    person = hire(Role.FRONT_DESK)
    with dashboard.sign_in(person.username) as client, open_tab(client) as tab:
        assert "Where I am signed in" in tab.rerun("account")
        close(practice_store, person)
        drawn = tab.rerun("account").replace("\\", "")  # as markdown shows it
        assert SENTENCE.search(drawn)
        assert OVER in drawn
        assert "Where I am signed in" not in drawn
        with pytest.raises(InvalidStatus, match="403"), open_tab(client):
            pass


def test_the_next_page_is_the_sign_in_form_with_the_sentence(
    dashboard: Running, hire: Hire, practice_store: Engine
) -> None:
    person = hire(Role.FRONT_DESK)
    with dashboard.sign_in(person.username) as client:
        close(practice_store, person)
        sent_to = client.get("/account")
        assert sent_to.status_code == 303
        assert SENTENCE.search(client.get(sent_to.headers["location"]).text)
        assert client.get("/session", headers={"sec-fetch-dest": "empty"}).status_code == 401


def test_a_session_that_ended_does_not_come_back_when_the_hours_do(
    dashboard: Running, hire: Hire, practice_store: Engine
) -> None:
    person = hire(Role.FRONT_DESK)
    with dashboard.sign_in(person.username) as client:
        close(practice_store, person)
        client.get("/account")
        close(practice_store, person, "always")
        assert client.get("/account").status_code == 303
        assert not SENTENCE.search(client.get("/signin").text)
    with reader(practice_store) as session:
        why = session.exec(select(StaffSession.ended_why).where(StaffSession.staff_id == person.id)).one()
    assert why == "login times over"
    with dashboard.sign_in(person.username) as again:
        assert again.get("/account").status_code == 200
