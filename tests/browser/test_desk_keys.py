"""The desk without a mouse: the search and the keys of every page, and a drawer that the keyboard reaches all of."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.web.running import Running

Browse = Callable[..., Window]
AT = """() => { let at = document.activeElement;
  while (at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
  return at.textContent.trim() || at.getAttribute("aria-label") || at.dataset.name || at.tagName; }"""
# every button and link that can be seen in the drawer, inside our components too
BUTTONS = """() => { const found = [];
  const look = (node) => { for (const one of (node.shadowRoot || node).children || []) {
    if (one.matches("button, a[href], summary") && one.checkVisibility() && one.tabIndex >= 0 && !one.disabled) found.push(one.textContent.trim() || one.getAttribute("aria-label"));
    look(one); } };
  look(document.querySelector("section[role=dialog]"));
  return found; }"""


def opened(browse: Browse, running: Running, role: str = "front.desk", path: str = "/") -> Window:
    window = browse(running)
    window.sign_in(role, path=path)
    window.page.locator("tr.visit").first.wait_for()
    window.settle()
    return window


def find(window: Window, typed: str) -> None:
    window.page.keyboard.press("/")
    box = window.page.get_by_role("combobox", name="Find a patient")
    box.wait_for()
    window.page.keyboard.type(typed)
    expect(window.page.get_by_role("option").first).to_be_visible()


def test_a_patient_is_found_from_a_page_and_the_card_opens_over_it(browse: Browse, running: Running) -> None:
    window = opened(browse, running, path="/memberships")
    page = window.page
    whom = page.locator("td.who button").first.inner_text()
    find(window, whom)
    expect(page.get_by_role("option").first).to_contain_text(whom)
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name=whom).wait_for()
    window.settle()
    assert page.get_by_role("heading", name="Memberships", level=1).is_visible()
    page.keyboard.press("i")  # the invoice of the open patient
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_visible()
    window.settle()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert window.elsewhere == []


def test_tab_reaches_every_button_of_the_drawer_and_comes_round(browse: Browse, running: Running) -> None:
    window = opened(browse, running)
    page = window.page
    page.locator("td.who button").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Why").first.wait_for()
    window.settle()
    wanted = page.evaluate(BUTTONS)
    reached = []
    for _ in range(len(wanted) * 2 + 10):  # fields and folds are stopped at too
        page.keyboard.press("Tab")
        reached.append(page.evaluate(AT))
    assert [one for one in wanted if one not in reached] == []
    assert len(wanted) > 8
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")


def test_j_and_k_walk_the_list_and_enter_opens_who_stands_there(browse: Browse, running: Running) -> None:
    window = opened(browse, running)
    page = window.page
    names = page.locator("td.who button").all_inner_texts()
    for key in "jjjk":
        page.keyboard.press(key)
    assert page.evaluate(AT) == names[1]
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name=names[1]).wait_for()
    window.settle()
    drawer = page.get_by_role("dialog")
    said, done = (
        drawer.get_by_text("Collect now").first,
        drawer.get_by_role("button", name="Payment link").last,
    )
    assert said.bounding_box()["y"] < done.bounding_box()["y"]  # type: ignore[index]
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Find a patient")
    assert keys.get_by_role("link").get_attribute("href") == "/help#a-morning"
    page.keyboard.press("Escape")
    keys.wait_for(state="hidden")


def test_a_manager_sees_where_they_are_and_no_offer_to_record_patients(
    browse: Browse, running: Running
) -> None:
    window = opened(browse, running, "office.manager", "/plans")
    page = window.page
    page.get_by_test_id("stTopNavSection").click()
    page.get_by_role("menuitem", name="Texts and e-mails").or_(
        page.get_by_role("link", name="Texts and e-mails")
    ).first.click()
    page.get_by_role("heading", name="Texts and e-mails", level=1).wait_for()
    expect(page.locator("[data-testid=stTopNavSection][data-here]")).to_have_count(1)
    window.settle()
    page.get_by_test_id("stMainMenu").get_by_role("button").or_(
        page.get_by_test_id("stMainMenuButton")
    ).first.click()
    page.get_by_role("menuitem", name="Print").wait_for()
    assert page.get_by_text("Record screen").is_hidden()
    assert page.get_by_text("Made with Streamlit").is_hidden()


def test_what_will_fail_can_be_asked_for_at_once(browse: Browse, running: Running) -> None:
    window = opened(browse, running, "office.manager", "/plans")
    window.page.locator("button[data-id=fail]").click()
    window.page.get_by_role("button", name="Ask all shown").click()
    window.page.get_by_role("heading", name="Card updates", level=1).wait_for()
    expect(window.page.get_by_text("from Likely to fail").first).to_be_visible()
