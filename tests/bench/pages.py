"""How long a page takes to open in a real Chromium, beside an empty page of the same running app.

Opened by its address in a window that has been there before, interleaved round by round, until the script behind it has
ended and what the page is there for can be seen. “Empty” is the account page: the shell and a few fields.
"""

import statistics
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from core.jobs.roll_up import roll_up_for
from core.store.engine import open_store
from tests.bench.lists import SIZE, drawn_practice
from tests.browser.conftest import FLAGS, SETTLED, SMALL_SCREEN, Window
from tests.find_chromium import found
from tests.web.running import Running, run_dashboard, staff_with_role

MOST = 1.3
ROUNDS = 9
ROLL_UP_SECONDS = 180
ROWS = "tr.visit:visible"
EMPTY = "account"
# address → what must be seen
PAGES = {
    EMPTY: "text=My account >> nth=0",
    "plans": ROWS,
    "memberships": ROWS,
    "card_updates": ROWS,
    "overview": "h4:has-text('Collected')",  # the sentence; the charts, whose script is large, follow
}
CHART = ".js-plotly-plot .main-svg >> nth=0"


def page_lines(folder: Path) -> list[str]:
    """One line a page: median milliseconds to open, and the ratio to the empty page."""
    url = drawn_practice(folder / "pages.db")
    engine = open_store(url)
    staff_with_role(engine, "owner")
    # the jobs count two years beside the day's work; some months are enough here
    roll_up_for(engine, ROLL_UP_SECONDS)
    engine.dispose()
    with run_dashboard(url) as running:
        taken, charts = _opened(running)
    empty = statistics.median(taken.pop(EMPTY))
    lines = []
    for address, times in taken.items():
        ours = statistics.median(times)
        ratio = ours / empty
        met = "yes" if ratio <= MOST else "no"
        lines.append(
            f"| `/{address}` opens, {SIZE:,} patients | {ours:.0f} ms | empty page {empty:.0f} ms | {ratio:.2f} × "
            f"| ≤ {MOST} × | {met} |"
        )
    lines.append(f"| the overview's first chart | {statistics.median(charts):.0f} ms | – | – | – | – |")
    return lines


def _opened(running: Running) -> tuple[dict[str, list[float]], list[float]]:
    """Milliseconds of each opening by address, and until the overview's first chart is drawn.

    The first round warms the caches and is not counted.
    """
    taken: dict[str, list[float]] = {address: [] for address in PAGES}
    charts: list[float] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found(), args=FLAGS)
        page = chromium.new_context(viewport=SMALL_SCREEN).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(120_000)
        Window(page, running).sign_in("owner", path=f"/{EMPTY}")
        for round_ in range(ROUNDS + 1):
            for address, seen in PAGES.items():
                ms = _open(page, f"{running.base_url}/{address}", seen)
                if round_:
                    taken[address].append(ms)
                if round_ and address == "overview":
                    start = time.perf_counter()
                    page.locator(CHART).first.wait_for()
                    charts.append(ms + (time.perf_counter() - start) * 1000)
        chromium.close()
    return taken, charts


def _open(page: Page, url: str, seen: str) -> float:
    page.goto("about:blank")
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(seen).first.wait_for()
    page.locator(SETTLED).wait_for()
    return (time.perf_counter() - start) * 1000
