"""From the press of a button to the phone and back, with the worker, the gateway and the webhook as they run."""

import time

import pytest
from sqlalchemy import Engine

from core.jobs.outbox.loop import OutboxLoop
from core.messages.commands import send_message
from core.messages.models import Channel
from core.settings import settings
from core.store.engine import transaction
from tests.messages.clinic import Clinic, connect_wires, mailed, open_clinic, texted, words
from tests.sandbox.running import Sandbox
from tests.web.outside import public_site


def until(clinic: Clinic, *, is_now: str, seconds: float = 10) -> float:
    """Seconds until the last message of the patient is in a state."""
    begun = time.monotonic()
    while clinic.said()[0] != is_now:
        assert time.monotonic() - begun < seconds, clinic.said()
        time.sleep(0.02)
    return time.monotonic() - begun


def press(clinic: Clinic, channel: str) -> None:
    chosen = words(clinic.engine, channel=channel, body="Hi {{ first_name }}")
    with transaction(clinic.engine) as session:
        send_message(session, clinic.desk, clinic.patients[0], words=chosen)


def test_a_text_is_sent_at_once_and_the_phone_says_delivered(
    sqlite_store: Engine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect_wires(sqlite_store, sandbox)
    clinic = open_clinic(sqlite_store)
    loop = OutboxLoop(sqlite_store, every_seconds=60)  # only the commit can wake it
    with public_site(sqlite_store, HUDDLE_QUIET_FROM="0", HUDDLE_QUIET_UNTIL="0") as visitor:
        monkeypatch.setenv("HUDDLE_PUBLIC_URL", str(visitor.base_url).rstrip("/"))
        settings.cache_clear()
        loop.start()
        try:
            press(clinic, Channel.TEXT)
            until(clinic, is_now="delivered")
            press(clinic, Channel.EMAIL)
            until(clinic, is_now="sent")
        finally:
            loop.stop(10)
    assert len(texted(sandbox)) == len(mailed(sandbox)) == 1


def test_stopped_it_begins_nothing_new_and_started_again_it_goes_on(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    connect_wires(sqlite_store, sandbox)
    clinic = open_clinic(sqlite_store)
    loop = OutboxLoop(sqlite_store, every_seconds=0.05)
    loop.start()
    loop.stop(10)
    press(clinic, Channel.TEXT)
    time.sleep(0.2)
    assert clinic.said()[0] == "queued"
    loop.start()
    until(clinic, is_now="sent")
    loop.stop(10)


def test_a_limit_of_the_gateway_is_kept(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connect_wires(sqlite_store, sandbox, sms={"per_second": "10"})
    clinic = open_clinic(sqlite_store)
    for _ in range(4):
        press(clinic, Channel.TEXT)
    begun = time.monotonic()
    assert clinic.work().settled == 4
    assert time.monotonic() - begun >= 0.3
