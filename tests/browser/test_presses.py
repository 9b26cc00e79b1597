"""Whoever presses fast loses nothing: every press is taken once, in its turn, whatever the page is doing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page

from core.settings import ROOT
from tests.browser.conftest import Window
from tests.web.running import Running, free_port

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser presses")]
Served = tuple[Running, Path]
EACH_TAKES = 500  # ms, well counted: 200 for the press and 300 for drawing


@dataclass
class Pressing:
    """A browser on tests/browser/pressing.py."""

    page: Page
    out: Path

    def press(self, names: str, pause: int = 0) -> None:
        for name in names:
            self.page.get_by_role("button", name=f"Press {name}").click()
            self.page.wait_for_timeout(pause)

    def done(self, presses: int) -> list[str]:
        """What was done: so many presses are waited for, and then for a while whether more come."""
        until = time.monotonic() + 60
        while len(self._written()) < presses and time.monotonic() < until:
            self.page.wait_for_timeout(100)
        self.page.wait_for_timeout(1000)
        return self._written()

    def _written(self) -> list[str]:
        return self.out.read_text(encoding="utf-8").split()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Served]:
    port, out = free_port(), tmp_path_factory.mktemp("pressing") / "done"
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(Path(__file__).with_name("pressing.py")),
         "--server.address=127.0.0.1", f"--server.port={port}"],
        cwd=ROOT,
        env={**os.environ, "OUT": str(out), "KEEP": request.param},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    running = Running(f"http://127.0.0.1:{port}", server, out.with_name("log"))
    try:
        running.wait()
        yield running, out
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def pressing(browse: Callable[..., Window], served: Served) -> Pressing:
    running, out = served
    out.write_text("", encoding="utf-8")
    page = browse(running).page
    page.goto(running.base_url)
    page.get_by_text("0 steps").wait_for()
    return Pressing(page, out)


kept = pytest.mark.parametrize("served", ["yes"], indirect=True)


@kept
@pytest.mark.parametrize("pause", [0, pytest.param(100, marks=pytest.mark.night), 300])
def test_nine_fast_presses_are_nine_in_their_order(pressing: Pressing, pause: int) -> None:
    pressing.press("ABCABCABC", pause)
    assert pressing.done(9) == [f"{name}-" for name in "ABCABCABC"]


@kept
def test_a_press_is_done_with_what_the_field_said_then(pressing: Pressing) -> None:
    word = pressing.page.get_by_label("Word")
    for letter in "xyz":
        word.fill(letter)
        pressing.page.wait_for_timeout(250)  # typed, and on its way
        pressing.press("AC")
    assert pressing.done(6) == ["Ax", "Cx", "Ay", "Cy", "Az", "Cz"]


@kept
def test_a_press_made_before_the_address_changed_leaves_it_changed(pressing: Pressing) -> None:
    pressing.page.get_by_role("button", name="Turn to").click()
    pressing.press("AB")
    assert pressing.done(2) == ["A-", "B-"]
    pressing.page.get_by_text("8 steps at window").wait_for()
    assert pressing.page.url.endswith("?place=window")
    pressing.press("CBA")
    assert pressing.done(5) == ["A-", "B-", "C-", "B-", "A-"]
    pressing.page.get_by_text("20 steps at garden").wait_for()
    pressing.page.go_back()
    pressing.page.get_by_text("20 steps at window").wait_for()


@pytest.mark.night  # it asks Streamlit, not us
@pytest.mark.parametrize("served", [""], indirect=True)
def test_streamlit_alone_loses_presses(pressing: Pressing) -> None:
    """When this fails, dashboard/presses.py can go."""
    pressing.press("ABCABCABC")
    pressing.page.wait_for_timeout(9 * EACH_TAKES)
    assert len(pressing.done(1)) < 9
