"""The pictures of docs/, taken of the demo: `make pictures` starts it, walks through it and writes docs/pictures/.

Every picture is one function named after it. A screen that is no longer what a function looks for is an error, so that
no picture outlives its screen.
"""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from core import clock
from core.settings import ROOT
from dashboard.demo import ACCOUNTS
from tests.browser.conftest import MOVED, RUN_OVER, SETTLED
from tests.ehr_odd import odd_of, write_export
from tests.find_chromium import FLAGS, found
from tests.web.running import free_port

FOLDER = ROOT / "docs" / "pictures"
SCREEN = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
COLORS = 128  # a screen has few: a third of the size
START_SECONDS = 300
VISIT = "tr.visit td.say"
# what is still to be drawn below the picture's lower edge does not matter
NOTHING_GRAY = """() => [...document.querySelectorAll("[data-testid=stSkeleton]")]
  .every((one) => one.getBoundingClientRect().top > innerHeight)"""


def main(names: list[str]) -> int:
    """Takes the pictures named, or all of them; 1 when a name is none of ours."""
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        print(f"No picture is called {', '.join(unknown)}. There are: {', '.join(PICTURES)}.")
        return 1
    chromium = found()
    wanted = names or list(PICTURES)
    start = demo() if set(wanted) - NO_DEMO else contextlib.nullcontext("")
    with start as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name in wanted:
            keep(PICTURES[name](browser, address), name)
            print(FOLDER / f"{name}.png")
        browser.close()
    return 0


@contextlib.contextmanager
def demo() -> Iterator[str]:
    """The address of a demo that has just been made; it ends with the block."""
    port = free_port()
    asked = ["demo", "--port", str(port), "--sandbox-port", str(free_port()), "--no-browser"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard.cli", *asked], cwd=ROOT, env=dict(os.environ)
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(START_SECONDS * 2):
        if process.poll() is not None:
            raise SystemExit("The demo ended before it was up; what it said stands above.")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/healthz", timeout=5).status_code == 200:
                return
        time.sleep(0.5)
    raise SystemExit(f"The demo was not up after {START_SECONDS} seconds.")


def keep(picture: bytes, name: str) -> None:
    """Writes a picture with the colors it needs."""
    FOLDER.mkdir(exist_ok=True)
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    image.save(Path(FOLDER) / f"{name}.png", optimize=True)


def opened(browser: Browser, address: str, path: str = "/", who: str = "max") -> Page:
    """A page of the demo's practice, drawn to its end, as one of its people sees it."""
    context = browser.new_context(viewport=SCREEN, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(address + path)
    page.get_by_label("User name").fill(who)
    page.get_by_label("Password").fill(ACCOUNTS[who][2])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out", exact=True).wait_for()
    still(page)
    return page


def still(page: Page) -> None:
    """Until the page's script is over and nothing moves."""
    with contextlib.suppress(Exception):  # it may be on its way to another address
        page.evaluate(RUN_OVER)
    page.locator(SETTLED).wait_for()
    page.wait_for_function(NOTHING_GRAY)
    page.evaluate(MOVED)


def patient(browser: Browser, address: str, say: str = "") -> Page:
    """The card of the first patient of the day whose line to say holds these words."""
    page = opened(browser, address)
    page.locator("button[data-id=no_card]").wait_for()
    page.locator(VISIT, has_text=say).first.click()
    page.get_by_role("dialog").get_by_label("Quick Stop").first.wait_for()
    still(page)
    return page


def morning(browser: Browser, address: str) -> bytes:
    page = opened(browser, address)
    page.locator(VISIT).first.wait_for()
    still(page)
    return page.screenshot()


def patient_card(browser: Browser, address: str) -> bytes:
    return patient(browser, address).screenshot()


def invoice(browser: Browser, address: str) -> bytes:
    page = patient(browser, address, "today's visit")
    page.get_by_role("dialog").get_by_role("button", name="Invoice").first.click()
    page.get_by_role("button", name="Generate invoice").wait_for()
    still(page)
    return page.screenshot()


def blast(browser: Browser, address: str) -> bytes:
    page = opened(browser, address, "/card_updates?tab=Ask+for+new+cards")
    page.locator("button[data-id=SOON]").click()
    still(page)
    page.get_by_text("4. Send").wait_for()
    return page.screenshot()


def plans(browser: Browser, address: str) -> bytes:
    page = opened(browser, address, "/plans")
    page.locator("button[data-row]").first.wait_for()
    still(page)
    return page.screenshot()


def membership(browser: Browser, address: str) -> bytes:
    page = opened(browser, address, "/memberships")
    page.locator("button[data-id=over]").click()
    still(page)
    page.locator("tbody tr").first.click()
    page.get_by_role("dialog").locator("fieldset.decide").first.wait_for()
    still(page)
    return page.screenshot()


def overview(browser: Browser, address: str) -> bytes:
    page = opened(browser, address, "/overview", who="olivia")
    page.locator(".js-plotly-plot, [data-testid=stVegaLiteChart]").first.wait_for()
    still(page)
    return page.screenshot()


def own_export(browser: Browser, address: str) -> bytes:
    page = opened(browser, address, "/integrations?tab=Your+own+export", who="olivia")
    page.locator("input[type=file]").first.wait_for(state="attached")
    with tempfile.TemporaryDirectory() as folder:
        files = write_export(Path(folder), odd_of(clock.today("America/Chicago") + timedelta(days=1)))
        page.locator("input[type=file]").first.set_input_files(sorted(files.glob("*.csv")))
        page.get_by_role("combobox", name="Whose export is this?").wait_for()
        still(page)
    return page.screenshot()


@contextlib.contextmanager
def empty() -> Iterator[str]:
    """The set-up link of a Huddle that has just been started on an empty store; it ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        log, port = Path(folder) / "log.txt", free_port()
        environment = dict(
            os.environ, HUDDLE_STORE=f"sqlite:///{folder}/huddle.db", HUDDLE_KEY_FILE=f"{folder}/key.txt"
        )
        with log.open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.cli", "serve", "--port", str(port)],
                cwd=ROOT, env=environment, stdout=said, stderr=said,
            )  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{port}", process)
            yield re.findall(r"http\S+/setup/\S+", log.read_text())[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


@contextlib.contextmanager
def first_owner(browser: Browser) -> Iterator[Page]:
    """The morning of a practice that has just been set up, and nothing else."""
    with empty() as link:
        page = browser.new_context(viewport=SCREEN, color_scheme="light", reduced_motion="reduce").new_page()  # type: ignore[arg-type]
        page.set_default_timeout(60_000)
        page.goto(link)
        for label, words in (
            ("Name of the practice", "Maple Street Chiropractic"), ("Your name", "Dr. Ivy Hale"),
            ("User name, one word", "ivy"), ("Password, 12 characters or more", "three quiet herons"),
            ("The same password again", "three quiet herons"),
        ):  # fmt: skip
            page.get_by_label(label).fill(words)
        page.get_by_label("Time zone").select_option("America/Denver")
        page.get_by_role("button", name="Set up and sign in").click()
        page.get_by_role("button", name="Sign out", exact=True).wait_for()
        still(page)
        yield page


def first_run(browser: Browser, _address: str) -> bytes:
    """The morning right after the set-up, with what is still missing."""
    with first_owner(browser) as page:
        page.get_by_text("Still to set up").first.click()
        page.get_by_role("link", name="Your EHR's data").first.wait_for()
        still(page)
        return page.screenshot()


def booking(browser: Browser, address: str) -> bytes:
    page = browser.new_context(viewport=PHONE, color_scheme="light").new_page()  # type: ignore[arg-type]
    page.goto(f"{address}/book")
    page.locator("main, form, h1").first.wait_for()
    return page.screenshot()


NO_DEMO = {"first-run"}
PICTURES: dict[str, Callable[[Browser, str], bytes]] = {
    "first-run": first_run,
    "morning": morning,
    "patient-card": patient_card,
    "invoice": invoice,
    "blast": blast,
    "plans": plans,
    "membership": membership,
    "overview": overview,
    "own-export": own_export,
    "booking": booking,
}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
