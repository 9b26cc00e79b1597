"""Asking one patient, from the press at the front desk to the money and the new card: real pages, real calls, no hand in the store."""

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlmodel import SQLModel, func, select

from core import clock
from core.findings.flags import Kind
from core.invoices.reports import propose_lines
from core.links.draft_moves import drafts_by_card
from core.links.models import Link
from core.links.pay_links import missing_of
from core.links.payer import account_of
from core.messages.models import Batch, Channel, Message
from core.money import decimal_text, dollars
from core.patients.models import Patient
from core.reports import morning as reports
from core.reports.rows import PatientRow
from core.store.engine import reader
from core.tasks.models import TaskAct, TaskEvent
from tests.browser.clinic import DESK, Clinic, run_clinic
from tests.browser.conftest import ARTIFACTS, Window
from tests.web.running import staff_with_role

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser asking")]
expect.set_options(timeout=20_000)  # a busy machine draws slowly; what counts is timed by WITHIN
WITHIN = 10_000  # milliseconds from the postback to the morning row


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with pytest.MonkeyPatch.context() as patch, run_clinic(tmp_path_factory.mktemp("clinic"), patch) as up:
        yield up


def todays(clinic: Clinic) -> list[PatientRow]:
    with reader(clinic.store) as session:
        rows = reports.morning(session, location_id=None, day=None, as_of=clock.now()).rows
    return [visit.about for visit in rows]


def kinds(row: PatientRow) -> set[str]:
    return {flag.kind for flag in row.flags}


def who_misses_an_open_charge(clinic: Clinic) -> tuple[PatientRow, int]:
    """Somebody on today's list who misses payments of visits only, which an invoice asks for, and how much that is."""
    with reader(clinic.store) as session:
        for row in todays(clinic):
            missing = missing_of(session, None, row.key, clock.now())
            if missing and all(one.kind == "visit" for one in missing):
                proposal = propose_lines(session, None, row.key, clock.now())
                if proposal.charges and proposal.open_cents == sum(one.cents for one in missing):
                    return row, proposal.open_cents
    raise AssertionError("nobody on today's list misses an invoiceable payment")


def whose_card_ends(clinic: Clinic) -> tuple[PatientRow, str, str, date]:
    """Somebody on today's list whose card ends and is charged by a draft: the card, the draft and its next day."""
    with reader(clinic.store) as session:
        for row in todays(clinic):
            if Kind.CARD_EXPIRING in kinds(row):
                account = account_of(session, session.get_one(Patient, row.key))
                for card, drafts in drafts_by_card(
                    session, account.connection_id, account.contact_ref or ""
                ).items():
                    if card and drafts[0].next_run_on and not drafts[0].on_hold:
                        return row, card, drafts[0].external_id, drafts[0].next_run_on
    raise AssertionError("nobody on today's list has an ending card with a draft")


def morning(browse: Callable[..., Window], clinic: Clinic, theme: str = "light") -> Window:
    window = browse(clinic.dashboard, theme=theme)
    window.sign_in(*DESK)
    return window


def opened(window: Window, row: PatientRow) -> Locator:
    """The drawer of a patient, by pressing the row of the morning."""
    row_of(window, row).first.click()
    drawer = window.page.get_by_role("dialog")
    drawer.get_by_role("heading", name=row.patient).wait_for()
    window.settle()
    return drawer


def row_of(window: Window, row: PatientRow) -> Locator:
    return window.page.locator(
        "tbody tr", has=window.page.get_by_role("button", name=row.patient, exact=True)
    )


def flagged(window: Window, row: PatientRow, chip: str) -> Locator:
    """The patient's rows of the morning that carry a flag; one with nothing left to say folds away."""
    return window.page.locator("tbody tr", has_text=row.patient).filter(has_text=chip)


def texted_link(browser: Browser, clinic: Clinic, row: PatientRow) -> Page:
    """The patient's own phone: the last text is read and its link pressed."""
    with reader(clinic.store) as session:
        number = session.get_one(Patient, row.key).mobile_phone
    phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    phone.goto(f"{clinic.control['pages']['phone']}/{number}")
    bubble = phone.locator(".bubble").last
    expect(bubble).to_contain_text("Reply STOP")
    with phone.expect_popup() as pressed:
        bubble.get_by_role("link").click()
    return pressed.value


def send_by_text(window: Window, drawer: Locator) -> None:
    drawer.get_by_text("Link ready.").wait_for()
    drawer.get_by_role("button", name="Send text").click()
    expect(drawer.get_by_text(re.compile("Text (sent|delivered) at"))).to_be_visible(timeout=20_000)
    window.settle()


def shot(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"ask_for_it-{name}.png")


def test_a_missing_payment_is_invoiced_texted_paid_and_gone_from_the_morning(
    browse: Callable[..., Window], browser: Browser, clinic: Clinic
) -> None:
    row, cents = who_misses_an_open_charge(clinic)
    window = morning(browse, clinic)
    expect(flagged(window, row, "Missing")).to_have_count(1)
    drawer = opened(window, row)
    drawer.get_by_role("button", name=re.compile("Invoice")).first.click()
    expect(drawer.get_by_text(f"To pay {dollars(cents)}")).to_be_visible()
    drawer.get_by_role("button", name="Preview").click()
    expect(drawer.get_by_role("img", name=re.compile("The invoice as"))).to_be_visible()
    window.settle()
    shot(window.page, "preview")
    drawer.get_by_role("button", name="Generate invoice").click()
    send_by_text(window, drawer)
    shot(window.page, "sent")

    page = texted_link(browser, clinic, row)
    expect(page.get_by_label("Amount to pay now")).to_have_value(decimal_text(cents))
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("paid. Thank you.")
    expect(flagged(window, row, "Missing")).to_have_count(0, timeout=WITHIN)
    expect(drawer.get_by_text("Paid in full")).to_be_visible(timeout=WITHIN)
    for told in ("Invoice: created", "Invoice: sent", "Invoice: opened"):
        expect(drawer.get_by_role("region", name="Timeline")).to_contain_text(told, timeout=WITHIN)
    shot(window.page, "paid")
    assert window.complaints == []


def test_a_new_card_is_asked_for_by_text_typed_and_charged_from_then_on(
    browse: Callable[..., Window], browser: Browser, clinic: Clinic
) -> None:
    row, old_card, draft, runs_on = whose_card_ends(clinic)
    window = morning(browse, clinic)
    expect(flagged(window, row, "Card ends")).to_have_count(1)
    drawer = opened(window, row)
    drawer.get_by_role("button", name="New card link").last.click()
    drawer.get_by_role("button", name="Make new card link").click()
    send_by_text(window, drawer)

    page = texted_link(browser, clinic, row)
    page.get_by_role("button", name="Enter my card").click()
    frame = page.frame_locator("#card iframe")
    frame.locator("[name=number]").fill("5555 5555 5555 4444")
    frame.locator("[name=expiry]").fill("12/30")
    frame.locator("button").click()
    page.get_by_text("Thank you! Your card is saved.").wait_for()
    expect(flagged(window, row, "Card ends")).to_have_count(0, timeout=WITHIN)
    expect(drawer.get_by_text("The card is updated")).to_be_visible(timeout=WITHIN)
    shot(window.page, "card")
    new_card = clinic.processor(f"/v1/recurrings/{draft}")["data"]["token_id"]
    assert new_card != old_card
    ahead = max(1, (runs_on - clock.today("America/Chicago")).days + 1)
    clinic.tell_sandbox(advance={"days": ahead}, run_drafts=True)
    of_draft = {
        "filter_by[0][key]": "recurring_id",
        "filter_by[0][operator]": "=",
        "filter_by[0][value]": draft,
    }
    charged = clinic.processor("/v1/transactions", **of_draft)["list"]
    assert new_card in [one["token_id"] for one in charged]


def rows(clinic: Clinic, model: type[SQLModel], **wanted: object) -> int:
    """How many rows of a table are like this."""
    with reader(clinic.store) as session:
        return session.exec(select(func.count()).select_from(model).filter_by(**wanted)).one()


def who_can_be_asked_for_anything(clinic: Clinic) -> PatientRow:
    """Somebody on today's list with an open charge and no link yet, known to the processor, who agreed to texts."""
    with reader(clinic.store) as session:
        for row in todays(clinic):
            patient = session.get_one(Patient, row.key)
            proposal = propose_lines(session, None, row.key, clock.now())
            free = proposal.charges and not proposal.open_links and not rows(clinic, Link, patient_id=row.key)
            if free and patient.text_consent and account_of(session, patient).contact_ref:
                return row
    raise AssertionError("nobody on today's list can be asked for anything")


def press_twice(button: Locator) -> None:
    """A double click as the button gets it, on itself both times however slow the mouse of a busy machine is."""
    expect(button).to_be_enabled()
    button.evaluate("one => { one.click(); setTimeout(() => one.click(), 60); }")


def test_a_double_click_asks_sends_and_takes_once(browse: Callable[..., Window], clinic: Clinic) -> None:
    row = who_can_be_asked_for_anything(clinic)
    window = morning(browse, clinic)
    drawer = opened(window, row)
    asked = (
        ("invoice", re.compile("Invoice"), "Generate invoice"),
        ("card", "New card link", "Make new card link"),
    )
    for links, (kind, button, make) in enumerate(asked, 1):
        drawer.get_by_role("button", name=button).first.click()
        press_twice(drawer.get_by_role("button", name=make))
        drawer.get_by_text("Link ready.").wait_for()
        window.settle()
        assert rows(clinic, Link, patient_id=row.key) == links
        press_twice(drawer.get_by_role("button", name="Send text"))
        expect(drawer.get_by_text(re.compile("Text (sent|delivered) at"))).to_be_visible()
        window.settle()
        assert rows(clinic, Message, patient_id=row.key, link_kind=kind, channel=Channel.TEXT) == 1
        press_twice(drawer.get_by_role("button", name="Copy link"))
        drawer.locator("code").first.wait_for()
        drawer.get_by_role("button", name="Done", exact=True).first.click()
        window.settle()
    press_twice(drawer.get_by_role("button", name="Void").first)
    drawer.get_by_role("button", name=re.compile(r"Undo \(")).wait_for()
    window.settle()
    assert rows(clinic, Link, patient_id=row.key, state="void") == 1
    expect(drawer.get_by_role("alert").filter(has_text="already")).to_have_count(0)
    assert window.complaints == []


def test_a_double_click_on_tasks_is_one_step_and_one_undo(
    browse: Callable[..., Window], clinic: Clinic
) -> None:
    window = browse(clinic.dashboard)
    window.sign_in(*DESK, path="/tasks")
    page = window.page
    steps = rows(clinic, TaskEvent)
    page.locator("td.tick input").first.click()
    page.get_by_text("1 task ticked").wait_for()
    press_twice(page.get_by_role("button", name="Take", exact=True))
    page.get_by_text("taken: 1 task", exact=True).wait_for()
    window.settle()
    assert (rows(clinic, TaskEvent), rows(clinic, TaskEvent, did=TaskAct.TOOK, undone=False)) == (
        steps + 1,
        1,
    )
    press_twice(page.get_by_role("button", name="Undo", exact=True))
    expect(page.get_by_text("taken: 1 task")).to_have_count(0)
    window.settle()
    assert rows(clinic, TaskEvent, did=TaskAct.UNDID) == 1
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert [one for one in window.complaints if "404" not in one] == []


def test_a_double_click_sends_one_blast_and_takes_it_back_once(
    browse: Callable[..., Window], clinic: Clinic
) -> None:
    staff_with_role(clinic.store, "office manager")
    window = browse(clinic.dashboard)
    window.sign_in("office.manager", path="/card_updates?tab=Ask+for+new+cards")
    page = window.page
    page.locator("button[data-id=EXPIRED]").dblclick(delay=40)
    press_twice(page.get_by_role("button", name="Send to"))
    press_twice(page.get_by_role("button", name="Undo", exact=True))
    page.get_by_text("Undone before it went out.").first.wait_for()
    window.settle()
    assert rows(clinic, Batch) == 1
    expect(page.get_by_text("already")).to_have_count(0)
    assert [one for one in window.complaints if "404" not in one] == []
