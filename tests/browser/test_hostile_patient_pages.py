"""Names that try to be programs, on the pages patients see: nothing runs, nothing leaves (RELIABILITY 24)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine
from sqlmodel import select

from core.cards.models import Card
from core.links.models import Link
from core.links.rules import LinkKind, Step
from core.messages.models import Letterhead
from core.store.engine import transaction
from tests.web.links_out import happened, practice_with_patient, sent_link
from tests.web.outside import public_site

pytestmark = pytest.mark.xdist_group("browser")
HOSTILE = [
    "<script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    "</style><svg onload=document.title='ran'>",
    "\"><iframe src='https://evil.example/'></iframe>",
    "' onmouseover='document.title=`ran`' x='",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "![x](https://evil.example/x.png)",
    "[click](javascript:document.title='ran')",
    "{{ 7 * 7 }}{% for x in y %}",
    "$\\href{https://evil.example}{x}$",
    ":material/delete: :red[x]",
    "\u202eevil\u202c\u200b\ufeff",
    "🧨" * 40,
    "W" * 600,
    "a " * 900,
    "tel:1;ext=<b>",
    "&lt;script&gt;&#x3c;script&#x3e;",
    "--><!-- <script>document.title='ran'</script>",
]


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def _rename(engine: Engine, words: str) -> None:
    """Everything from outside that these pages show becomes these words."""
    with transaction(engine) as session:
        head = session.exec(select(Letterhead)).first() or Letterhead()
        head.name, head.phone = words, words
        session.add(head)
        for link in session.exec(select(Link)):
            link.what = words
            session.add(link)
        card = session.exec(select(Card)).one()
        card.brand, card.last_four = words, words[:4] or "x"
        session.add(card)


def test_hostile_words_stay_words(sqlite_store: Engine, window: Page) -> None:
    patient = practice_with_patient(sqlite_store)
    card, paid = (sent_link(sqlite_store, patient, kind) for kind in (LinkKind.CARD, LinkKind.PAY))
    with transaction(sqlite_store) as session:
        session.get_one(Link, 2).asked_back_cents = 0
    happened(sqlite_store, 2, Step.SEEN)
    asked: list[str] = []
    complaints: list[str] = []
    window.on("request", lambda sent: asked.append(sent.url))
    window.on("dialog", lambda opened: complaints.append(opened.message))
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.on(
        "console",
        lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None,
    )
    with public_site(sqlite_store) as visitor:
        base = str(visitor.base_url).rstrip("/")
        for words in HOSTILE:
            _rename(sqlite_store, words)
            for path in (f"/card/{card}", f"/pay/{paid}"):
                window.goto(base + path)
                assert window.title() != "ran", (words, path)
                wide = window.evaluate("document.documentElement.scrollWidth")
                assert wide <= 390, (words, path, wide)
    assert complaints == []
    assert all(url.startswith(base) for url in asked), [url for url in asked if not url.startswith(base)]
