"""The team page as the owner works with it: people, a week of hours, clerk keys, and closing an account."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from core import clock
from core.connections.clerk_keys import clerk_key_of
from core.connections.models import Connection
from core.settings import ROOT, settings
from core.staff import commands, reports
from core.staff.login_times import times_of
from core.staff.models import Staff
from core.store.engine import reader, transaction
from dashboard.web import passwords
from tests.staff.people import staff_named
from tests.web.running import staff_with_role

FIRST = "seven slow herons"


@pytest.fixture
def owner(
    sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[reports.Identity]:
    """Olivia, signed in; Dana at the desk; a Genesis connection that wants clerk keys."""
    monkeypatch.setenv("HUDDLE_STORE", sqlite_store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    olivia = staff_with_role(sqlite_store, "owner", "olivia")
    staff_with_role(sqlite_store, "front desk", "dana")
    with transaction(sqlite_store) as session:
        session.add(Connection(id=1, kind="genesis", name="Genesis", created_at=clock.now()))
        token = commands.start_session(session, olivia)
    with reader(sqlite_store) as session:
        found = reports.look_up(session, token)
    assert found is not None
    yield found
    settings.cache_clear()


def team_page(who: reports.Identity, **state: object) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    app.user["session"] = str(who.session_id)
    for name, value in state.items():
        app.session_state[name.replace("_", " ")] = value
    found = app.run().switch_page("../pages/team.py").run()
    assert not found.exception
    return found


def dana_in(session: Session) -> Staff:
    return staff_named(session, "dana")


def open_dana(who: reports.Identity, store: Engine) -> tuple[AppTest, int]:
    with reader(store) as session:
        key = dana_in(session).id or 0
    return team_page(who, open_person={"key": key, "id": f"staff {key}"}), key


def press(app: AppTest, label: str) -> AppTest:
    found = next(button for button in app.button if button.label == label).click().run()
    assert not found.exception
    return found


def test_a_new_person_can_sign_in_with_the_first_password(
    owner: reports.Identity, sqlite_store: Engine
) -> None:
    app = press(team_page(owner), "Add a person")
    for field, text in zip(app.text_input, ("kim.park", "Kim Park", FIRST, FIRST), strict=True):
        field.input(text)
    press(app, "Add")
    with reader(sqlite_store) as session:
        account = reports.account(session, "kim.park")
    assert account is not None
    assert passwords.is_right(FIRST, account.password_hash)


@pytest.mark.parametrize(
    ("again", "name", "says"),
    [
        (FIRST + "x", "kim", "two passwords are not the same"),
        (FIRST, "dana", "is taken"),
        (FIRST, "", "one word"),
    ],
)
def test_a_person_that_cannot_be_added_is_refused_in_one_sentence(
    owner: reports.Identity, again: str, name: str, says: str
) -> None:
    app = press(team_page(owner), "Add a person")
    for field, text in zip(app.text_input, (name, "Somebody New", FIRST, again), strict=True):
        field.input(text)
    assert says in press(app, "Add").error[0].value.replace("\\", "")


def test_mondays_hours_fill_the_week_and_are_kept_when_saved(
    owner: reports.Identity, sqlite_store: Engine
) -> None:
    app, key = open_dana(owner, sqlite_store)
    app.selectbox(f"week {key} 0 0 kind").select("hours").run()
    press(app, "Monday to all weekdays")
    app.selectbox(f"week {key} 1 6 kind").select("none").run()
    press(app, "Save the week")
    with reader(sqlite_store) as session:
        kept = [(day.weekday, day.kind, str(day.from_time)) for day in times_of(session, key)]
    assert kept == [
        *((day, "hours", "08:00:00") for day in range(5)),
        (5, "always", "None"),
        (6, "none", "None"),
    ]


def test_a_pasted_clerk_key_is_kept_clean_and_never_drawn(
    owner: reports.Identity, sqlite_store: Engine
) -> None:
    app, key = open_dana(owner, sqlite_store)
    app.text_input(f"key {key} 1").input("  clerk-key-0123\u200b4567 ")
    app.button(f"save key {key} 1").click().run()
    with reader(sqlite_store) as session:
        assert clerk_key_of(session, key, 1) == "clerk-key-01234567"
    drawn = "".join(one.value for one in app.markdown)
    assert "4567" in drawn
    assert "clerk-key-0123" not in drawn + "".join(one.value or "" for one in app.text_input)


def test_disabling_ends_the_session_and_undo_opens_the_account_again(
    owner: reports.Identity, sqlite_store: Engine
) -> None:
    with transaction(sqlite_store) as session:
        token = commands.start_session(session, dana_in(session))
    app, _ = open_dana(owner, sqlite_store)
    app = press(app, "Disable the account")
    with reader(sqlite_store) as session:
        assert reports.look_up(session, token) is None
        assert reports.account(session, "dana") is None
    press(app, "Undo")
    with reader(sqlite_store) as session:
        assert reports.account(session, "dana") is not None
        assert reports.look_up(session, token) is None


def test_a_new_role_holds_and_undo_puts_the_old_one_back(
    owner: reports.Identity, sqlite_store: Engine
) -> None:
    app, key = open_dana(owner, sqlite_store)
    app.selectbox(f"role {key}").select("provider").run()
    app = press(app, "Save role and location")
    with reader(sqlite_store) as session:
        assert dana_in(session).role == "provider"
    press(app, "Undo")
    with reader(sqlite_store) as session:
        assert dana_in(session).role == "front desk"


def test_about_oneself_there_is_nothing_to_change_but_the_clerk_key(owner: reports.Identity) -> None:
    app = team_page(owner, open_person={"key": owner.staff_id, "id": f"staff {owner.staff_id}"})
    assert "This is you" in app.info[0].value
    labels = {button.label for button in app.button}
    assert not labels & {"Save the week", "Save role and location", "Disable the account"}
    assert "Save" in labels


def test_the_forgotten_password_is_replaced(owner: reports.Identity, sqlite_store: Engine) -> None:
    app, key = open_dana(owner, sqlite_store)
    for field in (f"reset {key} new", f"reset {key} again"):
        app.text_input(field).input(FIRST)
    press(app, "Set a new password")
    with reader(sqlite_store) as session:
        stored = session.exec(select(Staff.password_hash).where(Staff.id == key)).one()
    assert passwords.is_right(FIRST, stored)
