"""The overview as a script, and its numbers as a file: what it says, who may see it, what is remembered."""

import csv
import io
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.audit.models import AuditEntry
from core.jobs.roll_up import roll_up_all
from core.settings import ROOT, settings
from core.staff import commands, reports
from core.staff.models import Staff
from core.store.engine import reader, transaction
from dashboard.web.routes import MIDDLEWARE, ROUTES
from tests.browser.practice import practice_store
from tests.web.running import PASSWORD

FILE = "/export/overview.csv"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("overview page"))
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def counted(practice: Engine) -> Engine:
    roll_up_all(practice)
    return practice


def opened(practice: Engine, username: str = "owner") -> AppTest:
    """The page as a signed-in person sees it."""
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
    return app.switch_page("../pages/overview.py").run()


def words(app: AppTest) -> str:
    return "\n".join([*(one.value for one in app.markdown), *(one.value for one in app.caption)]).replace(
        "\\", ""
    )


def signed_in(role: str) -> TestClient:
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    client.post("/signin", data={"username": role, "password": PASSWORD, "next": "/"})
    return client


def test_before_anything_is_counted_the_page_says_so(practice: Engine) -> None:
    app = opened(practice)
    assert (list(app.exception), list(app.error)) == ([], [])
    assert app.info[0].value.replace("\\", "").startswith("The overview is not counted yet")


def test_every_chart_has_its_sentence(counted: Engine) -> None:
    app = opened(counted)
    assert (list(app.exception), list(app.error), list(app.info)) == ([], [], [])
    said = words(app)
    for part in ("Collected $", "in arrears", "patients who pay by card", "drafted in the next 30 days", "Members have used", "collected at the time of service", "No links have been sent yet"):  # fmt: skip
        assert part in said, part


def test_the_numbers_can_be_read_as_tables_and_the_choice_is_remembered(counted: Engine) -> None:
    app = opened(counted)
    app.toggle("overview tables").set_value(True).run()
    app.segmented_control("overview period").select("two years").run()
    assert not app.exception
    again = opened(counted)
    assert "Collected" in again.dataframe[0].value.columns
    assert again.segmented_control("overview period").value == "two years"


@pytest.mark.parametrize("role", ["front.desk", "provider"])
def test_who_may_not_see_it_cannot_open_it_or_take_it_along(counted: Engine, role: str) -> None:
    with pytest.raises(ValueError, match="navigation"):
        opened(counted, role)
    assert signed_in(role).get(f"{FILE}?chart=collected").status_code == 403


def test_a_charts_numbers_are_taken_along_and_written_down(counted: Engine) -> None:
    answer = signed_in("owner").get(f"{FILE}?chart=collected&period=this+month")
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert set(rows[0]) == {"first_day", "last_day", "collected_cents", "expected_cents"}
    with reader(counted) as session:
        of = select(AuditEntry.who, AuditEntry.subject_id).where(AuditEntry.action == "exported a chart")
        assert list(session.exec(of)) == [("owner", "collected")]


@pytest.mark.parametrize(
    ("query", "status"),
    [("chart=nonsense", 404), ("chart=arrears&period=nonsense", 400), ("chart=arrears&location=L99", 404), ("chart=use&from=x&to=y", 400)],
)  # fmt: skip
def test_a_wrong_address_is_refused_with_a_sentence(counted: Engine, query: str, status: int) -> None:
    answer = signed_in("owner").get(f"{FILE}?{query}")
    assert (answer.status_code, answer.text.count("\n")) == (status, 1)


def test_nobody_takes_it_along_without_signing_in() -> None:
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    assert client.get(f"{FILE}?chart=arrears").status_code == 303
