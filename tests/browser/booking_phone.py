"""A patient's phone on the booking pages, and what the practice then holds of a booking."""

from dataclasses import dataclass
from datetime import timedelta

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from core import clock
from core.booking.models import BookingCharge
from core.reports.by_name import report_by_name
from core.reports.rows import MorningRow
from core.store.engine import reader
from tests.booking.office import ZONE, Office
from tests.browser.conftest import ARTIFACTS

PHONE_SIZE = {"width": 390, "height": 844}
GOOD, DECLINED = "5555 5555 5555 4444", "4000 0000 0000 9995"


@dataclass(frozen=True)
class Practice:
    office: Office
    url: str


class Phone:
    """A page of phone size that keeps what it asked for and complained about."""

    def __init__(self, browser: Browser, practice: Practice) -> None:
        self.office, self.url = practice.office, practice.url
        self.context = browser.new_context(viewport=PHONE_SIZE, reduced_motion="reduce")  # type: ignore[arg-type]
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page = self.tab()

    def tab(self) -> Page:
        """One more tab of the same phone."""
        page = self.context.new_page()
        page.set_default_timeout(30_000)
        page.on("request", lambda sent: self.asked.append(sent.url))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        return page

    def reopen(self) -> None:
        """The tab is closed; later the same address is opened again."""
        address = self.page.url
        self.page.close()
        self.page = self.tab()
        self.page.goto(address)

    @property
    def token(self) -> str:
        return self.page.url.split("/visit/")[1].split("/")[0]

    def look(self, name: str) -> None:
        """A picture, no wider than the phone, and nothing on it that keeps anybody out."""
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"booking-{name}.png", full_page=True)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE_SIZE["width"], f"{name} is {wide} wide"
        found = [
            v for v in Axe().run(self.page).response["violations"] if v["impact"] in ("serious", "critical")
        ]
        assert found == [], [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found]

    def take(self, slug: str) -> str:
        """The first time of a type is kept: the booking's token."""
        self.page.goto(self.times_of(slug))
        self.page.locator("button.time").first.click()
        self.says("Who is it for?")
        return self.token

    def times_of(self, slug: str) -> str:
        """The address of a type's times in two days: early enough for every rule, at whatever hour this runs."""
        return f"{self.url}/book/{slug}?from={clock.today(ZONE) + timedelta(days=2)}"

    def tell(self, first_name: str, mobile: str, button: str = "Go on") -> None:
        """Fill in who it is for."""
        fields = {
            "First name": first_name, "Last name": "Ruiz", "Date of birth": "1984-02-29", "Mobile phone": mobile,
            "E-mail": f"{first_name.lower()}@mail.example",
        }  # fmt: skip
        for label, value in fields.items():
            self.page.get_by_label(label, exact=True).fill(value)
        self.press(button)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def type_card(self, number: str = GOOD, page: Page | None = None) -> None:
        frame = (page or self.page).frame_locator("#card iframe")
        frame.locator("[name=number]").fill(number)
        frame.locator("[name=expiry]").fill("12/30")
        frame.locator("button").click()

    def pay(self, name: str, number: str = GOOD) -> None:
        """Open the frame, type a card, and have the worker send it."""
        self.press(name)
        self.type_card(number)
        self.says("under way")
        self.office.work()

    def says(self, words: str) -> None:
        self.page.get_by_text(words).first.wait_for()


def charges_of(office: Office, token: str) -> list[BookingCharge]:
    number = office.booking(token).id
    return [each for each in office.charges() if each.booking_id == number]


def statuses_of(office: Office, token: str) -> list[int]:
    """What Fortis holds of one booking, in the order of the tries."""
    made = {each["transaction_api_id"]: each["status_code"] for each in office.transactions()}
    return [made[each.order_id] for each in charges_of(office, token) if each.order_id in made]


def morning_rows(office: Office, token: str) -> list[MorningRow]:
    """The rows of that time on the morning of that day, two hours before."""
    at = office.booking(token).starts_at
    with reader(office.engine) as session:
        early = (at - timedelta(hours=2)).isoformat()
        found = report_by_name(session, "morning", day=clock.local_date(at, ZONE), as_of=early).rows
    return [row for row in found if row.starts_at == at]
