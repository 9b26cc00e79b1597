"""The linking list and the team in a real Chromium: keyboard, hostile names, an open screen that ends, accessibility."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import Engine

from core import clock
from core.connections.models import Connection
from core.matching.commands import link_contacts
from core.names import folded
from core.patients.models import Patient, ProcessorContact
from core.payments.models import Payment
from core.store.engine import open_store, transaction
from tests.browser.conftest import Window
from tests.browser.practice import HOSTILE
from tests.conftest import fresh_sqlite
from tests.web.running import Running, run_dashboard, staff_with_role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser team")]
Browse = Callable[..., Window]
NAMES = "td.who button"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Ana and Ben are at the processor and in the EHR, every hostile name only at the processor."""
    engine = open_store(fresh_sqlite(tmp_path_factory.mktemp("team")))
    for role in ("owner", "office manager", "front desk"):
        staff_with_role(engine, role)
    with transaction(engine) as session:
        for key, kind in enumerate(("practice_files", "fortis", "genesis"), start=1):
            session.add(Connection(id=key, kind=kind, name=kind.capitalize(), created_at=clock.now()))
        session.flush()
        people = {"Ana": 14_900, "Ben": 9_900, **dict.fromkeys(HOSTILE.values(), 100)}
        for number, (first, cents) in enumerate(people.items()):
            who = {"first_name": first, "last_name": "Ruiz", "email": f"p{number}@mail.example"}
            session.add(ProcessorContact(connection_id=2, external_id=f"c{number}", **who))
            paid = {"happened_at": clock.now(), "amount_cents": cents, "status": "approved"}
            session.add(Payment(connection_id=2, external_id=f"y{number}", contact_ref=f"c{number}", **paid))
            if number < 2:
                known = {"search_name": folded(f"{first} Ruiz"), **who}
                session.add(Patient(connection_id=1, external_id=f"P{number}", **known))
        session.flush()
        link_contacts(session, 2)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def running(practice: Engine) -> Iterator[Running]:
    with run_dashboard(practice.url.render_as_string(hide_password=False)) as dashboard:
        yield dashboard


def opened(browse: Browse, running: Running, path: str, who: str = "owner", **shape: object) -> Window:
    window = browse(running, **shape)
    window.sign_in(who, path=path)
    window.page.locator(NAMES).first.wait_for()
    window.settle()
    return window


def first_name(window: Window, name: str) -> None:
    """Wait until this name is the first of the list."""
    window.page.locator(NAMES).first.filter(has_text=re.compile(f"^{name}$")).wait_for()


def test_the_keyboard_alone_links_the_first_record_and_takes_it_back(
    browse: Browse, running: Running, shot: Callable[..., object]
) -> None:
    window = opened(browse, running, "/linking", "office.manager")
    page = window.page
    page.locator(NAMES).first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Same person: link").wait_for()
    window.settle()
    shot(window, "evidence")
    page.keyboard.press("y")
    first_name(window, "Ben Ruiz")
    page.get_by_role("button", name="Undo").wait_for()
    window.settle()
    page.keyboard.press("u")
    first_name(window, "Ana Ruiz")


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.night)])
@pytest.mark.parametrize("path", ["/linking", "/team"])
def test_nothing_is_hard_to_read_or_reach(browse: Browse, running: Running, path: str, theme: str) -> None:
    window = opened(browse, running, path, theme=theme)
    page = window.page
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    page.locator(NAMES).first.click()
    page.get_by_role("dialog").wait_for()
    window.settle()
    window.stand_still()
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366


def test_hostile_names_are_text_in_the_list_and_in_the_drawer(browse: Browse, running: Running) -> None:
    window = opened(browse, running, "/linking")
    page = window.page
    for number in range(2, 2 + len(HOSTILE)):
        page.locator(NAMES).nth(number).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("Or search for the patient").wait_for()
        assert dialog.locator("img, table a").count() == 0
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
    assert window.elsewhere == []


def test_taking_away_access_empties_the_open_screen_of_the_desk(browse: Browse, running: Running) -> None:
    desk = browse(running)
    desk.sign_in("front.desk")
    window = opened(browse, running, "/team")
    page = window.page
    page.get_by_role("button", name="Front Desk").click()
    page.get_by_label("Monday: access").click()
    page.get_by_role("option", name="No access").click()
    window.settle()
    page.get_by_role("button", name="Monday to every day").click()
    window.settle()
    page.get_by_role("button", name="Save the week").click()
    # on the sign-in page, or where the page itself was the first to notice
    desk.page.get_by_text(re.compile(r"You have no access on \w+days\. Ask the owner\.")).wait_for()
    assert desk.page.get_by_role("table").count() == 0
