"""The morning in a real Chromium: filter, open a patient, keyboard, privacy, print, hostile names, accessibility."""

import json
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import Engine, update
from sqlmodel import col, func, select

from core.audit.models import AuditEntry
from core.patients.models import Patient
from core.schedule.models import Appointment
from core.store.engine import reader, transaction
from core.store.version import touch
from tests.browser.conftest import Window
from tests.web.running import Running

pytestmark = pytest.mark.xdist_group("browser practice")
Browse = Callable[..., Window]
Shot = Callable[[Window, str], object]
ROWS = "tr.visit:visible"
FOCUSED = "(() => { let at = document.activeElement; while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement; return at?.textContent })()"


def morning(
    browse: Browse, running: Running, role: str = "front.desk", path: str = "/", **shape: object
) -> Window:
    """A window on the morning (or another page with a board), its rows drawn."""
    window = browse(running, **shape)
    window.sign_in(role, path=path)
    window.page.locator(ROWS).first.wait_for()
    window.settle()
    return window


def number(window: Window, id_: str) -> str:
    return window.page.locator(f"button[data-id={id_}] .value").inner_text()


def drawer(window: Window):  # a locator
    return window.page.get_by_role("dialog")


def close_drawer(window: Window) -> None:
    window.page.keyboard.press("Escape")
    drawer(window).wait_for(state="hidden")
    window.settle()


def cards_opened(practice: Engine) -> int:
    """How many openings of a card the audit trail holds."""
    with reader(practice) as session:
        wanted = select(func.count()).where(AuditEntry.action == "opened patient card")
        return session.exec(wanted).one()


@pytest.mark.parametrize(("theme", "size"), [("light", (1366, 768)), ("dark", (1920, 1080))])
def test_from_signing_in_to_a_patient_and_out(
    running: Running, browse: Browse, shot: Shot, theme: str, size: tuple[int, int]
) -> None:
    window = morning(browse, running, theme=theme, size={"width": size[0], "height": size[1]})
    shot(window, f"day-{theme}")
    flagged = int(number(window, "no_card"))
    window.page.locator("button[data-id=no_card]").click()
    window.settle()
    assert flagged > 0
    assert window.page.get_by_text("shown, worst first").is_visible()
    assert window.page.locator("tr.visit:visible", has_text="No card").count() >= flagged
    shot(window, f"no-card-{theme}")
    name = window.page.locator("td.who button").first.inner_text()
    window.page.locator(ROWS).first.locator("td.say").click()
    drawer(window).get_by_role("heading", name=name).wait_for()
    window.settle()
    shot(window, f"card-{theme}")
    close_drawer(window)
    assert window.page.evaluate(FOCUSED) == name
    assert window.complaints == []
    window.page.get_by_role("button", name="Sign out", exact=True).click()
    window.page.get_by_text("You are signed out.").wait_for()
    # the page may just be asking who is signed in, and is then told that nobody is
    assert (window.elsewhere, [one for one in window.complaints if "401" not in one]) == ([], [])


def test_the_keyboard_alone_opens_and_closes_a_card(
    running: Running, browse: Browse, practice: Engine
) -> None:
    window = morning(browse, running)
    looked = cards_opened(practice)
    names = window.page.locator("td.who button")
    names.first.focus()
    window.page.keyboard.press("ArrowDown")
    window.page.keyboard.press("ArrowDown")
    third = names.nth(2).inner_text()
    assert window.page.evaluate(FOCUSED) == third
    window.page.keyboard.press("Enter")
    drawer(window).get_by_role("heading", name=third).wait_for()
    close_drawer(window)
    assert window.page.evaluate(FOCUSED) == third
    assert cards_opened(practice) == looked + 1


def test_initials_hide_last_names_and_are_remembered(
    running: Running, browse: Browse, shot: Shot, practice: Engine
) -> None:
    window = morning(browse, running, "office.manager")
    with reader(practice) as session:
        last_names = set(session.exec(select(Patient.last_name).where(col(Patient.last_name) != "Zz")))
    window.page.get_by_text("Initials", exact=True).click()
    window.settle()
    window.page.reload()
    window.page.locator(ROWS).first.wait_for()
    window.settle()
    texts = " ".join(window.page.locator("td.who button").all_inner_texts())
    assert [name for name in last_names if f" {name}" in texts] == []
    window.page.locator(ROWS).first.click()
    heading = drawer(window).locator("h2").first
    heading.wait_for()
    assert heading.inner_text() in texts
    shot(window, "initials")


def test_hostile_names_stay_text_and_fetch_nothing(running: Running, browse: Browse, shot: Shot) -> None:
    window = morning(browse, running, path="/")
    alerts: list[str] = []
    window.page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    window.page.get_by_text("By time").click()
    window.settle()
    window.page.locator("td.who button", has_text="![x](https://elsewhere").scroll_into_view_if_needed()
    shot(window, "hostile")
    for start in ("<img src=https", "![x](https", "$\\frac{1}{2}$ :material/home: :red[x]"):
        window.page.locator("td.who button", has_text=start).click()
        drawer(window).locator("h2", has_text=start.split(" :")[0]).wait_for()
        close_drawer(window)
    assert (
        window.page.locator(
            ".huddle img, .huddle .katex, .huddle a:not(.help):not(.inbox), [role=dialog] h2 a"
        ).count()
        == 0
    )
    assert (alerts, window.elsewhere, window.complaints) == ([], [], [])


def test_new_data_mark_their_row_and_nothing_else_moves(
    running: Running, browse: Browse, practice: Engine
) -> None:
    window = morning(browse, running)
    window.page.locator("td.who button").nth(8).click()
    drawer(window).locator("h2").first.wait_for()
    before = window.page.locator("td.who button").all_inner_texts()
    changed = window.page.locator("tr.visit").nth(3).locator("td.who button").get_attribute("data-row")
    with transaction(practice) as session:
        session.execute(
            update(Appointment).where(col(Appointment.external_id) == changed).values(status="arrived")
        )
        touch(session)
    close_drawer(window)
    window.page.locator("tr.changed").wait_for()
    assert window.page.locator("tr.changed").count() == 1
    assert window.page.locator("tr.changed td.who").inner_text().endswith("arrived")
    assert window.page.locator("td.who button").all_inner_texts() == before
    assert window.page.evaluate(FOCUSED) == before[8]


def test_a_provider_reads_no_amount_on_any_screen(running: Running, browse: Browse, shot: Shot) -> None:
    window = morning(browse, running, "provider")
    assert "$" not in window.page.locator("body").inner_text()
    assert window.page.locator(".huddle", has_text="$").count() == 1  # the patient whose name is a formula
    window.page.locator(ROWS).first.click()
    drawer(window).locator("h2").first.wait_for()
    window.settle()
    shot(window, "provider-card")
    assert "$" not in drawer(window).inner_text()
    assert drawer(window).locator("section[data-name=money]").count() == 0


def test_details_become_columns_and_stay_after_a_reload(running: Running, browse: Browse, shot: Shot) -> None:
    window = morning(browse, running, "owner", size={"width": 1920, "height": 1080})
    window.page.get_by_role("button", name="Columns").click()
    for name in ("Card", "Membership", "Balance"):
        window.page.get_by_test_id("stPopoverBody").get_by_role("button", name=name, exact=True).click()
        window.settle()
    window.page.reload()
    window.page.locator(ROWS).first.wait_for()
    heads = window.page.locator("th").all_inner_texts()
    assert heads[-3:] == ["Card", "Membership", "Balance"]
    shot(window, "columns")


def test_a_day_without_visits_says_what_to_do(running: Running, browse: Browse, shot: Shot) -> None:
    window = browse(running)
    window.sign_in("front.desk", path="/?date=2024-01-06")
    window.page.get_by_role("heading", name="No visits on this day").wait_for()
    shot(window, "empty")
    window.page.get_by_text("Today", exact=True).click()
    window.page.locator(ROWS).first.wait_for()


def test_patients_are_found_by_name_and_by_last_four(
    running: Running, browse: Browse, shot: Shot, practice: Engine
) -> None:
    window = morning(browse, running, path="/patients")
    shot(window, "patients")
    with reader(practice) as session:
        wanted = select(Patient.id, Patient.first_name, Patient.last_name, Patient.mobile_last_four)
        one = session.exec(wanted.where(col(Patient.mobile_last_four).is_not(None))).first()
    assert one is not None
    key, first_name, last_name, last_four = one
    search = window.page.get_by_label("Search")
    name = f"{first_name} {last_name}"
    for words in (name.upper(), last_four or ""):
        search.fill(words)
        search.press("Enter")
        window.page.get_by_text("1 to 1 of 1").or_(window.page.get_by_text("1 to 2 of 2")).wait_for()
        window.page.locator("td.who button", has_text=name).wait_for()
    window.page.locator("td.who button", has_text=name).click()
    drawer(window).get_by_role("link", name="Open on its own page").wait_for()
    window.page.goto(f"{running.base_url}/patient?id={key}")
    window.page.get_by_role("heading", name=name).wait_for()
    window.settle()
    shot(window, "own-page")


def test_the_print_view_shows_a_page_a_provider(running: Running, browse: Browse, shot: Shot) -> None:
    window = morning(browse, running)
    window.page.get_by_role("button", name="Print").click()
    with window.page.expect_popup() as opened:
        window.page.get_by_role("link", name="Print view").click()
    paper = opened.value
    paper.wait_for_load_state()
    assert paper.locator("section").count() >= 2
    assert paper.locator("tbody tr").count() == int(number(window, "visits"))
    shot(Window(paper, running), "print")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anybody(running: Running, browse: Browse, theme: str) -> None:
    window = morning(browse, running, theme=theme)
    found = serious(window, "morning")
    window.page.locator(ROWS).first.click()
    drawer(window).locator("h2").first.wait_for()
    window.settle()
    found += serious(window, "card")
    close_drawer(window)
    window.page.goto(running.base_url + "/patients")
    window.page.locator(ROWS).first.wait_for()
    window.settle()
    assert found + serious(window, "patients") == []


def serious(window: Window, where: str) -> list[str]:
    """axe's serious and critical findings, as text."""
    violations = Axe().run(window.page).response["violations"]
    return [
        f"{where}: {one['id']} {json.dumps(one['nodes'][0]['target'])} {one['nodes'][0]['failureSummary'][:300]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]
