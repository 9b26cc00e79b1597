"""Right after an action nothing contradicts itself: the tasks of that patient are looked at in the transaction of it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.findings.setting import Setting
from core.jobs.tasks import refresh
from core.patient_card.read import patient_card
from core.patients.models import Patient
from core.permissions import Identity
from core.plans.commands import promise_to_pay
from core.plans.models import Plan
from core.store.engine import reader, transaction
from core.tasks.at_once import look_at_once
from core.tasks.refresh import Seen
from tests.tasks.clinic import EIGHT, PAID, behind, look, person, steps, tasks


def promise(engine: Engine, who: Identity) -> None:
    with clock.frozen(EIGHT + timedelta(days=1, minutes=1)), transaction(engine) as session:
        plan = session.exec(select(Plan.id)).one() or 0
        promise_to_pay(
            session, who, plan_id=plan, amount_cents=20_000, due_on=date(2026, 11, 27), said_by="Ana"
        )
        look_at_once(session)


def test_a_promise_closes_its_task_in_the_same_transaction(store: Engine, tmp_path: Path) -> None:
    behind(store, tmp_path)
    look(store)
    assert [task.state for task in tasks(store)] == ["open"]
    promise(store, person(store))
    (task,) = tasks(store)
    assert (task.state, "Nov 27" in task.cleared) == ("closed", True)
    look(store, EIGHT + timedelta(days=1, minutes=2))
    assert steps(store, task.id) == ["opened", "closed it"]


def test_a_look_that_began_before_the_press_does_not_open_the_task_again(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    who, see = person(sqlite_store), refresh.see
    pressed: list[int] = []

    def slowly(session: Session, ids: list[int], setting: Setting) -> list[Seen]:
        found = see(session, ids, setting)
        if not pressed:  # somebody at the desk is quicker than the job
            pressed.append(1)
            promise(sqlite_store, who)
        return found

    monkeypatch.setattr(refresh, "see", slowly)
    look(sqlite_store, EIGHT + timedelta(days=1))
    assert pressed == [1]
    assert [task.state for task in tasks(sqlite_store)] == ["closed"]


def test_the_card_says_what_the_rules_say_even_before_the_task_is_closed(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    behind(sqlite_store, tmp_path)
    look(sqlite_store)
    with reader(sqlite_store) as session:
        key = session.exec(select(Patient.id)).one() or 0
        assert [one.task.kind for one in patient_card(session, key, EIGHT).tasks] == ["payment"]
    behind(sqlite_store, tmp_path, payments=[PAID])
    after = EIGHT + timedelta(hours=12)
    with reader(sqlite_store) as session:
        card = patient_card(session, key, after)
    assert ([task.state for task in tasks(sqlite_store)], card.tasks, card.missing) == (["open"], (), ())
