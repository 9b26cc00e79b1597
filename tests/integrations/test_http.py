"""Reading from another system politely: few tries, waits as asked, known hosts only, nothing leaked."""

from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from core import clock
from core.errors import BadInput, TransportError, Unreachable, UnreadableAnswer, WrongCredentials
from core.integrations import http
from core.integrations.http import require_allowed
from tests.integrations.wire import Wire

FINE = httpx.Response(200, json={"list": []})


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_asked_again(status: int) -> None:
    wire = Wire(httpx.Response(status), httpx.Response(status), FINE)
    assert wire.reader().get("/v1/contacts") == {"list": []}
    assert len(wire.asked) == 3


def test_never_more_than_five_tries_and_two_minutes() -> None:
    wire = Wire(httpx.Response(503))
    with pytest.raises(Unreachable, match="status 503"):
        wire.reader(jitter=lambda _low, high: high).get("/v1/contacts")
    assert len(wire.asked) == 5
    assert sum(wire.waits) <= 120


def test_waits_have_full_jitter() -> None:
    ranges: list[tuple[float, float]] = []
    wire = Wire(httpx.Response(500))
    with pytest.raises(Unreachable):
        wire.reader(jitter=lambda low, high: ranges.append((low, high)) or 0.0).get("/v1/contacts")
    assert ranges == [(0.0, 1.0), (0.0, 2.0), (0.0, 4.0), (0.0, 8.0)]


@pytest.mark.parametrize("seconds", [1, 7, 60])
def test_retry_after_is_kept_to_the_second(seconds: int) -> None:
    wire = Wire(httpx.Response(429, headers={"Retry-After": str(seconds)}), FINE)
    wire.reader().get("/v1/contacts")
    (first, _), (second, _) = wire.asked
    assert abs((second - first) - seconds) <= 1


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(clock.now() + timedelta(seconds=30), usegmt=True)
    wire = Wire(httpx.Response(503, headers={"Retry-After": later}), FINE)
    wire.reader().get("/v1/contacts")
    assert 28 <= wire.waits[0] <= 31


def test_a_wait_longer_than_the_budget_is_left_to_the_next_sync() -> None:
    wire = Wire(httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(TransportError) as raised:
        wire.reader().get("/v1/contacts")
    assert (len(wire.asked), wire.waits, raised.value.retry_after) == (1, [], 3600.0)


def test_a_slow_wire_counts_into_the_budget() -> None:
    wire = Wire()

    def slow(_request: httpx.Request) -> httpx.Response:
        wire.now += 50
        raise httpx.ReadTimeout("slow")

    wire.answers = [slow]
    with pytest.raises(Unreachable, match="did not answer in time"):
        wire.reader().get("/v1/contacts")
    assert len(wire.asked) <= 3


def test_the_circuit_opens_after_five_failures_and_tries_again_after_a_while() -> None:
    wire = Wire(httpx.ConnectError("refused"))
    reader = wire.reader()
    with pytest.raises(Unreachable):
        reader.get("/v1/contacts")
    with pytest.raises(Unreachable, match="waits before asking again"):
        reader.get("/v1/tokens")
    assert len(wire.asked) == http.CIRCUIT_FAILURES
    wire.now += http.CIRCUIT_SECONDS + 1
    wire.answers = [FINE]
    assert reader.get("/v1/tokens") == {"list": []}


def test_a_redirect_is_not_followed() -> None:
    wire = Wire(httpx.Response(302, headers={"Location": "https://elsewhere.example/v1/contacts"}))
    with pytest.raises(TransportError, match="does not follow") as raised:
        wire.reader().get("/v1/contacts")
    assert raised.value.permanent
    assert [request.url.host for _, request in wire.asked] == ["api.fortis.tech"]


@pytest.mark.parametrize("status", [401, 403])
def test_refused_keys_are_not_tried_again(status: int) -> None:
    wire = Wire(httpx.Response(status, json={"message": "Invalid token"}))
    with pytest.raises(WrongCredentials, match="refused the keys"):
        wire.reader().get("/v1/contacts")
    assert len(wire.asked) == 1


def test_the_vendors_words_are_shown_without_secrets_and_card_numbers() -> None:
    said = "key canary-key-0123456789 may not\nread 4242 4242 4242 4242"
    wire = Wire(httpx.Response(412, json={"title": "Precondition Failed", "detail": said}))
    with pytest.raises(TransportError) as raised:
        wire.reader().get("/v1/contacts")
    assert raised.value.sentence == (
        "Fortis refused the request (status 412): key … may not read [card number ending 4242]."
    )


@pytest.mark.parametrize("body", [b"<html>", b'{"list": [{"id": "Smith', b"", b"\xff\xfe"])
def test_garbage_is_tried_again_and_then_said_without_quoting_it(body: bytes) -> None:
    wire = Wire(httpx.Response(200, content=body))
    with pytest.raises(UnreadableAnswer, match="not readable JSON") as raised:
        wire.reader().get("/v1/contacts")
    assert "Smith" not in str(raised.value)
    assert len(wire.asked) == 5


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.fortis.tech", True),
        ("http://127.0.0.1:8600/fortis", True),
        ("http://localhost:8600", True),
        ("http://[::1]:8600", True),
        ("http://api.fortis.tech", False),
        ("https://evil.example", False),
        ("https://api.fortis.tech.evil.example", False),
        ("https://api.fortis.tech@evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://10.0.0.1", False),
        ("file:///etc/passwd", False),
        ("ftp://api.fortis.tech", False),
        ("https://", False),
        ("not a url", False),
    ],
)
def test_only_known_hosts_over_https_or_this_machine(url: str, allowed: bool) -> None:
    if allowed:
        require_allowed(url, "api.fortis.tech, api.sandbox.fortis.tech")
    else:
        with pytest.raises(BadInput):
            require_allowed(url, "api.fortis.tech, api.sandbox.fortis.tech")
