"""Asking for new cards in a real Chromium: condition, check, send, undo, send again; the phones get the text."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import Engine

from core import clock
from core.jobs.outbox.send_and_settle import work_outbox
from core.settings import settings
from tests.browser.conftest import Window
from tests.messages.clinic import connect_wires, texted
from tests.sandbox.running import Sandbox, run_sandbox
from tests.ui.asking_practice import PUBLIC, asking_practice
from tests.web.running import Running, run_dashboard

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser blast")]
TAB = "/card_updates?tab=Ask+for+new+cards"
ANY_HOUR = {"HUDDLE_QUIET_FROM": "0", "HUDDLE_QUIET_UNTIL": "0", "HUDDLE_PUBLIC_URL": PUBLIC}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("phones")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Engine]:
    engine = asking_practice(tmp_path_factory.mktemp("blast"), texts=False)
    connect_wires(engine, sandbox)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def running(practice: Engine) -> Iterator[Running]:
    with run_dashboard(practice.url.render_as_string(hide_password=False), **ANY_HOUR) as dashboard:
        yield dashboard


@pytest.fixture(autouse=True)
def _any_hour(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ANY_HOUR.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


def serious(window: Window) -> list[str]:
    violations = Axe().run(window.page).response["violations"]
    return [
        f"{one['id']} {json.dumps(one['nodes'][0]['target'])} {one['nodes'][0]['failureSummary'][:200]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]


def choose(window: Window) -> None:
    for condition in ("EXPIRED", "SOON"):
        window.page.locator(f"button[data-id={condition}]").click()
        window.settle()
    window.page.get_by_text("4. Send").wait_for()


def test_choose_check_send_undo_and_send_again(
    running: Running, practice: Engine, sandbox: Sandbox, browse: Callable[..., Window], shot
) -> None:
    window = browse(running)
    page = window.page
    window.sign_in("office.manager", path=TAB)
    choose(window)
    page.get_by_text("Goes to").wait_for()
    page.get_by_text("Left out").wait_for()
    window.settle()  # what is still being drawn is paler than it will be
    shot(window, "check")
    assert serious(window) == []
    page.get_by_role("button", name="Send to").dblclick()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Undone before it went out.").first.wait_for()
    work_outbox(practice)
    assert texted(sandbox) == []
    page.get_by_role("button", name="Ask others").click()
    choose(window)
    page.get_by_role("button", name="Send to").click()
    page.get_by_role("button", name="Undo").wait_for()
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        work_outbox(practice)
    page.get_by_text("worked off").wait_for()
    window.settle()
    shot(window, "done")
    assert serious(window) == []
    bodies = [text.body for text in texted(sandbox)]
    assert bodies
    assert all(f"{PUBLIC}/card/" in body for body in bodies)
    phones = httpx.get(f"{sandbox.root_url}/phone", timeout=10)
    assert "please update your card" in phones.text
    assert page.get_by_role("button", name="Open", exact=True).count() == 2
    assert window.elsewhere == []


def test_the_texts_page_reads_well_in_the_dark_too(
    running: Running, browse: Callable[..., Window], shot: Callable[[Window, str], Path]
) -> None:
    window = browse(running, theme="dark")
    window.sign_in("owner", path="/templates")
    window.page.get_by_label("Message", exact=True).wait_for()
    window.page.get_by_role("button", name="Save as a new version").wait_for()
    window.settle()
    shot(window, "texts-dark")
    assert serious(window) == []
