"""One message to one patient, over the real wires: what is asked before it goes, and what comes back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.audit.models import AuditEntry
from core.blasts.in_doubt import doubtful, note_opened, settle_by_hand
from core.connections.commands import check, disconnect
from core.connections.models import Connection, Kind
from core.errors import BadInput, MayNotSend, NotAllowed, Unreachable, WrongCredentials
from core.messages.commands import Carried, example_link, preview, send_message, send_test, stop_digest
from core.messages.consent import note_consent, opt_out
from core.messages.models import Channel, Message
from core.outbox.models import OutboxRow
from core.permissions import Identity, Role
from core.settings import settings
from core.store.engine import reader, transaction
from tests.messages.clinic import Clinic, connect_wires, mailed, open_clinic, texted, words
from tests.sandbox.running import Sandbox

LINK = Carried("pay", 7, "https://pay.example/abc")
AMOUNT = {"amount": "$149.00"}


def send(
    clinic: Clinic, channel: str = Channel.TEXT, patient: int = 0, link: Carried = LINK, **also: Any
) -> Message:
    chosen = words(clinic.engine, channel=channel, **also)
    with transaction(clinic.engine) as session:
        return send_message(
            session, clinic.desk, clinic.patients[patient], words=chosen, fields=AMOUNT, link=link
        )


def test_a_text_says_who_what_and_where_and_is_kept_as_it_was(clinic: Clinic, sandbox: Sandbox) -> None:
    send(clinic)
    assert clinic.work().settled == 1
    (text,) = texted(sandbox)
    assert text.body == (
        "Hi Zoë, $149.00 is open at Maple Street. Pay here: https://pay.example/abc Reply STOP to opt out."
    )
    (message,) = clinic.messages()
    assert (message.state, message.body, message.to_address) == ("sent", text.body, "+13035551000")
    assert (message.provider_id, message.segments) == (text.sid, 2), "an ë makes it dearer"


def test_an_e_mail_has_a_key_two_bodies_and_a_way_to_stop(
    clinic: Clinic, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", "https://huddle.example")
    settings.cache_clear()
    message = send(clinic, Channel.EMAIL)
    clinic.work()
    (mail,) = mailed(sandbox)
    assert mail["Message-ID"] == f"<{message.outbox_id}@maple.example>"
    token = mail["List-Unsubscribe"].removeprefix("<https://huddle.example/stop/").removesuffix(">")
    (kept,) = clinic.messages()
    assert kept.stop_token == stop_digest(token)
    with reader(clinic.engine) as session:
        rows = session.exec(select(OutboxRow.payload)).all()
    assert token not in f"{kept.body} {rows}"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (mail["From"], mail["To"]) == ("desk@maple.example", "patient0@mail.example")
    assert "https://pay.example/abc" in mail.get_body(("plain",)).get_content()
    assert '<a href="https://pay.example/abc">' in mail.get_body(("html",)).get_content()


def test_each_step_is_in_the_audit(clinic: Clinic) -> None:
    send(clinic)
    clinic.work()
    with reader(clinic.engine) as session:
        entries = [(e.action, e.who) for e in session.exec(select(AuditEntry)) if e.subject_kind == "message"]
    assert entries == [("queued a message", "front"), ("message finished", "")]


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ({"text_consent": None}, "Zoë: Has not agreed to texts about billing."),
        ({"text_consent": False}, "Zoë: Said no to texts about billing."),
        ({"mobile_phone": None}, "Zoë: There is no mobile number on file."),
        ({"mobile_phone": "+442071838750"}, "is a landline"),
    ],
)
def test_who_may_not_be_written_to_is_refused_with_the_reason_and_nothing_is_queued(
    sqlite_store: Engine, sandbox: Sandbox, person: dict[str, Any], why: str
) -> None:
    connect_wires(sqlite_store, sandbox)
    clinic = open_clinic(sqlite_store, [person])
    with pytest.raises(MayNotSend, match=why):
        send(clinic)
    assert clinic.messages() == []
    assert clinic.work().settled == 0


def test_a_provider_may_not_ask_for_money(clinic: Clinic) -> None:
    provider = Identity(9, 9, "lee", "Lee", Role.PROVIDER)
    with pytest.raises(NotAllowed), transaction(clinic.engine) as session:
        send_message(
            session, provider, clinic.patients[0], words=words(clinic.engine), fields=AMOUNT, link=LINK
        )


def test_a_card_number_typed_into_a_message_is_refused(clinic: Clinic) -> None:
    with pytest.raises(BadInput, match="card number"):
        send(clinic, body="Zoë, is 4242-4242-4242-4242 yours? {{ link }}")


def test_links_made_of_digits_are_no_card_numbers(clinic: Clinic) -> None:
    send(clinic, link=Carried("pay", 1, "https://pay.example/4242-4242-4242-4242"))
    assert clinic.work().settled == 1


def test_without_a_gateway_the_sentence_says_what_to_do(sqlite_store: Engine) -> None:
    clinic = open_clinic(sqlite_store)
    with pytest.raises(BadInput, match="huddle connect sms"):
        send(clinic)


def test_who_opts_out_after_it_was_queued_gets_nothing(clinic: Clinic, sandbox: Sandbox) -> None:
    send(clinic)
    with transaction(clinic.engine) as session:
        opt_out(
            session, clinic.desk, patient_id=clinic.patients[0], channel=Channel.TEXT, source="at the desk"
        )
    clinic.work()
    assert texted(sandbox) == []
    assert clinic.said() == ("skipped", "Said no to billing messages.")
    with pytest.raises(MayNotSend, match="Said no"):
        send(clinic)


def test_consent_taken_back_in_the_ehr_counts_when_it_is_to_go_out(clinic: Clinic, sandbox: Sandbox) -> None:
    send(clinic)
    with transaction(clinic.engine) as session:
        session.connection().exec_driver_sql("UPDATE patient SET text_consent = 0")
    assert clinic.work().cancelled == 1
    assert texted(sandbox) == []
    assert clinic.said() == ("skipped", "No consent any more when it was to go out.")


def test_a_yes_said_at_the_desk_is_kept_with_time_and_source(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connect_wires(sqlite_store, sandbox)
    clinic = open_clinic(sqlite_store, [{"text_consent": None}])
    with transaction(sqlite_store) as session:
        note_consent(
            session,
            clinic.desk,
            patient_id=clinic.patients[0],
            channel=Channel.TEXT,
            purpose="billing",
            given=True,
            source="intake form",
        )
    send(clinic)
    assert clinic.work().settled == 1


def test_at_night_it_waits_for_eight_where_the_patient_is(
    clinic: Clinic, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLE_QUIET_FROM", "21")
    monkeypatch.setenv("HUDDLE_QUIET_UNTIL", "8")
    settings.cache_clear()
    night = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)  # 22:30 in Denver
    with clock.frozen(night):
        send(clinic)
        assert clinic.work().settled == 0
    with clock.frozen(datetime(2026, 11, 22, 14, 59, tzinfo=UTC)):
        assert clinic.work().settled == 0
    with clock.frozen(datetime(2026, 11, 22, 15, 0, 1, tzinfo=UTC)):
        assert clinic.work().settled == 1


def test_held_up_into_the_night_it_waits_too(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUDDLE_QUIET_FROM", "21")
    monkeypatch.setenv("HUDDLE_QUIET_UNTIL", "8")
    settings.cache_clear()
    with clock.frozen(datetime(2026, 11, 22, 3, 59, tzinfo=UTC)):  # 20:59 in Denver
        send(clinic)
    with clock.frozen(datetime(2026, 11, 22, 4, 1, tzinfo=UTC)):
        assert clinic.work().settled == 0
    assert clinic.said()[0] == "queued"


@pytest.mark.parametrize(
    ("code", "state", "reason", "next_time"),
    [
        (21610, "failed", "This phone opted out of our texts.", "Opted out of texts"),
        (
            21614,
            "failed",
            "This number cannot get texts. Ask for a mobile number.",
            "cannot get texts, says the gateway",
        ),
    ],
)
def test_what_the_gateway_says_of_a_phone_holds_for_the_next_text(
    clinic: Clinic, sandbox: Sandbox, code: int, state: str, reason: str, next_time: str
) -> None:
    sandbox.control({"sms": {"numbers": {"+13035551000": code}}})
    send(clinic)
    assert clinic.work().refused == 1
    assert clinic.said() == (state, reason)
    with pytest.raises(MayNotSend, match=next_time):
        send(clinic)
    sandbox.control({"sms": {"numbers": {}}})


def test_a_text_whose_answer_broke_off_is_looked_up_and_never_doubled(
    clinic: Clinic, sandbox: Sandbox
) -> None:
    sandbox.control({"faults": [{"kind": "reset", "at": "sms", "times": 1}]})
    send(clinic)
    assert clinic.work().unknown == 1
    assert clinic.said()[0] == "unknown"
    assert clinic.work().settled == 0, "not before the settle window is over"
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert clinic.work().settled == 1
    assert len(texted(sandbox)) == 1
    assert clinic.said() == ("sent", "")


def test_a_text_that_never_arrived_is_sent_again_after_the_look_up(clinic: Clinic, sandbox: Sandbox) -> None:
    sandbox.control({"faults": [{"kind": "status", "status": 500, "at": "sms", "times": 1}]})
    send(clinic)
    assert clinic.work().unknown == 1
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        clinic.work()
        clinic.work()
    assert len(texted(sandbox)) == 1
    assert clinic.said()[0] == "sent"


def test_a_gateway_that_is_gone_loses_nothing(sqlite_store: Engine, sandbox: Sandbox) -> None:
    nowhere = {"sms": {"base_url": "http://127.0.0.1:9"}}
    connect_wires(sqlite_store, sandbox, **nowhere)
    clinic = open_clinic(sqlite_store)
    send(clinic)
    assert clinic.work().later == 1
    assert clinic.said() == ("queued", "The text gateway cannot be reached at 127.0.0.1.")
    connect_wires(sqlite_store, sandbox)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        assert clinic.work().settled == 1
    assert len(texted(sandbox)) == 1


@pytest.mark.parametrize(
    ("fault", "did", "state", "mails"),
    [
        ({"kind": "reset"}, "unknown", "unknown", 1),
        ({"kind": "drop"}, "later", "queued", 0),
        ({"kind": "status", "status": 451}, "later", "queued", 0),
        ({"kind": "status", "status": 550}, "refused", "failed", 0),
    ],
)
def test_what_a_mail_server_does_decides_whether_a_mail_is_in_doubt(
    clinic: Clinic, sandbox: Sandbox, fault: dict[str, Any], did: str, state: str, mails: int
) -> None:
    sandbox.control({"faults": [{"at": "smtp", "times": 1, **fault}]})
    send(clinic, Channel.EMAIL)
    assert getattr(clinic.work(), did) == 1
    assert clinic.said()[0] == state
    assert len(mailed(sandbox)) == mails
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        clinic.work()
    assert len(mailed(sandbox)) == (1 if state != "failed" else 0)


def doubtful_mail(clinic: Clinic, sandbox: Sandbox) -> int:
    sandbox.control({"faults": [{"kind": "reset", "at": "smtp", "times": 1}]})
    send(clinic, Channel.EMAIL)
    clinic.work()
    with reader(clinic.engine) as session:
        (found,) = doubtful(session)
    return found.message_id


def test_a_doubtful_mail_is_shown_until_a_person_settles_it(clinic: Clinic, sandbox: Sandbox) -> None:
    message_id = doubtful_mail(clinic, sandbox)
    with clock.frozen(clock.now() + timedelta(hours=5)):
        clinic.work()
    assert clinic.said()[0] == "unknown"
    with transaction(clinic.engine) as session:
        settle_by_hand(session, clinic.desk, message_id=message_id, arrived=True)
        assert doubtful(session) == []
    assert clinic.said()[0] == "sent"
    with pytest.raises(BadInput, match="not in doubt"), transaction(clinic.engine) as session:
        settle_by_hand(session, clinic.desk, message_id=message_id, arrived=False)


def test_a_doubtful_mail_sent_again_by_a_person_goes_once_more(clinic: Clinic, sandbox: Sandbox) -> None:
    message_id = doubtful_mail(clinic, sandbox)
    with transaction(clinic.engine) as session:
        settle_by_hand(session, clinic.desk, message_id=message_id, arrived=False)
    assert clinic.work().settled == 1
    assert len({mail["Message-ID"] for mail in mailed(sandbox)}) == 1, "the same mail, by its own id"


def test_a_press_on_its_link_proves_that_a_doubtful_mail_arrived(clinic: Clinic, sandbox: Sandbox) -> None:
    doubtful_mail(clinic, sandbox)
    with transaction(clinic.engine) as session:
        note_opened(session, link_kind="pay", link_id=7)
        assert session.exec(select(OutboxRow)).one().state == "settled"
    assert clinic.said()[0] == "opened"


def test_a_test_to_myself_comes_at_any_hour_and_to_nobody_else(
    clinic: Clinic, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLE_QUIET_UNTIL", "24")
    settings.cache_clear()
    for _ in range(2):  # the second press of a double click, slow enough that the first went out
        with transaction(clinic.engine) as session:
            send_test(session, clinic.desk, words=words_in(session), to="303 555 7777")
        clinic.work()
    (text,) = texted(sandbox)
    assert (text.recipient, "Alex" in text.body) == ("+13035557777", True)


def words_in(session: Session) -> Any:
    from core.messages.templates import template_for

    return template_for(session, "new card", Channel.TEXT)


def test_the_preview_reads_as_the_patient_will(clinic: Clinic) -> None:
    with transaction(clinic.engine) as session:
        shown = preview(session, words_in(session), location_id=None)
    assert shown.body.startswith(
        "Hi Alex, please update your card at Maple Street (ending 4242, expires 09/27):"
    )
    assert shown.segments == 2, "an address of ours is long"


def test_connecting_makes_a_real_call_and_says_what_is_wrong(sandbox: Sandbox) -> None:
    control = sandbox.client.get(f"{sandbox.root_url}/control").json()
    mail = {
        "host": "127.0.0.1",
        "port": str(control["smtp"]["port"]),
        "security": "none",
        "sender": "d@maple.example",
    }
    login = {"username": control["smtp"]["username"]}
    secret = {"password": control["smtp"]["password"]}
    assert "takes mail from d@maple.example as practice" in check("email", {**mail, **login}, secret)
    with pytest.raises(WrongCredentials):
        check("email", {**mail, **login}, {"password": "wrong"})
    with pytest.raises(Unreachable):
        check("email", {**mail, "port": "9"}, {})
    with pytest.raises(BadInput, match="encrypted only"):
        check("email", {**mail, "host": "smtp.gmail.com"}, {})
    with pytest.raises(BadInput, match="HUDDLE_OUTBOUND_HOSTS"):
        check("email", {**mail, "host": "mail.example"}, {})
    texts = {name: control["sms"][name] for name in ("base_url", "account_sid", "from_number")}
    assert "The text gateway knows" in check("sms", texts, {"auth_token": control["sms"]["auth_token"]})
    with pytest.raises(WrongCredentials):
        check("sms", texts, {"auth_token": "wrong"})


def test_a_disconnected_gateway_sends_nothing_and_keeps_what_waits(clinic: Clinic, sandbox: Sandbox) -> None:
    send(clinic)
    with transaction(clinic.engine) as session:
        gateway = session.exec(select(Connection).where(Connection.kind == Kind.SMS)).one()
        disconnect(session, gateway.id or 0)
    clinic.work()
    assert texted(sandbox) == []
    assert clinic.said()[0] == "queued"


def test_the_preview_counts_an_address_as_long_as_the_real_ones(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", "https://desk.maple-street.example")
    settings.cache_clear()
    real = "https://desk.maple-street.example/pay/" + "x" * 43
    assert len(example_link()) == len(real)
    chosen = words(clinic.engine, body="{{ link }} " + "a" * 90)
    with reader(clinic.engine) as session:
        assert preview(session, chosen, location_id=None).segments == 2


def test_a_test_to_nowhere_asks_for_the_number(clinic: Clinic) -> None:
    chosen = words(clinic.engine)
    with (
        pytest.raises(BadInput, match="Type the number to send the test to"),
        transaction(clinic.engine) as session,
    ):
        send_test(session, clinic.manager, words=chosen, to=" ")
