"""The integrations page: who may, what an empty practice is offered, files handed over, pausing and ending."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from core import clock
from core.audit.models import AuditEntry
from core.connections.commands import connect, connection_named, disconnect
from core.connections.models import Connection, Kind, QuarantinedRow
from core.connections.quarantine import quarantine
from core.connections.resources import RESOURCES_OF
from core.connections.runs import add_counts, finish_run, start_run
from core.connections.tiles import Tile, tiles
from core.integrations.records import Rejected
from core.jobs.background import begun
from core.jobs.lease import hold
from core.jobs.practice_files.load import import_folder
from core.settings import settings
from core.store.engine import open_store, reader, transaction
from dashboard.ui.integrations.file_drop import WORK
from dashboard.ui.integrations.guides import GROUPS, GUIDES, list_words
from dashboard.ui.integrations.tiles import chip_of, going_words, standing
from tests.a_practice import write_practice
from tests.conftest import fresh_sqlite
from tests.jobs.test_gone_upstream import TEN, here
from tests.jobs.test_what_comes_in import people, quiet
from tests.ui.test_pages import opened
from tests.web.running import staff_with_role

FIELDS = {"user_id": "11e9" * 6, "location_id": "11ea" * 6}
KEYS = {"user_api_key": "canary-key-0123456789", "developer_id": "canary-dev-0123456789"}
ROLES = ("owner", "office manager", "front desk", "provider")


@pytest.fixture
def practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Nothing but its people."""
    url = fresh_sqlite(tmp_path)
    monkeypatch.setenv("HUDDLE_STORE", url)
    settings.cache_clear()
    engine = open_store(url)
    for role in ROLES:
        staff_with_role(engine, role)
    yield engine
    engine.dispose()
    settings.cache_clear()


def connected(engine: Engine) -> int:
    with transaction(engine) as session:
        return connect(session, kind="fortis", name="Fortis", settings=FIELDS, secrets=KEYS).id or 0


def only(engine: Engine) -> Tile:
    with reader(engine) as session:
        (one,) = tiles(session, now=clock.now())
    return one


def words(app: AppTest) -> str:
    parts = [*app.markdown, *app.subheader, *app.info, *app.error, *app.success, *app.button]
    return "\n".join(str(getattr(one, "value", "")) + str(getattr(one, "label", "")) for one in parts)


def test_every_kind_of_system_is_offered_with_its_guide() -> None:
    assert {kind for _, kinds in GROUPS for kind in kinds} == set(GUIDES) == set(Kind)
    assert list_words("transactions") == "Payments"


def test_an_empty_practice_is_told_where_to_begin(practice: Engine) -> None:
    assert "Connect your first system" in words(opened(practice, "integrations", "owner"))
    assert "The owner or the office manager" in words(opened(practice, "integrations", "front.desk"))
    with pytest.raises(ValueError, match="page"):
        opened(practice, "integrations", "provider")


@pytest.mark.parametrize("kind", list(Kind))
def test_each_form_asks_for_what_its_system_needs_and_saves_nothing_empty(
    practice: Engine, kind: str
) -> None:
    app = opened(practice, "integrations", "office.manager", set_up=kind)
    assert not app.exception
    next(one for one in app.button if one.label == "Test and save").click().run()
    assert "Nothing was saved" in app.error[0].value
    with reader(practice) as session:
        assert session.exec(select(Connection)).all() == []


def test_the_front_desk_sees_connections_but_changes_none(practice: Engine) -> None:
    number = str(connected(practice))
    form = opened(practice, "integrations", "front.desk", set_up="fortis", connection=number)
    assert "may not manage connections" in form.error[0].value.replace("\\", "")
    seen = opened(practice, "integrations", "front.desk", connection=number)
    assert not [one.label for one in seen.button if one.label in {"Sync now", "Pause", "Disconnect…"}]


def test_pausing_resuming_and_ending_are_written_down(practice: Engine) -> None:
    number = connected(practice)
    app = opened(practice, "integrations", "owner", connection=str(number))
    app.button("pause one").click().run()
    assert standing(only(practice)) == "paused"
    app.button("resume one").click().run()
    assert standing(only(practice)) == "waiting"
    app.button("end one").click().run()
    assert "keys are erased" in words(app)
    app.button("end it").click().run()
    assert standing(only(practice)) == "disconnected"
    with reader(practice) as session:
        written = [(one.who, one.action) for one in session.exec(select(AuditEntry))]
        assert connection_named(session, "Fortis").sealed_secrets == ""
    for action in ("connection paused", "connection resumed", "connection ended"):
        assert ("owner", action) in written


def test_files_handed_over_are_read_counted_and_quarantined(practice: Engine) -> None:
    with transaction(practice) as session:
        made = connect(
            session, kind="practice_files", name="EHR", settings={"folder": "/nowhere"}, secrets={}
        )
        number = made.id or 0
    app = opened(practice, "integrations", "owner", connection=str(number))
    good = b"location_id,name,time_zone\nL1,Maple Street,America/Chicago\nL2,Elm,Mars/Base\n"
    app.file_uploader("dropped files").upload("Locations.csv", good, "text/csv").run()
    app.button("load files").click().run()
    work = begun(practice, WORK)
    assert work is not None
    assert work.thread is not None
    work.thread.join(30)
    app.button("load files").click().run()  # the second press of a double click
    assert begun(practice, WORK) is work
    assert (work.error, work.lines[0]) == (
        "",
        "locations: 2 rows in = 1 stored + 0 unchanged + 1 quarantined",
    )
    with reader(practice) as session:
        (bad,) = session.exec(select(QuarantinedRow.line, QuarantinedRow.column)).all()
        actions = session.exec(select(AuditEntry.action)).all()
    assert (bad[0], bad[1], actions.count("files loaded")) == (3, "time_zone", 1)
    assert only(practice).quarantined == 1


def test_a_connection_says_in_a_word_how_it_stands(practice: Engine) -> None:
    number = connected(practice)
    assert chip_of(only(practice))[0] == "Not synced yet"
    with hold(practice, f"sync {number}", busy="busy"), transaction(practice) as session:
        run = start_run(session, number, "contacts")
        add_counts(session, run, rows_in=1_200, stored=1_200)
    with hold(practice, f"sync {number}", busy="busy"):
        now = only(practice).now
        assert now is not None
        assert going_words(now) == "Reading patients, 1,200 rows so far (list 1 of 7)"
        assert chip_of(only(practice))[0] == "Syncing"
    with transaction(practice) as session:
        finish_run(session, run)
        quarantine(session, number, "contacts", [Rejected("c9", None, "email", "is no address", {})])
    assert only(practice).quarantined == 1
    with transaction(practice) as session:
        disconnect(session, number)
    assert chip_of(only(practice))[0] == "Disconnected"


def test_what_was_read_long_ago_is_called_old(practice: Engine) -> None:
    number = connected(practice)
    with transaction(practice) as session:
        for resource in RESOURCES_OF[Kind.FORTIS]:
            finish_run(session, start_run(session, number, resource))
    assert chip_of(only(practice))[0] == "Connected"
    with clock.frozen(clock.now() + timedelta(hours=5)):
        assert chip_of(only(practice)) == ("Old", "medium", "history")


def test_rows_that_are_missing_are_asked_about_and_a_person_says_what_became_of_them(
    practice: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    for rows in (10, 4):
        import_folder(practice, write_practice(folder, **quiet(patients=people(*TEN[:rows]))), whole=True)
    where = str(only(practice).id)
    seen = opened(practice, "integrations", "front.desk", connection=where)
    assert "6 of 10 patients are no longer sent" in "".join(one.value for one in seen.warning)
    assert not [one for one in seen.button if "gone" in one.label]
    app = opened(practice, "integrations", "owner", connection=where)
    next(one for one in app.button if one.label == "Yes, 6 rows gone").click().run()
    assert app.warning.len == 0
    assert here(practice, "patients") == {"P0", "P1", "P2", "P3"}
    with reader(practice) as session:
        said = session.exec(select(AuditEntry.who).where(AuditEntry.action == "missing rows answered")).all()
    assert said == ["owner"]


def test_the_kits_are_offered_and_open_by_their_address(practice: Engine) -> None:
    texts = opened(practice, "integrations", "office.manager", kit="texts")
    assert not texts.exception
    assert "Texts in the US" in words(texts)
    assert any("texts its own patients about their account" in block.value for block in texts.code)
    texts.selectbox[0].select("submitted")
    next(one for one in texts.button if one.label == "Save").click().run()
    assert not texts.exception
    assert "Sent in" in texts.selectbox[0].options[texts.selectbox[0].index or 0]
    moving = opened(practice, "integrations", "owner", kit="moving")
    assert "Connect Fortis" in words(moving)
    connected(practice)
    moving = opened(practice, "integrations", "owner", kit="moving")
    assert not moving.exception
    assert "Genesis is not connected" in words(moving)
    refused = opened(practice, "integrations", "front.desk", kit="texts")
    assert "may not manage connections" in refused.error[0].value.replace("\\", "")
