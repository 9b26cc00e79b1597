"""One press ends e-mails: a person's, or their mail program's (RFC 8058); and one press takes that back."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from core import clock
from core.messages.commands import stop_digest
from core.messages.models import Channel, ConsentEvent, Message, MessageState, Purpose, Suppression
from core.outbox.commands import new_key, put
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.patients.models import Patient
from core.store.engine import transaction
from tests.web.links_out import practice_with_patient
from tests.web.outside import public_site

ADDRESS, TOKEN = "ana@mail.example", "t" * 32
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def visitor(sqlite_store: Engine) -> Iterator[httpx.Client]:
    patient_id = practice_with_patient(sqlite_store)
    with transaction(sqlite_store) as session:
        patient = session.get_one(Patient, patient_id)
        patient.email, patient.email_consent = ADDRESS, True
        _queue(session, patient, TOKEN)
    with public_site(sqlite_store) as outside:
        yield outside


def _queue(session, patient: Patient, token: str) -> None:
    key = new_key()
    session.add(
        Message(
            patient_id=patient.id,
            location_id=patient.location_id,
            outbox_id=key,
            channel=Channel.EMAIL,
            purpose=Purpose.BILLING,
            to_address=ADDRESS,
            stop_token=stop_digest(token),
            created_at=clock.now(),
        )
    )
    session.flush()
    put(session, kind=OutboxKind.EMAIL, payload={"to": ADDRESS}, connection_id=None, key=key)


def _stopped(engine: Engine) -> bool:
    with transaction(engine) as session:
        lifted = col(Suppression.lifted_at).is_(None)
        return (
            session.exec(select(Suppression).where(Suppression.address == ADDRESS, lifted)).first()
            is not None
        )


def test_looking_at_the_page_stops_nothing(sqlite_store: Engine, visitor: httpx.Client) -> None:
    page = visitor.get(f"/stop/{TOKEN}")
    assert (page.status_code, "Stop e-mails from us?" in page.text) == (200, True)
    assert visitor.head(f"/stop/{TOKEN}").status_code == 200
    assert not _stopped(sqlite_store)


def test_one_press_stops_also_what_was_queued(sqlite_store: Engine, visitor: httpx.Client) -> None:
    page = visitor.post(f"/stop/{TOKEN}")
    assert "You get no more e-mails" in page.text
    assert _stopped(sqlite_store)
    with transaction(sqlite_store) as session:
        assert session.exec(select(Message.state)).one() == MessageState.SKIPPED
        assert session.exec(select(OutboxRow.state)).one() == OutboxState.CANCELLED


@pytest.mark.parametrize("headers", [{}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}])
def test_a_mail_program_stops_with_one_click_from_anywhere(
    sqlite_store: Engine, visitor: httpx.Client, headers: dict[str, str]
) -> None:
    for _ in range(3):
        assert visitor.post(f"/stop/{TOKEN}", data=ONE_CLICK, headers=headers).status_code == 200
    assert _stopped(sqlite_store)
    with transaction(sqlite_store) as session:
        stopped = session.exec(select(ConsentEvent.purpose)).all()
    assert sorted(stopped) == ["billing", "care"]


def test_keep_me_on_the_list_takes_it_back(sqlite_store: Engine, visitor: httpx.Client) -> None:
    visitor.post(f"/stop/{TOKEN}")
    page = visitor.post(f"/stop/{TOKEN}", data={"keep": "1"})
    assert "You stay on our list" in page.text
    assert not _stopped(sqlite_store)
    with transaction(sqlite_store) as session:
        last = session.exec(select(ConsentEvent).order_by(col(ConsentEvent.id).desc())).first()
    assert last is not None
    assert (last.given, last.source) == (True, "undone at the unsubscribe link")


def test_the_page_shows_the_mailbox_only_to_who_knows_it(visitor: httpx.Client) -> None:
    page = visitor.get(f"/stop/{TOKEN}").text
    assert "a•••@mail.example" in page
    assert ADDRESS not in page


def test_an_unknown_link_says_so(sqlite_store: Engine, visitor: httpx.Client) -> None:
    for answer in (visitor.get("/stop/unknown"), visitor.post("/stop/unknown", data=ONE_CLICK)):
        assert (answer.status_code, "This link does not work" in answer.text) == (404, True)
    assert not _stopped(sqlite_store)
