"""Cliniko takes 200 calls a minute: what we ask stays below, and waits as long as we are told to."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine

from core.connections import commands
from core.integrations import http
from core.jobs.sync import sync_connection
from tests.cliniko.office import (
    NOW,
    Clockwork,
    connect_cliniko,
    fields_of,
    patient,
    serve,
    stamp,
)
from tests.sandbox.running import Sandbox


def test_the_rate_never_goes_above_the_limit() -> None:
    """A clock that moves only when somebody waits, and a Cliniko that fails every third time."""
    now, asked = [0.0], list[float]()

    def answer(_request: httpx.Request) -> httpx.Response:
        asked.append(now[0])
        if len(asked) % 3 == 0:
            return httpx.Response(503)
        rows = [
            {"id": str(len(asked) * 9 + n), "updated_at": stamp(NOW + timedelta(minutes=len(asked)))}
            for n in range(9)
        ]
        links = {"self": "", "next": "http://127.0.0.1:1/v1/patients?page=2"}
        return httpx.Response(200, json={"patients": rows, "total_entries": 99_999, "links": links})

    def sleep(seconds: float) -> None:
        now[0] += seconds

    wire = {"transport": httpx.MockTransport(answer), "sleep": sleep, "monotonic": lambda: now[0]}
    settings = {"base_url": "http://127.0.0.1:1", "contact_email": "desk@example.com"}
    client = commands.cliniko_client(settings, {"api_key": "MS-0123456789-us1"}, **wire)
    for _page in zip(range(600), client.pages("patients"), strict=False):
        pass
    assert len(asked) > 800
    assert max(sum(at <= other < at + 60 for other in asked) for at in asked) <= 200


@pytest.mark.night
def test_the_sandbox_never_has_to_ask_for_fewer_calls(sqlite_store: Engine, sandbox: Sandbox) -> None:
    serve(sandbox, {"patients": [patient(n) for n in range(100, 2_300)]})
    connection_id = connect_cliniko(sqlite_store, sandbox)
    going = Clockwork(sandbox)
    sync_connection(sqlite_store, connection_id, wire=going.wire())
    assert len(going.asked) > 220
    assert sandbox.state.remembered("cliniko too many") is None


def test_asked_for_fewer_calls_it_waits_until_the_named_second_and_goes_slower(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.control({"cliniko": {"settings": {"per_minute": 20}}})
    going = Clockwork(sandbox)
    monkeypatch.setattr(http, "_now", lambda: NOW + timedelta(seconds=going.now))
    settings, secrets = fields_of(sandbox)
    client = commands.cliniko_client(settings, secrets, **going.wire())
    serve(sandbox, {"patients": [patient(n) for n in range(100, 300)]})
    rows = [row["id"] for page in client.pages("patients") for row in page.rows]
    assert len(set(rows)) == 212
    gaps = [later - earlier for earlier, later in zip(going.asked, going.asked[1:], strict=False)]
    assert max(gaps) > 30
    assert gaps[-1] > gaps[0]
