"""The plans page: what each role sees of it, its numbers and filters, and the words of its rows."""

import html
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core import clock
from core.forecast.reports import incoming
from core.money import whole_dollars
from core.reports.arrears import arrears, plans_to_look_at
from core.reports.arrears_rows import AgingCell, ArrearsRow, PromiseCell
from core.reports.as_file import as_table
from core.reports.credits import credits_report
from core.reports.prepaid import prepaid
from core.settings import settings
from core.severity import Severity
from core.store.engine import reader
from dashboard.ui.plans import held as held_list
from dashboard.ui.plans import incoming as incoming_list
from dashboard.ui.plans import list as plan_list
from dashboard.web.routes import MIDDLEWARE, ROUTES
from dashboard.wording import plan_row
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee
from tests.browser.practice import practice_store
from tests.ui.test_pages import opened
from tests.web.running import PASSWORD

DAY, ZONE = date(2026, 11, 23), "America/New_York"
PLACE = LocalDay(ZONE, DAY)
ROW = ArrearsRow(
    key=1, plan_key=7, name_key="ruiz ana", plan_id="N1", plan="Corrective care", patient_id="P1", patient="Ana Ruiz",
    initials="A.R.", mobile_last_four="0199", family=False, member_id=None, member=None, state="BEHIND",
    severity=Severity.HIGH, expected_cents=80000, paid_cents=52000, arrears_cents=28000, pending_cents=0,
    days_past_due=45, missed_count=2, since=date(2026, 10, 9), aging=AgingCell(20000, 8000, 0, 0), remaining_cents=188000,
    exposure_cents=None, unearned_cents=None, next_visit=None, last_visit=None, last_contact_at=None, promise=None,
    reminders_stopped=False, reason="Behind $280 on Corrective care.", last_event="declined Nov 10, not enough funds",
    advice="Ask for $280 or a new card.",
)  # fmt: skip
PROMISE = PromiseCell("OPEN", 28000, date(2026, 12, 3), 0, "Ana Ruiz", datetime(2026, 11, 20, tzinfo=clock.EPOCH.tzinfo), "Dee", "Ana Ruiz promised $280 by Dec 3 (said on Nov 20).")  # fmt: skip
UNKNOWN = replace(ROW, plan_id="N2", state="UNKNOWN", severity=Severity.UNKNOWN, arrears_cents=None, aging=None, reason="This plan has no instalments.")  # fmt: skip


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("plans"), hostile=True)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


def fine(app: AppTest) -> bool:
    return (list(app.exception), list(app.error)) == ([], [])


@pytest.mark.parametrize("role", ["owner", "office.manager", "front.desk"])
def test_who_sees_money_reads_the_page_with_every_filter(practice: Engine, role: str) -> None:
    app = opened(practice, "plans", role)
    assert fine(app)
    if role == "owner":
        for pressed in ("over_90", "settle", "coming", "fail"):
            app.session_state["plans pressed"] = pressed
            assert fine(app.run()), pressed


def test_a_provider_has_no_such_page(practice: Engine) -> None:
    with pytest.raises(ValueError, match="page"):
        opened(practice, "plans", "provider")


def test_a_search_without_a_match_says_so_and_breaks_nothing(practice: Engine) -> None:
    app = opened(practice, "plans")
    app.text_input("plans search").set_value("no such person <b>").run()
    assert fine(app)


def test_the_demo_practice_has_every_kind_of_row(practice: Engine) -> None:
    with reader(practice) as session:
        rows = plans_to_look_at(session, location_id=None, as_of=clock.now()).rows
        coming = incoming(session, None, clock.now())
    states = {row.state for row in rows}
    assert states >= {"BEHIND", "COMPLETED_OWING", "SETTLEMENT"}
    assert any(row.reminders_stopped for row in rows)
    assert any(row.family for row in rows)
    assert {row.kind for row in coming.rows} >= {"plan", "membership"}
    assert coming.total.will_fail_cents > 0


def signed_in(role: str) -> TestClient:
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    client.post("/signin", data={"username": role, "password": PASSWORD, "next": "/"})
    return client


def test_the_list_on_paper_is_that_of_the_page_with_initials_where_wanted(practice: Engine) -> None:
    with reader(practice) as session:
        rows = arrears(session, location_id=None, as_of=clock.now()).rows
    paper = html.unescape(signed_in("front.desk").get("/print/plans").text)
    assert all(row.patient in paper for row in rows)
    hidden = html.unescape(signed_in("front.desk").get("/print/plans?initials=1").text)
    assert not any(row.patient in hidden for row in rows)
    assert signed_in("provider").get("/print/plans").status_code == 403


def numbers(rows: list[ArrearsRow], pressed: str = "") -> dict[str, str]:
    return {one["id"]: one["value"] for one in plan_list.numbers(rows, pressed)}


def test_the_headline_is_dollars_by_age_and_counts_what_needs_a_word() -> None:
    said = numbers([ROW, UNKNOWN, replace(ROW, plan_id="N3", promise=PROMISE)])
    assert (said["behind"], said["d1_30"], said["d31_60"], said["over_90"]) == ("$560", "$400", "$160", "$0")
    assert (said["unknown"], said["promised"]) == ("1", "1")
    assert "settle" not in said


@pytest.mark.parametrize(
    ("pressed", "search", "kept"),
    [
        ("", "", 2),
        ("d31_60", "", 1),
        ("over_90", "", 0),
        ("unknown", "", 1),
        ("", "ruiz ana", 2),
        ("", "0199", 2),
        ("", "bo", 0),
    ],
)
def test_numbers_and_search_narrow_the_rows(pressed: str, search: str, kept: int) -> None:
    assert len(plan_list.matching([ROW, UNKNOWN], pressed, search)) == kept


def test_a_row_says_what_happened_and_what_to_ask_for() -> None:
    cells: dict[str, Any] = plan_row.drawn(ROW, PLACE, ZONE)["cells"]
    assert cells["behind"] == "$280"
    assert cells["say"]["words"] == "Declined Nov 10, not enough funds. Ask for $280 or a new card."
    assert cells["aging"]["words"] == "45 days, 2 missed"
    assert cells["aging"]["why"] == "1–30 days $200, 31–60 days $80"
    assert plan_row.drawn(UNKNOWN, PLACE, ZONE)["cells"]["behind"] == "unknown"


def test_an_open_promise_is_said_and_calm() -> None:
    drawn = plan_row.drawn(replace(ROW, promise=PROMISE, severity=Severity.NOTE, advice=""), PLACE, ZONE)
    assert drawn["severity"] == ""
    assert drawn["cells"]["say"] == {
        "words": "Ana Ruiz promised $280 by Dec 3 (said on Nov 20).",
        "calm": True,
    }
    assert [chip["words"] for chip in drawn["cells"]["chips"]] == ["Behind", "Promised"]


def test_the_privacy_switch_hides_every_name_of_a_row() -> None:
    row = replace(ROW, promise=PROMISE, family=True, member="Ana Ruiz", member_id="P9")
    drawn = json.dumps(plan_row.drawn(plan_row.seen_by(row, MaySee(initials=True)), PLACE, ZONE))
    assert "Ana" not in drawn
    assert "Ruiz" not in drawn


def test_an_empty_list_is_good_news() -> None:
    assert plan_list.why_empty(loaded=True, pressed="", narrowed=False)[0] == "Nobody is behind"
    assert plan_list.why_empty(loaded=False, pressed="", narrowed=False)[0] == "Nothing is loaded yet"


def test_the_weeks_are_told_in_words(practice: Engine) -> None:
    with reader(practice) as session:
        found = incoming(session, None, clock.now())
    words = incoming_list.week_words(found, LocalDay(ZONE, found.first))
    assert words.count("$") >= 3
    coming = {one.id: incoming_list.rows_of(found, one) for one in incoming_list.WINDOWS}
    assert incoming_list.numbers(coming, "")[1]["label"] == "Next 30 days"


def test_the_table_of_the_command_reads_well(practice: Engine) -> None:
    with reader(practice) as session:
        head, first, *_ = as_table(arrears(session, location_id=None, as_of=clock.now())).splitlines()
    assert head.split()[:4] == ["plan", "id", "patient", "state"]
    assert "$" in first


def test_moving_the_day_changes_only_what_the_calendar_says(practice: Engine) -> None:
    """A day later no plan owes less, and every age of what was owed is one day higher."""
    now = clock.now()
    with reader(practice) as session:
        today, tomorrow = (
            {row.plan_id: row for row in arrears(session, location_id=None, as_of=at).rows}
            for at in (now, now + timedelta(days=1))
        )
    assert today.keys() <= tomorrow.keys()
    for key, row in today.items():
        later = tomorrow[key]
        if row.state == "BEHIND":
            assert later.days_past_due == (row.days_past_due or 0) + 1
            assert (later.arrears_cents or 0) >= (row.arrears_cents or 0)
            assert (later.paid_cents, later.plan, later.patient) == (row.paid_cents, row.plan, row.patient)


def test_prepaid_care_and_credits_stand_under_the_plans(practice: Engine) -> None:
    now = clock.now()
    with reader(practice) as session:
        held = prepaid(session, location_id=None, as_of=now)
        owed = credits_report(session, location_id=None, as_of=now)
    assert held.rows
    assert owed.rows
    first, second = held_list.numbers(held.rows, owed.rows, "credits")
    assert first["value"] == whole_dollars(sum(row.unearned_cents or 0 for row in held.rows))
    assert (second["pressed"], second["sub"].split()[0]) == (True, f"{len(owed.rows):,}")
    for draw, report in ((held_list.prepaid_board, held), (held_list.credit_board, owed)):
        drawn = draw(report, report.rows, "", "", MaySee())
        assert {row["key"] for row in drawn.rows} == {row.key for row in report.rows}
        hidden = json.dumps(draw(report, report.rows, "", "", MaySee(initials=True)).rows)
        assert not any(row.patient in hidden for row in report.rows)


@pytest.mark.parametrize("name", ["prepaid", "credits"])
def test_they_are_taken_along_by_who_may(practice: Engine, name: str) -> None:
    assert signed_in("owner").get(f"/export/{name}.csv").text.count("\n") > 1
    assert signed_in("provider").get(f"/export/{name}.csv").status_code == 403
