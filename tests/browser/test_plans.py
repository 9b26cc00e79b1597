"""The plans page in a real Chromium: filter by age, open a plan, record and withdraw a promise, settle; accessibility."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from core import clock
from tests.browser.conftest import Window
from tests.browser.practice import ZONE
from tests.web.running import Running

pytestmark = pytest.mark.xdist_group("browser practice")
ROWS = "tr.visit:visible"


def plans(browse: Callable[..., Window], running: Running, **shape: object) -> Window:
    window = browse(running, **shape)
    window.sign_in("office.manager", path="/plans")
    window.page.locator(ROWS).first.wait_for()
    window.settle()
    return window


def press(window: Window, number: str) -> None:
    window.page.locator(f"button[data-id={number}]").click()
    window.settle()


def serious(window: Window) -> list[str]:
    violations = Axe().run(window.page).response["violations"]
    return [
        f"{one['id']} {json.dumps(one['nodes'][0]['target'])} {one['nodes'][0]['failureSummary'][:200]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]


def test_from_the_number_to_a_promise_and_back(running: Running, browse: Callable[..., Window], shot) -> None:
    window = plans(browse, running)
    page = window.page
    behind = page.locator(ROWS).count()
    press(window, "over_90")
    assert 0 < page.locator(ROWS).count() < behind
    assert serious(window) == []
    press(window, "behind")
    page.locator("button[data-row]").first.click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("Record a promise to pay").first.click()
    day = clock.today(ZONE) + timedelta(days=5)
    drawer.get_by_label("Amount in dollars").fill("25.00")
    drawer.get_by_label("By", exact=True).fill(day.isoformat())
    drawer.get_by_label("Who promised").fill("Ana on the phone")
    shot(window, "promise")
    assert serious(window) == []
    drawer.get_by_role("button", name="Record promise").click()
    drawer.get_by_text("Ana on the phone promised $25 by").first.wait_for()
    drawer.get_by_role("button", name="Withdraw").click()
    drawer.get_by_text("withdrawn").first.wait_for()
    assert window.elsewhere == []


def test_a_plan_ended_early_is_settled_with_a_reason_and_undone(
    running: Running, browse: Callable[..., Window]
) -> None:
    window = plans(browse, running)
    page = window.page
    press(window, "settle")
    page.locator("button[data-row]").first.click()
    drawer = page.get_by_role("dialog")
    drawer.get_by_text("Ended early and frozen").first.wait_for()
    drawer.locator("fieldset.decide", has_text="Ended early").locator("input[type=radio]").last.check()
    drawer.locator("fieldset.decide", has_text="Ended early").get_by_placeholder("Why").fill("moved away")
    drawer.locator("fieldset.decide", has_text="Ended early").get_by_role("button").click()
    drawer.get_by_text("moved away").first.wait_for()
    drawer.get_by_role("button", name="Undo").first.click()
    drawer.get_by_text("Ended early and frozen").first.wait_for()


def test_the_page_and_the_coming_payments_read_well_aloud_in_the_dark_too(
    running: Running, browse: Callable[..., Window], shot
) -> None:
    window = plans(browse, running, theme="dark")
    shot(window, "behind-dark")
    found = serious(window)
    press(window, "coming")
    shot(window, "coming-dark")
    assert found + serious(window) == []
    assert window.elsewhere == []
