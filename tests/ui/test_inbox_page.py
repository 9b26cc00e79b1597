"""The inbox as a page: what waits, both sides of a conversation, an answer that says why it cannot go, an unknown number."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from core.inbox.texts import _apply_inbound
from core.messages.conversations import unread_count
from core.patients.models import Patient
from core.permissions import Identity
from core.settings import settings
from core.store.engine import reader, transaction
from tests.browser.practice import practice_store
from tests.ui.test_pages import opened

STRANGER = "+13125557777"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("inbox"))
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


def wrote(practice: Engine, number: str, words: str, sid: str) -> None:
    with transaction(practice) as session:
        told = {"MessageSid": sid, "From": number, "To": "+13125550000", "Body": words}
        _apply_inbound(session, told)


def waiting(practice: Engine) -> int:
    with reader(practice) as session:
        return unread_count(session, Identity(1, 1, "dana", "Dana", "front desk"))


def test_a_conversation_is_opened_answered_and_read(practice: Engine) -> None:
    with reader(practice) as session:
        somebody = session.exec(select(Patient).where(col(Patient.mobile_phone).is_not(None))).first()
        assert somebody is not None
        number, name = somebody.mobile_phone or "", somebody.first_name
    wrote(practice, number, "Can I come at 5? <b>![x](y)", "SM-page-1")
    app = opened(practice, "inbox")
    assert (list(app.exception), list(app.error)) == ([], [])
    app.session_state["inbox open"] = number
    app.run()
    assert list(app.exception) == []
    assert any(name in one.value.replace("\\", "") for one in app.markdown if one.value.startswith("####"))
    next(one for one in app.button if one.label == "Send text").click().run()
    assert "Write what the patient is to read." in [one.value.replace("\\", "") for one in app.error]
    next(one for one in app.button if one.label == "Mark read").click().run()
    assert waiting(practice) == 0


def test_an_unknown_number_is_asked_about_and_left(practice: Engine) -> None:
    wrote(practice, STRANGER, "Who is this?", "SM-page-2")
    app = opened(practice, "inbox")
    app.session_state["inbox open"] = STRANGER
    app.run()
    assert list(app.exception) == []
    assert any("Whose is it?" in one.value for one in app.markdown)
    next(one for one in app.button if one.label == "Leave it").click().run()
    assert waiting(practice) == 0


def test_a_card_shows_the_texts_of_its_patient(practice: Engine) -> None:
    with reader(practice) as session:
        somebody = session.exec(select(Patient).where(col(Patient.mobile_phone).is_not(None))).first()
        assert somebody is not None
        number, key = somebody.mobile_phone or "", somebody.id
    wrote(practice, number, "On my way", "SM-page-3")
    app = opened(practice, "patient", id=str(key))
    assert (list(app.exception), list(app.error)) == ([], [])
    assert [one.label for one in app.expander if one.label.startswith("Texts: ")] != []
