"""Killed anywhere between a knock and the last commit: told again, applied once, never lost (RELIABILITY 3, 17)."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.connections.postbacks import new_key
from core.inbox.models import InboxEvent, InboxState
from core.integrations.fortis.webhooks import Key
from core.jobs.inbox.work import InboxPass, work_inbox
from core.store.engine import transaction
from tests.crash.taking_in import serve, work
from tests.inbox.telling import as_json, message, transaction_record
from tests.jobs.connecting import connect_sandbox, held
from tests.sandbox.records import ANAS_CARD
from tests.sandbox.running import Sandbox, run_sandbox
from tests.web.outside import public_site
from tests.web.running import free_port

LATER = timedelta(minutes=2)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def url(sqlite_store: Engine) -> str:
    return sqlite_store.url.render_as_string(hide_password=False)


@pytest.fixture
def key(sqlite_store: Engine, sandbox: Sandbox) -> Key:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    with transaction(sqlite_store) as session:
        return new_key(session, connection_id)


@pytest.fixture
def paid(sandbox: Sandbox) -> str:
    body = {"transaction_amount": 14_900, "token_id": ANAS_CARD}
    return sandbox.request("POST", "/v1/transactions/cc/sale/token", json=body).json()["data"]["id"]


def _knock(port: int, key: Key, paid: str) -> int:
    """What the sender hears: the status, 0 when the line went dead."""
    told = as_json(message(transaction_record(id=paid)))
    try:
        address = f"http://127.0.0.1:{port}/webhooks/fortis"
        return httpx.post(address, auth=key, timeout=10, trust_env=False, **told).status_code
    except httpx.TransportError:
        return 0


def _states(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        return list(session.exec(select(InboxEvent.state)))


@pytest.mark.parametrize(
    ("point", "kept"), [("inbox.verified", 0), ("inbox.inserted", 0), ("inbox.stored", 1)]
)
def test_killed_before_the_answer_it_is_told_again_and_applied_once(
    sqlite_store: Engine, url: str, key: Key, paid: str, point: str, kept: int
) -> None:
    port = free_port()
    killed = serve(url, port, crash=point)
    assert _knock(port, key, paid) == 0  # no 2xx before the commit
    killed.join(10)
    assert len(_states(sqlite_store)) == kept
    running = serve(url, port)
    try:
        assert _knock(port, key, paid) == 200
    finally:
        running.kill()
        running.join(10)
    assert work_inbox(sqlite_store) == InboxPass(applied=1)
    assert held(sqlite_store, 1, "transactions", "amount_cents") == {paid: (14_900,)}


@pytest.mark.parametrize("point", ["inbox.claimed", "inbox.asked", "inbox.applied"])
def test_killed_while_applying_the_next_worker_ends_at_the_same(
    sqlite_store: Engine, url: str, key: Key, paid: str, point: str
) -> None:
    with public_site(sqlite_store) as visitor:
        visitor.post("/webhooks/fortis", auth=key, **as_json(message(transaction_record(id=paid))))
    assert work(url, crash=point) < 0
    with clock.frozen(clock.now() + LATER):
        work_inbox(sqlite_store)
    assert _states(sqlite_store) == [InboxState.APPLIED]
    assert held(sqlite_store, 1, "transactions", "amount_cents") == {paid: (14_900,)}
