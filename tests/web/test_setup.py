"""The first run: one printed link, one form, and then the link opens nothing any more."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import SQLModel
from streamlit.testing.v1 import AppTest

from core.connections.commands import connect
from core.errors import BadInput, NotAllowed
from core.jobs.practice_files import demo_data
from core.jobs.practice_files.load import import_folder
from core.patients.models import Patient
from core.permissions import Role
from core.practice.models import Practice
from core.reports.set_up import set_up_of
from core.settings import ROOT, settings
from core.staff import commands, reports
from core.staff.commands import add_staff
from core.staff.first_run import set_up_practice
from core.staff.models import Staff
from core.store.engine import reader, transaction
from dashboard.web import setup
from tests.web.outside import public_site
from tests.web.running import free_port

TOKEN = "set-up-token-of-this-test"
FORM = {
    "practice": "Maple Street Chiropractic",
    "zone": "America/Denver",
    "name": "Olivia Owner",
    "username": "olivia",
    "password": "three quiet otters",
    "again": "three quiet otters",
    "begin": "own",
}


@pytest.fixture
def visitor(sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(setup, "DEMO_PATIENTS", 12)
    with public_site(sqlite_store, HUDDLE_SETUP_TOKEN=TOKEN) as outside:
        yield outside


def test_the_form_makes_the_practice_and_its_owner_and_signs_them_in(
    sqlite_store: Engine, visitor: httpx.Client
) -> None:
    assert "Set up Huddle" in visitor.get(f"/setup/{TOKEN}").text
    done = visitor.post(f"/setup/{TOKEN}", data=FORM)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert visitor.get("/session").json()["left"] > 0
    with reader(sqlite_store) as session:
        practice, owner = session.get_one(Practice, 1), session.get_one(Staff, 1)
        assert (practice.name, practice.time_zone) == ("Maple Street Chiropractic", "America/Denver")
        assert (owner.username, owner.role) == ("olivia", Role.OWNER)
        assert reports.time_zone(session) == "America/Denver"


def test_the_link_works_once_and_only_as_it_was_printed(visitor: httpx.Client) -> None:
    for wrong in ("x", TOKEN[:-1], TOKEN + "x"):
        assert visitor.get(f"/setup/{wrong}").status_code == 404
    assert visitor.post(f"/setup/{TOKEN}", data=FORM).status_code == 303
    for again in (
        visitor.get(f"/setup/{TOKEN}"),
        visitor.post(f"/setup/{TOKEN}", data={**FORM, "username": "mallory"}),
    ):
        assert (again.status_code, "has its first account already" in again.text) == (404, True)


def test_until_then_nothing_else_is_open(visitor: httpx.Client) -> None:
    for path in ("/", "/team", "/export/patients.csv", "/print/day"):
        answer = visitor.get(path)
        assert answer.headers["location"].startswith("/signin")
    assert "Open the set-up link" in visitor.get("/signin").text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"again": "another three otters"}, "not the same"),
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"practice": " "}, "practice&#39;s name"),
        ({"username": "two words"}, "one word"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_rest_stays_in_the_form(
    visitor: httpx.Client, wrong: dict[str, str], words: str
) -> None:
    answer = visitor.post(f"/setup/{TOKEN}", data={**FORM, **wrong})
    assert answer.status_code == 400
    assert words in answer.text
    assert "Olivia Owner" in answer.text
    assert "otters" not in answer.text


def test_without_a_link_there_is_no_set_up(sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUDDLE_SETUP_TOKEN", raising=False)
    with public_site(sqlite_store) as outside:
        assert outside.get("/setup/").status_code in (303, 404)
        assert outside.post("/setup/anything", data=FORM).status_code == 404


def test_of_two_who_set_up_at_once_one_is_refused(store: Engine) -> None:
    first: dict[str, Any] = {
        "practice_name": "A", "time_zone": "UTC", "username": "a", "display_name": "A", "password_hash": "x",
    }  # fmt: skip
    with transaction(store) as session:
        set_up_practice(session, **first)
    with transaction(store) as session, pytest.raises(NotAllowed, match="first account already"):
        set_up_practice(session, **{**first, "username": "b"})


def test_invented_people_come_and_go_in_one_step(sqlite_store: Engine, visitor: httpx.Client) -> None:
    assert visitor.post(f"/setup/{TOKEN}", data={**FORM, "begin": "demo"}).status_code == 303
    with reader(sqlite_store) as session:
        assert session.scalar(select(func.count()).select_from(Patient)) == 12
        assert set_up_of(session).demo is not None
    files: dict[str, Any] = {"settings": {"folder": "/nowhere"}, "secrets": {}}
    with transaction(sqlite_store) as session, pytest.raises(BadInput, match="Demo data is loaded"):
        connect(session, kind="practice_files", name="EHR", **files)
    with pytest.raises(BadInput, match="Demo data is loaded"):
        import_folder(sqlite_store, ROOT / "data" / "samples")
    with transaction(sqlite_store) as session:
        who = reports.look_up(session, commands.start_session(session, session.get_one(Staff, 1)))
        assert who is not None
        demo_data.throw_demo_away(session, who)
    with reader(sqlite_store) as session:
        left = {
            table.name
            for table in SQLModel.metadata.sorted_tables
            if session.scalar(select(func.count()).select_from(table))
        }
        own = {"practice", "data_version", "lease", "audit_entry", "audit_head", "audit_seal", "preference"}
        assert left <= own | {"staff", "staff_session", "template", "template_version"}
        assert reports.has_staff(session)
    with transaction(sqlite_store) as session, pytest.raises(BadInput, match="no demo data"):
        demo_data.throw_demo_away(session, who)


def test_demo_data_is_not_loaded_beside_a_real_source(sqlite_store: Engine, tmp_path: Path) -> None:
    with transaction(sqlite_store) as session:
        connect(session, kind="practice_files", name="EHR", settings={"folder": str(tmp_path)}, secrets={})
    with pytest.raises(BadInput, match="connected already"):
        demo_data.load_demo(sqlite_store, tmp_path)


def test_the_morning_lists_what_is_missing_until_it_is_there_or_not_needed(
    sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLE_STORE", sqlite_store.url.render_as_string(hide_password=False))
    settings.cache_clear()
    with transaction(sqlite_store) as session:
        owner = add_staff(
            session, None, username="olivia", display_name="Olivia", role=Role.OWNER, password_hash="x"
        )
        who = reports.look_up(session, commands.start_session(session, owner))
    assert who is not None
    with reader(sqlite_store) as session:
        assert [step.name for step in set_up_of(session).missing] == [
            "ehr",
            "processor",
            "email",
            "sms",
            "team",
        ]
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    app.user["session"] = str(who.session_id)
    app.run()
    assert app.expander[0].label == "Still to set up: 5 steps"
    app.button("leave sms").click().run()
    assert app.expander[0].label == "Still to set up: 4 steps"
    settings.cache_clear()


def test_serve_prints_the_link_while_nobody_can_sign_in(sqlite_store: Engine, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log.txt"
    link = (
        "from dashboard import serve; from core.store.engine import open_store; from core.settings import settings;"
        f"print(serve._set_up_link(open_store(settings().store), '0.0.0.0', {port}))"
    )
    environment = {"HUDDLE_STORE": sqlite_store.url.render_as_string(hide_password=False), "PATH": ""}

    def said() -> str:
        with log.open("wb") as output:
            command = [sys.executable, "-c", link]
            subprocess.run(command, env=environment, cwd=ROOT, stdout=output, check=True)
        return log.read_text()

    found = re.search(rf"http://127\.0\.0\.1:{port}/setup/(\S+)", said())
    assert found is not None
    assert f"'HUDDLE_SETUP_TOKEN': '{found[1]}'" in log.read_text()
    with transaction(sqlite_store) as session:
        add_staff(session, None, username="olivia", display_name="", role=Role.OWNER, password_hash="x")
    assert said().strip() == "{}"
