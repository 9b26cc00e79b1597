"""What Fortis tells us is stored once, whoever else knocks is turned away (RELIABILITY 14–17)."""

import contextlib

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core.connections.commands import connect
from core.connections.postbacks import new_key
from core.inbox.models import InboxEvent
from core.integrations.fortis.webhooks import Key
from core.store.engine import transaction
from tests.inbox.telling import RECORD, as_form, as_json, message, transaction_record


def _stored(engine: Engine) -> list[InboxEvent]:
    with transaction(engine) as session:
        return list(session.exec(select(InboxEvent)))


@pytest.mark.parametrize("encode", [as_json, as_form])
def test_both_encodings_say_the_same(sqlite_store: Engine, key: Key, visitor: httpx.Client, encode) -> None:
    assert visitor.post("/webhooks/fortis", auth=key, **encode(message())).status_code == 200
    (told,) = _stored(sqlite_store)
    assert (told.source, told.kind, told.state) == ("fortis", "transaction create", "waiting")
    assert RECORD in told.body


def test_one_event_in_either_encoding_and_at_any_attempt_is_one(
    sqlite_store: Engine, key: Key, visitor: httpx.Client
) -> None:
    for attempt, encode in enumerate((as_json, as_form, as_json), start=1):
        told = message(number_of_attempts=attempt)
        assert visitor.post("/webhooks/fortis", auth=key, **encode(told)).status_code == 200
    assert len(_stored(sqlite_store)) == 1


def test_a_later_change_of_the_same_record_is_another_event(
    sqlite_store: Engine, key: Key, visitor: httpx.Client
) -> None:
    for stamp in (1, 2):
        told = message(transaction_record(modified_ts=stamp), type="UPDATE")
        visitor.post("/webhooks/fortis", auth=key, **as_json(told))
    assert len(_stored(sqlite_store)) == 2


def test_of_a_record_only_its_id_is_kept(sqlite_store: Engine, key: Key, visitor: httpx.Client) -> None:
    record = transaction_record(account_holder_name="Ana Ruiz", last_four="4242", account_number="4242" * 4)
    visitor.post("/webhooks/fortis", auth=key, **as_json(message(record)))
    (told,) = _stored(sqlite_store)
    assert "Ana" not in told.body
    assert "4242" not in told.body


def test_the_key_of_another_connection_speaks_for_that_connection(
    sqlite_store: Engine, key: Key, visitor: httpx.Client
) -> None:
    fields = {"base_url": "http://127.0.0.1:9", "user_id": "u", "location_id": "m"}
    with transaction(sqlite_store) as session:
        secrets = {"user_api_key": "k", "developer_id": "d"}
        second = connect(session, kind="fortis", name="Second", settings=fields, secrets=secrets).id or 0
        other = new_key(session, second)
    visitor.post("/webhooks/fortis", auth=other, **as_json(message()))
    assert [told.connection_id for told in _stored(sqlite_store)] == [second]


def test_a_new_key_opens_at_once_and_the_old_one_for_a_day(
    sqlite_store: Engine, key: Key, visitor: httpx.Client
) -> None:
    with transaction(sqlite_store) as session:
        newer = new_key(session, 1)
    for stamp, each in enumerate((key, newer)):
        told = as_json(message(transaction_record(modified_ts=stamp)))
        assert visitor.post("/webhooks/fortis", auth=each, **told).status_code == 200


def test_connecting_again_keeps_the_key(sqlite_store: Engine, key: Key, visitor: httpx.Client) -> None:
    with transaction(sqlite_store) as session:
        connect(session, kind="fortis", name="Fortis", settings={}, secrets={"user_api_key": "another"})
    assert visitor.post("/webhooks/fortis", auth=key, **as_json(message())).status_code == 200


def test_a_get_is_answered_405_and_not_with_a_page(key: Key, visitor: httpx.Client) -> None:
    answer = visitor.get("/webhooks/fortis")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert visitor.put("/webhooks/fortis").status_code == 405


def test_more_than_256_kb_is_refused_without_being_read(
    sqlite_store: Engine, key: Key, visitor: httpx.Client
) -> None:
    sent = 0

    def endless():
        nonlocal sent
        for _ in range(20_000):
            sent += 8192
            yield b"x" * 8192

    too_much = visitor.post("/webhooks/fortis", auth=key, content=b"x" * (256 * 1024 + 1))
    assert too_much.status_code == 413
    with contextlib.suppress(httpx.TransportError):  # the server may hang up while we are still talking
        assert visitor.post("/webhooks/fortis", auth=key, content=endless()).status_code == 413
    assert sent < 20 * 1024 * 1024
    assert not _stored(sqlite_store)
