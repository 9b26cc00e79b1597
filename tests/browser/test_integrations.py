"""From an empty store to a morning with visits: the owner connects the EHR's files and Fortis in a browser."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, WebSocket, expect

from core import clock
from core.connections.commands import connection_named, credentials
from core.settings import settings
from core.store.engine import open_store, reader
from data.sandbox.practice import generate, whole_files, write_files
from tests.browser.conftest import Window
from tests.browser.practice import ZONE
from tests.conftest import fresh_sqlite
from tests.fhir.invented import Invented
from tests.fhir.server import TOKEN, serving
from tests.sandbox.running import Sandbox, run_sandbox
from tests.web.running import Running, run_dashboard, staff_with_role

pytestmark = pytest.mark.xdist_group("browser")
FRESH = "Fresh as of"


class Start(NamedTuple):
    """A practice that has connected nothing yet, its files, and its processor."""

    dashboard: Running
    files: Path
    processor: Sandbox
    store_url: str
    location_id: str  # the generated practice's own at the processor


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    practice = generate(7, clock.today(ZONE), 40)
    write_files(whole_files(practice), tmp_path / "ehr")
    store_url, key_file = fresh_sqlite(tmp_path), str(tmp_path / "key.txt")
    monkeypatch.setenv("HUDDLE_KEY_FILE", key_file)
    settings.cache_clear()
    staff_with_role(open_store(store_url), "owner")
    with (
        run_sandbox(tmp_path, practice.fortis) as processor,
        run_dashboard(store_url, HUDDLE_KEY_FILE=key_file) as dashboard,
    ):
        yield Start(dashboard, tmp_path / "ehr", processor, store_url, practice.fortis["locations"][0]["id"])
    settings.cache_clear()


def heard_by(page: Page) -> list[bytes]:
    """Everything that comes in over websockets from now on."""
    heard: list[bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on(
            "framereceived", lambda frame: heard.append(frame if isinstance(frame, bytes) else frame.encode())
        )

    page.on("websocket", listen)
    return heard


def test_the_owner_connects_files_and_fortis_and_the_morning_follows(
    start: Start, browse: Callable[..., Window], shot: Callable[[Window, str], Path]
) -> None:
    window = browse(start.dashboard)
    page, heard = window.page, heard_by(window.page)
    window.sign_in("owner")
    page.get_by_role("link", name="Connect your first system").click()
    page.get_by_role("button", name="Set up: Fortis").wait_for()
    window.settle()
    page.get_by_role("button", name="Set up: Practice files").click()
    page.get_by_label("Folder", exact=True).fill(str(start.files))
    page.get_by_role("button", name="Test and save").click()
    expect(page.get_by_text(FRESH).first).to_be_visible(timeout=60_000)
    window.settle()
    page.get_by_role("button", name="All connections").click()
    window.settle()
    page.get_by_role("button", name="Set up: Fortis").click()
    keys = start.processor.keys
    wrong = keys["user_api_key"][:-1]
    given = {
        "User ID": f"\u200b{keys['user_id']} ",
        "User API key": f" {wrong[:10]}",
        "Developer ID": keys["developer_id"],
        "Location ID": start.location_id,
    }
    page.get_by_text("More settings").wait_for()
    window.settle()
    page.get_by_text("More settings").click()
    page.get_by_label("Address", exact=True).fill(start.processor.base_url)
    for label, value in given.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Test and save").click()
    refused = page.get_by_text("Fortis refused the keys. User API key does not look right")
    expect(refused).to_contain_text("this one has 10 characters")
    expect(page.get_by_text("taken out of User ID and User API key")).to_be_visible()
    shot(window, "wrong-key")

    page.get_by_label("User API key", exact=True).fill(f"{keys['user_api_key']}\u00a0")
    page.get_by_role("button", name="Test and save").dblclick(delay=40)
    expect(page.get_by_text("Fortis accepts these keys")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(FRESH).first).to_be_visible(timeout=60_000)
    expect(page.get_by_text(f"••••{keys['user_api_key'][-4:]}")).to_be_visible()
    expect(page.get_by_text("Nothing was saved")).to_have_count(0)
    shot(window, "connected")
    assert_no_key_in_the_browser(page, heard, [keys["user_api_key"], keys["developer_id"]])

    page.get_by_role("button", name="All connections").click()
    page.get_by_role("button", name="Details: Fortis").click()
    expect(page.get_by_text("Settings and keys", exact=True).first).to_be_visible()
    page.get_by_role("link", name="Morning").click()
    expect(page.locator("tr.visit").first).to_be_visible(timeout=60_000)
    shot(window, "morning")
    assert page.locator("tr.visit").count() > 3
    assert (window.elsewhere, [one for one in window.complaints if "404" not in one]) == ([], [])
    with reader(open_store(start.store_url)) as session:
        assert credentials(connection_named(session, "Fortis"))["user_api_key"] == keys["user_api_key"]


def assert_no_key_in_the_browser(page: Page, heard: list[bytes], keys: list[str]) -> None:
    """Nothing the server sent holds a key, and the browser keeps none after the form is gone."""
    kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    in_fields = page.evaluate(
        "() => [...document.querySelectorAll('input')].map((one) => one.value).join(' ')"
    )
    assert len(heard) > 20
    for key in keys:
        assert not [frame for frame in heard if key.encode() in frame]
        assert key not in page.content() + kept + in_fields


class System(NamedTuple):
    """One more system. wrong: the field whose key is first given spoiled. more: fields behind “More settings”."""

    title: str
    fields: dict[str, str]
    wrong: str
    more: tuple[str, ...] = ()


TITLES = ("Cash Practice", "Cash Practice with Genesis", "Text gateway", "E-mail", "FHIR server")


def other_systems(control: dict[str, dict[str, str]], fhir: str) -> list[System]:
    """Everything else the sandbox stands in for, as it says in GET /control; and the EHR's FHIR server at `fhir`."""
    cash, genesis, texts, mail = (control[name] for name in ("cash_practice", "genesis", "sms", "smtp"))
    return [
        System("Cash Practice", {"TrackStat API Key": cash["api_key"], "Address": cash["base_url"]},
               "TrackStat API Key", ("Address",)),
        System("Cash Practice with Genesis",
               {"Provider Identifier (CP_ID)": genesis["cp_id"], "Provider Key (CP_MKey)": genesis["cp_mkey"],
                "Address": genesis["base_url"]}, "Provider Key (CP_MKey)"),
        System("Text gateway", {"Account SID": texts["account_sid"], "Auth token": texts["auth_token"],
                                "Sending number": texts["from_number"], "Address": texts["base_url"]},
               "Auth token", ("Address",)),
        System("E-mail", {"Mail server": mail["host"], "Port": str(mail["port"]), "User name": mail["username"],
                          "Password": mail["password"], "Sender's address": "desk@maple.example"}, "Password"),
        System("FHIR server", {"Address": fhir, "Access token": TOKEN}, "Access token"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "titles",
    [("Cash Practice", "FHIR server"), pytest.param(TITLES, marks=pytest.mark.night)],
    ids=["two", "all"],
)
def test_every_other_system_is_connected_with_keys_that_carry_stray_spaces(
    start: Start,
    browse: Callable[..., Window],
    shot: Callable[[Window, str], Path],
    titles: tuple[str, ...],
) -> None:
    window = browse(start.dashboard)
    page, heard = window.page, heard_by(window.page)
    page.set_default_timeout(60_000)
    window.sign_in("owner", path="/integrations")
    control = start.processor.client.get(f"{start.processor.root_url}/control").json()
    practice = Invented(patients=30, visits=90)
    with serving(*practice.places, *practice.providers, *practice.patients, *practice.encounters) as ehr:
        systems = [one for one in other_systems(control, ehr.base_url) if one.title in titles]
        assert [one.title for one in systems] == list(titles)
        for system in systems:
            connect_at_the_screen(window, system)
            if system.title == "FHIR server":
                expect(page.get_by_text(FRESH).first).to_be_visible(timeout=60_000)
            shot(window, system.title)
            page.get_by_role("button", name="All connections").click()
            window.settle()
    page.goto(f"{start.dashboard.base_url}/patients")
    expect(page.get_by_text("30 patients").first).to_be_visible()
    assert_no_key_in_the_browser(page, heard, [system.fields[system.wrong] for system in systems])


def connect_at_the_screen(window: Window, system: System) -> None:
    """With one key spoiled, which is refused by name; then with that key right but for a space and a zero-width one."""
    page, key = window.page, system.fields[system.wrong]
    page.get_by_role("button", name=f"Set up: {system.title}", exact=True).click()
    window.settle()
    if system.more:
        page.get_by_text("More settings").click()
    if system.title == "E-mail":
        page.get_by_role("combobox", name="Encryption").click()
        page.get_by_role("option", name="None, on this machine only").click()
    for label, value in system.fields.items():
        page.locator(f'input[aria-label^="{label}"]').fill(
            value[:-2] + "xx" if label == system.wrong else value
        )
    page.get_by_role("button", name="Test and save").click()
    refused = page.get_by_text(re.compile("refused the|does not know this")).first
    expect(refused).to_be_visible(timeout=60_000)
    expect(refused).to_contain_text(re.compile(system.wrong.partition(" (")[0], re.IGNORECASE))
    page.locator(f'input[aria-label^="{system.wrong}"]').fill(f"\u200b{key} ")
    page.get_by_role("button", name="Test and save").click()
    expect(page.get_by_text(f"taken out of {system.wrong}").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text(f"••••{key[-4:]}").first).to_be_visible(timeout=60_000)
    window.settle()
