"""My account: changing one's own password, and signing out everywhere."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pyotp.totp import TOTP
from sqlalchemy import Engine, update
from streamlit.testing.v1 import AppTest

from core import clock
from core.settings import ROOT, settings
from core.staff import commands, reports
from core.staff.models import StaffSession
from core.staff.second_step import is_on, new_secret
from core.staff.sign_in import WRONG_PER_ACCOUNT
from core.store.engine import reader, transaction
from dashboard.web import passwords
from tests.staff.people import staff_named
from tests.web.running import PASSWORD, staff_with_role

NEW = "seven slow herons"


@pytest.fixture
def me(sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[reports.Identity]:
    monkeypatch.setenv("HUDDLE_STORE", sqlite_store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    person = staff_with_role(sqlite_store, "front desk", "dana")
    with transaction(sqlite_store) as session:
        token = commands.start_session(session, person)
    with reader(sqlite_store) as session:
        found = reports.look_up(session, token)
    assert found is not None
    yield found
    settings.cache_clear()


def account_page(who: reports.Identity) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    app.user["session"] = str(who.session_id)
    return app.run().switch_page("../pages/account.py").run()


def change(app: AppTest, current: str, new: str, again: str) -> AppTest:
    for field, text in zip(app.text_input, (current, new, again), strict=True):
        field.input(text)
    return app.button[0].click().run()


def test_a_new_password_replaces_the_old_one_and_ends_the_session(
    me: reports.Identity, sqlite_store: Engine
) -> None:
    app = change(account_page(me), PASSWORD, NEW, NEW)
    assert app.success[0].value == "Your password is changed. Sign in with the new one."
    with reader(sqlite_store) as session:
        account = reports.account(session, "dana")
        assert account is not None
        assert passwords.is_right(NEW, account.password_hash)
    assert "You are signed out" in app.run().info[0].value


@pytest.mark.parametrize(
    ("current", "new", "again", "says"),
    [
        (PASSWORD, NEW, NEW + "x", "not the same"),
        (PASSWORD, PASSWORD, PASSWORD, "is the old one"),
        (PASSWORD, "short", "short", "at least 12 characters"),
        (PASSWORD, "dana2026!!!!", "dana2026!!!!", "easy to guess"),
        ("not the password", NEW, NEW, "current password is not right"),
    ],
)
def test_a_change_that_cannot_be_is_refused_in_one_sentence(
    me: reports.Identity, sqlite_store: Engine, current: str, new: str, again: str, says: str
) -> None:
    app = change(account_page(me), current, new, again)
    assert says in app.error[0].value.replace("\\", "")
    with reader(sqlite_store) as session:
        assert reports.look_up_id(session, me.session_id) is not None


def test_guessing_the_current_password_on_a_screen_left_open_is_slowed_down(
    me: reports.Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    # bcrypt 11 times is slow
    monkeypatch.setattr(passwords, "is_right", lambda given, stored: given == PASSWORD)
    app = account_page(me)
    for _ in range(WRONG_PER_ACCOUNT):
        change(app, "not the password", NEW, NEW)
    assert "Too many wrong tries" in change(app, PASSWORD, NEW, NEW).error[0].value


def test_signing_out_everywhere_ends_the_other_browser_too(
    me: reports.Identity, sqlite_store: Engine
) -> None:
    with transaction(sqlite_store) as session:
        elsewhere = commands.start_session(session, staff_named(session, "dana"))
    app = account_page(me)
    next(button for button in app.button if button.label == "Sign out everywhere").click().run()
    assert "You are signed out" in app.info[0].value
    with reader(sqlite_store) as session:
        assert reports.look_up(session, elsewhere) is None


def test_a_screen_left_open_sets_up_no_authenticator_app(me: reports.Identity, sqlite_store: Engine) -> None:
    with transaction(sqlite_store) as session:
        session.execute(update(StaffSession).values(proved_at=clock.now() - timedelta(minutes=11)))
    app = account_page(me)
    app.session_state["second step: secret"] = secret = new_secret()
    field = next(one for one in app.run().text_input if one.label == "Code the app shows now")
    field.input(TOTP(secret).now())
    next(button for button in app.button if button.label == "Turn on").click().run()
    assert "(/confirm)" in app.error[0].value
    with reader(sqlite_store) as session:
        assert not is_on(session, me.staff_id)


def test_without_a_session_the_shell_shows_nothing(me: reports.Identity) -> None:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120).run()
    assert "You are signed out" in app.info[0].value
    assert not app.text_input
