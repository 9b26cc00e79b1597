"""The memberships page: what each role sees, how it filters and sorts, deciding from the card, and the file."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core import clock
from core.audit.models import AuditEntry
from core.reports.membership_row import MembershipRow
from core.reports.memberships import memberships
from core.settings import settings
from core.severity import Severity
from core.store.engine import reader
from dashboard.ui.memberships.list import (
    TROUBLES,
    drawn,
    drawn_member,
    in_order,
    matching,
    members,
    numbers,
    ordered,
    seen_by,
    why_empty,
)
from dashboard.web.routes import MIDDLEWARE, ROUTES
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from tests.browser.practice import practice_store
from tests.ui.test_pages import opened
from tests.web.running import PASSWORD

NINE = datetime(2026, 11, 26, 16, tzinfo=UTC)  # 9:00 in Denver
PLACE = place_of("America/Denver", date(2026, 11, 21))
OVER = MembershipRow(
    1, "M1", "P1", "Ana Ruiz", "Wellness 4", date(2026, 11, 1), date(2026, 11, 30), "adjustment", 4, 3, 2, 5, 1,
    ("A4",), (NINE,), "OVER_SCHEDULED", Severity.MEDIUM, "Visit 5 of 4: charge $55.", 3, 0, None, 0, 0,
    NINE - timedelta(days=9), NINE, "America/Denver", "A.R.", "0101", "ruiz ana",
)  # fmt: skip
USED_UP = OVER._replace(membership_id="M2", patient="Bo Ng", name_key="ng bo", state="USED_UP", severity=Severity.NOTE, over=0, excess_appointment_ids=(), excess_starts_at=(), last_visit=None)  # fmt: skip
UNKNOWN = OVER._replace(membership_id="M3", state="UNKNOWN", severity=Severity.UNKNOWN, period_start=None, used=None, booked=None)  # fmt: skip


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("members"), hostile=True)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


def told(practice: Engine) -> tuple[MembershipRow, ...]:
    with reader(practice) as session:
        return memberships(session, location_id=None, as_of=clock.now()).rows


def signed_in(role: str) -> TestClient:
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    client.post("/signin", data={"username": role, "password": PASSWORD, "next": "/"})
    return client


def test_a_row_names_the_visits_beyond_with_date_and_time() -> None:
    cells = drawn(OVER, PLACE)["cells"]
    assert cells["excess"] == {"words": "Nov 26, 9:00 am", "sub": ""}
    assert [chip["words"] for chip in cells["chips"]] == ["Over by 1"]
    assert cells["who"]["sub"] == "Wellness 4 · adjustment"
    assert (cells["use"]["done"], cells["use"]["booked"], cells["use"]["allowance"]) == (3, 2, 4)
    assert (cells["use"]["should_be"], "3 due by now" in cells["use"]["words"]) == (3, True)


def test_what_cannot_be_counted_has_no_bar_and_a_severity_of_its_own() -> None:
    row = drawn(UNKNOWN, PLACE)
    assert (row["cells"]["use"], row["severity"], row["quiet"]) == (None, "unknown", False)
    assert row["cells"]["chips"][0]["words"] == "Membership unknown"


def test_notes_fold_away_and_sort_as_asked() -> None:
    assert (drawn(USED_UP, PLACE)["quiet"], drawn(USED_UP, PLACE)["severity"]) == (True, "")
    rows = [OVER, USED_UP]
    assert ordered(rows, "worst") == rows
    assert ordered(rows, "name") == [USED_UP, OVER]
    assert ordered(rows, "last") == [USED_UP, OVER]


def test_the_numbers_count_members_and_filter_to_their_rows() -> None:
    rows = [OVER, OVER._replace(service_class="massage"), USED_UP]
    found = {one["id"]: one["value"] for one in numbers(rows, "")}
    assert (found["all"], found["over"], found["used_up"], found["not_scheduled"]) == ("2", "1", "1", "0")
    assert "unknown" not in found
    assert matching(rows, "over", "") == rows[:2]
    assert (matching(rows, "", "NG"), matching(rows, "", "0101")) == ([USED_UP], rows)


def test_a_member_is_one_row_with_the_other_periods_folded_inside() -> None:
    late = OVER._replace(state="PROVISIONAL", severity=Severity.HIGH, reason="Wellness 4 is past due.")
    missing = OVER._replace(membership_id="M4", state="NOT_SCHEDULED", severity=Severity.HIGH)
    found = members([late, USED_UP, missing, OVER], "", "")
    assert [(one.lead.membership_id, one.lead.state, len(one.more)) for one in found] == [
        ("M1", "OVER_SCHEDULED", 1), ("M4", "NOT_SCHEDULED", 0), ("M2", "USED_UP", 0),
    ]  # fmt: skip
    row = drawn_member(found[0], PLACE)
    assert [chip["words"] for chip in row["cells"]["chips"]] == ["Over by 1", "Provisional"]
    assert row["cells"]["say"]["more"] == ["Nov 1 to Nov 30: Wellness 4 is past due."]
    assert (row["quiet"], drawn_member(found[2], PLACE)["quiet"]) == (False, True)
    assert in_order(found, "name")[0].lead.membership_id == "M2"


def test_a_tile_counts_the_rows_it_shows() -> None:
    rows = [OVER, OVER._replace(state="PROVISIONAL", service_class="massage"), USED_UP, UNKNOWN]
    for one in numbers(rows, ""):
        pressed = "" if one["id"] == "all" else one["id"]
        assert int(one["value"]) == len(members(rows, pressed, "")), one["id"]


def test_every_state_has_its_filter_and_its_good_news() -> None:
    states = {"OVER_SCHEDULED", "NOT_SCHEDULED", "UNDER_BOOKED", "PROVISIONAL", "BOOKED_WHILE_FROZEN", "OUTSIDE_TERM", "USED_UP", "DECIDED", "UNKNOWN"}  # fmt: skip
    assert {state for one in TROUBLES for state in one.states} == states
    titles = [why_empty(loaded=True, trouble=one.id, narrowed=False)[0] for one in TROUBLES]
    assert len(set(titles)) == len(TROUBLES)
    assert why_empty(loaded=False, trouble="", narrowed=False)[0] == "Nothing is loaded yet"


def test_without_amounts_the_sentence_loses_them_and_initials_hide_the_name() -> None:
    seen = seen_by(OVER, MaySee(money=False, initials=True))
    assert (seen.patient, seen.mobile_last_four, "$" in seen.reason) == ("A.R.", None, False)


@pytest.mark.parametrize("role", ["owner", "office.manager", "front.desk", "provider"])
def test_every_role_reads_the_page_and_searches_it(practice: Engine, role: str) -> None:
    app = opened(practice, "memberships", role)
    app.text_input("memberships search").set_value("no such person <b>").run()
    assert (list(app.exception), list(app.error)) == ([], [])


def test_the_file_holds_the_rows_of_the_page_and_is_written_down(practice: Engine) -> None:
    answer = signed_in("office.manager").get("/export/memberships.csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    with reader(practice) as session:
        noted = session.exec(select(AuditEntry.who).where(AuditEntry.action == "exported memberships")).all()
    assert [line["membership_id"] for line in lines] == [row.membership_id for row in told(practice)]
    assert len(lines) >= 5
    assert noted == ["office.manager"]


@pytest.mark.parametrize("role", ["front.desk", "provider"])
def test_who_may_not_export_gets_no_file(role: str) -> None:
    assert signed_in(role).get("/export/memberships.csv").status_code == 403
