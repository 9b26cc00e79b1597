"""A task opens when a rule finds something, closes itself with what settled it, and comes back when it happens again."""

import threading
from pathlib import Path

from sqlalchemy import Engine

from core import clock
from core.findings.setting import setting_of
from core.practice.reports import locations
from core.store.engine import reader, transaction
from core.tasks.commands import Until, close, reopen, snooze, take
from core.tasks.models import CloseReason
from core.tasks.refresh import keep, see
from tests.tasks.clinic import (
    DECLINE,
    DUE,
    GOOD_CARD,
    PAID,
    PLAN,
    behind,
    instalment,
    later,
    look,
    payment,
    person,
    steps,
    tasks,
)


def test_a_decline_is_a_task_and_its_payment_closes_it_with_the_evidence(
    store: Engine, tmp_path: Path
) -> None:
    behind(store, tmp_path)
    assert look(store).opened == 1
    [task] = tasks(store)
    assert (task.kind, task.source_kind, task.source_id, task.cents) == ("payment", "plan", "N1", 20_000)
    behind(store, tmp_path, payments=[DECLINE, PAID])
    assert look(store, later(hours=2)).closed == 1
    [task] = tasks(store)
    assert (task.state, task.close_reason, task.closed_by) == ("closed", "paid", None)
    assert task.cleared == "Paid $200 on Nov 23."
    assert task.cleared_evidence == '[["payment", "Y2"]]'


def test_looking_again_changes_nothing(sqlite_store: Engine, tmp_path: Path) -> None:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    behind(sqlite_store, tmp_path)
    assert look(sqlite_store, later(hours=1))[1:] == (0, 0, 0, False)
    assert len(tasks(sqlite_store)) == 1


def test_the_next_decline_is_a_new_episode(sqlite_store: Engine, tmp_path: Path) -> None:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    behind(sqlite_store, tmp_path, payments=[DECLINE, PAID])
    look(sqlite_store, later(hours=1))
    again = payment(3, "2026-12-10", "declined")
    behind(sqlite_store, tmp_path, payments=[DECLINE, PAID, again])
    look(sqlite_store, later(days=18))
    assert [(task.episode, task.state) for task in tasks(sqlite_store)] == [(1, "closed"), (2, "open")]


def test_a_new_card_closes_the_task_of_the_old_one(sqlite_store: Engine, tmp_path: Path) -> None:
    ended = {**GOOD_CARD, "expiry": "10/26"}
    behind(sqlite_store, tmp_path, cards=[ended], payments=[PAID])
    look(sqlite_store)
    assert [task.kind for task in tasks(sqlite_store)] == ["card"]
    new = {**GOOD_CARD, "card_id": "K2", "last_four": "1881"}
    behind(
        sqlite_store,
        tmp_path,
        cards=[{**ended, "is_default": "no"}, new],
        plans=[{**PLAN, "card_id": "K2"}],
        payments=[PAID],
    )
    look(sqlite_store, later(hours=1))
    [task] = tasks(sqlite_store)
    assert (task.state, task.close_reason) == ("closed", "updated")
    assert task.cleared == "Card ending 1881 is on file, good through Dec 31, 2029."


def test_nothing_closes_while_nobody_can_say(sqlite_store: Engine, tmp_path: Path) -> None:
    """Cards that are older than three days are unknown, which is not the same as fine."""
    behind(sqlite_store, tmp_path, cards=[{**GOOD_CARD, "expiry": "11/26"}], payments=[PAID])
    look(sqlite_store)
    assert [task.kind for task in tasks(sqlite_store)] == ["card"]
    with transaction(sqlite_store) as session:
        session.connection().exec_driver_sql("UPDATE sync_cursor SET synced_at = 0")
    look(sqlite_store, later(days=1))
    assert [task.state for task in tasks(sqlite_store)] == ["open"]


def test_what_a_person_closed_stays_closed_until_it_happens_again(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    dana = person(sqlite_store)
    with transaction(sqlite_store) as session, clock.frozen(later(hours=1)):
        close(session, dana, task_ids=[1], reason=CloseReason.WAIVED)
    assert look(sqlite_store, later(days=1)).opened == 0
    behind(sqlite_store, tmp_path, instalments=[*DUE, instalment(3, "2026-11-20")])
    assert look(sqlite_store, later(days=2)).opened == 1  # more is missing than was waived


def test_a_snooze_ends_on_its_day(sqlite_store: Engine, tmp_path: Path) -> None:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    dana = person(sqlite_store)
    with transaction(sqlite_store) as session, clock.frozen(later(hours=1)):
        take(session, dana, task_ids=[1])
        snooze(session, dana, task_ids=[1], until=Until.TOMORROW)
    assert look(sqlite_store, later(hours=10)).woken == 0
    assert look(sqlite_store, later(days=1)).woken == 1
    [task] = tasks(sqlite_store)
    assert (task.state, task.owner_id) == ("working", dana.staff_id)


def test_a_snooze_ends_early_when_more_is_missing(sqlite_store: Engine, tmp_path: Path) -> None:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    dana = person(sqlite_store)
    with transaction(sqlite_store) as session, clock.frozen(later(hours=1)):
        snooze(session, dana, task_ids=[1], until=Until.THREE_DAYS)
    behind(sqlite_store, tmp_path, instalments=[*DUE, instalment(3, "2026-11-18")])
    assert look(sqlite_store, later(days=1)).woken == 1
    assert steps(sqlite_store, 1) == ["opened", "snoozed it", "snooze ended"]


def test_a_task_reopened_by_hand_stays_open_though_all_is_paid(sqlite_store: Engine, tmp_path: Path) -> None:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    behind(sqlite_store, tmp_path, payments=[DECLINE, PAID])
    look(sqlite_store, later(hours=1))
    dana = person(sqlite_store)
    with transaction(sqlite_store) as session, clock.frozen(later(hours=2)):
        reopen(session, dana, task_ids=[1])
    look(sqlite_store, later(days=1))
    assert [task.state for task in tasks(sqlite_store)] == ["open"]


def test_two_processes_at_once_make_one_task(store: Engine, tmp_path: Path) -> None:
    """Even where the lease fails to keep them apart, the store does."""
    behind(store, tmp_path)
    with clock.frozen(later()), reader(store) as session:
        setting = setting_of(session, locations(session)[0], later())
        seen = see(session, [1], setting)
    barrier, failed = threading.Barrier(2), []

    def write() -> None:
        try:
            barrier.wait()
            with transaction(store) as session:
                keep(session, seen, setting)
        except Exception as error:
            failed.append(error)

    both = [threading.Thread(target=write) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert not failed
    assert len(tasks(store)) == 1
    assert steps(store, tasks(store)[0].id) == ["opened"]
