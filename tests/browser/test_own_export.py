"""An unknown system's files, matched by a person in a browser: dry run, tomorrow's morning, load, undo, known next time."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Error, Page, expect

from core import clock
from core.settings import settings
from core.store.engine import open_store
from tests.browser.conftest import Window
from tests.conftest import fresh_sqlite
from tests.ehr_odd import odd_of, write_export
from tests.web.running import Running, run_dashboard, staff_with_role

pytestmark = pytest.mark.xdist_group("browser")
LONG = 60_000


class Start(NamedTuple):
    dashboard: Running
    files: list[Path]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    folder = write_export(tmp_path / "odd", odd_of(clock.today("America/Denver") + timedelta(days=1)))
    store_url, key_file = fresh_sqlite(tmp_path), str(tmp_path / "key.txt")
    monkeypatch.setenv("HUDDLE_KEY_FILE", key_file)
    settings.cache_clear()
    staff_with_role(open_store(store_url), "owner")
    with run_dashboard(store_url, HUDDLE_KEY_FILE=key_file) as dashboard:
        yield Start(dashboard, sorted(folder.glob("*.csv")))
    settings.cache_clear()


def choose(window: Window, label: str, option: str) -> None:
    """Pick from a drop-down; on a busy machine a list that opened while the page was drawn is closed again."""
    box = window.page.get_by_role("combobox", name=label).first
    wanted = window.page.get_by_role("option", name=option, exact=True)
    for _ in range(4):
        box.click()
        try:
            wanted.click(timeout=5_000)
        except Error:
            continue
        break
    window.settle()


def drop(window: Window, files: list[Path]) -> None:
    window.page.goto(f"{window.running.base_url}/integrations?tab=Your+own+export")
    window.page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(files)
    window.page.get_by_role("combobox", name="Whose export is this?").wait_for(timeout=LONG)
    window.settle()


def table(page: Page, caption: str) -> str:
    found = page.get_by_role("table", name=caption)
    found.wait_for(timeout=LONG)
    return found.inner_text()


def test_a_person_matches_an_unknown_system_and_sees_tomorrow_before_loading(
    start: Start, browse: Callable[..., Window], shot: Callable[[Window, str], Path]
) -> None:
    window = browse(start.dashboard)
    page = window.page
    window.sign_in("owner")
    drop(window, start.files)
    expect(page.get_by_text("This is no export that Huddle knows.")).to_be_visible()
    page.get_by_label("Name this source").fill("Old system")
    page.get_by_label("Name this source").press("Enter")
    window.settle()
    for label, column in (("Provider", "Seen By"), ("Kind of visit", "What For")):
        choose(window, label, column)
    for theirs, ours in (
        ("Planned", "scheduled"),
        ("Done", "completed"),
        ("Didnt come", "no-show"),
        ("Moved away", "not active"),
    ):
        choose(window, f"“{theirs}”", ours)
    choose(window, "In which time zone is the practice?", "America/Denver")
    shot(window, "matching")
    page.get_by_role("button", name="Try it, keep nothing").click()
    tomorrow = table(page, "Tomorrow")
    window.settle()
    assert [
        word in tomorrow for word in ("9:00 am", "Nadia Okonkwo", "1:30 pm", "Felix Okonkwo", "Dr. Uma Prior")
    ] == [True] * 5
    people = table(page, "Ten patients")
    assert "1979-05-02" in people
    assert "+13035550113" in people
    assert "zero amount" in table(page, "Rows that do not go in")
    shot(window, "dry-run")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_text("What came of the load")).to_be_visible(timeout=LONG)
    drop(window, start.files)  # next time it is known
    expect(page.get_by_text("This looks like Old system")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("rows taken out")).to_be_visible(timeout=LONG)
    assert window.elsewhere == []
