"""The day on paper and in a file: a page a provider, initials, no amounts for a provider, nothing without signing in."""

import csv
import io
from collections.abc import Iterator

import pypdfium2
import pytest
from sqlalchemy import Engine
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core import clock
from core.audit.models import AuditEntry
from core.settings import settings
from core.store.engine import reader
from dashboard.web.day_pdf import day_pdf
from dashboard.web.day_sheet import paper
from dashboard.web.routes import MIDDLEWARE, ROUTES
from dashboard.wording.may_see import MaySee
from tests.browser.practice import HOSTILE, ZONE, practice_store
from tests.ui.made import MISSING, patient, report, visit
from tests.web.running import PASSWORD


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("printing"), hostile=True)
    yield engine
    engine.dispose()


@pytest.fixture
def visitor(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    settings.cache_clear()


def signed_in(visitor: TestClient, role: str) -> TestClient:
    visitor.post("/signin", data={"username": role, "password": PASSWORD, "next": "/"})
    return visitor


def words_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_bounded() for page in document]


@pytest.mark.parametrize("path", ["/print/day", "/print/day.pdf", "/export/day.csv"])
def test_nobody_prints_without_signing_in(visitor: TestClient, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/signin")


def test_the_print_view_has_a_part_for_each_provider_and_no_script(visitor: TestClient) -> None:
    answer = signed_in(visitor, "front.desk").get("/print/day")
    assert answer.status_code == 200
    assert answer.text.count("<section>") >= 2
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_hostile_name_is_text_on_paper(visitor: TestClient) -> None:
    body = signed_in(visitor, "front.desk").get("/print/day").text
    assert "<img" not in body
    assert "&lt;img src=https://elsewhere.example/a.png" in body
    assert HOSTILE["h-markdown"] in body


def test_the_pdf_starts_a_page_for_each_provider(visitor: TestClient) -> None:
    answer = signed_in(visitor, "owner").get("/print/day.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    pages = words_of(answer.content)
    heads = [page.split("\n")[0] for page in pages if " · " in page.split("\n")[0]]
    assert len(heads) == len(set(heads)) >= 2


def test_initials_are_on_paper_too() -> None:
    made = paper(report(visit(patient(1, MISSING))), MaySee(initials=True))
    assert [line.patient for sheet in made.sheets for line in sheet.lines] == ["A.R."]
    assert "Ruiz" not in words_of(day_pdf(made))[0]


def test_a_provider_prints_no_amount(visitor: TestClient) -> None:
    provider = signed_in(visitor, "provider")
    assert "$" not in provider.get("/print/day").text.replace(HOSTILE["h-formula"], "")
    assert not any(
        "$" in page.replace("$\\frac{1}{2}$", "") for page in words_of(provider.get("/print/day.pdf").content)
    )


def test_accents_are_printed_and_only_what_the_typeface_lacks_is_a_question_mark() -> None:
    made = paper(report(visit(patient(1, MISSING, name="Nguyễn Łukasz 李"))), MaySee())
    assert "Nguyễn Łukasz ?" in words_of(day_pdf(made))[0]


@pytest.mark.parametrize("role", ["front.desk", "provider"])
def test_a_role_without_export_gets_no_file(visitor: TestClient, role: str) -> None:
    answer = signed_in(visitor, role).get("/export/day.csv")
    assert answer.status_code == 403
    assert "may not export" in answer.text


def test_an_export_is_written_down_and_runs_no_formula(visitor: TestClient, practice: Engine) -> None:
    answer = signed_in(visitor, "owner").get("/export/day.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) > 40
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values() if cell)
    with reader(practice) as session:
        wanted = select(AuditEntry.who, AuditEntry.subject_id).where(AuditEntry.action == "exported the day")
        assert session.exec(wanted).first() == ("owner", clock.today(ZONE).isoformat())


def test_a_wrong_date_or_place_is_said_in_a_sentence(visitor: TestClient) -> None:
    desk = signed_in(visitor, "front.desk")
    assert "is not a date" in desk.get("/print/day?date=soon").text
    assert desk.get("/print/day?location=nowhere").status_code == 404


def test_an_empty_day_prints_that_it_is_empty(visitor: TestClient) -> None:
    desk = signed_in(visitor, "front.desk")
    assert "No visits on this day" in desk.get("/print/day?date=2024-01-06").text
    assert "No visits" in words_of(desk.get("/print/day.pdf?date=2024-01-06").content)[0]
