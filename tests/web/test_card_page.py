"""A patient puts a new card on file: what each state of the link shows, and that one link makes one card."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.links.card_links import card_kept, card_not_kept
from core.links.models import Link, LinkStep, LinkToken
from core.links.rules import LinkKind, Step
from core.outbox.models import OutboxRow
from core.store.engine import transaction
from dashboard.web.card import frame_of, ticket_in
from tests.web.links_out import PRACTICE, happened, practice_with_patient, sent_link
from tests.web.outside import public_site

TICKET = "9f8c2c1e4e5f4b0e8a0b1c2d"


@pytest.fixture
def visitor(sqlite_store: Engine) -> Iterator[httpx.Client]:
    with public_site(sqlite_store) as outside:
        yield outside


@pytest.fixture
def token(sqlite_store: Engine) -> str:
    return sent_link(sqlite_store, practice_with_patient(sqlite_store), LinkKind.CARD)


def _asked_for(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        return list(session.exec(select(OutboxRow.kind)))


def test_the_page_says_who_asks_what_for_and_that_nothing_is_charged(
    visitor: httpx.Client, token: str
) -> None:
    page = visitor.get(f"/card/{token}")
    assert page.status_code == 200
    for words in (PRACTICE, "(303) 555-0100", "Visa ending 1111", "Nothing is charged now", "works once"):
        assert words in page.text
    assert "Ana" not in page.text


def test_no_field_of_ours_could_hold_a_card_number(visitor: httpx.Client, token: str) -> None:
    page = visitor.get(f"/card/{token}").text
    assert not re.findall(r"<(?:input|textarea|select)\b", page)


def test_looking_does_not_use_the_link_up(sqlite_store: Engine, visitor: httpx.Client, token: str) -> None:
    for _ in range(3):
        visitor.get(f"/card/{token}")
    assert "Enter my card" in visitor.get(f"/card/{token}").text
    with transaction(sqlite_store) as session:
        opened = session.exec(select(LinkStep).where(LinkStep.kind == Step.OPENED)).all()
    assert len(opened) == 1


def test_a_processor_out_of_reach_is_said_and_the_link_stays_good(visitor: httpx.Client, token: str) -> None:
    answer = visitor.post(f"/card/{token}/enter")
    assert answer.status_code == 503
    assert "Try again" in answer.text
    assert "Enter my card" in visitor.get(f"/card/{token}").text


def test_a_card_handed_in_twice_is_kept_once(sqlite_store: Engine, visitor: httpx.Client, token: str) -> None:
    for _ in range(2):
        answer = visitor.post(f"/card/{token}/done", data={"ticket": TICKET})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/card/{token}")
    assert len(_asked_for(sqlite_store)) == 1
    page = visitor.get(f"/card/{token}")
    assert "Saving your card" in page.text
    assert page.headers["refresh"] == "3"


def test_a_kept_card_is_thanked_for_by_its_last_four(
    sqlite_store: Engine, visitor: httpx.Client, token: str
) -> None:
    visitor.post(f"/card/{token}/done", data={"ticket": TICKET})
    with transaction(sqlite_store) as session:
        link = session.exec(select(Link)).one()
        card_kept(session, link, "1", brand="Visa", last_four="1111")
    page = visitor.get(f"/card/{token}")
    assert (page.status_code, "Thank you" in page.text) == (200, True)
    assert "Visa ending 1111" in page.text
    assert visitor.post(f"/card/{token}/enter").status_code == 303


def test_a_card_that_was_not_taken_can_be_tried_again(
    sqlite_store: Engine, visitor: httpx.Client, token: str
) -> None:
    visitor.post(f"/card/{token}/done", data={"ticket": TICKET})
    with transaction(sqlite_store) as session:
        link, row = session.exec(select(Link)).one(), session.exec(select(LinkToken)).one()
        card_not_kept(session, link, row.id or 0, "Declined.")
    page = visitor.get(f"/card/{token}").text
    assert "That card was not accepted" in page
    assert "Try again" in page


@pytest.mark.parametrize("ticket", ["", "x" * 37, "a b", "<script>", "4242424242424242 ", "é"])
def test_what_cannot_be_a_ticket_is_refused_kindly(
    sqlite_store: Engine, visitor: httpx.Client, token: str, ticket: str
) -> None:
    answer = visitor.post(f"/card/{token}/done", data={"ticket": ticket})
    assert answer.status_code == 422
    assert "Try again" in answer.text
    assert _asked_for(sqlite_store) == []


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step.VOIDED, "This link is closed"),
        (Step.REPLACED, "There is a newer link"),
        (Step.EXPIRED, "This link has expired"),
    ],
)
def test_a_link_that_is_over_takes_no_card(
    sqlite_store: Engine, visitor: httpx.Client, token: str, step: Step, words: str
) -> None:
    happened(sqlite_store, 1, step)
    page = visitor.get(f"/card/{token}")
    assert (page.status_code, words in page.text) == (410, True)
    assert visitor.post(f"/card/{token}/done", data={"ticket": TICKET}).status_code == 303
    assert _asked_for(sqlite_store) == []


def test_after_its_days_a_link_takes_no_card(sqlite_store: Engine, visitor: httpx.Client) -> None:
    patient = practice_with_patient(sqlite_store)
    late = sent_link(sqlite_store, patient, LinkKind.CARD, expires_at=clock.now() - timedelta(seconds=1))
    assert "This link has expired" in visitor.get(f"/card/{late}").text
    visitor.post(f"/card/{late}/done", data={"ticket": TICKET})
    assert _asked_for(sqlite_store) == []


def test_one_link_is_not_tried_for_ever(visitor: httpx.Client, token: str) -> None:
    answers = [visitor.post(f"/card/{token}/done", data={"ticket": ""}).status_code for _ in range(14)]
    assert answers[:12] == [422] * 12
    assert answers[12:] == [429, 429]


def test_where_the_frame_comes_from_follows_from_the_processors_address() -> None:
    assert frame_of("https://api.fortis.tech")[0] == "https://js.fortis.tech/commercejs-v1.0.0.min.js"
    script, origins = frame_of("https://api.sandbox.fortis.tech")
    assert script.startswith("https://js.sandbox.fortis.tech/")
    assert origins == ["https://js.sandbox.fortis.tech", "https://api.sandbox.fortis.tech"]
    script, origins = frame_of("http://127.0.0.1:8600/fortis")
    assert script == "http://127.0.0.1:8600/fortis/js/commercejs-v1.0.0.min.js"
    assert origins == ["http://127.0.0.1:8600"]


@pytest.mark.parametrize(
    "form", [b"", b"\xff\xfe", b"ticket", b"&" * 900, b"ticket=%ff%fe", b"ticket=a&ticket=b"]
)
def test_a_strange_form_is_no_ticket_or_one(form: bytes) -> None:
    assert len(ticket_in(form)) <= 2
