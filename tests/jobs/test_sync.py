"""Syncing with the sandbox over real HTTP: what comes, what stays, what goes, and what is said when it fails."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine

from core import clock
from core.connections.commands import check, pause, resume
from core.connections.models import ConnectionState
from core.connections.reports import quarantined, runs, sources
from core.errors import BadInput, HuddleError, NotFound, Unreachable, WrongCredentials
from core.integrations import http
from core.integrations.fortis.records import REFUND_OF_UNKNOWN
from core.jobs.sync import sync_by_name, sync_connection
from core.store.engine import reader, transaction
from core.store.version import data_version
from tests.jobs.connecting import connect_sandbox, counts, fields_of, held, state_of
from tests.sandbox.records import ANA, ANAS_CARD, ANAS_PLAN, BEN, BENS_BANK, BENS_CARD, payment
from tests.sandbox.running import Sandbox

FIRST = {
    "locations": (1, 1, 0, 0),
    "product-transactions": (2, 2, 0, 0),
    "contacts": (2, 2, 0, 0),
    "tokens": (3, 3, 0, 0),
    "recurrings": (2, 2, 0, 0),
    "transactions": (5, 5, 0, 0),
    "declined-recurring-transactions": (0, 0, 0, 0),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries and time-outs in hundredths: the sandbox is next door."""
    monkeypatch.setattr(http, "FIRST_WAIT_SECONDS", 0.005)
    monkeypatch.setattr(http, "READ_SECONDS", 0.3)


def test_everything_comes_once(store: Engine, connection_id: int) -> None:
    assert counts(sync_connection(store, connection_id)) == FIRST
    again = sync_connection(store, connection_id)
    assert all(result.stored == 0 for result in again)
    assert len(held(store, connection_id, "transactions")) == 5
    assert state_of(store, connection_id) == ConnectionState.CONNECTED


def test_an_unchanged_sync_leaves_the_data_version_alone(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    sync_connection(sqlite_store, connection_id, only=("tokens",))
    with reader(sqlite_store) as session:
        before = data_version(session)
    sync_connection(sqlite_store, connection_id, full=True, only=("tokens",))
    with reader(sqlite_store) as session:
        assert data_version(session) == before


def test_only_what_changed_is_read_again(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    sync_connection(sqlite_store, connection_id, only=("transactions",))
    change = {"resource": "transactions", "id": payment(2)["id"], "fields": {"void_date": "2026-11-21"}}
    sandbox.control({"change": change})
    came = counts(sync_connection(sqlite_store, connection_id, only=("transactions",)))["transactions"]
    assert came == (2, 1, 1, 0)  # the changed one, and the overlap with last time
    assert held(sqlite_store, connection_id, "transactions", "status")[payment(2)["id"]] == ("voided",)


def test_a_full_sync_finds_what_is_gone_and_what_is_back(
    store: Engine, sandbox: Sandbox, connection_id: int
) -> None:
    sync_connection(store, connection_id, only=("tokens",))
    lost = sandbox.state.get("tokens", BENS_BANK)
    assert lost is not None
    sandbox.control({"delete": {"resource": "tokens", "id": BENS_BANK}})
    sync_connection(store, connection_id, only=("tokens",))
    assert BENS_BANK in held(store, connection_id, "tokens")
    sync_connection(store, connection_id, full=True, only=("tokens",))
    assert set(held(store, connection_id, "tokens")) == {ANAS_CARD, BENS_CARD}
    sandbox.state.insert("tokens", lost)
    sync_connection(store, connection_id, full=True, only=("tokens",))
    assert BENS_BANK in held(store, connection_id, "tokens")


def test_a_bad_record_is_set_aside_with_its_reason_and_mended_later(
    store: Engine, sandbox: Sandbox, connection_id: int
) -> None:
    spoil = {"resource": "transactions", "id": payment(3)["id"], "fields": {"transaction_amount": "12.3.4"}}
    sandbox.control({"change": spoil})
    assert counts(sync_connection(store, connection_id, only=("transactions",)))["transactions"] == (
        5,
        4,
        0,
        1,
    )
    with reader(store) as session:
        (bad,) = quarantined(session)
    assert (bad.resource, bad.external_id, bad.column) == (
        "transactions",
        payment(3)["id"],
        "transaction_amount",
    )
    assert "integer" in bad.reason
    sandbox.control({"change": {**spoil, "fields": {"transaction_amount": 5_000}}})
    sync_connection(store, connection_id, only=("transactions",))
    with reader(store) as session:
        assert quarantined(session) == []
    assert len(held(store, connection_id, "transactions")) == 5


def test_refunds_are_asked_what_they_give_back(store: Engine, sandbox: Sandbox, connection_id: int) -> None:
    paid = payment(1)["id"]
    made = sandbox.request("PATCH", f"/v1/transactions/{paid}/refund", json={"transaction_amount": 2_000})
    refund = made.json()["data"]["id"]
    lone = payment(9, status_code=111, type_id=30)
    sandbox.state.insert(
        "transactions", {**sandbox.state.get("transactions", paid), **lone, "modified_ts": 9}
    )
    sync_connection(store, connection_id, only=("transactions",))
    known = held(store, connection_id, "transactions", "refund_ref", "amount_cents", "status")
    assert known[refund] == (paid, 2_000, "approved")
    assert known[lone["id"]][0] == REFUND_OF_UNKNOWN
    assert known[paid] == (None, 5_000, "approved")


def test_records_point_at_each_other(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    sync_connection(sqlite_store, connection_id)
    assert held(sqlite_store, connection_id, "tokens", "contact_ref", "kind")[BENS_BANK] == (BEN, "bank")
    assert held(sqlite_store, connection_id, "recurrings", "contact_ref", "card_ref")[ANAS_PLAN] == (
        ANA,
        ANAS_CARD,
    )


PASSING = [
    {"kind": "status", "status": 500, "times": 2},
    {"kind": "status", "status": 429, "times": 2, "retry_after": 0},
    {"kind": "timeout_before", "times": 1},
    {"kind": "timeout_after", "times": 1},
    {"kind": "reset", "times": 2},
    {"kind": "garbage", "times": 2},
    {"kind": "half_page", "times": 1},
    {"kind": "empty_page", "times": 2},
    {"kind": "repeated_page"},
    {"kind": "duplicate_ids"},
    {"kind": "cursor_loop"},
]


def test_passing_trouble_loses_and_doubles_nothing(sqlite_store: Engine, sandbox: Sandbox) -> None:
    for fault in PASSING:
        connection_id = connect_sandbox(sqlite_store, sandbox, name=str(fault))
        sandbox.control({"clear": True, "faults": [fault]})
        results = sync_connection(sqlite_store, connection_id, only=("contacts", "transactions"))
        assert [result.error for result in results] == ["", ""], fault
        assert len(held(sqlite_store, connection_id, "contacts")) == 2
        assert len(held(sqlite_store, connection_id, "transactions")) == 5


LASTING = [
    ({"kind": "status", "status": 500}, "Fortis is having trouble (status 500)."),
    ({"kind": "wrong_keys"}, "Fortis refused the keys. Check them and connect again."),
    ({"kind": "garbage"}, "Fortis sent an answer that is not readable JSON."),
    ({"kind": "empty_page"}, "Fortis answered only part of a page of transactions."),
    ({"kind": "renamed_fields"}, "Fortis's transactions have no ids any more: has its format changed?"),
    ({"kind": "reset"}, "Fortis's answer broke off half-way."),
    ({"kind": "timeout_before"}, "Fortis did not answer in time."),
]


def test_lasting_trouble_is_one_sentence_and_the_next_sync_completes(
    sqlite_store: Engine, sandbox: Sandbox
) -> None:
    for fault, sentence in LASTING:
        connection_id = connect_sandbox(sqlite_store, sandbox, name=str(fault))
        sandbox.control({"clear": True, "faults": [fault]})
        (failed,) = sync_connection(sqlite_store, connection_id, only=("transactions",))
        assert (failed.error, failed.rows_in) == (sentence, 0)
        assert state_of(sqlite_store, connection_id) == ConnectionState.FAILING
        with reader(sqlite_store) as session:
            source = sources(session, now=clock.now())[-1]
        assert (source.synced_at, source.stale) == (None, True)
        assert source.sentence == f"{fault}: not synced yet. {sentence}"
        sandbox.control({"clear": True})
        (mended,) = sync_connection(sqlite_store, connection_id, only=("transactions",))
        assert (mended.error, mended.stored) == ("", 5)
        assert state_of(sqlite_store, connection_id) == ConnectionState.CONNECTED


def test_freshness_stays_at_the_last_complete_sync(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    begun = clock.now().replace(microsecond=0)
    with clock.frozen(begun):
        sync_connection(sqlite_store, connection_id)
    sandbox.kill()
    with clock.frozen(begun + timedelta(minutes=90)):
        sync_connection(sqlite_store, connection_id)
        with reader(sqlite_store) as session:
            (source,) = sources(session, now=clock.now())
    assert (source.synced_at, source.stale, source.state) == (begun, True, ConnectionState.FAILING)
    assert source.sentence == "Fortis: synced 90 minutes ago. Fortis cannot be reached at 127.0.0.1."


def test_the_processor_dies_in_mid_sync_and_comes_back(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    results = sync_connection(
        sqlite_store, connection_id, progress=lambda said: sandbox.kill() if "recurrings" in said else None
    )
    assert results[-1].error
    assert len(held(sqlite_store, connection_id, "recurrings")) == 2
    sandbox.restart()
    assert [r.error for r in sync_connection(sqlite_store, connection_id) if r.error] == []
    assert {name: len(held(sqlite_store, connection_id, name)) for name in FIRST} == {
        name: came[0] for name, came in FIRST.items()
    }


class Watchful(httpx.HTTPTransport):
    """A wire that fails the test when a call is made while a write transaction is open."""

    def __init__(self, database: str) -> None:
        super().__init__()
        self.database, self.calls = database, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with closing(sqlite3.connect(self.database, timeout=0, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        self.calls += 1
        return super().handle_request(request)


def test_no_call_is_made_inside_a_transaction(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    wire = Watchful(sqlite_store.url.database or "")
    assert counts(sync_connection(sqlite_store, connection_id, wire={"transport": wire})) == FIRST
    assert wire.calls >= len(FIRST)


def test_keys_are_checked_with_a_real_call(sandbox: Sandbox) -> None:
    settings, secrets = fields_of(sandbox)
    said = check("fortis", settings, {**secrets, "user_api_key": f" {secrets['user_api_key']}\u200b"})
    assert said == "Fortis accepts these keys for Riverside Chiropractic, with 2 merchant accounts."
    with pytest.raises(WrongCredentials, match="refused the keys"):
        check("fortis", settings, {**secrets, "user_api_key": "11e90000000000000000dead"})
    with pytest.raises(HuddleError, match="Fortis refused the request"):
        check("fortis", {**settings, "location_id": "11e90000000000000000dead"}, secrets)
    sandbox.kill()
    with pytest.raises(Unreachable, match="cannot be reached"):
        check("fortis", settings, secrets)


def test_a_paused_connection_does_not_sync(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    with transaction(sqlite_store) as session:
        pause(session, connection_id)
    with pytest.raises(BadInput, match="paused"):
        sync_connection(sqlite_store, connection_id)
    with pytest.raises(BadInput, match="No connection is set up"):
        sync_by_name(sqlite_store)
    with transaction(sqlite_store) as session:
        resume(session, connection_id)
    assert sync_by_name(sqlite_store, "Fortis")
    with pytest.raises(NotFound, match="Connections: Fortis"):
        sync_by_name(sqlite_store, "Stripe")


def test_every_run_is_kept_with_its_counts(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_sandbox(sqlite_store, sandbox)
    sync_connection(sqlite_store, connection_id)
    with reader(sqlite_store) as session:
        kept = {run.resource: run for run in runs(session, connection_id=connection_id)}
    assert {name: (r.rows_in, r.stored, r.unchanged, r.quarantined) for name, r in kept.items()} == FIRST
    assert all(run.state == "done" and run.finished_at >= run.started_at for run in kept.values())
