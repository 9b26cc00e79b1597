"""Two addresses of every page: the search behind `/`, and the guide behind `?`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.settings import settings
from dashboard.access import PAGES
from dashboard.web import help as help_page
from dashboard.web.help import mark_of, parts
from dashboard.web.routes import MIDDLEWARE, ROUTES
from tests.browser.practice import practice_store
from tests.web.running import PASSWORD


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("search"), hostile=True)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


def browser(username: str = "") -> TestClient:
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    if username:
        client.post("/signin", data={"username": username, "password": PASSWORD, "next": "/"})
    return client


def test_the_search_answers_with_names_as_text() -> None:
    answer = browser("front.desk").post("/search", json={"typed": "onerror"})
    assert answer.status_code == 200
    [found] = answer.json()["found"]
    assert (found["name"].startswith("<img"), set(found)) == (True, {"key", "name", "sub"})


def test_what_is_searched_for_stands_in_no_address() -> None:
    assert browser("front.desk").get("/search?typed=ana").status_code == 405


def test_nobody_searches_signed_out_or_from_another_site() -> None:
    assert browser().post("/search", json={"typed": "ana"}).status_code == 401
    sent = browser("front.desk").post(
        "/search", json={"typed": "an"}, headers={"origin": "https://evil.example"}
    )
    assert sent.status_code == 403


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"typed": 5}'])
def test_what_cannot_be_read_is_said_so(body: bytes) -> None:
    assert browser("front.desk").post("/search", content=body).status_code == 400


def test_the_question_mark_of_every_page_opens_a_part_of_the_guide() -> None:
    told = browser("provider").get("/help")
    marks = {mark for mark, _ in parts()}
    assert told.status_code == 200
    assert [row.url_path for row in PAGES if mark_of(row.help) not in marks] == []
    assert all(f'id="{mark}"' in told.text for mark in marks)
    assert "**" not in told.text


def test_the_guide_is_for_who_is_signed_in() -> None:
    assert browser().get("/help").status_code in (303, 401)


def test_an_installation_without_the_guide_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(help_page, "GUIDE", tmp_path / "using.md")
    for kept in (help_page.parts, help_page.guide_html):
        kept.cache_clear()
    try:
        told = browser("provider").get("/help")
    finally:
        for kept in (help_page.parts, help_page.guide_html):
            kept.cache_clear()
    assert (told.status_code, "did not come along with this installation" in told.text) == (200, True)
