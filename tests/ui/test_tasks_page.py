"""The tasks page: who may open it, what each part of it shows, what is taken along, and Quick Stop by role."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.audit.models import AuditEntry
from core.jobs.tasks.refresh import refresh_tasks_now
from core.settings import settings
from core.severity import Severity
from core.store.engine import reader
from core.tasks.kinds import NOT_MONEY, TaskKind
from core.tasks.models import CloseReason, TaskState
from core.tasks.reports import TaskRow, Wanted, open_tasks, quick_stop
from dashboard.ui.patient import quick_stop as card_tasks
from dashboard.ui.tasks import list as task_list
from dashboard.web.routes import MIDDLEWARE, ROUTES
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee
from tests.browser.practice import practice_store
from tests.ui.test_pages import opened
from tests.web.running import PASSWORD

PLACE = LocalDay("America/Denver", date(2026, 11, 23))
AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
ROW = TaskRow(
    task_id=7, key=1, patient_id="P1", patient="Ana Ruiz", initials="A.R.", mobile_last_four="0199",
    kind=TaskKind.PAYMENT, flag="MISSING_PAYMENT", state=TaskState.OPEN, severity=Severity.HIGH,
    sentence="Declined on Nov 10. Ask for $200.", cents=20_000, next_visit_at=AT, owner_id=None, owner=None,
    snoozed_until=None, opened_at=AT, closed_at=None, closed_by=None, close_reason=None, cleared="", evidence=(),
)  # fmt: skip
CLOSED = replace(
    ROW, state=TaskState.CLOSED, closed_at=AT, close_reason=CloseReason.PAID, cleared="Paid $200 on Nov 23."
)


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("tasks"), hostile=True)
    refresh_tasks_now(engine)
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


def test_the_desk_reads_every_part_of_the_page(practice: Engine) -> None:
    app = opened(practice, "tasks")
    assert fine(app)
    for pressed in ("mine", "critical", "near", "snoozed", "closed"):
        app.session_state["tasks pressed"] = pressed
        assert fine(app.run()), pressed


def test_a_provider_has_no_such_page(practice: Engine) -> None:
    with pytest.raises(ValueError, match="page"):
        opened(practice, "tasks", "provider")


def test_ticked_rows_are_taken_by_one_press_and_given_back_by_undo(practice: Engine) -> None:
    with reader(practice) as session:
        first = open_tasks(session, limit=2)
    app = opened(practice, "tasks")
    app.session_state["tasks ticked"] = [row.task_id for row in first]
    app.run()
    next(button for button in app.button if button.label == "Take").click().run()
    assert fine(app)
    assert owners(practice, first) == ["Front Desk", "Front Desk"]
    next(button for button in app.button if button.label == "Undo").click().run()
    assert owners(practice, first) == [None, None]


def owners(practice: Engine, rows: list[TaskRow]) -> list[str | None]:
    with reader(practice) as session:
        now = {row.task_id: row.owner for row in open_tasks(session)}
    return [now[row.task_id] for row in rows]


def test_tasks_come_worst_first_then_the_most_money(practice: Engine) -> None:
    with reader(practice) as session:
        rows = open_tasks(session)
        some = open_tasks(session, Wanted(kind="card"), limit=1)
    ranks = [(list(Severity).index(row.severity), -row.cents) for row in rows]
    assert ranks == sorted(ranks)
    assert some == [row for row in rows if row.kind == "card"][:1]


def test_the_export_is_that_of_the_page_and_written_down(practice: Engine) -> None:
    client = TestClient(Starlette(routes=ROUTES, middleware=MIDDLEWARE), follow_redirects=False)
    client.post("/signin", data={"username": "owner", "password": PASSWORD, "next": "/"})
    with reader(practice) as session:
        rows = open_tasks(session)
    lines = client.get("/export/tasks.csv").text.strip().splitlines()
    assert len(lines) == len(rows) + 1
    hidden = client.get("/export/tasks.csv?initials=1").text
    assert not any(f",{row.patient}," in hidden for row in rows)
    with reader(practice) as session:
        assert "exported tasks" in session.exec(select(AuditEntry.action)).all()


def test_a_provider_reads_quick_stop_without_money_and_without_buttons(practice: Engine) -> None:
    with reader(practice) as session:
        keys = {row.key for row in open_tasks(session)}
        stops = [one for key in keys for one in quick_stop(session, key)]
    shown = [card_tasks.buttons(one.task, works=False) for one in stops]
    assert all(not one["take"] and one["decide"] is None for one in shown)
    key = next(one.task.key for one in stops if one.task.kind in NOT_MONEY)
    assert fine(opened(practice, "patient", "provider", id=str(key)))


def test_a_row_says_who_has_it_and_a_closed_one_what_settled_it() -> None:
    drawn = task_list.drawn(replace(ROW, owner="Dana", owner_id=2), PLACE, MaySee(), [7])
    assert (drawn["cells"]["owner"]["words"], drawn["cells"]["risk"]) == ("Dana", "$200")
    assert drawn["cells"]["tick"]["on"] is True
    said = task_list.drawn(CLOSED, PLACE, MaySee(initials=True), [])
    assert said["cells"]["who"]["name"] == "A.R."
    assert said["cells"]["say"]["words"].startswith("Paid $200 on Nov 23. Closed by itself.")


def test_an_empty_list_is_good_news_and_says_when_nobody_has_looked() -> None:
    assert task_list.why_empty(looked=True, pressed="", narrowed=False)[0] == "Nothing to do"
    assert "looked" in task_list.why_empty(looked=False, pressed="", narrowed=False)[0]
    assert task_list.why_empty(looked=True, pressed="", narrowed=True)[0] == "No task matches"
