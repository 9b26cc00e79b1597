"""The sandbox's pages in a real browser: the card frame in somebody else's page, the hosted page, phone and mailbox."""

import smtplib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.sandbox.links import invoice, made, paylink, read
from tests.sandbox.running import Sandbox, run_sandbox
from tests.sandbox.test_gateway import ANAS_PHONE, Gateway
from tests.sandbox.test_tickets import client_token, token_of

pytestmark = pytest.mark.browser
PHONE_SIZE: Any = {"width": 390, "height": 844}
ARTIFACTS = Path(__file__).parents[2] / "artifacts"
HOST_PAGE = """<!doctype html><title>The practice</title><div id="payment"></div><script src="{script}"></script><script>
window.told = [];
var elements = new Commerce.elements("{token}");
["ready", "submitted", "validationError", "error"].forEach(function (name) {{
  elements.on(name, function (what) {{ window.told.push([name, what]); }});
}});
elements.eventBus.on("done", function (what) {{ window.told.push(["done", what]); }});
elements.create({{ container: "#payment", {options} }});
</script>"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("pages")) as running:
        running.control({"now": "2026-11-21T13:00:00Z", "freeze": True})
        yield running


@pytest.fixture
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A phone-sized window, light or dark, that leaves a picture and may complain of nothing."""
    theme: Any = getattr(request, "param", "light")
    context = browser.new_context(viewport=PHONE_SIZE, color_scheme=theme, reduced_motion="reduce")
    page, complaints = context.new_page(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"sandbox-{request.node.originalname.removeprefix('test_')}-{theme}.png")
    context.close()
    # a refused card, as the network saw it
    expected = [each for each in complaints if "422" in each or "402" in each]
    assert complaints == expected


@dataclass
class Practice:
    """A page of the practice, at an address of its own, with the frame in it."""

    url: str
    body: str = ""


@pytest.fixture
def practice() -> Iterator[Practice]:
    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page.body.encode() if self.path == "/" else b"")

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    page = Practice(f"http://localhost:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield page
    server.shutdown()
    server.server_close()
    thread.join()


def opened(sandbox: Sandbox, window: Page, practice: Practice, options: str = "") -> Any:
    """The practice's page with the frame ready; the frame."""
    script = sandbox.client.get(f"{sandbox.root_url}/control").json()["pages"]["card_script"]
    practice.body = HOST_PAGE.format(script=script, token=client_token(sandbox), options=options)
    window.goto(practice.url)
    window.wait_for_function("window.told.length > 0")
    return window.frame_locator("iframe")


def told(window: Page, count: int) -> list[Any]:
    window.wait_for_function(f"window.told.length >= {count}")
    return window.evaluate("window.told")


@pytest.mark.parametrize("window", ["light", "dark"], indirect=True)
def test_a_card_typed_into_the_frame_reaches_the_page_as_a_ticket_only(
    sandbox: Sandbox, window: Page, practice: Practice
) -> None:
    sent: list[tuple[str, str]] = []
    window.on("request", lambda request: sent.append((request.url, request.post_data or "")))
    frame = opened(sandbox, window, practice)
    frame.get_by_label("Card number").press_sequentially("4242 4242 4242 4242")
    frame.get_by_label("Expiry").fill("09/30")
    frame.get_by_label("Name on card").fill("Ana Alvarez")
    frame.get_by_role("button", name="Save card").click()
    names_and_told = told(window, 3)
    assert [name for name, _ in names_and_told] == ["ready", "submitted", "done"]
    done = names_and_told[2][1]
    assert done["type"] == "Ticket"
    assert "4242" not in str(names_and_told)
    with_number = [url for url, body in sent if "4242" in body]
    assert with_number == [f"{sandbox.base_url}/js/frame/card"]
    assert token_of(sandbox, done["data"]["id"])["last_four"] == "4242"
    expect(frame.get_by_text("Card received.")).to_be_visible()
    expect(frame.get_by_label("Card number")).to_be_hidden()


def test_a_card_that_cannot_be_is_said_in_the_frame(
    sandbox: Sandbox, window: Page, practice: Practice
) -> None:
    frame = opened(sandbox, window, practice, "showSubmitButton: false")
    expect(frame.get_by_role("button", name="Save card")).to_be_hidden()
    frame.get_by_label("Card number").fill("4242 4242 4242 4241")
    window.evaluate("elements.submit()")
    expect(frame.get_by_role("alert")).to_have_text("This is not a card number. Check the digits.")
    assert told(window, 3)[-1] == ["validationError", {"field": "number"}]
    assert frame.get_by_label("Card number").get_attribute("aria-invalid") == "true"


@pytest.mark.parametrize("window", ["light", "dark"], indirect=True)
def test_a_person_is_declined_and_then_pays(sandbox: Sandbox, window: Page) -> None:
    record = made(sandbox, "paylinks", paylink(store_token=True))
    window.goto(record["payment_url"])
    window.get_by_label("Visa ending 9995").check()
    window.get_by_role("button", name="Pay $149.00").click()
    expect(window.get_by_role("status")).to_contain_text("The card was declined: insufficient funds.")
    window.get_by_label("Another test card").check()
    window.get_by_label("Test card number").fill("5454 5454 5454 5454")
    window.get_by_label("Expiry, MM/YY").fill("1/29")
    window.get_by_role("button", name="Pay $149.00").click()
    expect(window.get_by_role("status")).to_contain_text("$149.00 paid. Thank you.")
    assert window.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    paid = read(sandbox, "paylinks", record["id"], "transactions")
    assert [each["status_code"] for each in paid["transactions"]] == [301, 101]


@pytest.mark.parametrize("window", ["light", "dark"], indirect=True)
def test_a_text_arrives_its_link_is_pressed_and_it_is_answered(sandbox: Sandbox, window: Page) -> None:
    record = made(sandbox, "quick-invoices", invoice())
    gateway = Gateway(sandbox)
    gateway.send(body=f"Hi Ana, pay here: {record['payment_url']}. <img src=x>")
    window.goto(f"{sandbox.root_url}/phone/{ANAS_PHONE}")
    bubble = window.locator(".bubble").last
    expect(bubble).to_contain_text("<img src=x>")
    with window.expect_popup() as other:
        bubble.get_by_role("link").click()
    expect(other.value.get_by_role("button", name="Pay $77.50")).to_be_visible()
    other.value.close()
    window.get_by_label("Answer as").fill("Thank you")
    window.get_by_role("button", name="Send").click()
    expect(window.locator(".theirs").last).to_contain_text("Thank you")
    gateway.send(body="You are welcome")
    expect(window.locator(".ours").last).to_contain_text("You are welcome")  # without a press
    assert window.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("window", ["light", "dark"], indirect=True)
def test_a_mail_is_read_and_its_link_is_pressed(sandbox: Sandbox, window: Page) -> None:
    record = made(sandbox, "quick-invoices", invoice())
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "desk@example.com", "ana@example.com", "Your invoice"
    message["List-Unsubscribe"] = "<https://example.com/stop/1>"
    message.set_content("Pay")
    message.add_alternative(f"<p><a href='{record['payment_url']}'>Pay $77.50</a></p>", "html")
    with smtplib.SMTP("127.0.0.1", sandbox.state.smtp_port) as server:
        server.send_message(message)
    window.goto(f"{sandbox.root_url}/mail")
    window.get_by_role("link", name="Your invoice").first.click()
    expect(window.get_by_text("<https://example.com/stop/1>")).to_be_visible()
    with window.expect_popup() as other:
        window.frame_locator("iframe").get_by_role("link", name="Pay $77.50").click()
    expect(other.value.get_by_role("heading", name="Riverside Chiropractic")).to_be_visible()
    other.value.close()
    assert window.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
