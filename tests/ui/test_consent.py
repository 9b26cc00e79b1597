"""At the desk: recording what a patient said about texts and e-mails, and taking it back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.messages.consent import BY_TEXT, stop_address
from core.messages.consent_words import last_words
from core.messages.models import Channel, ConsentEvent
from core.patients.models import Patient
from core.settings import settings
from core.store.engine import reader, transaction
from tests.browser.practice import practice_store
from tests.ui.test_pages import opened

ZONE = "America/Denver"


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = practice_store(tmp_path_factory.mktemp("consent"))
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _on_its_store(practice: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


def somebody(session: Session, skip: int = 0) -> Patient:
    """An active patient with a mobile number."""
    query = select(Patient).where(Patient.active, Patient.mobile_phone != None).order_by(Patient.id)  # noqa: E711  # type: ignore[arg-type]
    return session.exec(query.offset(skip).limit(1)).one()


def words_of(practice: Engine, patient_id: int, channel: Channel) -> str:
    with reader(practice) as session:
        patient = session.get_one(Patient, patient_id)
        return last_words(session, patient, ZONE, clock.today(ZONE))[channel].words


def test_a_no_said_at_the_desk_is_kept_with_who_and_how_and_can_be_taken_back(practice: Engine) -> None:
    with reader(practice) as session:
        key = somebody(session).id or 0
    app = opened(practice, "patient", "front.desk", id=str(key))
    app.button(f"consent False {key}").click().run()
    assert not app.exception
    with reader(practice) as session:
        event = session.exec(select(ConsentEvent).where(ConsentEvent.patient_id == key)).one()
        assert (event.given, event.channel, event.source, event.staff_id is not None) == (
            False, "text", "said at the desk", True,
        )  # fmt: skip
    assert words_of(practice, key, Channel.TEXT).startswith("no to care texts on")
    app.button(f"consent undo {key}").click().run()
    assert "yes to care texts" in words_of(practice, key, Channel.TEXT)


def test_a_stop_by_text_is_in_the_header_at_once_and_the_desk_cannot_lift_it(practice: Engine) -> None:
    with transaction(practice) as session:
        patient = somebody(session, skip=1)
        key = patient.id or 0
        stop_address(session, Channel.TEXT, patient.mobile_phone or "", BY_TEXT)
    assert words_of(practice, key, Channel.TEXT).startswith("said stop on")
    app = opened(practice, "patient", "front.desk", id=str(key))
    app.button(f"consent True {key}").click().run()
    assert "Only they can come back" in "".join(str(one.value) for one in app.error).replace("\\", "")


def test_a_provider_records_nothing(practice: Engine) -> None:
    with reader(practice) as session:
        key = somebody(session).id or 0
    app = opened(practice, "patient", "provider", id=str(key))
    assert not [one for one in app.button if str(one.key).startswith("consent")]
