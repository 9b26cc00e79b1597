"""Our tasks in Genesis' own list, over real HTTP: there once, closed there and here, and never sent to and fro."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core.connections.commands import connect
from core.jobs.outbox.send_and_settle import work_outbox
from core.jobs.tasks.follow import follow_tasks
from core.outbox.models import OutboxRow
from core.store.engine import reader, transaction
from core.tasks.commands import close, reopen, take_back
from core.tasks.models import CloseReason
from tests.sandbox.running import Sandbox, run_sandbox
from tests.tasks.clinic import DECLINE, PAID, behind, later, look, person, tasks


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("genesis")) as running:
        yield running


@pytest.fixture
def genesis(server: Sandbox, sqlite_store: Engine, tmp_path: Path) -> Sandbox:
    """Ana's decline is a task, and Genesis is connected."""
    server.reset()
    behind(sqlite_store, tmp_path)
    join(sqlite_store, server)
    return server


def join(store: Engine, sandbox: Sandbox) -> None:
    keys = sandbox.client.get(f"{sandbox.root_url}/control").json()["genesis"]
    settings = {"base_url": keys["base_url"], "cp_id": keys["cp_id"]}
    with transaction(store) as session:
        connect(
            session, kind="genesis", name="Genesis", settings=settings, secrets={"cp_mkey": keys["cp_mkey"]}
        )


def there(sandbox: Sandbox) -> list[tuple[str, str, str]]:
    """What stands in the workbench: patient, status and by whom it was closed."""
    sql = "SELECT patient_id, status, coalesce(closed_by, '') FROM genesis_tasks ORDER BY number"
    return [tuple(row) for row in sandbox.state.select(sql, [])]


def press(sandbox: Sandbox, number: int, what: str, reason: str = "") -> None:
    """Somebody at Genesis' workbench."""
    answer = sandbox.client.post(f"{sandbox.root_url}/workbench/{number}/{what}", data={"reason": reason})
    assert answer.status_code == 303


def minute(store: Engine, hours: int) -> None:
    """The jobs of one minute, so many hours later: look, send, read back, send. What is put into the outbox at the
    test's hour is due now: Genesis' own clock is the real one."""
    look(store, later(hours=hours))
    for step in (work_outbox, follow_tasks, work_outbox):
        with transaction(store) as session:
            session.connection().exec_driver_sql("UPDATE outbox_row SET not_before = 0, settle_after = 0")
        step(store)


def sent(store: Engine) -> list[tuple[str, str]]:
    with reader(store) as session:
        return [
            (row.kind, row.state) for row in session.exec(select(OutboxRow).order_by(OutboxRow.created_at))
        ]


def test_a_task_stands_there_once_and_a_payment_closes_it_there_too(
    genesis: Sandbox, sqlite_store: Engine, tmp_path: Path
) -> None:
    minute(sqlite_store, 0)
    minute(sqlite_store, 1)
    assert there(genesis) == [("P1", "open", "")]
    behind(sqlite_store, tmp_path, payments=[DECLINE, PAID])
    minute(sqlite_store, 2)
    minute(sqlite_store, 3)
    assert [row[:2] for row in there(genesis)] == [("P1", "closed")]
    assert (
        genesis.state.select("SELECT closed_reason FROM genesis_tasks", [])[0][0]
        == "paid: Paid $200 on Nov 23."
    )
    assert sent(sqlite_store) == [("task for the EHR", "settled"), ("close task at the EHR", "settled")]


def test_what_was_there_before_the_connection_is_told_afterwards(
    server: Sandbox, sqlite_store: Engine, tmp_path: Path
) -> None:
    server.reset()
    behind(sqlite_store, tmp_path)
    minute(sqlite_store, 0)
    assert there(server) == []
    join(sqlite_store, server)
    minute(sqlite_store, 1)
    assert there(server) == [("P1", "open", "")]


def test_closed_there_is_closed_here_and_nothing_is_sent_back(genesis: Sandbox, sqlite_store: Engine) -> None:
    minute(sqlite_store, 0)
    press(genesis, 1, "close", "Paid in cash")
    minute(sqlite_store, 1)
    minute(sqlite_store, 2)
    [task] = tasks(sqlite_store)
    assert (task.state, task.close_reason) == ("closed", "other")
    assert task.cleared == "Closed in Genesis by front desk (Genesis): Paid in cash"
    assert sent(sqlite_store) == [("task for the EHR", "settled")]


def test_opened_again_there_is_open_here_again(genesis: Sandbox, sqlite_store: Engine) -> None:
    minute(sqlite_store, 0)
    press(genesis, 1, "close")
    minute(sqlite_store, 1)
    genesis.control({"advance": {"minutes": 5}})
    press(genesis, 1, "reopen")
    minute(sqlite_store, 2)
    assert [task.state for task in tasks(sqlite_store)] == ["open"]
    assert sent(sqlite_store) == [("task for the EHR", "settled")]


def test_an_answer_that_got_lost_makes_no_second_task(genesis: Sandbox, sqlite_store: Engine) -> None:
    lost = {"kind": "reset", "at": "genesis", "times": 1, "match": {"method": "POST"}}
    genesis.control({"faults": [lost]})
    minute(sqlite_store, 0)
    minute(sqlite_store, 1)
    assert there(genesis) == [("P1", "open", "")]


def test_undo_of_a_closing_that_went_out_puts_a_new_one_there(genesis: Sandbox, sqlite_store: Engine) -> None:
    minute(sqlite_store, 0)
    dana = person(sqlite_store)
    with transaction(sqlite_store) as session:
        done = close(session, dana, task_ids=[1], reason=CloseReason.WAIVED)
        take_back(session, dana, step_ids=done)
    minute(sqlite_store, 1)
    assert there(genesis) == [("P1", "open", "")]  # it was taken back before it went out
    with transaction(sqlite_store) as session:
        close(session, dana, task_ids=[1], reason=CloseReason.WAIVED)
    minute(sqlite_store, 2)
    with transaction(sqlite_store) as session:
        reopen(session, dana, task_ids=[1])
    minute(sqlite_store, 3)
    assert [row[1] for row in there(genesis)] == ["closed", "open"]
