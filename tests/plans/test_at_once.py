"""Several people press at the same moment: one promise, one decision, and no more tries at a password than allowed."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.errors import HuddleError, TooManyAttempts
from core.plans.commands import promise_to_pay, settle_plan
from core.plans.models import PlanPromise, PlanSettlement, Settling
from core.staff.sign_in import WRONG_PER_ACCOUNT, begin_attempt
from core.store.engine import reader, transaction
from tests.plans.made import NOON, VECTOR, day, key_of, monthly, plan, someone, the_vector


def at_once(store: Engine, times: int, act: Callable[[Session, int], object]) -> list[HuddleError]:
    """So many at the same moment, each in a transaction of its own: the errors of those that were told no."""
    refused: list[HuddleError] = []
    unforeseen: list[BaseException] = []
    together = threading.Barrier(times)

    def run(number: int) -> None:
        together.wait(30)
        try:
            with clock.frozen(NOON), transaction(store) as session:
                act(session, number)
        except HuddleError as error:
            refused.append(error)
        except BaseException as error:
            unforeseen.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert unforeseen == []
    return refused


def test_six_promises_at_once_leave_one_that_stands(store: Engine, tmp_path: Path) -> None:
    the_vector(store, tmp_path)
    desk, plan_id = someone(store), key_of(store)

    def act(session: Session, number: int) -> None:
        promise_to_pay(
            session,
            desk,
            plan_id=plan_id,
            amount_cents=100_00 + number,
            due_on=day("2026-04-20"),
            said_by="Ana",
        )

    assert at_once(store, 6, act) == []
    with reader(store) as session:
        kept = session.exec(select(PlanPromise)).all()
        assert (len(kept), sum(one.withdrawn_at is None for one in kept)) == (6, 1)


def test_a_plan_is_settled_once(store: Engine, tmp_path: Path) -> None:
    files = {"plans": [plan(status="cancelled", end_date="2026-03-10")], "instalments": monthly()}
    the_vector(store, tmp_path, **files, payments=VECTOR)
    mia, plan_id = someone(store, "office manager"), key_of(store)

    def act(session: Session, number: int) -> None:
        decision = Settling.WAIVE if number % 2 else Settling.COLLECT
        settle_plan(session, mia, plan_id=plan_id, decision=decision, why="agreed")

    assert len(at_once(store, 3, act)) == 2
    with reader(store) as session:
        stand = session.exec(select(PlanSettlement).where(col(PlanSettlement.undone_at).is_(None))).all()
        assert len(stand) == 1


@pytest.mark.parametrize("same_address", [True, False])
def test_of_sixteen_tries_at_once_ten_are_compared(store: Engine, same_address: bool) -> None:
    def act(session: Session, number: int) -> None:
        begin_attempt(session, username="dana", address="10.0.0.9" if same_address else f"10.0.1.{number}")

    refused = at_once(store, 16, act)
    assert len(refused) == 16 - WRONG_PER_ACCOUNT
    assert all(isinstance(error, TooManyAttempts) for error in refused)
