"""Every page, every role, every state of a session: by direct address and by an open tab (RELIABILITY 20, 22)."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select
from websockets.exceptions import InvalidStatus

from core import clock
from core.permissions import Role, may
from core.settings import settings
from core.staff import commands
from core.staff.models import Staff, StaffSession
from core.store.engine import transaction
from dashboard.access import PAGES, Page
from tests.web.running import PASSWORD, Running, run_dashboard, staff_with_role
from tests.web.tab import open_tab

pytestmark = pytest.mark.xdist_group("security")  # one running dashboard for all
Hire = Callable[[str], Staff]
OVER = "You are signed out. Nothing is shown"
NO_ACCESS = "No access to"
FAILED = "EXCEPTION"


def _set(engine: Engine, staff: Staff, **values: object) -> None:
    with transaction(engine) as session:
        session.execute(update(StaffSession).where(col(StaffSession.staff_id) == staff.id).values(**values))


def _disable(engine: Engine, staff: Staff) -> None:
    with transaction(engine) as session:
        commands.disable(session, None, session.get_one(Staff, staff.id))


ENDS: dict[str, Callable[[Engine, Staff], None]] = {
    "disabled": _disable,
    "idle": lambda engine, staff: _set(
        engine, staff, last_seen_at=clock.now() - timedelta(minutes=settings().idle_minutes)
    ),
    "expired": lambda engine, staff: _set(engine, staff, expires_at=clock.now()),
    "revoked": lambda engine, staff: _set(engine, staff, ended_at=clock.now(), ended_why="signed out"),
}


@pytest.fixture(scope="module")
def asking(practice_store: Engine) -> Iterator[Running]:
    """A dashboard that lets nobody in with a password alone."""
    url = practice_store.url.render_as_string(hide_password=False)
    with run_dashboard(url, HUDDLE_SECOND_STEP="everyone") as running:
        yield running


@pytest.mark.parametrize("role", Role)
def test_a_role_sees_its_pages_and_no_other(dashboard: Running, hire: Hire, role: Role) -> None:
    with dashboard.sign_in(hire(role).username) as client, open_tab(client) as tab:
        for row in PAGES:
            assert client.get(f"/{row.url_path}", follow_redirects=True).status_code == 200
            drawn = tab.rerun(row.url_path)
            assert (NO_ACCESS in drawn) is not may(role, row.permission), (row.url_path, drawn)
            assert OVER not in drawn
            assert FAILED not in drawn, (row.url_path, dashboard.log[-2000:])


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.url_path)
def test_a_page_without_permission_never_runs(
    dashboard: Running, hire: Hire, practice_store: Engine, row: Page
) -> None:
    person = hire(Role.OWNER)
    with dashboard.sign_in(person.username) as client, open_tab(client) as tab:
        seen = tab.rerun(row.url_path)
        with transaction(practice_store) as session:
            session.get_one(Staff, person.id).role = "visitor"  # a role that holds nothing
        drawn = tab.rerun(row.url_path)
    assert NO_ACCESS not in seen
    assert f"{NO_ACCESS} {row.title.lower()}" in drawn
    assert not (_own_words(seen) & _own_words(drawn))


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.url_path)
def test_signed_out_no_page_opens(dashboard: Running, row: Page) -> None:
    with dashboard.visitor() as nobody:
        answer = nobody.get(f"/{row.url_path}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/signin?next=%2F{row.url_path}")
        with pytest.raises(InvalidStatus, match="403"), open_tab(nobody):
            pass


@pytest.mark.parametrize(
    ("role", "end"),
    [  # by day each role and each end once, at night all together
        pytest.param(role, end, marks=[] if (place + number) % len(Role) == 0 else pytest.mark.night)
        for place, role in enumerate(Role)
        for number, end in enumerate(ENDS)
    ],
)
def test_when_a_session_is_over_nothing_opens_and_open_tabs_show_nothing(
    dashboard: Running, hire: Hire, practice_store: Engine, role: Role, end: str
) -> None:
    person = hire(role)
    with dashboard.sign_in(person.username) as client, open_tab(client) as tab:
        tab.rerun("account")
        ENDS[end](practice_store, person)
        for row in PAGES:
            assert client.get(f"/{row.url_path}").status_code == 303
            drawn = tab.rerun(row.url_path)
            assert OVER in drawn
            assert person.username not in drawn
        assert client.get("/session", headers={"sec-fetch-dest": "empty"}).status_code == 401
        with pytest.raises(InvalidStatus, match="403"), open_tab(client):
            pass


@pytest.mark.parametrize("role", Role)
def test_without_the_second_step_the_right_password_opens_nothing(
    asking: Running, practice_store: Engine, role: Role
) -> None:
    person = staff_with_role(practice_store, role, f"half.{role.split()[0]}")
    with asking.visitor() as half:
        answer = half.post("/signin", data={"username": person.username, "password": PASSWORD, "next": "/"})
        assert (answer.status_code, "sid" in answer.cookies) == (200, False)
        assert "second step" in answer.text
        for row in PAGES:
            assert half.get(f"/{row.url_path}").headers["location"].startswith("/signin?next=")
        for path in ("/export/cards.csv", "/print/day", "/passkeys", "/confirm"):
            assert half.get(path).status_code == 303, path
        assert half.get("/session", headers={"sec-fetch-dest": "empty"}).status_code == 401
        with pytest.raises(InvalidStatus, match="403"), open_tab(half):
            pass
    with transaction(practice_store) as session:
        assert session.exec(select(StaffSession).where(StaffSession.staff_id == person.id)).all() == []


def _own_words(drawn: str) -> set[str]:
    """The lines of a page that are not the shell's: neither the menu nor the bar with the name."""
    shell = {row.title for row in PAGES} | {"Huddle"}
    return {
        line for line in drawn.splitlines() if len(line) > 12 and line not in shell and "<style>" not in line
    }
