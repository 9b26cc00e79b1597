"""The activity page: the books by day, the dry run and turning posting on, and the books as a file."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core import clock
from core.audit.models import AuditEntry
from core.postings.models import LedgerPosting, PostingSwitch, State
from core.settings import ROOT, settings
from core.staff import commands, reports
from core.store.engine import reader, transaction
from dashboard.web.routes import MIDDLEWARE, ROUTES
from tests.postings.office import Office
from tests.web.running import PASSWORD, staff_with_role


class Practice:
    """An office that posts by files, with three payments of yesterday: one in the ledger, one not, one of nobody's."""

    def __init__(self, store: Engine, folder: Path) -> None:
        self.office = Office(store, drop=folder)
        yesterday = clock.now() - timedelta(days=1)
        self.office.pay(40_00, happened_at=yesterday, order_id="in")
        self.office.pay(50_00, happened_at=yesterday, order_id="out")
        self.office.pay(60_00, happened_at=yesterday, order_id="nobody", patient_id=None)
        day = clock.local_date(yesterday, "America/New_York")
        self.office.ledger(40_00, order_id="in", posted_on=day)
        self.day = day
        with transaction(store) as session:
            session.flush()
        self.manager = staff_with_role(store, "office manager", "office.manager")
        self.desk = staff_with_role(store, "front desk", "front.desk")


@pytest.fixture
def practice(sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Practice]:
    monkeypatch.setenv("HUDDLE_STORE", sqlite_store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield Practice(sqlite_store, tmp_path)
    settings.cache_clear()


def opened(practice: Practice, tab: str = "") -> AppTest:
    with transaction(practice.office.store) as session:
        token = commands.start_session(session, practice.manager)
    with reader(practice.office.store) as session:
        who = reports.look_up(session, token)
    assert who is not None
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    app.user["session"] = str(who.session_id)
    app.run()
    if tab:
        app.query_params["tab"] = tab
    found = app.switch_page("../pages/activity.py").run()
    assert (list(found.exception), list(found.error)) == ([], [])
    return found


def words(app: AppTest) -> str:
    return (
        "\n".join(one.value for one in [*app.markdown, *app.warning]).replace("\\", "").replace("\u2060", "")
    )


def test_the_books_say_how_far_processor_and_ledger_are_apart(practice: Practice) -> None:
    app = opened(practice)
    assert [one.label for one in app.expander] == ["By day: 1 of 1 differ"]


def test_what_a_person_clears_needs_a_reason_and_leaves_the_list_of_what_waits(practice: Practice) -> None:
    practice.office.turn_on_from(practice.day)
    practice.office.post(clock.now())
    app = opened(practice)
    (row,) = [row for row in practice.office.rows("waiting") if row.order_id == "nobody"]
    app.session_state["books ticked"] = [row.payment_id]
    app.run()
    app.text_input("books why 0").set_value("A gift card")
    next(button for button in app.button if button.label == "Clear them").click().run()
    assert not app.exception
    with reader(practice.office.store) as session:
        cleared = session.get_one(LedgerPosting, row.id)
        assert (cleared.state, cleared.reason) == (State.CLEARED, "A gift card")


def test_the_dry_run_stands_before_the_button_and_a_past_start_asks_first(practice: Practice) -> None:
    app = opened(practice, "Posting")
    app.date_input[0].set_value(practice.day).run()
    said = words(app)
    assert "1 payment, $50.00 together, would be posted." in said
    assert "is in the past" in said
    button = next(one for one in app.button if one.label == "Turn posting on")
    assert button.disabled
    app.checkbox[0].check().run()
    next(one for one in app.button if one.label == "Turn posting on").click().run()
    assert not app.exception
    with reader(practice.office.store) as session:
        switch = session.exec(select(PostingSwitch)).one()
        assert (switch.is_on, switch.date_start, switch.acknowledged) == (True, practice.day, True)


def test_the_syncs_tab_says_when_nothing_was_synced(practice: Practice) -> None:
    assert "Nothing has been synced yet" in words(opened(practice, "Syncs"))


def test_the_books_as_a_file_for_who_may_and_written_down(practice: Practice) -> None:
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    address = f"/export/books.csv?from={practice.day}&to={practice.day}&initials=1"
    assert client.get(address).status_code == 303  # to the sign-in page
    client.post("/signin", data={"username": "front.desk", "password": PASSWORD, "next": "/"})
    assert client.get(address).status_code == 403
    client.post("/signin", data={"username": "office.manager", "password": PASSWORD, "next": "/"})
    answer = client.get(address)
    rows = {row["order_id"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    assert rows["out"]["finding"] == "accepted, not posted"
    assert (rows["in"]["difference_cents"], rows["in"]["patient"]) == ("0", "A.R.")
    assert client.get("/export/books.csv?from=x&to=y").status_code == 400
    with reader(practice.office.store) as session:
        assert session.exec(select(AuditEntry.who).where(AuditEntry.action == "exported books")).all() == [
            "office.manager"
        ]
