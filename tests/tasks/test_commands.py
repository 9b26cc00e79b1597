"""What people do about tasks: take, give, snooze, close with a reason, reopen, note, take back; and who may."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from core import clock
from core.audit.models import AuditEntry
from core.errors import BadInput, NotAllowed, NotFound
from core.permissions import Identity
from core.store.engine import reader, transaction
from core.tasks.commands import Until, assign, close, note, reopen, snooze, take, take_back
from core.tasks.models import CloseReason, Task
from core.tasks.reports import history
from tests.tasks.clinic import behind, later, look, person, steps, tasks


@pytest.fixture
def desk(sqlite_store: Engine, tmp_path: Path) -> Identity:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    return person(sqlite_store)


def test_taking_and_giving_say_who_has_it(sqlite_store: Engine, desk: Identity) -> None:
    max_ = person(sqlite_store, "office manager", "max")
    with transaction(sqlite_store) as session:
        take(session, desk, task_ids=[1])
        assign(session, desk, task_ids=[1], staff_id=max_.staff_id)
    assert [(task.state, task.owner_id) for task in tasks(sqlite_store)] == [("working", max_.staff_id)]
    with reader(sqlite_store) as session:
        assert [(step.who, step.did, step.words) for step in history(session, [1])[1]][1:] == [
            ("Dana", "took it", ""),
            ("Dana", "gave it to", "Max"),
        ]


def test_nobody_gives_a_task_to_somebody_who_may_not_work_on_it(sqlite_store: Engine, desk: Identity) -> None:
    lee = person(sqlite_store, "provider", "lee")
    with transaction(sqlite_store) as session, pytest.raises(BadInput, match="front desk"):
        assign(session, desk, task_ids=[1], staff_id=lee.staff_id)
    with transaction(sqlite_store) as session, pytest.raises(NotAllowed):
        take(session, lee, task_ids=[1])


def test_other_wants_words_and_a_card_number_is_refused(sqlite_store: Engine, desk: Identity) -> None:
    with transaction(sqlite_store) as session:
        with pytest.raises(BadInput, match="few words"):
            close(session, desk, task_ids=[1], reason=CloseReason.OTHER)
        with pytest.raises(BadInput, match="card number"):
            close(session, desk, task_ids=[1], reason=CloseReason.OTHER, words="4111 1111 1111 1111")
        close(session, desk, task_ids=[1], reason=CloseReason.OTHER, words=" moved   away ")
    assert [(task.close_reason, task.cleared) for task in tasks(sqlite_store)] == [("other", "moved away")]


def test_a_closed_task_is_not_worked_on_until_it_is_reopened(sqlite_store: Engine, desk: Identity) -> None:
    with transaction(sqlite_store) as session:
        close(session, desk, task_ids=[1], reason=CloseReason.PAID)
        with pytest.raises(BadInput, match="closed already"):
            take(session, desk, task_ids=[1])
        reopen(session, desk, task_ids=[1])
        take(session, desk, task_ids=[1])
    assert [(task.state, task.close_reason) for task in tasks(sqlite_store)] == [("working", "")]


def test_many_at_once_are_done_all_or_none(sqlite_store: Engine, desk: Identity, tmp_path: Path) -> None:
    with transaction(sqlite_store) as session, pytest.raises(NotFound):
        close(session, desk, task_ids=[1, 99], reason=CloseReason.PAID)
    assert [task.state for task in tasks(sqlite_store)] == ["open"]


def test_a_snooze_is_until_the_first_minute_of_a_day_ahead(sqlite_store: Engine, desk: Identity) -> None:
    with transaction(sqlite_store) as session, clock.frozen(later()):
        with pytest.raises(BadInput, match="from tomorrow on"):
            snooze(session, desk, task_ids=[1], until=Until.DATE, day=date(2026, 11, 23))
        snooze(session, desk, task_ids=[1], until=Until.NEXT_VISIT)
    [task] = tasks(sqlite_store)
    assert clock.iso(task.snoozed_until, "America/Denver") == "2027-02-15T00:00:00-07:00"


def test_undo_puts_everything_back_and_only_ones_own_last_step(sqlite_store: Engine, desk: Identity) -> None:
    max_ = person(sqlite_store, "office manager", "max")
    with transaction(sqlite_store) as session, clock.frozen(later()):
        took = take(session, desk, task_ids=[1])
        done = close(session, desk, task_ids=[1], reason=CloseReason.WAIVED)
        with pytest.raises(BadInput, match="since"):
            take_back(session, desk, step_ids=took)
        with pytest.raises(BadInput, match="since"):
            take_back(session, max_, step_ids=done)
        take_back(session, desk, step_ids=done)
        take_back(session, desk, step_ids=took)
    [task] = tasks(sqlite_store)
    assert (task.state, task.owner_id, task.close_reason, task.closed_at) == ("open", None, "", None)


def test_a_note_is_kept_in_the_history_and_out_of_the_audit(sqlite_store: Engine, desk: Identity) -> None:
    with transaction(sqlite_store) as session:
        note(session, desk, task_id=1, words="Called, no answer")
    assert steps(sqlite_store, 1)[-1] == "noted"
    with reader(sqlite_store) as session:
        entries = session.exec(select(AuditEntry).where(col(AuditEntry.subject_kind) == "task")).all()
        assert [entry.action for entry in entries] == ["task: opened", "task: noted"]
        assert all("Called" not in entry.detail for entry in entries)


def test_somebody_of_one_location_does_not_reach_another_ones_tasks(
    sqlite_store: Engine, desk: Identity
) -> None:
    elsewhere = Identity(0, desk.staff_id, "dana", "Dana", "front desk", location_id=7)
    with transaction(sqlite_store) as session:
        session.get_one(Task, 1).location_id = 1
        with pytest.raises(NotFound):
            take(session, elsewhere, task_ids=[1])
