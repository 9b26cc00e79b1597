"""Two workers on one outbox and a gateway that takes its time: whatever they hear and when, one thing goes out once."""

import dataclasses
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.jobs.outbox.send_and_settle import Lane, OutboxPass
from core.jobs.outbox.senders import SENDERS
from core.links.declined import declined_of, rerun
from core.outbox import commands as outbox
from core.outbox.models import OutboxRow, OutboxState
from core.outbox.sender import Later, Outcome, Outgoing, Sender, Settled, Unknown, always_wanted
from core.store.engine import reader, transaction
from tests.crash.sending import start
from tests.links.desk import ANAS_CARD, Desk
from tests.outbox.test_outbox import a_row, the_row

SETTLE = "2"  # seconds: how long a worker may be silent, and how long a doubt is left alone
SLOW_MS = 6000  # the gateway takes three times as long


@pytest.fixture
def slow(desk: Desk) -> Iterator[Desk]:
    """The processor acts on a charge only after six seconds."""
    desk.sandbox.control({"decline": {"token_id": ANAS_CARD, "reason_code_id": 1616, "times": 1}})
    desk.sandbox.control({"advance": {"days": 10}, "run_drafts": True})
    desk.sync()
    match = {"method": "POST", "path": "/v1/declined-recurring-transactions"}
    desk.sandbox.control({"faults": [{"kind": "latency", "latency_ms": SLOW_MS, "match": match}]})
    yield desk
    desk.sandbox.control({"clear": True})


def test_a_card_is_charged_once_while_one_process_waits_and_another_looks_on(slow: Desk) -> None:
    with reader(slow.engine) as session:
        (line,) = declined_of(session, slow.actor, slow.patient())
    slow.do(rerun, declined_id=line.declined_id, form="r1")
    url = slow.engine.url.render_as_string(hide_password=False)
    workers = [start(url, settle=SETTLE, first_wait=0.2) for _ in range(2)]
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    rows = slow.sandbox.request("GET", "/v1/transactions").json()["list"]
    charges = Counter(row["status_code"] for row in rows if row["token_id"] == ANAS_CARD)
    assert charges == {301: 1, 101: 1}  # the decline of the draft, and one new charge
    with reader(slow.engine) as session:
        assert session.exec(select(OutboxRow.state)).all() == [OutboxState.SETTLED]


class Telling:
    """A gateway of the test: what it was sent, and look-ups that wait until they may answer what they saw."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.looked, self.answer = threading.Event(), threading.Event()

    def sender(self, *, slow_look_up: bool) -> dict[str, Sender]:
        def send(_client: object, row: Outgoing) -> Outcome:
            self.sent.append(row.key)
            return Settled({"sid": "SM1"})

        def look_up(_client: object, row: Outgoing) -> Outcome:
            found = bool(self.sent)
            if slow_look_up:
                self.looked.set()
                self.answer.wait(20)
            return Settled({"sid": "SM1"}) if found else Later("not there", 0.0)

        plain = dataclasses.replace(
            SENDERS["text"],
            send=send,
            look_up=look_up,
            carry_over=lambda _session, _rows: None,
            still_wanted=always_wanted,
        )
        return {"text": plain}


def in_doubt(engine: Engine) -> None:
    """A row whose sending ran out of time eleven minutes ago; it had not arrived."""
    a_row(engine)
    with transaction(engine) as session:
        row = session.exec(select(OutboxRow)).one()
        row.state, row.claimed_at = OutboxState.SENDING, clock.now() - timedelta(minutes=21)
        outbox.mark_unknown(session, row, "no answer", settle_after=clock.now() - timedelta(minutes=11))


def test_a_stale_not_there_does_not_send_again_what_another_worker_has_sent(store: Engine) -> None:
    in_doubt(store)
    gateway = Telling()
    stale = threading.Thread(target=Lane(store, 1, gateway.sender(slow_look_up=True)).work)
    stale.start()  # B asks, and hears for a long time nothing
    assert gateway.looked.wait(20)
    with transaction(store) as session:  # B was asleep for longer than its lease
        session.exec(select(OutboxRow)).one().held_until = clock.now() - timedelta(seconds=1)
    Lane(store, 1, gateway.sender(slow_look_up=False)).work()  # A asks too, and sends
    assert the_row(store).state == OutboxState.SETTLED
    gateway.answer.set()
    stale.join(20)
    assert (len(gateway.sent), the_row(store).state) == (1, OutboxState.SETTLED)


def test_a_row_that_one_worker_looks_up_is_not_looked_up_by_another(store: Engine) -> None:
    in_doubt(store)
    gateway = Telling()
    first = threading.Thread(target=Lane(store, 1, gateway.sender(slow_look_up=True)).work)
    first.start()
    assert gateway.looked.wait(20)
    Lane(store, 1, gateway.sender(slow_look_up=False)).work()
    assert gateway.sent == []
    gateway.answer.set()
    first.join(20)
    assert (len(gateway.sent), the_row(store).state) == (1, OutboxState.SETTLED)


def taken(session: Session) -> Outgoing:
    (row,), _ = outbox.claim(
        session,
        now=clock.now(),
        limit=1,
        kinds=["text"],
        connection_id=1,
        still_wanted=always_wanted,
    )
    return outbox.outgoing(row)


@pytest.mark.parametrize("late", [Later("busy", 0.0), Unknown("no answer"), Settled({"sid": "SM9"})])
def test_only_that_it_is_done_counts_of_what_a_worker_says_that_lost_its_row(
    sqlite_store: Engine, late: Outcome
) -> None:
    a_row(sqlite_store)
    lane = Lane(sqlite_store, 1)
    with transaction(sqlite_store) as session:
        row = taken(session)
    with clock.frozen(clock.now() + timedelta(minutes=3)), transaction(sqlite_store) as session:
        outbox.take_left_behind(session, now=clock.now(), reason="It may have gone out.")
    lane._record([(row, late)], OutboxPass())
    done = isinstance(late, Settled)
    assert the_row(sqlite_store).state == (OutboxState.SETTLED if done else OutboxState.UNKNOWN)


def test_what_is_being_sent_anew_is_not_settled_by_what_an_earlier_worker_heard(sqlite_store: Engine) -> None:
    a_row(sqlite_store)
    with transaction(sqlite_store) as session:
        first = taken(session)
        outbox.requeue(
            session,
            outbox.still_mine(session, {first.key: first.fence})[first.key],
            at=clock.now(),
            reason="",
        )
        second = taken(session)
    lane, did = Lane(sqlite_store, 1), OutboxPass()
    lane._record([(first, Settled({"sid": "SM1"}))], did)
    assert the_row(sqlite_store).state == OutboxState.SENDING
    lane._record([(second, Settled({"sid": "SM2"}))], did)
    assert outbox.result_of(the_row(sqlite_store)) == {"sid": "SM2"}
