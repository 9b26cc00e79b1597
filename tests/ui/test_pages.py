"""The pages as scripts: what they say to a role, to a wrong address, and what opening a card leaves behind."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select
from streamlit.testing.v1 import AppTest

from core.audit.models import AuditEntry
from core.patients.models import Patient
from core.practice.models import Location
from core.settings import ROOT, settings
from core.staff import commands, reports
from core.staff.models import Staff
from core.store.engine import reader, transaction
from tests.browser.practice import practice_store


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("pages"))
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


def opened(practice: Engine, page: str, username: str = "front.desk", **query: str) -> AppTest:
    """A page as a signed-in person sees it."""
    with transaction(practice) as session:
        token = commands.start_session(
            session, session.exec(select(Staff).where(Staff.username == username)).one()
        )
    with reader(practice) as session:
        who = reports.look_up(session, token)
    assert who is not None
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    app.user["session"] = str(who.session_id)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(f"../pages/{page}.py").run()


def cards_seen(practice: Engine) -> list[str]:
    with reader(practice) as session:
        return list(
            session.exec(select(AuditEntry.subject_id).where(AuditEntry.action == "opened patient card"))
        )


def a_patient(practice: Engine) -> int:
    with reader(practice) as session:
        return session.exec(select(Patient.id)).first() or 0


@pytest.mark.parametrize("role", ["owner", "office.manager", "front.desk", "provider"])
@pytest.mark.parametrize("page", ["morning", "patients", "memberships"])
def test_every_role_reads_the_lists(practice: Engine, page: str, role: str) -> None:
    app = opened(practice, page, role)
    assert (list(app.exception), list(app.error)) == ([], [])


def test_opening_a_card_is_written_down_once_however_often_it_is_refreshed(practice: Engine) -> None:
    key = a_patient(practice)
    before = len(cards_seen(practice))
    app = opened(practice, "patient", id=str(key))
    app.run()
    assert not app.error
    assert cards_seen(practice)[before:] == [str(key)]


@pytest.mark.parametrize("asked", ["", "abc", "-1", "9" * 30, "999999", "1 OR 1=1"])
def test_an_address_of_no_patient_says_so(practice: Engine, asked: str) -> None:
    app = opened(practice, "patient", id=asked)
    assert not app.exception
    assert "patient" in app.error[0].value


def test_a_person_of_another_location_cannot_open_the_card(practice: Engine) -> None:
    key = a_patient(practice)
    with transaction(practice) as session:
        home = session.exec(select(Location)).first()
        assert home is not None
        other = Location(connection_id=home.connection_id, external_id="other", name="Other", time_zone="UTC")
        session.add(other)
        session.flush()
        session.exec(select(Staff).where(Staff.username == "provider")).one().location_id = other.id
    app = opened(practice, "patient", "provider", id=str(key))
    with transaction(practice) as session:
        session.exec(select(Staff).where(Staff.username == "provider")).one().location_id = None
        session.delete(session.exec(select(Location).where(col(Location.external_id) == "other")).one())
    assert "another location" in app.error[0].value


def test_a_practice_without_data_is_told_what_to_do(
    sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.web.running import staff_with_role

    monkeypatch.setenv("HUDDLE_STORE", sqlite_store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    staff_with_role(sqlite_store, "owner")
    for page in ("morning", "patients", "memberships"):
        app = opened(sqlite_store, page, "owner")
        assert (list(app.exception), list(app.error)) == ([], [])
