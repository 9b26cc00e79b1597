"""However often, in whatever order and from however many threads events come: the store ends at what the processor has
(RELIABILITY 16). The processor is a function here, so that a thousand orders can be tried. SEED= replays a run."""

import os
import random
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event
from sqlmodel import select

from core.connections.commands import connect
from core.inbox.commands import keep
from core.inbox.models import InboxEvent, InboxState
from core.jobs.inbox.work import work_inbox
from core.store.engine import transaction
from tests.jobs.connecting import held
from tests.sandbox.records import ANA, LOCATION_ID, contact, payment

SEED = int(os.environ.get("SEED", "20261121"))
RESOURCES = ("contacts", "tokens", "recurrings", "transactions")
Story = list[tuple[str, dict[str, Any]]]  # what the processor's records become, one change after the other


class Processor:
    """Answers lists by id, as Fortis does, with what its records are at this moment."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in RESOURCES}
        self.transport = httpx.MockTransport(self._answer)

    def change(self, resource: str, record: dict[str, Any]) -> None:
        known = self.records[resource].get(record["id"], {})
        self.records[resource][record["id"]] = {**known, **record}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        resource = request.url.path.rsplit("/", 1)[1]
        wanted = next(value for name, value in request.url.params.items() if name.endswith("[1][value]"))
        rows = [row for ref, row in dict(self.records[resource]).items() if ref in wanted.split(",")]
        rows.sort(key=lambda row: row["modified_ts"])
        body = {"type": "Collection", "list": rows, "pagination": {"total_count": len(rows)}}
        return httpx.Response(200, json=body)


def _story(dice: random.Random) -> Story:
    """Six payments: made, some settled, some disputed or voided, one of somebody who is entered only afterwards."""
    told: Story = [("contacts", contact(ANA, "Ana", "Alvarez", modified_ts=1))]
    for number in range(1, 7):
        own = {"token_id": None, "location_id": LOCATION_ID}
        made = payment(number, **own, modified_ts=10 * number)
        told.append(("transactions", made))
        for step in range(dice.randrange(3)):
            status = dice.choice([101, 201, 331])
            told.append(
                (
                    "transactions",
                    {"id": made["id"], "status_code": status, "modified_ts": 10 * number + step + 1},
                )
            )
    return told


def _connected(engine: Engine) -> int:
    with transaction(engine) as session:
        plain = {"base_url": "http://127.0.0.1:9", "user_id": "u", "location_id": LOCATION_ID}
        keys = {"user_api_key": "k", "developer_id": "d"}
        return connect(session, kind="fortis", name="Fortis", settings=plain, secrets=keys).id or 0


def _tell(engine: Engine, connection_id: int, number: int, resource: str, ref: str) -> None:
    body = {"resource": resource.removesuffix("s"), "action": "update", "id": ref, "refs": {}}
    with transaction(engine) as session:
        keep(
            session,
            source="fortis",
            event_id=f"{connection_id}-{number}",
            kind="update",
            body=body,
            connection_id=connection_id,
        )


def _shuffle(engine: Engine, connection_id: int, dice: random.Random, *, threads: int) -> None:
    processor, story = Processor(), _story(dice)
    for resource, record in story:
        processor.change(resource, record)
    deliveries = [place for place in range(len(story)) for _ in range(dice.randint(1, 5))]
    dice.shuffle(deliveries)

    def deliver(part: list[int]) -> None:
        for place in part:
            resource, record = story[place]
            _tell(engine, connection_id, place, resource, record["id"])
            if place % 3 == 0:
                work_inbox(engine, wire={"transport": processor.transport})

    workers = [
        threading.Thread(target=deliver, args=(deliveries[start::threads],)) for start in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    work_inbox(engine, wire={"transport": processor.transport})
    with transaction(engine) as session:
        events = session.exec(select(InboxEvent)).all()
        assert {each.state for each in events} == {InboxState.APPLIED}
        assert len(events) == len(story)
    there = processor.records["transactions"]
    here = held(engine, connection_id, "transactions", "version", "status")
    assert {ref: version for ref, (version, _) in here.items()} == {
        ref: r["modified_ts"] for ref, r in there.items()
    }
    words = {101: "approved", 201: "voided", 331: "charged_back"}
    assert {ref: status for ref, (_, status) in here.items()} == {
        ref: words[r["status_code"]] for ref, r in there.items()
    }


def _forget(engine: Engine) -> None:
    with transaction(engine) as session:
        for table in ("inbox_event", "payment", "processor_contact"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")


def _many(engine: Engine, times: int, say: Callable[[str, object], None]) -> None:
    connection_id, dice = _connected(engine), random.Random(SEED)  # noqa: S311 (a replay, not a secret)
    if engine.dialect.name == "sqlite":  # the disk is not what is tried here
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF"))
        engine.dispose()
    for number in range(times):
        try:
            _shuffle(engine, connection_id, dice, threads=4)
        except AssertionError as wrong:
            raise AssertionError(f"SEED={SEED}, order {number}: {wrong}") from wrong
        _forget(engine)
    say("reached", f"{times:,} shuffles end at one state")
    say("seed", SEED)


def test_a_few_orders_end_at_the_same(sqlite_store: Engine, record_property: Any) -> None:
    _many(sqlite_store, 5, record_property)


def test_on_the_larger_store_too(store: Engine, record_property: Any) -> None:
    _many(store, 1, record_property)


@pytest.mark.night
def test_a_thousand_orders_end_at_the_same(sqlite_store: Engine, record_property: Any) -> None:
    _many(sqlite_store, 1_000, record_property)
