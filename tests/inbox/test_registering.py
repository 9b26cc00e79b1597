"""Fortis is told once where to report, under a key of ours, and then reports what happens (facts: Fortis §12)."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core.connections.commands import disconnect
from core.connections.models import Connection
from core.connections.postbacks import address, keys_of, register, said_of
from core.errors import BadInput
from core.inbox.models import InboxEvent
from core.jobs.inbox.work import work_inbox
from core.jobs.sync import sync_connection
from core.settings import settings
from core.store.engine import transaction
from tests.inbox.telling import as_json, message
from tests.jobs.connecting import connect_sandbox, held
from tests.sandbox.records import ANAS_CARD
from tests.sandbox.running import Sandbox, run_sandbox
from tests.web.outside import public_site


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
def site(sqlite_store: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """The public site, at the address that HUDDLE_PUBLIC_URL names."""
    with public_site(sqlite_store) as visitor:
        monkeypatch.setenv("HUDDLE_PUBLIC_URL", str(visitor.base_url).rstrip("/"))
        settings.cache_clear()
        yield visitor


def _connection(engine: Engine) -> Connection:
    with transaction(engine) as session:
        return session.exec(select(Connection)).one()


def _soon(what, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_without_a_public_address_it_says_what_to_set(sqlite_store: Engine, sandbox: Sandbox) -> None:
    made = connect_sandbox(sqlite_store, sandbox)
    with pytest.raises(BadInput, match="HUDDLE_PUBLIC_URL"):
        register(sqlite_store, made)
    assert "asks every few minutes" in said_of(_connection(sqlite_store))[0]


def test_registering_again_changes_what_is_there_and_adds_nothing(
    sqlite_store: Engine, sandbox: Sandbox, site: httpx.Client
) -> None:
    made = connect_sandbox(sqlite_store, sandbox)
    for _ in range(2):
        assert address() in register(sqlite_store, made)
    assert len(sandbox.state.find("webhooks")) == 5  # contacts; transactions and batches of two accounts
    assert said_of(_connection(sqlite_store)) == (f"Fortis reports payments to {address()}.", "")


def test_a_payment_made_there_is_here_by_itself(
    sqlite_store: Engine, sandbox: Sandbox, site: httpx.Client
) -> None:
    made = connect_sandbox(sqlite_store, sandbox)
    sync_connection(sqlite_store, made)
    register(sqlite_store, made)
    body = {"transaction_amount": 4_900, "token_id": ANAS_CARD}
    paid = sandbox.request("POST", "/v1/transactions/cc/sale/token", json=body).json()["data"]["id"]

    def told() -> bool:
        with transaction(sqlite_store) as session:
            return session.exec(select(InboxEvent)).first() is not None

    _soon(told)
    work_inbox(sqlite_store)
    assert held(sqlite_store, made, "transactions", "amount_cents")[paid] == (4_900,)


def test_a_connection_that_ended_takes_no_more_reports(
    sqlite_store: Engine, sandbox: Sandbox, site: httpx.Client
) -> None:
    made = connect_sandbox(sqlite_store, sandbox)
    register(sqlite_store, made)
    key = keys_of(_connection(sqlite_store))[0]
    with transaction(sqlite_store) as session:
        disconnect(session, made)
    assert site.post("/webhooks/fortis", auth=key, **as_json(message())).status_code == 404
