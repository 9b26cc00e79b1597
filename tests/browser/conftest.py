"""A real Chromium for the tests of this folder. No browser is a failure, not a skip.

`browse(running)` opens a fresh window on a running dashboard and keeps what it asked for and complained about;
`shot(window, "name")` keeps a picture in artifacts/.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright
from sqlalchemy import Engine

from core.jobs.roll_up import roll_up_all
from core.settings import ROOT
from tests.browser.practice import practice_store
from tests.find_chromium import FLAGS, found
from tests.web.running import PASSWORD, Running, run_dashboard

ARTIFACTS = ROOT / "artifacts"
SMALL_SCREEN = {"width": 1366, "height": 768}
# resolves when a run that begins within 250 ms is over, or when none begins
RUN_OVER = """() => new Promise((over) => {
  const last = performance.now() + 250;
  let begun = false;
  (function look() {
    const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState;
    if (state === "running") begun = true;
    if (state === "running" || (!begun && performance.now() < last)) setTimeout(look, 10);
    else over();
  })();
})"""
MOVED = """() => Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect.getTiming().iterations !== Infinity).map((one) => one.finished)).then(() => true)"""
KEPT_BY_PAGES = "cookies,local_storage,indexeddb,service_workers,cache_storage"
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"


@dataclass
class Window:
    """One browser window. elsewhere: requests to any other host; complaints: console errors and blocked content."""

    page: Page
    running: Running
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, username: str, password: str = PASSWORD, path: str = "/") -> None:
        """Open `path`, be sent to the form, fill it in, and wait until the page stands."""
        self.page.goto(self.running.base_url + path)
        self.page.get_by_label("User name").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("button", name="Sign out", exact=True).wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait until the script behind the page has finished; a run may begin a little after a click."""
        with contextlib.suppress(Error):  # the page may be on its way to another address
            self.page.evaluate(RUN_OVER)
        self.page.locator(SETTLED).wait_for()

    def stand_still(self) -> None:
        """Wait until what slides or fades in is there."""
        self.page.evaluate(MOVED)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = found()
    assert path, "No Chromium: `python tests/find_chromium.py` installs one, or set HUDDLE_CHROMIUM."
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The generated practice with the hostile names, its overview counted: one for all tests that mostly look.

    Whoever changes more than a row of it makes a `practice` of their own, in their file.
    """
    engine = practice_store(tmp_path_factory.mktemp("practice"), hostile=True)
    roll_up_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def running(practice: Engine) -> Iterator[Running]:
    with run_dashboard(practice.url.render_as_string(hide_password=False)) as dashboard:
        yield dashboard


Shape = tuple[str, int, int]  # theme, width, height


@dataclass
class Windows:
    """Contexts of one browser, used again: what a context has loaded and compiled need not be fetched a second time."""

    browser: Browser
    free: dict[Shape, list[BrowserContext]] = field(default_factory=dict)
    taken: list[tuple[Shape, BrowserContext]] = field(default_factory=list)

    def open(self, shape: Shape) -> Page:
        """A page in a context that nobody uses, without cookies."""
        theme, width, height = shape
        context = free.pop() if (free := self.free.get(shape)) else None
        if context is None:
            context = self.browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,  # type: ignore[arg-type]
                reduced_motion="reduce",
            )
            context.set_default_timeout(30_000)
        self.taken.append((shape, context))
        return context.new_page()

    def close(self, origins: Iterable[str]) -> None:
        """Close every page; forget cookies and what the pages kept for themselves."""
        for shape, context in self.taken:
            page = context.new_page()
            for other in context.pages:
                if other is not page:
                    other.close()
            context.clear_cookies()
            wipe = context.new_cdp_session(page)
            for origin in origins:
                wipe.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": KEPT_BY_PAGES})
            page.close()
            self.free.setdefault(shape, []).append(context)
        self.taken.clear()


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture
def browse(windows: Windows) -> Iterator[Callable[..., Window]]:
    """browse(running, theme="dark", size={"width": …, "height": …}) → a Window of its own, without cookies."""
    visited: set[str] = set()

    def _browse(running: Running, *, theme: str = "light", size: dict[str, int] | None = None) -> Window:
        shown = size or SMALL_SCREEN
        window = Window(windows.open((theme, shown["width"], shown["height"])), running)
        visited.add(running.base_url)
        ours = (running.base_url, running.base_url.replace("http", "ws", 1), "data:", "blob:")
        window.page.on(
            "request", lambda sent: None if sent.url.startswith(ours) else window.elsewhere.append(sent.url)
        )
        window.page.on(
            "console", lambda said: window.complaints.append(said.text) if said.type == "error" else None
        )
        window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
        return window

    yield _browse
    windows.close(visited)


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Callable[[Window, str], Path]:
    """Keeps a picture of the window under artifacts/, named after the test file and `name`."""

    def _shot(window: Window, name: str) -> Path:
        path = ARTIFACTS / f"{request.path.stem.removeprefix('test_')}-{name}.png"
        path.parent.mkdir(exist_ok=True)
        window.page.screenshot(path=path)
        return path

    return _shot
