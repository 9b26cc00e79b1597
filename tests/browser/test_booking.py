"""A patient books on a phone: from the link to the paid confirmation, in the processor's frame, by hand and by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine

from core.booking.models import BookingState
from core.booking.rules import Charge
from core.store.engine import transaction
from tests.booking.office import Office, open_office
from tests.browser.conftest import ARTIFACTS
from tests.sandbox.running import Sandbox, run_sandbox
from tests.web.outside import public_site

pytestmark = pytest.mark.xdist_group("browser")
PHONE_SIZE = {"width": 390, "height": 844}
FIELDS = {
    "First name": "Ana",
    "Last name": "Ruiz",
    "Date of birth": "1984-02-29",
    "Mobile phone": "(303) 555-0101",
    "E-mail": "ana@mail.example",
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
def office(sqlite_store: Engine, sandbox: Sandbox) -> Office:
    return open_office(sqlite_store, sandbox, providers=2)


class Phone:
    """A page of phone size that keeps what it asked for and complained about."""

    def __init__(self, browser: Browser) -> None:
        self.context = browser.new_context(viewport=PHONE_SIZE)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda sent: self.asked.append(sent.url))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )

    def shot(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"booking-{name}.png", full_page=True)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE_SIZE["width"], f"{name} is {wide} wide"

    def sound(self) -> None:
        """Nothing that keeps anybody out."""
        found = [
            v for v in Axe().run(self.page).response["violations"] if v["impact"] in ("serious", "critical")
        ]
        assert found == [], [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]

    def type_card(self, number: str) -> None:
        frame = self.page.frame_locator("#card iframe")
        frame.locator("[name=number]").fill(number)
        frame.locator("[name=expiry]").fill("12/30")
        frame.locator("button").click()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Phone]:
    one = Phone(browser)
    yield one
    one.context.close()


def test_from_the_link_to_the_paid_confirmation(office: Office, sandbox: Sandbox, phone: Phone) -> None:
    office.offer("Massage", text="An hour for your back.", cutoff_hours=0)
    page = phone.page
    with public_site(office.engine) as visitor:
        page.goto(f"{visitor.base_url}/book")
        phone.sound()
        phone.shot("types")
        page.get_by_role("link", name="Massage").click()
        page.locator("button.time").first.wait_for()
        phone.sound()
        phone.shot("times")
        page.get_by_role("link", name="Dr. B").click()
        page.locator("button.time").nth(2).click()
        page.get_by_text("Who is it for?").wait_for()
        phone.sound()
        phone.shot("details")
        assert "left." in (page.locator("#left").text_content() or "")
        for label, value in FIELDS.items():
            page.get_by_label(label, exact=True).fill(value)
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Pay $60").wait_for()
        phone.sound()
        phone.shot("pay")
        page.get_by_role("button", name="Pay $60").click()
        page.frame_locator("#card iframe").locator("[name=number]").wait_for()
        phone.shot("frame")
        phone.type_card("4000 0000 0000 9995")
        page.get_by_text("under way").wait_for()
        office.work()
        page.get_by_text("That card was not accepted").wait_for()
        phone.shot("declined")
        page.get_by_role("button", name="Pay $60").click()
        phone.type_card("5555 5555 5555 4444")
        page.get_by_text("under way").wait_for()
        office.work()
        page.get_by_text("You are booked").wait_for()
        phone.sound()
        phone.shot("booked")
        assert page.get_by_text("You paid $60.").count()
        own = str(visitor.base_url).rstrip("/")
        assert all(url.startswith((own, sandbox.root_url, "data:")) for url in phone.asked)
        page.get_by_role("link", name="Cancel it").click()
        phone.sound()
        phone.shot("cancel")
        page.get_by_role("button", name="Cancel it").click()
        page.get_by_text("This appointment is not booked").wait_for()
        office.work()
    assert office.booking().state == BookingState.CANCELLED
    assert [each["status_code"] for each in office.transactions()] == [301, 201]
    assert phone.complaints == []


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the field of this name has the focus; "" = the button that sends the form."""
    for _ in range(12):
        page.keyboard.press("Tab")
        focus = page.evaluate("[document.activeElement.name, document.activeElement.type]")
        if (focus[0] == name and name) or (not name and focus[1] == "submit"):
            return
    raise AssertionError(f"the keyboard does not reach {name or 'the button'}")


def test_a_free_type_by_keyboard_alone(office: Office, phone: Phone) -> None:
    office.offer("Talk", charge=Charge.NOTHING)
    page = phone.page
    with public_site(office.engine) as visitor:
        page.goto(f"{visitor.base_url}/book/talk")
        page.locator("button.time").first.focus()
        page.keyboard.press("Enter")
        page.get_by_text("Who is it for?").wait_for()
        for name, value in (
            ("first_name", "Ana"),
            ("last_name", "Ruiz"),
            ("birth_date", "02291984"),
            ("mobile", "3035550101"),
            ("email", "ana@mail.example"),
        ):
            tab_to(page, name)
            page.keyboard.type(value)
        tab_to(page, "text_consent")
        page.keyboard.press("Space")
        tab_to(page, "")
        page.keyboard.press("Enter")
        page.get_by_text("You are booked").wait_for()
    booked = office.booking()
    assert (booked.first_name, str(booked.birth_date), booked.text_consent) == ("Ana", "1984-02-29", True)


def test_the_pages_stand_in_the_frame_of_a_named_host_and_of_no_other(
    office: Office, phone: Phone, tmp_path: Path
) -> None:
    import http.server
    import threading

    from core.booking.commands import save_booking_rules
    from tests.booking.office import OWNER

    office.offer("Talk", charge=Charge.NOTHING)
    with public_site(office.engine) as visitor:
        (tmp_path / "site").mkdir()
        frame = f'<iframe src="{visitor.base_url}/book" width="390" height="700"></iframe>'
        (tmp_path / "site" / "index.html").write_text(frame)
        handler = http.server.SimpleHTTPRequestHandler
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), lambda *args: handler(*args, directory=str(tmp_path / "site"))
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
            phone.page.frame_locator("iframe").get_by_role("link", name="Talk").click()
            phone.page.frame_locator("iframe").locator("button.time").first.click()
            phone.page.frame_locator("iframe").get_by_text("Who is it for?").wait_for()
        finally:
            server.shutdown()
            server.server_close()
