"""What the gateway tells us over its webhook: states of texts, and what patients write (RELIABILITY 14–18)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.blasts.audience import Blast, Wanted
from core.blasts.batches import make_batch
from core.blasts.progress import progress
from core.errors import BadInput
from core.integrations.sms import signature
from core.messages.commands import Carried, send_message
from core.messages.consent import last_word, note_consent
from core.messages.models import Channel, InboundMessage
from core.messages.unsubscribe import mailbox_of_link, stop_by_link
from core.outbox.commands import claim, payload_of
from core.outbox.models import OutboxRow
from core.settings import settings
from core.store.engine import reader, transaction
from tests.messages.clinic import Clinic, connect_wires, open_clinic, texted, words
from tests.sandbox.running import Sandbox
from tests.web.outside import public_site

PUBLIC = "https://huddle.example"
TOKEN = "the-gateway's-own-key"


@pytest.fixture
def clinic(sqlite_store: Engine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """Two people who share a phone; the gateway's key is ours to sign with."""
    connect_wires(sqlite_store, sandbox, sms={"auth_token": TOKEN, "base_url": "http://127.0.0.1:9"})
    return open_clinic(sqlite_store, [{"mobile_phone": "+13035550111"}, {"mobile_phone": "+13035550111"}])


@pytest.fixture
def visitor(clinic: Clinic) -> Iterator[httpx.Client]:
    quiet = {"HUDDLE_QUIET_FROM": "0", "HUDDLE_QUIET_UNTIL": "0"}
    with public_site(clinic.engine, HUDDLE_PUBLIC_URL=PUBLIC, **quiet) as outside:
        yield outside


def tell(
    visitor: httpx.Client, path: str = "/webhooks/sms", token: str = TOKEN, **fields: str
) -> httpx.Response:
    signed = signature(PUBLIC + path, fields, token)
    headers = {"X-Twilio-Signature": signed, "Content-Type": "application/x-www-form-urlencoded"}
    return visitor.post(path, content=urlencode(fields), headers=headers)


def text_in(visitor: httpx.Client, words: str, sid: str = "SM1", **also: str) -> httpx.Response:
    return tell(visitor, MessageSid=sid, From="+13035550111", To="+13035550100", Body=words, **also)


def send(clinic: Clinic, patient: int = 0) -> Any:
    chosen = words(clinic.engine)
    with transaction(clinic.engine) as session:
        link = Carried("pay", 7, "https://pay.example/abc")
        patient_id = clinic.patients[patient]
        return send_message(
            session, clinic.desk, patient_id, words=chosen, fields={"amount": "$1.00"}, link=link
        )


def test_stop_ends_every_text_to_the_phone_at_once_and_is_confirmed_once(
    clinic: Clinic, visitor: httpx.Client
) -> None:
    send(clinic, 0)
    send(clinic, 1)
    answer = text_in(visitor, "  s.t.o.p 🛑")
    assert answer.headers["content-type"].startswith("text/xml")
    assert "<Message>Maple Street: you get no more texts from us. Reply START" in answer.text
    assert {message.state for message in clinic.messages()} == {"skipped"}
    assert "<Message>" not in text_in(visitor, "STOP", sid="SM2").text
    assert "<Message>" not in text_in(visitor, "STOP", sid="SM1").text
    with pytest.raises(BadInput, match="Opted out of texts"):
        send(clinic)


def test_only_their_own_start_brings_them_back(clinic: Clinic, visitor: httpx.Client) -> None:
    text_in(visitor, "Stop")
    yes = {"channel": "text", "purpose": "billing", "given": True, "source": "by phone"}
    with (
        pytest.raises(BadInput, match="Only they can come back, by texting START"),
        transaction(clinic.engine) as s,
    ):
        note_consent(s, clinic.desk, patient_id=clinic.patients[0], **yes)
    assert "you get our texts again" in text_in(visitor, "START", sid="SM2").text
    assert send(clinic).state == "queued"
    with reader(clinic.engine) as session:
        told = {
            (channel, purpose): (given, how)
            for channel, purpose, given, _, how in last_word(session, clinic.patients[0])
        }
    assert told == {("text", "care"): (True, "START by text"), ("text", "billing"): (True, "START by text")}


def test_help_is_answered_and_anything_else_is_kept_for_a_person(
    clinic: Clinic, visitor: httpx.Client
) -> None:
    assert "Reply STOP to end them." in text_in(visitor, "help").text
    assert "<Message>" not in text_in(visitor, "Can I come at 5? 4242 4242 4242 4242", sid="SM2").text
    with reader(clinic.engine) as session:
        kept = {m.provider_id: (m.read_as, m.body) for m in session.exec(select(InboundMessage))}
    assert kept == {"SM1": ("help", "help"), "SM2": ("", "Can I come at 5? [card number ending 4242]")}


def test_where_the_gateway_answered_stop_itself_we_do_not_answer_again(
    clinic: Clinic, visitor: httpx.Client
) -> None:
    assert "<Message>" not in text_in(visitor, "STOP", OptOutType="STOP").text
    with pytest.raises(BadInput, match="Opted out"):
        send(clinic)


@pytest.mark.parametrize(
    ("order", "ends"),
    [
        (["sent", "delivered"], "delivered"),
        (["delivered", "sent"], "delivered"),
        (["queued", "sent", "sent"], "sent"),
        (["sent", "undelivered"], "failed"),
        (["delivered", "delivered", "queued"], "delivered"),
    ],
)
def test_states_of_a_text_may_come_in_any_order_and_twice(
    clinic: Clinic, visitor: httpx.Client, order: list[str], ends: str
) -> None:
    key = send(clinic).outbox_id
    for status in order:
        path = f"/webhooks/sms?key={key}"
        assert (
            tell(visitor, path, MessageSid="SM9", MessageStatus=status, To="+13035550111").status_code == 200
        )
    assert clinic.said()[0] == ends


def test_a_callback_settles_a_text_that_was_in_doubt(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connect_wires(sqlite_store, sandbox)
    clinic = open_clinic(sqlite_store)
    token = sandbox.client.get(f"{sandbox.root_url}/control").json()["sms"]["auth_token"]
    sandbox.control({"faults": [{"kind": "reset", "at": "sms", "times": 1}]})
    message = send(clinic)
    assert clinic.work().unknown == 1
    (text,) = texted(sandbox)
    quiet = {"HUDDLE_QUIET_FROM": "0", "HUDDLE_QUIET_UNTIL": "0"}
    with public_site(sqlite_store, HUDDLE_PUBLIC_URL=PUBLIC, **quiet) as visitor:
        path = f"/webhooks/sms?key={message.outbox_id}"
        tell(visitor, path, token, MessageSid=text.sid, MessageStatus="delivered")
    assert clinic.said()[0] == "delivered"
    assert clinic.messages()[0].provider_id == text.sid
    assert clinic.work().unknown == 0


@pytest.mark.parametrize(
    ("code", "reason", "next_time"),
    [
        ("30006", "landline", "cannot get texts"),
        ("30003", "out of reach", ""),
        ("21610", "opted out", "Opted out"),
    ],
)
def test_a_text_that_could_not_be_delivered_says_why(
    clinic: Clinic, visitor: httpx.Client, code: str, reason: str, next_time: str
) -> None:
    path = f"/webhooks/sms?key={send(clinic).outbox_id}"
    tell(visitor, path, MessageSid="SM9", MessageStatus="undelivered", ErrorCode=code)
    state, words = clinic.said()
    assert (state, reason in words) == ("failed", True)
    if next_time:
        with pytest.raises(BadInput, match=next_time):
            send(clinic)


def forgeries() -> dict[str, dict[str, Any]]:
    fields = {"MessageSid": "SM1", "From": "+13035550111", "Body": "STOP"}
    body = urlencode(fields)
    right = signature(f"{PUBLIC}/webhooks/sms", fields, TOKEN)
    other_address = signature(f"{PUBLIC}/webhooks/other", fields, TOKEN)
    return {
        "no header": {"content": body},
        "empty": {"content": body, "headers": {"X-Twilio-Signature": ""}},
        "wrong key": {"content": body, "headers": {"X-Twilio-Signature": signature("x", fields, "other")}},
        "other address": {"content": body, "headers": {"X-Twilio-Signature": other_address}},
        "cut short": {"content": body, "headers": {"X-Twilio-Signature": right[:-4]}},
        "not ASCII": {"content": body, "headers": {"X-Twilio-Signature": "é".encode("latin-1")}},
        "other body": {
            "content": urlencode({**fields, "Body": "START"}),
            "headers": {"X-Twilio-Signature": right},
        },
        "more body": {"content": body + "&x=1", "headers": {"X-Twilio-Signature": right}},
        "no form": {"content": b"\xff\xfe{}", "headers": {"X-Twilio-Signature": right}},
        "other case": {"content": body, "headers": {"X-Twilio-Signature": right.swapcase()}},
        "other address's query": {
            "content": body,
            "headers": {"X-Twilio-Signature": right},
            "params": {"key": "1"},
        },
        "basic login": {"content": body, "auth": ("AC", TOKEN)},
    }


@pytest.mark.parametrize("forged", list(forgeries()))
def test_what_the_gateway_did_not_sign_changes_nothing(
    clinic: Clinic, visitor: httpx.Client, forged: str
) -> None:
    assert visitor.post("/webhooks/sms", **forgeries()[forged]).status_code in {400, 401}
    assert send(clinic).state == "queued"
    with reader(clinic.engine) as session:
        assert session.exec(select(InboundMessage)).all() == []


def test_the_link_under_an_e_mail_stops_that_mailbox(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUDDLE_PUBLIC_URL", "https://huddle.example")
    settings.cache_clear()
    chosen = words(clinic.engine, channel=Channel.EMAIL)
    link = Carried("pay", 7, "https://pay.example/abc")
    with transaction(clinic.engine) as session:
        message = send_message(
            session, clinic.desk, clinic.patients[0], words=chosen, fields={"amount": "$1.00"}, link=link
        )
        session.flush()
        row = session.get_one(OutboxRow, message.outbox_id)
        token = payload_of(row)["unsubscribe"].rpartition("/")[2]
        assert mailbox_of_link(session, message.stop_token or "") is None, "what the store has opens nothing"
        before = mailbox_of_link(session, token)
        assert before is not None
        assert (before.address, before.stopped) == ("patient0@mail.example", False)
        assert stop_by_link(session, "guessed") is None
        for _ in range(2):
            after = stop_by_link(session, token)
            assert after is not None
            assert after.stopped
    assert clinic.said() == ("skipped", "Opted out before it went out.")
    with pytest.raises(BadInput, match="Opted out of e-mails"), transaction(clinic.engine) as session:
        send_message(
            session, clinic.desk, clinic.patients[0], words=chosen, fields={"amount": "$1.00"}, link=link
        )


def test_a_blast_is_done_when_the_gateway_tells_before_the_sender_has_written_down(
    clinic: Clinic, visitor: httpx.Client
) -> None:
    chosen = words(clinic.engine, body="Hi {{ first_name }}")
    with transaction(clinic.engine) as session:
        wanted = [Wanted(clinic.patients[0])]
        blast = make_batch(
            session,
            clinic.manager,
            Blast("New cards", chosen, wanted),
            form="f",
            undo=timedelta(0),
        )
        batch_id = blast.id or 0
        queued = session.exec(select(OutboxRow)).one()
        claim(
            session, now=clock.now(), limit=5, kinds=["text"], connection_id=queued.connection_id,
            still_wanted=lambda *_: {},
        )  # fmt: skip
        key = queued.id
    tell(visitor, path=f"/webhooks/sms?key={key}", MessageSid="SM9", MessageStatus="delivered")
    with reader(clinic.engine) as session:
        found = progress(session, batch_id)
    assert (found.state, dict(found.by_state)) == ("done", {"delivered": 1})
