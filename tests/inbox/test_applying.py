"""What we were told is only a hint: the record is read again, applied once, in any order (RELIABILITY 16)."""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.inbox.commands import claim, keep, try_again, wait_before
from core.inbox.models import InboxEvent, InboxState
from core.jobs.inbox.work import InboxPass, work_inbox
from core.jobs.sync import sync_connection
from core.permissions import Identity, Role
from core.store.engine import transaction
from tests.jobs.connecting import connect_sandbox, held
from tests.sandbox.records import ANA, ANAS_CARD
from tests.sandbox.running import Sandbox, run_sandbox
from tests.web.running import staff_with_role


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def connection(sqlite_store: Engine, sandbox: Sandbox) -> int:
    made = connect_sandbox(sqlite_store, sandbox)
    sync_connection(sqlite_store, made)
    return made


def _pay(sandbox: Sandbox, cents: int, token: str = ANAS_CARD) -> str:
    body = {"transaction_amount": cents, "token_id": token}
    answer = sandbox.request("POST", "/v1/transactions/cc/sale/token", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["id"]


def _told(
    engine: Engine, connection: int, record: str, *, resource: str = "transaction", event: str = ""
) -> None:
    body = {"resource": resource, "action": "create", "id": record, "refs": {}}
    with transaction(engine) as session:
        keep(
            session,
            source="fortis",
            event_id=event or record,
            kind=f"{resource} create",
            body=body,
            connection_id=connection,
        )


def _events(engine: Engine) -> list[InboxEvent]:
    with transaction(engine) as session:
        return list(session.exec(select(InboxEvent)))


def test_a_payment_we_are_told_of_is_here_without_a_sync(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    paid = _pay(sandbox, 14_900)
    _told(sqlite_store, connection, paid)
    assert work_inbox(sqlite_store) == InboxPass(applied=1)
    payments = held(sqlite_store, connection, "transactions", "amount_cents", "contact_ref")
    assert payments[paid] == (14_900, ANA)
    assert work_inbox(sqlite_store) == InboxPass()


def test_what_the_message_claims_is_not_believed(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    before = held(sqlite_store, connection, "transactions", "amount_cents", "status")
    _told(sqlite_store, connection, "31f0000000000000000dead1")
    assert work_inbox(sqlite_store) == InboxPass(applied=1)
    assert held(sqlite_store, connection, "transactions", "amount_cents", "status") == before


def test_a_contact_that_is_deleted_there_is_gone_here(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    answer = sandbox.request(
        "POST", "/v1/contacts", json={"location_id": sandbox.location_id, "last_name": "Zed"}
    )
    made = answer.json()["data"]["id"]
    _told(sqlite_store, connection, made, resource="contact", event="1")
    work_inbox(sqlite_store)
    assert made in held(sqlite_store, connection, "contacts")
    sandbox.request("DELETE", f"/v1/contacts/{made}")
    _told(sqlite_store, connection, made, resource="contact", event="2")
    work_inbox(sqlite_store)
    assert made not in held(sqlite_store, connection, "contacts")


def test_a_payment_of_somebody_new_brings_the_person_with_it(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    place = {"location_id": sandbox.location_id}
    person = sandbox.request("POST", "/v1/contacts", json=place | {"last_name": "New"}).json()["data"]["id"]
    card = place | {"contact_id": person, "account_number": "4111111111111111", "exp_date": "1230"}
    token = sandbox.request("POST", "/v1/tokens/cc", json=card).json()["data"]["id"]
    paid = _pay(sandbox, 5_000, token)
    _told(sqlite_store, connection, paid)
    assert work_inbox(sqlite_store) == InboxPass(applied=1)
    assert person in held(sqlite_store, connection, "contacts")
    assert token in held(sqlite_store, connection, "tokens")


def test_a_processor_out_of_reach_puts_the_event_off_and_says_why(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    paid = _pay(sandbox, 700)
    _told(sqlite_store, connection, paid)
    sandbox.control({"faults": [{"kind": "status", "status": 500, "times": 5}]})
    assert work_inbox(sqlite_store, wire={"sleep": lambda _seconds: None}) == InboxPass(put_off=1)
    (event,) = _events(sqlite_store)
    assert (event.state, "trouble" in event.reason) == (InboxState.WAITING, True)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        assert work_inbox(sqlite_store, wire={"monotonic": lambda: 0.0}) == InboxPass(applied=1)
    assert paid in held(sqlite_store, connection, "transactions")


def test_an_event_nobody_finished_is_taken_up_again(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    _told(sqlite_store, connection, _pay(sandbox, 800))
    with transaction(sqlite_store) as session:
        assert len(claim(session, now=clock.now(), limit=9)) == 1  # and then this process died
    assert work_inbox(sqlite_store) == InboxPass()
    with clock.frozen(clock.now() + timedelta(seconds=91)):
        assert work_inbox(sqlite_store) == InboxPass(applied=1)


def test_what_is_parked_is_looked_at_again_after_a_sync(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    _told(sqlite_store, connection, _pay(sandbox, 900))
    with transaction(sqlite_store) as session:
        event = session.exec(select(InboxEvent)).one()
        event.state, event.not_before = InboxState.PARKED, clock.now() + timedelta(minutes=20)
        session.add(event)
    assert work_inbox(sqlite_store) == InboxPass()
    sync_connection(sqlite_store, connection)
    assert work_inbox(sqlite_store) == InboxPass(applied=1)


def test_each_event_is_applied_once_whoever_works_on_it_and_in_any_order(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    seed = 20261121
    dice = random.Random(seed)  # noqa: S311 (shuffling, not guarding)
    paid = [_pay(sandbox, 1_000 + number) for number in range(12)]
    deliveries = [
        (ref, f"{ref}-{kind}")
        for ref in paid
        for kind in ("create", "update")
        for _ in range(dice.randint(1, 5))
    ]
    dice.shuffle(deliveries)
    results: list[InboxPass] = []

    def deliver(part: list[tuple[str, str]]) -> None:
        for ref, event in part:
            _told(sqlite_store, connection, ref, event=event)
            results.append(work_inbox(sqlite_store))

    threads = [threading.Thread(target=deliver, args=(deliveries[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.append(work_inbox(sqlite_store))
    assert sum(did.applied for did in results) == len(set(deliveries)), f"SEED={seed}"
    amounts = held(sqlite_store, connection, "transactions", "amount_cents")
    assert [amounts[ref] for ref in paid] == [(1_000 + number,) for number in range(12)]


def test_one_event_nobody_can_make_sense_of_holds_up_no_other(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    _told(sqlite_store, connection, _pay(sandbox, 975))
    with transaction(sqlite_store) as session:
        odd = {"resource": "transaction"}
        keep(session, source="fortis", event_id="odd", kind="odd", body=odd, connection_id=connection)
    assert work_inbox(sqlite_store) == InboxPass(applied=1, put_off=1)


def test_waits_grow_to_half_an_hour() -> None:
    assert [wait_before(n).total_seconds() for n in (1, 2, 3, 4, 5, 50)] == [5, 20, 80, 320, 1280, 1800]


def test_an_event_given_up_can_be_tried_again_by_who_minds_the_connections(
    sqlite_store: Engine, sandbox: Sandbox, connection: int
) -> None:
    _told(sqlite_store, connection, _pay(sandbox, 950))
    staff = staff_with_role(sqlite_store, Role.OWNER)
    owner = Identity(1, staff.id or 0, staff.username, "Olivia", Role.OWNER)
    with transaction(sqlite_store) as session:
        event = session.exec(select(InboxEvent)).one()
        event.state, event.attempts = InboxState.FAILED, 150
        session.add(event)
        event_id = event.id or 0
    assert work_inbox(sqlite_store) == InboxPass()
    with transaction(sqlite_store) as session:
        try_again(session, owner, event_id)
    assert work_inbox(sqlite_store) == InboxPass(applied=1)
    with transaction(sqlite_store) as session:
        try_again(session, owner, event_id)  # the second press of a double click
    assert work_inbox(sqlite_store) == InboxPass()
