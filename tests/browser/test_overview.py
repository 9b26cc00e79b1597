"""The overview in a real Chromium: charts under our policy, a press to the patients behind, light and dark, axe."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Window
from tests.web.running import Running

pytestmark = pytest.mark.xdist_group("browser practice")
Browse = Callable[..., Window]
Shot = Callable[[Window, str], object]
CHARTS = ".js-plotly-plot"


def overview(browse: Browse, running: Running, **shape: object) -> Window:
    window = browse(running, **shape)
    window.sign_in("owner", path="/overview")
    window.page.locator(f"{CHARTS} .bars path").first.wait_for(state="attached")
    window.settle()
    return window


@pytest.mark.parametrize(
    ("theme", "size"),
    [("light", (1366, 768)), pytest.param("dark", (1920, 1080), marks=pytest.mark.night)],
)
def test_from_a_chart_to_the_patients_behind_it_and_back(
    running: Running, browse: Browse, shot: Shot, theme: str, size: tuple[int, int]
) -> None:
    window = overview(browse, running, theme=theme, size={"width": size[0], "height": size[1]})
    shot(window, theme)
    drawer = window.page.get_by_role("dialog")
    window.page.locator(CHARTS).nth(1).locator(".bars path").last.click(force=True)
    window.settle()
    rows = drawer.locator("tr.visit")
    rows.first.wait_for()
    name = rows.first.locator(".who button").inner_text()
    shot(window, f"behind-{theme}")
    rows.first.click()
    window.settle()
    drawer.get_by_role("heading", name=name).wait_for()
    window.page.keyboard.press("Escape")
    window.settle()
    rows.first.wait_for()  # closing the card leads back to the list
    window.page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert window.elsewhere == []
    assert [said for said in window.complaints if "404" not in said] == []


def test_a_refresh_moves_nothing(running: Running, browse: Browse) -> None:
    window = overview(browse, running)
    chart = window.page.locator(CHARTS).first
    before = chart.bounding_box()
    chart.evaluate("element => { element.dataset.kept = 'yes' }")
    window.page.get_by_text("Initials").click()  # the whole page is drawn again
    window.settle()
    assert chart.bounding_box() == before
    assert chart.evaluate("element => element.dataset.kept") == "yes"


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.night)])
def test_everybody_can_use_it(running: Running, browse: Browse, theme: str) -> None:
    window = overview(browse, running, theme=theme)
    found = Axe().run(window.page)
    serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    assert serious == [], found.generate_report()
