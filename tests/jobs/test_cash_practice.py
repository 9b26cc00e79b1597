"""Syncing with the sandbox's Cash Practice over real HTTP, into the tables that Fortis fills."""

from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.connections.clerk_keys import set_clerk_key
from core.connections.commands import check, connect
from core.connections.models import ConnectionState, Kind, ProcessorUser
from core.connections.reports import quarantined, sources
from core.errors import WrongCredentials
from core.integrations import http
from core.jobs.one_sync import RunResult
from core.jobs.sync import sync_connection
from core.staff.models import Staff
from core.store.engine import reader, transaction
from tests.jobs.connecting import counts, held, state_of
from tests.sandbox.at_cash_practice import billing, clerk_key, fields_of, open_cash_practice, paid, small
from tests.sandbox.running import Sandbox

FIRST = {
    "users": (4, 4, 0, 0),
    "customers": (3, 3, 0, 0),
    "billing": (3, 3, 0, 0),
    "auto-debits": (3, 3, 0, 0),
    "payments": (3, 3, 0, 0),
    "alerts": (0, 0, 0, 0),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_WAIT_SECONDS", 0.005)
    monkeypatch.setattr(http, "READ_SECONDS", 0.3)


def connect_it(engine: Engine, sandbox: Sandbox, **settings: str) -> int:
    open_cash_practice(sandbox)
    known, secrets = fields_of(sandbox)
    with transaction(engine) as session:
        made = connect(
            session, kind=Kind.CASH_PRACTICE, name="Cash Practice", settings=known | settings, secrets=secrets
        )
        return made.id or 0


def sync(engine: Engine, connection_id: int, **also: Any) -> dict[str, tuple[int, int, int, int]]:
    results = sync_connection(engine, connection_id, **also)
    assert said(results) == []
    return counts(results)


def said(results: list[RunResult]) -> list[str]:
    return [result.error for result in results if result.error]


def put(sandbox: Sandbox, resource: str, record: dict[str, Any]) -> None:
    sandbox.control({"cash_practice": {"put": {"resource": resource, "record": record}}})


def test_everything_comes_once_and_stays(store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_it(store, sandbox)
    assert sync(store, connection_id) == FIRST
    assert all(stored == 0 for _, stored, _, _ in sync(store, connection_id).values())
    assert all(stored == 0 for _, stored, _, _ in sync(store, connection_id, full=True).values())
    assert held(store, connection_id, "auto-debits", "amount_cents", "interval", "interval_unit", "status") == {
        "S1": (14_900, 1, "month", "active"),
        "S2": (120_000, 2, "week", "active"),
        "S3": (4_500, 1, "month", "reminder"),
    }  # fmt: skip


def test_words_and_money_become_ours(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_it(sqlite_store, sandbox)
    put(sandbox, "payments", paid(4, 1, "149.00", Status="Declined", DeclineCode="54"))
    put(sandbox, "payments", paid(5, 2, "60.00", Status="Returned unpaid", DeclineCode="R01"))
    put(sandbox, "payments", paid(6, 2, "60.00", Status="Rescheduled", DeclineText="NOT SUFFICIENT FUNDS"))
    put(sandbox, "payments", paid(7, 2, "60.00", Status="Cancelled"))
    sync(sqlite_store, connection_id)
    named = ("status", "reason_code", "refund_ref", "amount_cents")
    assert held(sqlite_store, connection_id, "payments", *named) == {
        "O1": ("approved", None, None, 14_900),
        "O2": ("approved", None, None, 6_000),
        "O3": ("approved", None, "O2", 1_000),
        "O4": ("declined", "EXPIRED CARD", None, 14_900),
        "O5": ("returned", "R01", None, 6_000),
        "O6": ("declined", "NOT SUFFICIENT FUNDS", None, 6_000),
        "O7": ("voided", "CANCELLED", None, 6_000),
    }


def test_only_what_changed_is_read_again(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_it(sqlite_store, sandbox)
    sync(sqlite_store, connection_id)
    sandbox.control({"cash_practice": {"pay": {"order_id": _declined(sandbox)}}})
    came = sync(sqlite_store, connection_id)
    assert came["payments"][0] == 3  # the declined one, the one that paid it, and the overlap with last time
    assert list(held(sqlite_store, connection_id, "alerts", "status").values()) == [("paid",)]


def _declined(sandbox: Sandbox) -> str:
    done = sandbox.control({"cash_practice": {"decline": {"sch_id": "S1", "code": "51", "now": True}}})
    return done["cash_practice"]["declined"]["Order_ID"]


def test_a_bad_row_is_kept_aside_and_the_rest_comes(store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_it(store, sandbox)
    put(sandbox, "payments", paid(8, 1, "a lot"))
    put(sandbox, "payments", paid(9, 1, "5.00", Status="Past Due"))
    put(sandbox, "auto-debits", small()["auto-debits"][0] | {"Sch_ID": "S9", "Frequency": "Now and then"})
    came = sync(store, connection_id)
    assert (came["payments"], came["auto-debits"]) == ((5, 3, 0, 2), (4, 3, 0, 1))
    with reader(store) as session:
        reasons = {row.external_id: row.reason for row in quarantined(session)}
    assert reasons["O8"].startswith("“a lot” is not an amount")
    assert reasons["O9"] == "“Past Due” is a reminder nobody has collected yet, not a payment"
    assert reasons["S9"] == "frequency “Now and then” is not known"
    put(sandbox, "payments", paid(8, 1, "50.00"))
    sync(store, connection_id)
    with reader(store) as session:
        assert "O8" not in {row.external_id for row in quarantined(session)}


def test_what_was_deleted_there_is_gone_here(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_it(sqlite_store, sandbox)
    sync(sqlite_store, connection_id)
    sandbox.control({"cash_practice": {"delete": {"resource": "billing", "id": "B2"}}})
    sync(sqlite_store, connection_id)
    assert "B2" in held(sqlite_store, connection_id, "billing")
    sync(sqlite_store, connection_id, full=True)
    assert set(held(sqlite_store, connection_id, "billing")) == {"B1", "B3"}


@pytest.mark.parametrize("kind", ["half_page", "empty_page", "garbage", "reset", "drop", "timeout_before", "duplicate_ids"])  # fmt: skip
def test_a_bad_answer_is_asked_for_again(sqlite_store: Engine, sandbox: Sandbox, kind: str) -> None:
    connection_id = connect_it(sqlite_store, sandbox)
    match = {"method": "GET", "path": "/cashpractice/tps/v1/payments"}
    sandbox.control({"faults": [{"kind": kind, "at": "cash_practice", "times": 1, "match": match}]})
    assert sync(sqlite_store, connection_id) == FIRST


@pytest.mark.parametrize("kind", ["cursor_loop", "renamed_fields", "repeated_page"])
def test_a_list_that_cannot_be_right_is_said_and_the_others_come(
    sqlite_store: Engine, sandbox: Sandbox, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.integrations.cash_practice.client.PAGE_SIZE", 2)
    connection_id = connect_it(sqlite_store, sandbox)
    match = {"method": "GET", "path": "/cashpractice/tps/v1/payments"}
    sandbox.control({"faults": [{"kind": kind, "at": "cash_practice", "match": match}]})
    results = sync_connection(sqlite_store, connection_id)
    (sentence,) = said(results)
    assert sentence.startswith("Cash Practice's payments ")
    assert counts(results)["auto-debits"] == FIRST["auto-debits"]
    sandbox.control({"clear": True})
    sync(sqlite_store, connection_id)
    assert len(held(sqlite_store, connection_id, "payments")) == 3


def test_pages_of_any_size_come_to_the_same(sqlite_store: Engine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("core.integrations.cash_practice.client.PAGE_SIZE", 2)
    connection_id = connect_it(sqlite_store, sandbox)
    same_second = [billing(number, Changed=str(1_790_000_001), Customer_ID="C1") for number in range(4, 9)]
    open_cash_practice(sandbox, small() | {"billing": [*small()["billing"], *same_second]})
    assert sync(sqlite_store, connection_id)["billing"] == (8, 8, 0, 0)


def test_a_wrong_key_is_named_and_the_store_left_alone(sqlite_store: Engine, sandbox: Sandbox) -> None:
    known, _ = fields_of(sandbox)
    with pytest.raises(
        WrongCredentials, match=r"refused the TrackStat API Key\. Copy it anew from My Account"
    ):
        check("cash_practice", known, {"api_key": "not the key"})
    connection_id = connect_it(sqlite_store, sandbox)
    sandbox.control({"faults": [{"kind": "wrong_keys", "at": "cash_practice"}]})
    (sentence,) = said(sync_connection(sqlite_store, connection_id))
    assert "TrackStat API Key" in sentence
    assert state_of(sqlite_store, connection_id) == ConnectionState.FAILING


def test_stray_spaces_around_a_key_do_no_harm(sqlite_store: Engine, sandbox: Sandbox) -> None:
    open_cash_practice(sandbox)
    known, secrets = fields_of(sandbox)
    spaced = {"api_key": f" \u200b{secrets['api_key']} \n"}
    words = check("cash_practice", known, spaced)
    assert words == "Cash Practice accepts the key for Riverside Chiropractic, with 3 patients."


def test_a_source_is_fresh_once_everything_was_read(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_it(sqlite_store, sandbox)
    sync(sqlite_store, connection_id, only=("payments",))
    with reader(sqlite_store) as session:
        assert sources(session, now=clock.now())[0].sentence == "Cash Practice: not synced yet."
    sync(sqlite_store, connection_id)
    with reader(sqlite_store) as session:
        assert sources(session, now=clock.now())[0].sentence == "Cash Practice: synced just now."


def add_clerk(engine: Engine, connection_id: int, login: str, key: str) -> int:
    with transaction(engine) as session:
        staff = Staff(username=login, role="owner", password_hash="x", created_at=clock.now())
        session.add(staff)
        session.flush()
        if key:
            set_clerk_key(session, None, staff_id=staff.id or 0, connection_id=connection_id, key=key)
        return staff.id or 0


def test_a_sync_finds_out_whose_key_each_clerk_key_is(store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_it(store, sandbox)
    dana = add_clerk(store, connection_id, "dana", clerk_key(sandbox, "dana"))
    add_clerk(store, connection_id, "lost", "nobody's key")
    sync(store, connection_id)
    with reader(store) as session:
        rows = session.exec(select(ProcessorUser.username, ProcessorUser.staff_id)).all()
    assert {name: staff_id for name, staff_id in rows if staff_id} == {"dana": dana}


@pytest.mark.parametrize(
    ("login", "key", "says"),
    [
        ("max", "max", ""),
        ("", "", ""),
        ("max", "", "max has no clerk key for Cash Practice yet. Enter it on the team page first."),
        ("nobody", "", "Cash Practice acts as “nobody”, who has no account here. Choose somebody else."),
    ],
)
def test_a_sync_acts_as_whom_it_is_told_or_not_at_all(
    sqlite_store: Engine, sandbox: Sandbox, login: str, key: str, says: str
) -> None:
    connection_id = connect_it(sqlite_store, sandbox, acts_as=login)
    if login == "max":
        add_clerk(sqlite_store, connection_id, login, clerk_key(sandbox, key) if key else "")
    assert said(sync_connection(sqlite_store, connection_id)) == ([says] if says else [])
    assert bool(held(sqlite_store, connection_id, "payments")) is not bool(says)


def test_a_clerk_key_that_was_withdrawn_is_named(sqlite_store: Engine, sandbox: Sandbox) -> None:
    connection_id = connect_it(sqlite_store, sandbox, acts_as="max")
    add_clerk(sqlite_store, connection_id, "max", "a former key")
    (sentence,) = said(sync_connection(sqlite_store, connection_id))
    assert sentence == "Cash Practice does not know this clerk key. Copy the person's key anew and enter it on the team page."  # fmt: skip
