"""Texts in the US: held until the carriers know them, and registered with words that are this practice's own."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from core import clock
from core.blasts.audience import Blast, Wanted
from core.blasts.batches import make_batch
from core.connections.commands import connect
from core.errors import BadInput, NotAllowed
from core.messages import answers
from core.messages.carrier_codes import known_codes, sentence_of
from core.messages.commands import edited
from core.messages.default_templates import FIRST_TEXTS
from core.messages.models import Channel
from core.messages.registration import (
    WAITS,
    RegistrationState,
    campaign_words,
    record_registration,
    registration_of,
)
from core.store.engine import reader, transaction
from tests.messages.clinic import Clinic, connect_wires, open_clinic, texted, words
from tests.sandbox.running import Sandbox

HEAD = {
    "practice": "Maple Street",
    "phone": "(303) 555-0100",
    "signature": "Ivy",
    "address": "1 Maple Street",
}


def text_gateway(engine: Engine, number: str, address: str = "https://api.twilio.com") -> None:
    settings = {"base_url": address, "account_sid": "AC" + "0" * 32, "from_number": number}
    with transaction(engine) as session:
        connect(session, kind="sms", name="Texts", settings=settings, secrets={"auth_token": "0" * 32})


@pytest.mark.parametrize(
    ("number", "address", "state"),
    [
        ("+13035550100", "https://api.twilio.com", RegistrationState.NOT_STARTED),
        ("+18005550100", "https://api.twilio.com", RegistrationState.NOT_STARTED),
        ("+442071838750", "https://api.twilio.com", RegistrationState.NOT_NEEDED),
        # no carrier is behind a stand-in
        (
            "+13035550100",
            "http://127.0.0.1:8600",
            RegistrationState.NOT_NEEDED,
        ),
    ],
)
def test_a_number_tells_whether_carriers_must_know_it(
    sqlite_store: Engine, number: str, address: str, state: RegistrationState
) -> None:
    text_gateway(sqlite_store, number, address)
    with reader(sqlite_store) as session:
        found = registration_of(session)
    assert (found.state, found.holds) == (state, state == RegistrationState.NOT_STARTED)
    assert found.toll_free == number.startswith("+1800")


def write_down(clinic: Clinic, state: str, **also: str) -> None:
    with transaction(clinic.engine) as session:
        record_registration(session, clinic.manager, state=state, **also)


def blast(clinic: Clinic, channel: str = Channel.TEXT) -> None:
    chosen = words(clinic.engine, channel=channel)
    wanted = [Wanted(patient, {"amount": "$20.00", "link": "x"}) for patient in clinic.patients]
    plain = edited(chosen, subject=chosen.subject, body="Hi {{ first_name }}, {{ amount }} is open.")
    with transaction(clinic.engine) as session:
        make_batch(session, clinic.manager, Blast("Open", plain, wanted), form=channel, undo=timedelta(0))


def test_texts_of_a_blast_wait_until_it_is_approved_and_e_mail_does_not(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    connect_wires(sqlite_store, sandbox)
    clinic = open_clinic(sqlite_store, [{}, {}])
    write_down(clinic, RegistrationState.SUBMITTED, campaign="CM1234")
    blast(clinic)
    blast(clinic, Channel.EMAIL)
    assert clinic.work().settled == 2  # the e-mails
    assert texted(sandbox) == []
    assert [m.reason for m in clinic.messages() if m.channel == Channel.TEXT] == [WAITS, WAITS]
    write_down(clinic, RegistrationState.APPROVED)
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert clinic.work().settled == 2
    assert len(texted(sandbox)) == 2


def test_who_may_and_what_must_be_said(sqlite_store: Engine) -> None:
    clinic = open_clinic(sqlite_store)
    with transaction(sqlite_store) as session, pytest.raises(NotAllowed):
        record_registration(session, clinic.desk, state=RegistrationState.APPROVED)
    with pytest.raises(BadInput, match="reason"):
        write_down(clinic, RegistrationState.REFUSED)
    write_down(clinic, RegistrationState.REFUSED, reason="The opt-in is not on the website.")
    with reader(sqlite_store) as session:
        found = registration_of(session)
    assert (found.state, found.reason) == ("refused", "The opt-in is not on the website.")


def test_the_words_name_the_practice_and_say_what_it_really_answers() -> None:
    found = campaign_words(HEAD, [first.text for first in FIRST_TEXTS])
    every = (
        found.description,
        found.opt_in,
        found.flow,
        found.welcome,
        found.help,
        found.stop,
        found.privacy,
    )
    assert all("Maple Street" in text for text in (*every, *found.samples))
    assert (found.help, found.stop) == (
        answers.helped("Maple Street", HEAD["phone"]),
        answers.stopped("Maple Street"),
    )
    assert all("STOP" in text and "{{" not in text for text in found.samples)
    assert len(found.samples) == len(FIRST_TEXTS)
    assert "not sell, rent or share" in found.privacy
    assert 40 <= len(found.description) <= 4_096
    assert all(len(sample) <= 1_024 for sample in found.samples)


def test_every_code_is_one_sentence_and_an_unknown_one_too() -> None:
    assert all(sentence.endswith(".") for sentence in known_codes().values())
    assert "registered" in sentence_of("30034")
    assert sentence_of("39999") == "The gateway could not deliver it (code 39999)."
