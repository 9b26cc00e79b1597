"""The card updates page: what each role sees of it, how it filters, and the list as a file."""

import csv
import io
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core import clock
from core.audit.models import AuditEntry
from core.reports.cards import cards
from core.settings import settings
from core.store.engine import reader
from dashboard.web.routes import MIDDLEWARE, ROUTES
from tests.browser.practice import practice_store
from tests.ui.test_pages import opened
from tests.web.running import PASSWORD

ADDRESS = "/export/cards.csv"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("cards"), hostile=True)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


def signed_in(role: str) -> TestClient:
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    client.post("/signin", data={"username": role, "password": PASSWORD, "next": "/"})
    return client


@pytest.mark.parametrize("role", ["owner", "office.manager", "front.desk"])
def test_who_asks_for_cards_reads_the_list(practice: Engine, role: str) -> None:
    app = opened(practice, "card_updates", role)
    assert (list(app.exception), list(app.error)) == ([], [])
    assert [tab.label for tab in app.tabs][:1] == ["Cards to mend"]


def test_a_provider_has_no_such_page(practice: Engine) -> None:
    with pytest.raises(ValueError, match="page"):
        opened(practice, "card_updates", "provider")


def test_a_search_without_a_match_says_so_and_breaks_nothing(practice: Engine) -> None:
    app = opened(practice, "card_updates")
    app.text_input("card updates search").set_value("no such person <b>").run()
    assert (list(app.exception), list(app.error)) == ([], [])


def test_the_file_holds_the_rows_of_the_page_and_is_written_down(practice: Engine) -> None:
    answer = signed_in("office.manager").get(ADDRESS)
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    with reader(practice) as session:
        rows = cards(session, location_id=None, as_of=clock.now()).rows
        noted = session.exec(select(AuditEntry.who).where(AuditEntry.action == "exported cards")).all()
    assert [line["patient_id"] for line in lines] == [row.patient_id for row in rows]
    assert len(lines) >= 5
    assert noted == ["office.manager"]


@pytest.mark.parametrize("role", ["front.desk", "provider"])
def test_who_may_not_export_gets_no_file(role: str) -> None:
    assert signed_in(role).get(ADDRESS).status_code == 403


def test_nobody_exports_signed_out_elsewhere_or_what_is_not_there() -> None:
    nobody = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    assert nobody.get(ADDRESS).headers["location"].startswith("/signin")
    owner = signed_in("owner")
    assert owner.get(f"{ADDRESS}?location=nowhere").status_code == 404
    assert "There is no such list" in owner.get("/export/passwords.csv").text


@pytest.mark.parametrize("name", ["cards", "arrears", "memberships"])
def test_initials_stand_in_every_file(name: str) -> None:
    answer = signed_in("owner").get(f"/export/{name}.csv?initials=1")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.status_code == 200
    assert lines
    assert all(line["patient"] == line["initials"] for line in lines)
