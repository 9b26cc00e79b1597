"""Signing in and out in a real Chromium, in both themes, and the screen nobody uses."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Route
from sqlalchemy import Engine, update
from sqlmodel import col

from core import clock
from core.practice.models import Practice
from core.settings import settings
from core.staff import commands
from core.staff.models import StaffSession
from core.store.engine import open_store, transaction
from tests.browser.conftest import Window
from tests.conftest import fresh_sqlite
from tests.staff.people import staff_named
from tests.web.running import Running, run_dashboard, staff_with_role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser sign-in")]
Browse = Callable[..., Window]
Shot = Callable[[Window, str], object]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_store(fresh_sqlite(tmp_path_factory.mktemp("browser")))
    for name in ("dana.lee", "olga", "sam", "kim"):
        staff_with_role(engine, "front desk", name)
    with transaction(engine) as session:
        session.get_one(Practice, 1).name = "Maple Street Chiropractic"
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def running(practice: Engine) -> Iterator[Running]:
    with run_dashboard(practice.url.render_as_string(hide_password=False)) as dashboard:
        yield dashboard


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sign_in_see_the_morning_sign_out(running: Running, browse: Browse, shot: Shot, theme: str) -> None:
    window = browse(running, theme=theme)
    window.page.goto(running.base_url)
    shot(window, f"form-{theme}")
    window.sign_in("dana.lee")
    assert window.page.get_by_text("Dana Lee · front desk").is_visible()
    assert window.page.get_by_text("Maple Street Chiropractic").first.is_visible()
    shot(window, f"morning-{theme}")
    window.page.get_by_role("button", name="Sign out", exact=True).click()
    window.page.get_by_text("You are signed out.").wait_for()
    window.page.goto(running.base_url + "/patients")
    assert "/signin?next=%2Fpatients" in window.page.url
    # what the page behind asked for when the session was over already
    assert [said for said in window.complaints if "401" not in said] == []
    assert window.elsewhere == []


def test_signing_out_while_the_idle_watch_asks_is_no_idleness(running: Running, browse: Browse) -> None:
    window = browse(running)
    window.sign_in("dana.lee")
    asking, leaving = held(window, "**/session"), held(window, "**/signout")
    waited_for(window, asking)
    window.page.get_by_role("button", name="Sign out", exact=True).click(no_wait_after=True)
    waited_for(window, leaving)
    asking[0].fulfill(json={"left": 0})
    window.page.wait_for_timeout(500)
    assert len(leaving) == 1
    leaving[0].continue_()
    window.page.get_by_text("You are signed out.").wait_for()


def held(window: Window, pattern: str) -> list[Route]:
    """Requests that wait for an answer from here on."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    window.page.route(pattern, hold)
    return waiting


def waited_for(window: Window, waiting: list[Route]) -> None:
    for _ in range(300):
        if waiting:
            return
        window.page.wait_for_timeout(100)
    raise AssertionError("the browser never asked")


def test_a_wrong_password_says_so_and_a_deep_link_is_kept(
    running: Running, browse: Browse, shot: Shot
) -> None:
    window = browse(running)
    window.page.goto(running.base_url + "/account")
    window.page.get_by_label("User name").fill("dana.lee")
    window.page.get_by_label("Password").fill("not the password")
    window.page.get_by_role("button", name="Sign in").click()
    assert window.page.get_by_role("alert").inner_text() == "That user name and password do not match."
    shot(window, "wrong")
    window.sign_in("dana.lee", path=window.page.url.removeprefix(running.base_url) + "?next=/account")
    window.page.get_by_text("Where I am signed in").wait_for()
    assert window.page.url == running.base_url + "/account"


def test_an_open_tab_is_empty_within_five_seconds_of_being_disabled(
    running: Running, browse: Browse, practice: Engine
) -> None:
    window = browse(running)
    window.sign_in("sam", path="/account")
    with transaction(practice) as session:
        commands.disable(session, None, staff_named(session, "sam"))
    window.page.wait_for_url("**/signin?**", timeout=5_000)
    assert window.page.get_by_text("Your session is over. Sign in again.").is_visible()


def test_a_screen_nobody_uses_warns_and_then_signs_out(
    running: Running, browse: Browse, shot: Shot, practice: Engine
) -> None:
    window = browse(running)
    window.sign_in("olga")
    _seconds_left(practice, "olga", 12)
    window.page.get_by_text("Signing out in").wait_for(timeout=9_000)
    shot(window, "warning")
    window.page.get_by_text("nobody used Huddle for a while").wait_for(timeout=20_000)
    assert window.page.url.endswith("/signin?why=idle&next=%2F")


def test_pressing_stay_keeps_one_signed_in(running: Running, browse: Browse, practice: Engine) -> None:
    window = browse(running)
    window.sign_in("kim")
    _seconds_left(practice, "kim", 50)
    window.page.get_by_role("button", name="Stay signed in").click()
    window.page.get_by_text("Signing out in").wait_for(state="hidden")
    left = window.page.evaluate("fetch('/session').then(answer => answer.json()).then(body => body.left)")
    assert left > settings().idle_minutes * 60 - 30


def _seconds_left(engine: Engine, username: str, seconds: int) -> None:
    """As if nobody had touched anything until `seconds` before the idle limit."""
    last_seen = clock.now() - timedelta(minutes=settings().idle_minutes) + timedelta(seconds=seconds)
    with transaction(engine) as session:
        staff = staff_named(session, username)
        session.execute(
            update(StaffSession).where(col(StaffSession.staff_id) == staff.id).values(last_seen_at=last_seen)
        )
