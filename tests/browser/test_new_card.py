"""A patient types a new card on a phone: the processor's frame in our page, and what the practice then holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine
from sqlmodel import select

from core.connections.commands import connection_of
from core.jobs.outbox.send_and_settle import work_outbox
from core.jobs.sync import sync_connection
from core.links.models import Link
from core.links.rules import LinkKind
from core.patients.models import Patient, ProcessorContact
from core.practice.models import Location
from core.store.engine import transaction
from tests.browser.conftest import ARTIFACTS
from tests.jobs.connecting import connect_sandbox, held
from tests.sandbox.records import ANA, ANAS_CARD, ANAS_PLAN
from tests.sandbox.running import Sandbox, run_sandbox
from tests.web.links_out import PHONE, PRACTICE, sent_link
from tests.web.outside import public_site

pytestmark = pytest.mark.xdist_group("browser")
CARD = "5555 5555 5555 4444"
PHONE_SIZE = {"width": 390, "height": 844}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
def address(sqlite_store: Engine, sandbox: Sandbox) -> Iterator[str]:
    """The whole address of Ana's new-card link."""
    connection_id = connect_sandbox(sqlite_store, sandbox)
    sync_connection(sqlite_store, connection_id)
    with transaction(sqlite_store) as session:
        connection_of(session, connection_id)
        own = {"connection_id": connection_id, "external_id": "P1", "content_hash": "x"}
        place = Location(**own, name=PRACTICE, time_zone="America/New_York", phone=PHONE)
        session.add(place)
        session.flush()
        patient = Patient(**own, location_id=place.id, first_name="Ana", last_name="Alvarez")
        session.add(patient)
        session.flush()
        contact = session.exec(select(ProcessorContact).where(ProcessorContact.external_id == ANA)).one()
        contact.patient_id = patient.id
        session.add(contact)
        patient_id = patient.id or 0
    token = sent_link(sqlite_store, patient_id, LinkKind.CARD, contact_ref=ANA, card_ref=ANAS_CARD)
    with public_site(sqlite_store) as visitor:
        yield f"{str(visitor.base_url).rstrip('/')}/card/{token}"


class Phone:
    """A page of phone size that keeps what it asked for and complained about."""

    def __init__(self, browser: Browser, theme: str = "light") -> None:
        self.context = browser.new_context(viewport=PHONE_SIZE, color_scheme=theme)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda sent: self.asked.append(sent.url))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )

    def shot(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"card-{name}.png")


@pytest.fixture
def phone(browser: Browser) -> Iterator[Phone]:
    one = Phone(browser)
    yield one
    one.context.close()


def _type_card(phone: Phone, number: str = CARD) -> None:
    frame = phone.page.frame_locator("#card iframe")
    frame.locator("[name=number]").fill(number)
    frame.locator("[name=expiry]").fill("12/30")
    frame.locator("button").click()


def test_a_card_typed_into_the_frame_is_on_the_plan_in_the_end(
    sqlite_store: Engine, sandbox: Sandbox, address: str, phone: Phone
) -> None:
    phone.page.goto(address)
    phone.shot("asked")
    phone.page.get_by_role("button", name="Enter my card").click()
    phone.page.frame_locator("#card iframe").locator("[name=number]").wait_for()
    phone.shot("frame")
    _type_card(phone)
    phone.page.get_by_text("Saving your card").wait_for()
    for _ in range(3):
        work_outbox(sqlite_store)
    phone.page.get_by_text("Thank you! Your card is saved.").wait_for()
    phone.shot("saved")
    assert "4444" in phone.page.content()
    plan = sandbox.request("GET", f"/v1/recurrings/{ANAS_PLAN}").json()["data"]
    assert plan["token_id"] != ANAS_CARD
    assert plan["token_id"] in held(sqlite_store, 1, "tokens")
    assert phone.complaints == []


def test_the_page_talks_to_the_practice_and_the_processor_only(
    sqlite_store: Engine, sandbox: Sandbox, address: str, phone: Phone
) -> None:
    phone.page.goto(address)
    phone.page.get_by_role("button", name="Enter my card").click()
    _type_card(phone)
    phone.page.get_by_text("Saving your card").wait_for()
    own = re.match(r"https?://[^/]+", address)
    assert own
    assert all(url.startswith((own[0], sandbox.base_url, sandbox.root_url)) for url in phone.asked)
    token = address.rsplit("/", 1)[1]
    assert not [url for url in phone.asked if token in url and not url.startswith(own[0])]
    stored = Path(str(sqlite_store.url.database))
    raw = b"".join(each.read_bytes() for each in stored.parent.glob(f"{stored.name}*"))
    assert b"5555555555554444" not in raw
    assert b"5555 5555 5555 4444" not in raw


def test_pressing_back_and_again_still_makes_one_card(
    sqlite_store: Engine, sandbox: Sandbox, address: str, phone: Phone
) -> None:
    phone.page.goto(address)
    phone.page.get_by_role("button", name="Enter my card").click()
    _type_card(phone)
    phone.page.get_by_text("Saving your card").wait_for()
    phone.page.goto(address)
    assert not phone.page.get_by_role("button").count()
    for _ in range(3):
        work_outbox(sqlite_store)
    tokens = sandbox.request("GET", "/v1/tokens").json()["list"]
    assert len([each for each in tokens if each["last_four"] == "4444"]) == 1


def test_a_number_that_cannot_be_a_card_is_said_in_the_frame_and_costs_nothing(
    sqlite_store: Engine, address: str, phone: Phone
) -> None:
    phone.page.goto(address)
    phone.page.get_by_role("button", name="Enter my card").click()
    _type_card(phone, "4242 4242 4242 4241")
    phone.page.wait_for_timeout(500)
    assert "/enter" in phone.page.url
    with transaction(sqlite_store) as session:
        assert session.exec(select(Link.new_card_ref)).one() is None
