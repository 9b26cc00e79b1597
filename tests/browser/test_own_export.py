"""From the printed link on an empty store to the practice's own morning: an unknown system's files are matched by a person,
tried, loaded, known next time, and taken back."""

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
from tests.web.running import Running, run_dashboard

pytestmark = pytest.mark.xdist_group("browser")
LONG = 60_000
LINK = "set-up-link-of-this-test"
OWNER = {
    "Name of the practice": "Maple Street Chiropractic",
    "Your name": "Olivia Owner",
    "User name, one word": "olivia",
    "Password, 12 characters or more": "three quiet otters",
    "The same password again": "three quiet otters",
}


class Start(NamedTuple):
    dashboard: Running
    files: list[Path]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    folder = write_export(tmp_path / "odd", odd_of(clock.today("America/Denver") + timedelta(days=1)))
    store_url, key_file = fresh_sqlite(tmp_path), str(tmp_path / "key.txt")
    monkeypatch.setenv("HUDDLE_KEY_FILE", key_file)
    settings.cache_clear()
    open_store(store_url).dispose()
    with run_dashboard(store_url, HUDDLE_KEY_FILE=key_file, HUDDLE_SETUP_TOKEN=LINK) as dashboard:
        yield Start(dashboard, sorted(folder.glob("*.csv")))
    settings.cache_clear()


def choose(window: Window, label: str, option: str) -> None:
    """Pick from a drop-down; on a busy machine a list that opened while the page was drawn is closed again."""
    box = window.page.get_by_role("combobox", name=label).first
    wanted = window.page.get_by_role("option", name=option, exact=True)
    for _ in range(6):
        box.click()
        try:
            wanted.click(timeout=10_000)
        except Error:
            continue
        break
    else:
        raise AssertionError(f"“{option}” could not be chosen for {label}")
    window.settle()


def set_up(window: Window) -> None:
    """The form behind the printed link, and nothing else."""
    window.page.goto(f"{window.running.base_url}/setup/{LINK}")
    for label, words in OWNER.items():
        window.page.get_by_label(label).fill(words)
    window.page.get_by_label("Time zone").select_option("America/Denver")
    window.page.get_by_role("button", name="Set up and sign in").click()
    window.page.get_by_role("button", name="Sign out", exact=True).wait_for()
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


def tried(window: Window) -> str:
    """Tomorrow's morning of a dry run. A press that came before the last choice was drawn is told so, and pressed again."""
    page = window.page
    for _ in range(3):
        page.get_by_role("button", name="Try it, keep nothing").click()
        tomorrow = table(page, "Tomorrow")
        window.settle()
        if page.get_by_role("button", name="Load", exact=True).is_enabled():
            break
        expect(page.get_by_text("Something was changed since this dry run")).to_be_visible()
    return tomorrow


def test_a_person_matches_an_unknown_system_and_sees_tomorrow_before_loading(
    start: Start, browse: Callable[..., Window], shot: Callable[[Window, str], Path]
) -> None:
    window = browse(start.dashboard)
    page = window.page
    set_up(window)
    page.get_by_text("Still to set up").click()
    page.get_by_role("link", name="Your EHR's data").click()
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
    shot(window, "matching")
    tomorrow = tried(window)
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
    page.get_by_role("link", name="Open the morning").click()
    page.get_by_text("Tomorrow: 2 visits").click()
    expect(page.locator("tr.visit", has_text="Felix Okonkwo")).to_be_visible(timeout=LONG)
    window.settle()
    shot(window, "morning")
    drop(window, start.files)  # next time it is known
    expect(page.get_by_text("This looks like Old system")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("rows taken out")).to_be_visible(timeout=LONG)
    assert window.elsewhere == []
