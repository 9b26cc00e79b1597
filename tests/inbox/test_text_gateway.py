"""What the text gateway tells us over HTTP: STOP is heeded and answered at once, callbacks are taken once."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from core.inbox.models import InboxEvent, InboxState
from core.integrations.sms import signature
from core.jobs.inbox.work import InboxPass, work_inbox
from core.messages.models import Suppression
from core.patients.models import Patient
from core.store.engine import transaction
from tests.security.forging import SMS_TOKEN, text_gateway
from tests.web.links_out import practice_with_patient
from tests.web.outside import public_site

MOBILE = "+13035550101"


@pytest.fixture
def visitor(sqlite_store: Engine) -> Iterator[httpx.Client]:
    patient_id = practice_with_patient(sqlite_store)
    with transaction(sqlite_store) as session:
        patient = session.get_one(Patient, patient_id)
        patient.mobile_phone, patient.mobile_last_four, patient.text_consent = MOBILE, MOBILE[-4:], True
        session.add(patient)
    text_gateway(sqlite_store)
    with public_site(sqlite_store) as outside:
        yield outside


def _say(visitor: httpx.Client, words: str, sid: str, **more: str) -> httpx.Response:
    fields = {"MessageSid": sid, "From": MOBILE, "To": "+13035550199", "Body": words} | more
    proof = signature(f"{str(visitor.base_url).rstrip('/')}/webhooks/sms", fields, SMS_TOKEN)
    return visitor.post("/webhooks/sms", data=fields, headers={"x-twilio-signature": proof})


def _stopped(engine: Engine) -> bool:
    with transaction(engine) as session:
        open_ones = select(Suppression).where(col(Suppression.lifted_at).is_(None))
        return session.exec(open_ones).first() is not None


def test_stop_is_heeded_before_it_is_answered_and_confirmed_once(
    sqlite_store: Engine, visitor: httpx.Client
) -> None:
    first = _say(visitor, "Stop.", "SM1")
    assert _stopped(sqlite_store)
    assert first.headers["content-type"].startswith("text/xml")
    assert "no more texts" in first.text
    assert "<Message>" not in _say(visitor, "STOP", "SM2").text
    assert "<Message>" not in _say(visitor, "Stop.", "SM1").text


def test_start_restores_and_help_tells_who_we_are(sqlite_store: Engine, visitor: httpx.Client) -> None:
    _say(visitor, "stop", "SM1")
    assert "again" in _say(visitor, "START", "SM2").text
    assert not _stopped(sqlite_store)
    assert "(303) 555-0100" in _say(visitor, "help", "SM3").text


def test_what_a_patient_writes_holds_no_card_number_here(sqlite_store: Engine, visitor: httpx.Client) -> None:
    assert _say(visitor, "my card is 4242 4242 4242 4242 \0", "SM1").status_code == 200
    with transaction(sqlite_store) as session:
        (event,) = session.exec(select(InboxEvent)).all()
    assert event.state == InboxState.APPLIED
    assert "4242 4242 4242" not in event.body


def test_what_cannot_be_applied_at_once_is_kept_and_the_gateway_is_not_bothered(
    sqlite_store: Engine, visitor: httpx.Client
) -> None:
    with transaction(sqlite_store) as session:
        session.connection().exec_driver_sql("ALTER TABLE inbound_message RENAME TO elsewhere")
    assert _say(visitor, "STOP", "SM1").status_code == 200
    with transaction(sqlite_store) as session:
        assert session.exec(select(InboxEvent.state)).one() == InboxState.WAITING
        session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO inbound_message")
    assert work_inbox(sqlite_store) == InboxPass(applied=1)
    assert _stopped(sqlite_store)
