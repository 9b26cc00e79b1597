"""Logs are JSON lines that hold no secret, no card number and nothing that points at a patient."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from core import logs

CANARIES = ("canary-secret", "4242424242424242", "ana@example.com", "6145550199", "1980-03-14")


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure()
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_and_name(stderr: io.StringIO) -> None:
    structlog.get_logger("huddle.worker").info("synced", connection="Fortis", rows_in=5)
    (line,) = lines(stderr)
    assert line["event"] == "synced"
    assert (line["level"], line["logger"], line["rows_in"], line["connection"]) == (
        "info",
        "huddle.worker",
        5,
        "Fortis",
    )
    assert line["timestamp"].endswith("Z")


def test_nothing_private_gets_into_a_log(stderr: io.StringIO) -> None:
    log = structlog.get_logger("huddle")
    log.info(
        "keys",
        user_api_key="canary-secret",
        headers={"developer-id": "canary-secret"},
        password="canary-secret",
    )
    log.info(
        "person",
        birth_date="1980-03-14",
        email="ana@example.com",
        mobile_phone="+16145550199",
        first_name="Ana",
    )
    log.warning("paid by 4242 4242-4242 4242, call (614) 555-0199 or +16145550199, mail ana@example.com")
    log.info("born 1980-03-14", rows=[{"note": "4242424242424242"}], who=ValueError("ana@example.com"))
    try:
        int("row ('Ana', '1980-03-14', '6145550199', 'ana@example.com')")
    except ValueError:
        logging.getLogger("some.library").exception("failed for %s", "614-555-0199")
    said = stderr.getvalue()
    assert len(lines(stderr)) == 5
    assert "ValueError" in said
    for canary in (*CANARIES, "4242 4242-4242 4242", "555-0199"):
        assert canary not in said, canary


def test_what_is_not_private_stays(stderr: io.StringIO) -> None:
    structlog.get_logger("huddle").info("run 12 of 50000 rows", id="31f0000000000000000000a1", cents=14900)
    (line,) = lines(stderr)
    assert (line["event"], line["id"], line["cents"]) == (
        "run 12 of 50000 rows",
        "31f0000000000000000000a1",
        14900,
    )


@pytest.mark.parametrize("kind", ["pay", "card", "stop"])
def test_what_a_patient_holds_is_in_no_log(kind: str) -> None:
    said = logs.redact_text(
        f'127.0.0.1:5 - "GET /{kind}/Ab-3_x9Zq?x=1 HTTP/1.1" 200 https://h.example/{kind}/Ab-3_x9Zq/enter'
    )
    assert "Ab-3_x9Zq" not in said
    assert said.count(f"/{kind}/[link]") == 2


def test_loggers_with_handlers_of_their_own_go_the_same_way(stderr: io.StringIO) -> None:
    noisy = logging.getLogger("uvicorn.error.of.a.test")
    own = io.StringIO()
    noisy.addHandler(logging.StreamHandler(own))
    noisy.propagate = False
    logs.take_over(noisy)
    noisy.error("Exception in ASGI application: ana@example.com")
    logging.getLogger("asyncio").error("task failed for 4242 4242 4242 4242")
    assert own.getvalue() == ""
    assert [line["event"] for line in lines(stderr)] == [
        "Exception in ASGI application: [e-mail]",
        "task failed for [card number ending 4242]",
    ]


def test_a_flood_of_one_kind_is_counted_and_not_written() -> None:
    stream, moments = io.StringIO(), [100.0]
    handler = logs.Sparing(stream, now=lambda: moments[0])

    def say(words: str) -> None:
        handler.handle(logging.LogRecord("asyncio", logging.ERROR, "", 0, words, (), None))

    for number in range(5_000):
        say(f"socket {number} out of system resource")
    say("something else")
    assert len(stream.getvalue().splitlines()) == logs.MOST_OF_A_KIND + 1
    moments[0] += logs.A_MINUTE
    say("socket 1 out of system resource")
    told = stream.getvalue().splitlines()[-2]
    assert told.startswith(f"{5_000 - logs.MOST_OF_A_KIND} more lines like")
