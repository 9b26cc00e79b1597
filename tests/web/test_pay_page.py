"""A patient presses a payment link: counted once, then on to the processor's page, or told kindly why not."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.links.models import Link, LinkStep
from core.links.rules import LinkKind, Step
from core.store.engine import transaction
from dashboard.web.pay import may_send_to
from tests.web.links_out import PAGE, PRACTICE, happened, practice_with_patient, sent_link
from tests.web.outside import public_site

FORTIS = "https://api.fortis.tech"


@pytest.fixture
def visitor(sqlite_store: Engine) -> Iterator[httpx.Client]:
    with public_site(sqlite_store) as outside:
        yield outside


@pytest.fixture
def token(sqlite_store: Engine) -> str:
    return sent_link(sqlite_store, practice_with_patient(sqlite_store), LinkKind.PAY)


def _openings(engine: Engine) -> int:
    with transaction(engine) as session:
        return len(session.exec(select(LinkStep).where(LinkStep.kind == Step.OPENED)).all())


def test_an_open_link_leads_to_the_processors_page_and_is_counted_once_a_day(
    sqlite_store: Engine, visitor: httpx.Client, token: str
) -> None:
    for _ in range(3):
        answer = visitor.get(f"/pay/{token}")
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert _openings(sqlite_store) == 1
    with transaction(sqlite_store) as session:
        assert session.exec(select(Link.state)).one() == "opened"


def test_another_visitor_is_another_opening(sqlite_store: Engine, visitor: httpx.Client, token: str) -> None:
    for browser in ("Safari", "Firefox"):
        visitor.get(f"/pay/{token}", headers={"user-agent": browser})
    assert _openings(sqlite_store) == 2


@pytest.mark.parametrize(
    "agent", ["WhatsApp/2.23", "facebookexternalhit/1.1 Facebot Twitterbot/1.0", "Slackbot"]
)
def test_a_program_that_previews_the_link_is_not_counted_nor_led_on(
    sqlite_store: Engine, visitor: httpx.Client, token: str, agent: str
) -> None:
    answer = visitor.get(f"/pay/{token}", headers={"user-agent": agent})
    assert answer.status_code == 200
    assert PRACTICE in answer.text
    assert "149" not in answer.text
    assert visitor.head(f"/pay/{token}").status_code == 200
    assert _openings(sqlite_store) == 0


@pytest.mark.parametrize(
    ("step", "status", "words"),
    [
        (Step.VOIDED, 410, "You do not need to pay this"),
        (Step.REPLACED, 410, "There is a newer link"),
        (Step.EXPIRED, 410, "This link has expired"),
        (Step.REFUSED, 410, "You do not need to pay this"),
    ],
)
def test_a_link_that_is_over_says_so_with_the_practices_phone(
    sqlite_store: Engine, visitor: httpx.Client, token: str, step: Step, status: int, words: str
) -> None:
    happened(sqlite_store, 1, step)
    answer = visitor.get(f"/pay/{token}")
    assert answer.status_code == status
    assert words in answer.text
    assert "(303) 555-0100" in answer.text


def test_a_paid_link_thanks_and_names_the_amount(
    sqlite_store: Engine, visitor: httpx.Client, token: str
) -> None:
    with transaction(sqlite_store) as session:
        session.exec(select(Link)).one().asked_back_cents = 0
    happened(sqlite_store, 1, Step.SEEN)
    answer = visitor.get(f"/pay/{token}")
    assert answer.status_code == 200
    assert "This is paid. Thank you!" in answer.text
    assert "$149.00" in answer.text


def test_a_link_past_its_days_is_expired_before_the_worker_says_so(
    sqlite_store: Engine, visitor: httpx.Client
) -> None:
    patient = practice_with_patient(sqlite_store)
    token = sent_link(sqlite_store, patient, LinkKind.PAY, expires_at=clock.now() - timedelta(seconds=1))
    assert visitor.get(f"/pay/{token}").status_code == 410


def test_a_page_that_is_not_made_yet_tries_again_by_itself(
    sqlite_store: Engine, visitor: httpx.Client
) -> None:
    token = sent_link(
        sqlite_store, practice_with_patient(sqlite_store), LinkKind.INVOICE, url=None, external_id=None
    )
    answer = visitor.get(f"/pay/{token}")
    assert (answer.status_code, answer.headers["refresh"]) == (503, "5")
    assert "Almost ready" in answer.text


def test_a_page_on_another_host_is_not_opened(sqlite_store: Engine, visitor: httpx.Client) -> None:
    elsewhere = "https://evil.example/pay"
    token = sent_link(sqlite_store, practice_with_patient(sqlite_store), LinkKind.PAY, url=elsewhere)
    answer = visitor.get(f"/pay/{token}")
    assert answer.status_code == 503
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://pay.fortis.tech/i/1", True),
        ("https://fortis.tech/i/1", True),
        ("https://api.sandbox.fortis.tech/i", True),
        ("http://pay.fortis.tech/i/1", False),
        ("https://fortis.tech.evil.example/", False),
        ("https://evilfortis.tech/", False),
        ("https://fortis.tech@evil.example/", False),
        ("https://evil.example\\.fortis.tech/", False),
        ("http://127.0.0.1:8600/x", False),
        ("javascript:alert(1)", False),
        ("//fortis.tech/", False),
        ("https://[fortis.tech/", False),
        ("", False),
    ],
)
def test_patients_are_sent_to_the_processors_own_domain_only(url: str, allowed: bool) -> None:
    assert may_send_to(url, FORTIS) is allowed


@pytest.mark.parametrize("wrong", ["x", "a" * 200, "A" * 43, "%00", "..", "né", "'%20OR%201=1--"])
def test_an_unknown_link_says_so_and_asks_to_call(
    sqlite_store: Engine, visitor: httpx.Client, wrong: str
) -> None:
    practice_with_patient(sqlite_store)
    answer = visitor.get(f"/pay/{wrong}")
    if answer.status_code != 303:  # "..": an address that climbs is nobody's, and is sent to the door
        assert answer.status_code == 404
        assert "This link does not work" in answer.text


def test_a_card_link_is_no_payment_link(sqlite_store: Engine, visitor: httpx.Client) -> None:
    token = sent_link(sqlite_store, practice_with_patient(sqlite_store), LinkKind.CARD)
    assert visitor.get(f"/pay/{token}").status_code == 404


def test_the_pages_keep_the_link_to_themselves(visitor: httpx.Client, token: str) -> None:
    for path in (f"/pay/{token}", "/pay/unknown"):
        headers = visitor.get(path).headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "noindex" in headers["x-robots-tag"]
        assert headers["x-content-type-options"] == "nosniff"
