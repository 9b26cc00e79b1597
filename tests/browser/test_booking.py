"""A patient books on a phone: from the link to the paid confirmation in the processor's frame, by hand and by keyboard,
with tabs closed, pages gone back to and buttons pressed twice; and what the practice then sees.

One practice for the whole file: each test is another person at another time.
"""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core import clock
from core.booking.commands import save_booking_rules
from core.booking.costs import Charge
from core.booking.models import AtEhr, BookingState, ChargeState
from core.jobs.booking.tend import tend_bookings
from core.jobs.post_payments import post_payments
from core.postings.reconcile import reconcile
from core.schedule.models import Appointment
from core.store.engine import open_store, reader, transaction
from dashboard.web import limits
from tests.booking.at_genesis import connect_genesis, know_ana, post_from_today, posted
from tests.booking.office import OWNER, ZONE, Office, open_office
from tests.browser.booking_phone import (
    DECLINED,
    GOOD,
    PHONE_SIZE,
    Phone,
    Practice,
    charges_of,
    morning_rows,
    statuses_of,
)
from tests.conftest import fresh_sqlite
from tests.sandbox.running import run_sandbox
from tests.web.outside import public_site

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Two providers, a type for each way to charge, Genesis connected, and Ana a patient."""
    folder = tmp_path_factory.mktemp("booking")
    engine = open_store(fresh_sqlite(folder))
    with run_sandbox(folder) as sandbox:
        office = open_office(engine, sandbox, providers=2)
        know_ana(connect_genesis(office))
        post_from_today(office)
        office.patient(
            first_name="Ana", last_name="Ruiz", email="ana@mail.example", mobile_phone="+13035550101"
        )
        office.offer("Massage", text="An hour for your back.", cutoff_hours=0)
        office.offer("Adjustment", charge=Charge.DEPOSIT, deposit_cents=2_500)
        office.offer("Exam", charge=Charge.HOLD, cutoff_hours=2)
        office.offer("Laser", charge=Charge.CARD)
        office.offer("Talk", charge=Charge.NOTHING)
        with public_site(engine) as visitor:
            yield Practice(office, str(visitor.base_url).rstrip("/"))
    engine.dispose()


@pytest.fixture
def office(practice: Practice) -> Office:
    return practice.office


@pytest.fixture
def phone(browser: Browser, practice: Practice) -> Iterator[Phone]:
    limits.forget()  # the phones of this file share an address
    one = Phone(browser, practice)
    yield one
    one.context.close()


def test_declined_then_paid_with_another_card_and_what_the_practice_then_sees(
    office: Office, phone: Phone
) -> None:
    page = phone.page
    page.goto(f"{phone.url}/book")
    phone.look("types")
    page.get_by_role("link", name="Massage").click()
    page.locator("button.time").first.wait_for()
    phone.look("times")
    page.get_by_role("link", name="Dr. B").click()
    page.locator("button.time").nth(2).click()
    phone.says("Who is it for?")
    phone.look("details")
    assert "left." in (page.locator("#left").text_content() or "")
    phone.tell("Ana", "(303) 555-0101")
    phone.says("Pay to book")
    phone.look("pay")
    phone.press("Pay $60")
    page.frame_locator("#card iframe").locator("[name=number]").wait_for()
    assert "left." in (page.locator("#left").text_content() or "")
    phone.look("frame")
    phone.type_card(DECLINED)
    phone.says("under way")
    office.work()
    phone.says("That card was not accepted")
    phone.look("declined")
    phone.pay("Pay $60")
    phone.says("You are booked")
    phone.look("booked")
    assert page.get_by_text("You paid $60.").count()
    with page.expect_download() as file:
        page.get_by_role("link", name="Add to my calendar").click()
    assert Path(file.value.path()).read_text().startswith("BEGIN:VCALENDAR")
    theirs = (phone.url, office.sandbox.root_url if office.sandbox else "", "data:")
    assert [url for url in phone.asked if not url.startswith(theirs)] == []
    assert phone.complaints == []
    token = phone.token
    assert statuses_of(office, token) == [301, 101]
    _stands_on_the_morning_the_account_and_the_books(office, token)
    page.get_by_role("link", name="Cancel it").click()
    phone.look("cancel")
    phone.press("Cancel it")
    phone.says("This appointment is not booked")
    office.work()
    assert statuses_of(office, token) == [301, 201]
    post_payments(office.engine)
    assert posted(office) == [("P1", "60.00"), ("P1", "-60.00")]


def _stands_on_the_morning_the_account_and_the_books(office: Office, token: str) -> None:
    booked = office.booking(token)
    assert (booked.state, booked.at_ehr) == (BookingState.BOOKED, AtEhr.SENT)
    [row] = morning_rows(office, token)
    assert (row.about.patient, row.about.prepaid_cents) == ("Ana Ruiz", 6_000)
    office.visit(booked.starts_at, booked.patient_id or 0, provider_id=booked.provider_id)
    tend_bookings(office.engine)
    assert office.booking(token).at_ehr == AtEhr.MATCHED
    [row] = morning_rows(office, token)
    assert row.about.prepaid_cents == 6_000
    post_payments(office.engine)
    assert posted(office) == [("P1", "60.00")]
    today = clock.today(ZONE)
    with reader(office.engine) as session:
        books = reconcile(session, practice_id=1, first=today, last=today, as_of=clock.now())
    assert (books.processor_cents, books.difference_cents) == (6_000, 0)


def test_a_deposit_by_keyboard_alone(office: Office, phone: Phone) -> None:
    page = phone.page
    page.goto(f"{phone.url}/book")
    _tab_to(page, lambda: "Adjustment" in _focus(page)["words"])
    page.keyboard.press("Enter")
    page.locator("button.time").first.wait_for()
    _tab_to(page, lambda: _focus(page)["name"] == "at")
    page.keyboard.press("Enter")
    phone.says("Who is it for?")
    for name, value in (
        ("first_name", "Bea"),
        ("last_name", "Ruiz"),
        ("birth_date", "02291984"),
        ("mobile", "3035550102"),
        ("email", "bea@mail.example"),
    ):
        _tab_to(page, lambda name=name: _focus(page)["name"] == name)
        page.keyboard.type(value)
    _tab_to(page, lambda: _focus(page)["name"] == "text_consent")
    page.keyboard.press("Space")
    _tab_to(page, lambda: _focus(page)["words"] == "Go on")
    page.keyboard.press("Enter")
    phone.says("You pay a deposit of $25 now")
    _tab_to(page, lambda: _focus(page)["words"] == "Pay $25")
    page.keyboard.press("Enter")
    page.frame_locator("#card iframe").locator("[name=number]").wait_for()
    inside = next(frame for frame in page.frames if frame != page.main_frame)
    for name, value in (("number", GOOD), ("expiry", "12/30")):
        _tab_to(page, lambda name=name: inside.evaluate("document.activeElement.name") == name)
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    phone.says("under way")
    office.work()
    phone.says("You are booked")
    booked = office.booking(phone.token)
    assert (booked.first_name, str(booked.birth_date), booked.text_consent, booked.email_consent) == (
        "Bea", "1984-02-29", True, False,
    )  # fmt: skip
    assert (booked.amount_cents, statuses_of(office, phone.token)) == (2_500, [101])


def _focus(page: Page) -> dict[str, str]:
    return page.evaluate(
        "() => ({name: document.activeElement.name || '', words: document.activeElement.textContent.trim()})"
    )


def _tab_to(page: Page, there: object) -> None:
    """Press Tab until the focus is there."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if there():  # type: ignore[operator]
            return
    raise AssertionError("the keyboard does not get there")


def test_a_hold_is_taken_at_arrival_and_let_go_of_on_a_timely_cancellation(
    office: Office, phone: Phone
) -> None:
    tokens = []
    for name, mobile in (("Cleo", "(303) 555-0103"), ("Dora", "(303) 555-0104")):
        phone.take("exam")
        phone.tell(name, mobile)
        phone.says("We hold $60 on your card and take it when you arrive")
        phone.pay("Hold $60 on my card")
        phone.says("$60 is held on your card.")
        tokens.append(phone.token)
        assert statuses_of(office, phone.token) == [102]
    came, cancelled = tokens
    phone.page.get_by_role("link", name="Cancel it").click()
    phone.says("The hold of $60 on your card is released.")
    phone.press("Cancel it")
    phone.says("This appointment is not booked")
    office.work()
    assert statuses_of(office, cancelled) == [201]
    [held] = morning_rows(office, came)
    assert (held.about.prepaid_cents, held.about.held_cents) == (0, 6_000)
    booked = office.booking(came)
    patient_id = office.patient(external_id="P3", first_name="Cleo", last_name="Ruiz")
    visit_id = office.visit(booked.starts_at, patient_id, provider_id=booked.provider_id)
    tend_bookings(office.engine)
    with transaction(office.engine) as session:
        session.get_one(Appointment, visit_id).status = "arrived"
    tend_bookings(office.engine)
    office.work()
    assert statuses_of(office, came) == [101]


def test_a_card_on_file_is_kept_and_nothing_is_charged(office: Office, phone: Phone) -> None:
    phone.take("laser")
    phone.tell("Eva", "(303) 555-0105")
    phone.says("Your card is kept on file. You pay nothing now.")
    phone.look("card-on-file")
    phone.pay("Enter my card")
    phone.says("Your card is on file. Nothing was charged.")
    [charge] = charges_of(office, phone.token)
    assert (charge.state, charge.amount_cents, bool(charge.card_ref)) == (ChargeState.ACCEPTED, 0, True)
    assert statuses_of(office, phone.token) == []


def test_a_tab_closed_at_every_step_and_opened_again_books_and_charges_once(
    office: Office, phone: Phone
) -> None:
    token = phone.take("massage")
    phone.reopen()
    phone.says("Who is it for?")
    phone.tell("Fay", "(303) 555-0106")
    phone.says("Pay to book")
    phone.reopen()
    phone.says("Pay to book")
    phone.press("Pay $60")
    phone.page.frame_locator("#card iframe").locator("[name=number]").wait_for()
    phone.reopen()  # the frame has an address of its own
    phone.type_card()
    phone.says("under way")
    phone.reopen()
    phone.says("under way")
    phone.page.close()
    office.work()  # while nobody looks
    phone.page = phone.tab()
    phone.page.goto(f"{phone.url}/book/visit/{token}")
    phone.says("You are booked")
    phone.reopen()
    phone.says("You paid $60.")
    assert (office.booking(token).state, statuses_of(office, token)) == (BookingState.BOOKED, [101])


def test_going_back_two_tabs_and_double_presses_charge_once(office: Office, phone: Phone) -> None:
    page = phone.page
    page.goto(phone.times_of("massage"))
    page.locator("button.time").first.dblclick(no_wait_after=True)
    phone.says("Who is it for?")
    token = phone.token
    phone.tell("Gia", "(303) 555-0107")
    phone.says("Pay to book")
    other = phone.tab()
    other.goto(page.url)
    for each in (page, other):
        each.get_by_role("button", name="Pay $60").dblclick(no_wait_after=True)
        each.frame_locator("#card iframe").locator("[name=number]").wait_for()
    phone.type_card()
    phone.type_card("4111 1111 1111 1111", other)  # while the first is under way
    for each in (page, other):
        each.get_by_text("under way").wait_for()
    office.work()
    for each in (page, other):
        each.get_by_text("You are booked").wait_for()
    for _ in range(4):  # back over the frame, the payment and the details
        page.go_back()
        page.wait_for_load_state()
    page.goto(f"{phone.url}/book/visit/{token}")
    phone.says("You are booked")
    office.work()
    assert len(charges_of(office, token)) == 1
    assert statuses_of(office, token) == [101]


def test_a_visitor_elsewhere_reads_which_zone_the_times_are_in(
    browser: Browser, practice: Practice, phone: Phone
) -> None:
    phone.page.goto(f"{phone.url}/book/talk")
    phone.says("Times are ours, in New York.")
    away = browser.new_context(viewport=PHONE_SIZE, timezone_id="America/Los_Angeles")  # type: ignore[arg-type]
    try:
        page = away.new_page()
        page.goto(f"{practice.url}/book/talk")
        page.get_by_text("Your device shows the time of Los Angeles.").wait_for()
    finally:
        away.close()


def test_the_pages_stand_in_the_frame_of_a_named_host_and_of_no_other(
    office: Office, phone: Phone, tmp_path: Path
) -> None:
    frame = f'<iframe src="{phone.url}/book" width="390" height="700"></iframe>'
    (tmp_path / "index.html").write_text(frame)
    handler = http.server.SimpleHTTPRequestHandler
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *args: handler(*args, directory=str(tmp_path))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    try:
        phone.page.goto(f"http://{host}/")
        phone.page.wait_for_timeout(800)
        assert not phone.page.frame_locator("iframe").get_by_role("link", name="Talk").count()
        with transaction(office.engine) as session:
            save_booking_rules(
                session, OWNER, no_shows_prepay=None, days_ahead_prepay=None, frame_hosts=[host]
            )
        phone.page.goto(f"http://{host}/")
        inside = phone.page.frame_locator("iframe")
        inside.get_by_role("link", name="Talk").click()
        inside.locator("button.time").first.click()
        inside.get_by_text("Who is it for?").wait_for()
    finally:
        server.shutdown()
        server.server_close()
