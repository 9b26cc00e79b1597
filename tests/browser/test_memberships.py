"""The memberships page in a real Chromium: filter, open the card, decide, take it back; and axe."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.dates import month_on
from core.memberships.models import MembershipChoice
from core.patients.models import Patient
from core.store.engine import open_store, reader, transaction
from core.store.version import touch
from tests.browser.conftest import Window
from tests.browser.test_morning import close_drawer, drawer, number, serious
from tests.conftest import fresh_sqlite
from tests.memberships.booked import load_member
from tests.reports.practice import visit
from tests.web.running import Running, run_dashboard, staff_with_role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser memberships")]
Browse = Callable[..., Window]
Shot = Callable[[Window, str], object]
ROWS = "tr.visit:visible"


def six_next_month() -> list[dict[str, str]]:
    """Six visits for next month's four: still to come whatever day it is."""
    month = month_on(clock.today("America/Denver"), 1)
    return [visit(f"A{n}", "P1", f"{month:%Y-%m}-{10 + n}T09:00") for n in range(6)]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder: Path = tmp_path_factory.mktemp("members")
    engine = open_store(fresh_sqlite(folder))
    load_member(engine, folder / "files", appointments=six_next_month())
    for role in ("front desk", "provider"):
        staff_with_role(engine, role)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def running(practice: Engine) -> Iterator[Running]:
    with run_dashboard(practice.url.render_as_string(hide_password=False)) as dashboard:
        yield dashboard


def opened(browse: Browse, running: Running, role: str = "front.desk", **shape: object) -> Window:
    window = browse(running, **shape)
    window.sign_in(role)
    window.page.get_by_role("link", name="Memberships").click()
    window.page.locator(ROWS).first.wait_for()
    window.settle()
    return window


def choices_kept(practice: Engine) -> list[tuple[str, bool]]:
    with reader(practice) as session:
        found = session.exec(select(MembershipChoice).order_by(MembershipChoice.id)).all()  # type: ignore[arg-type]  # a column
        return [(one.kind, one.undone_at is None) for one in found]


def test_filter_open_decide_and_take_back(
    running: Running, browse: Browse, shot: Shot, practice: Engine
) -> None:
    window = opened(browse, running)
    page = window.page
    assert number(window, "over") == "1"
    page.locator("button[data-id=over]").click()
    window.settle()
    shot(window, "over")
    page.locator(ROWS).first.click()
    question = drawer(window).locator("fieldset.decide:visible").first
    question.wait_for()
    assert question.locator("label.option").count() == 4
    shot(window, "choices")
    assert question.get_by_role("button", name="Decide").is_disabled()
    question.locator("input[value=drop_in]").check()
    question.locator("input[type=text]").fill("asked for it on the phone")
    question.get_by_role("button", name="Decide").click()
    drawer(window).locator(".decided", has_text="charged as a drop-in, $55").wait_for()
    assert choices_kept(practice) == [("drop_in", True)]
    assert drawer(window).locator("fieldset.decide:visible").count() == 1
    drawer(window).get_by_role("button", name="Undo").click()
    drawer(window).locator(".decided").wait_for(state="hidden")
    assert choices_kept(practice) == [("drop_in", False)]
    close_drawer(window)
    assert (window.elsewhere, window.complaints) == ([], [])


STAYS = """() => {
    window.gone = 0;
    const drawer = document.querySelector("[role=dialog]");
    new MutationObserver(() => { if (!drawer.isConnected) window.gone += 1; }).observe(document.body, { childList: true, subtree: true });
}"""


def test_an_open_drawer_stays_with_what_is_typed_while_the_list_behind_it_follows(
    running: Running, browse: Browse, practice: Engine
) -> None:
    window = opened(browse, running)
    page = window.page
    page.locator(ROWS).first.click()
    question = drawer(window).locator("fieldset.decide:visible").first
    question.wait_for()
    window.settle()
    page.evaluate(STAYS)
    question.locator("input[value=drop_in]").check()
    question.locator("input[type=text]").fill("asked for it on")
    with transaction(practice) as session:  # somebody else, on another screen
        someone = session.exec(select(Patient)).one()
        someone.last_name = "Elsewhere"
        session.add(someone)
        touch(session)
    page.locator(".huddle tbody").first.get_by_text("Elsewhere").first.wait_for()
    page.keyboard.type(" the phone")
    question.get_by_role("button", name="Decide").click()
    drawer(window).locator(".decided", has_text="charged as a drop-in, $55").wait_for()
    page.get_by_role("alertdialog", name="Decided.").wait_for()  # a toast has a name
    drawer(window).get_by_role("button", name="Undo").click()
    page.get_by_test_id("stToast").get_by_text("Taken back").wait_for()
    drawer(window).locator(".decided").wait_for(state="hidden")
    window.settle()
    assert page.evaluate("window.gone") == 0
    with reader(practice) as session:
        assert session.exec(select(MembershipChoice.reason)).all()[-1] == "asked for it on the phone"
    close_drawer(window)
    assert (window.elsewhere, window.complaints) == ([], [])


def test_a_provider_reads_the_visits_and_no_amount(running: Running, browse: Browse) -> None:
    window = opened(browse, running, "provider")
    assert "$" not in window.page.locator(".huddle").first.inner_text()
    window.page.locator(ROWS).first.click()
    drawer(window).locator("h2").first.wait_for()
    window.settle()
    assert "$" not in drawer(window).inner_text()
    assert drawer(window).locator("fieldset.decide:visible").count() == 0


def test_nothing_over_is_good_news(running: Running, browse: Browse) -> None:
    window = opened(browse, running)
    window.page.locator("button[data-id=frozen]").click()
    window.page.get_by_role("heading", name="Nobody is booked during a freeze").wait_for()


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.night)])
def test_nothing_serious_stands_in_the_way_of_anybody(
    running: Running, browse: Browse, shot: Shot, theme: str
) -> None:
    window = opened(browse, running, theme=theme)
    found = serious(window, "memberships")
    window.page.locator(ROWS).first.click()
    drawer(window).locator("fieldset.decide:visible").first.wait_for()
    window.settle()
    shot(window, theme)
    assert found + serious(window, "choices") == []
