"""The text gateway as Twilio documents it: sending, refusals, lists, callbacks, replies."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from data.sandbox.sms.segments import segments
from data.sandbox.sms.wire import signature
from tests.sandbox.listening import Ear, listening
from tests.sandbox.running import Sandbox

ANAS_PHONE = "+16145550101"


class Gateway:
    """A client of the gateway with the keys of /control."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.keys = sandbox.client.get(f"{sandbox.root_url}/control").json()["sms"]
        self.path = f"{self.keys['base_url']}/2010-04-01/Accounts/{self.keys['account_sid']}"
        self.auth = (self.keys["account_sid"], self.keys["auth_token"])

    def send(self, to: str = ANAS_PHONE, body: str = "Hello", **also: Any) -> httpx.Response:
        headers = also.pop("headers", {})
        form = {"To": to, "From": self.keys["from_number"], "Body": body, **also}
        return self.sandbox.client.post(
            f"{self.path}/Messages.json", data=form, auth=self.auth, headers=headers
        )

    def get(self, path: str, **params: Any) -> Any:
        return self.sandbox.client.get(f"{self.path}{path}", params=params, auth=self.auth).json()

    def settled(self, sid: str, status: str) -> dict[str, Any]:
        """The message once it stands at this status."""
        for _ in range(400):
            message = self.get(f"/Messages/{sid}.json")
            if message["status"] == status:
                return message
            time.sleep(0.01)
        raise AssertionError(f"still {message['status']}")

    def answer(self, body: str, phone: str = ANAS_PHONE) -> None:
        """Ana types this into her phone."""
        page = self.sandbox.client.post(f"{self.sandbox.root_url}/phone/{phone}", data={"body": body})
        assert page.status_code == 303


@pytest.fixture
def gateway(sandbox: Sandbox) -> Gateway:
    return Gateway(sandbox)


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as listener:
        yield listener


def test_a_text_is_queued_sent_and_delivered(gateway: Gateway) -> None:
    answer = gateway.send()
    message = answer.json()
    assert (answer.status_code, message["status"], message["to"]) == (201, "queued", ANAS_PHONE)
    assert (message["date_sent"], message["error_code"], message["num_segments"]) == (None, None, "1")
    done = gateway.settled(message["sid"], "delivered")
    assert done["date_sent"] == "Sat, 21 Nov 2026 13:00:00 +0000"


def test_the_status_is_called_back_signed_as_twilio_signs(gateway: Gateway, ear: Ear) -> None:
    url = f"{ear.url}/status?for=1"
    sid = gateway.send(StatusCallback=url).json()["sid"]
    calls = ear.wait_for(3)
    assert [call.form["MessageStatus"] for call in calls] == ["queued", "sent", "delivered"]
    assert {call.form["MessageSid"] for call in calls} == {sid}
    for call in calls:
        assert call.headers["x-twilio-signature"] == signature(gateway.keys["auth_token"], url, call.form)


def test_the_signature_is_that_of_twilios_own_example() -> None:
    caller = "+12349013030"
    params = {"CallSid": "CA1234567890ABCDE", "Caller": caller, "Digits": "1234", "From": caller}
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, params | {"To": "+18005551212"}) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("+15005530003", "undelivered", 30003),
        ("+15005530007", "undelivered", 30007),
        ("+15005530002", "failed", 30002),
    ],
)
def test_a_text_that_does_not_arrive_says_why(
    gateway: Gateway, ear: Ear, number: str, status: str, code: int
) -> None:
    sid = gateway.send(number, StatusCallback=ear.url).json()["sid"]
    assert gateway.settled(sid, status)["error_code"] == code
    assert ear.wait_for(3)[2].form["ErrorCode"] == str(code)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"to": "12"}, 21211),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550009"}, 21614),
        ({"to": "+15005521614"}, 21614),
        ({"to": ""}, 21604),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"From": "+16145559999"}, 21606),
        ({"StatusCallback": "nowhere"}, 21609),
    ],
)
def test_what_cannot_be_sent_is_refused_by_its_code(
    gateway: Gateway, form: dict[str, str], code: int
) -> None:
    answer = gateway.send(**form)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (400, code, 400)
    assert answer.json()["message"]
    assert gateway.get("/Messages.json")["messages"] == []


def test_any_number_can_be_made_a_landline(gateway: Gateway) -> None:
    gateway.sandbox.control({"sms": {"numbers": {ANAS_PHONE: 21614}}})
    assert gateway.send().json()["code"] == 21614


def test_wrong_keys_and_unknown_things_are_twilios_errors(gateway: Gateway) -> None:
    gateway.auth = (gateway.keys["account_sid"], "wrong")
    assert gateway.send().json()["code"] == 20003
    gateway.auth = (gateway.keys["account_sid"], gateway.keys["auth_token"])
    assert gateway.get("/Messages/SM00.json")["code"] == 20404
    account = gateway.get(".json")
    assert (account["status"], account["sid"]) == ("active", gateway.keys["account_sid"])


def test_texts_are_listed_newest_first_by_phone_and_day(gateway: Gateway) -> None:
    for number in ("01", "02", "01"):
        gateway.send(f"+161455501{number}", body=f"to {number}")
    mine = gateway.get("/Messages.json", To=ANAS_PHONE)["messages"]
    gateway.settled(mine[0]["sid"], "delivered")
    gateway.settled(mine[1]["sid"], "delivered")
    assert [each["body"] for each in mine] == ["to 01", "to 01"]
    for day, count in (("2026-11-21", 2), ("2026-11-20", 0)):
        assert len(gateway.get("/Messages.json", To=ANAS_PHONE, DateSent=day)["messages"]) == count
    since = {"To": ANAS_PHONE, "DateSent>": "2026-11-21T12:59:00Z", "DateSent<": "2026-11-21T13:00:00Z"}
    assert len(gateway.get("/Messages.json", **since)["messages"]) == 2
    first = gateway.get("/Messages.json", PageSize=2)
    assert (len(first["messages"]), first["previous_page_uri"]) == (2, None)
    assert "Page=1" in first["next_page_uri"]


def test_the_same_key_makes_one_text_only_where_keys_are_honoured(gateway: Gateway) -> None:
    key = {"Idempotency-Key": "message-7"}
    assert gateway.send(headers=key).json()["sid"] != gateway.send(headers=key).json()["sid"]
    gateway.sandbox.control({"sms": {"idempotency": True}})
    kept = {"Idempotency-Key": "message-8"}
    assert gateway.send(headers=kept).json()["sid"] == gateway.send(headers=kept).json()["sid"]
    texts = gateway.sandbox.client.get(f"{gateway.sandbox.root_url}/phone.json").json()["texts"]
    assert [each["key"] for each in texts] == ["message-7", "message-7", "message-8"]


def test_a_reply_reaches_the_webhook_of_the_number(gateway: Gateway, ear: Ear) -> None:
    numbers = gateway.get("/IncomingPhoneNumbers.json")["incoming_phone_numbers"]
    path = f"{gateway.path}/IncomingPhoneNumbers/{numbers[0]['sid']}.json"
    url = f"{ear.url}/webhooks/sms"
    gateway.sandbox.client.post(path, data={"SmsUrl": url}, auth=gateway.auth)
    ear.answer = b"<?xml version='1.0'?><Response><Message>See you &amp; thanks</Message></Response>"
    gateway.answer("On my way & late")
    call = ear.wait_for(1)[0]
    assert (call.form["From"], call.form["Body"], call.form["SmsStatus"]) == (
        ANAS_PHONE,
        "On my way & late",
        "received",
    )
    assert call.headers["x-twilio-signature"] == signature(gateway.keys["auth_token"], url, call.form)
    for _ in range(200):
        said = gateway.get("/Messages.json", To=ANAS_PHONE)["messages"]
        if said:
            break
        time.sleep(0.01)
    assert (said[0]["body"], said[0]["direction"]) == ("See you & thanks", "outbound-reply")


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "QUIT"])
def test_stop_blocks_is_confirmed_once_and_start_opens_again(gateway: Gateway, word: str) -> None:
    gateway.answer(word)
    gateway.answer(word)
    assert gateway.send().json()["code"] == 21610
    confirmed = gateway.get("/Messages.json", To=ANAS_PHONE)["messages"]
    assert len(confirmed) == 1
    assert "unsubscribed" in confirmed[0]["body"]
    gateway.answer("START")
    assert gateway.send().status_code == 201


def test_a_gateway_that_leaves_opting_out_to_its_owner_only_passes_stop_on(
    gateway: Gateway, ear: Ear
) -> None:
    gateway.sandbox.control({"sms": {"opt_out_handling": False, "inbound_url": ear.url}})
    gateway.answer("STOP")
    assert ear.wait_for(1)[0].form["Body"] == "STOP"
    assert gateway.send().status_code == 201


def test_a_lost_gateway_drops_the_line_and_an_acting_one_may_not_answer(gateway: Gateway) -> None:
    gateway.sandbox.control({"faults": [{"at": "sms", "kind": "drop", "times": 1}]})
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.send()
    gateway.sandbox.control({"faults": [{"at": "sms", "kind": "timeout_after", "times": 1}]})
    gateway.sandbox.client.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        gateway.send(body="kept")
    gateway.sandbox.client.timeout = httpx.Timeout(10)
    assert [each["body"] for each in gateway.get("/Messages.json")["messages"]] == ["kept"]
    assert gateway.sandbox.request("GET", "/v1/contacts").status_code == 200


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("é" * 70, 1),
        ("ł" * 70, 1),
        ("ł" * 71, 2),
        ("😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_they_are_charged(body: str, count: int) -> None:
    assert segments(body) == count
