"""A plan that was ended early is frozen until a person decides: collect what is owed, or waive it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.errors import BadInput, NotAllowed
from core.plans.commands import settle_plan, undo_settlement
from core.plans.facts import InstalmentState, PlanFinding, PlanState
from core.plans.models import Settling
from core.plans.rules import judge_plan
from core.plans.settlements import SettlementFacts, standing_settlement
from core.store.engine import transaction
from tests.money_facts import day, monthly, payment, plan
from tests.plans.made import (
    NOON,
    key_of,
    rows,
    someone,
    the_vector,
)
from tests.plans.made import (
    monthly as monthly_rows,
)
from tests.plans.made import (
    plan as plan_row,
)

ENDED = {"status": "cancelled", "end_date": day("2026-03-10")}
PAID = (payment("2026-01-01", 200_00), payment("2026-02-01", 200_00), payment("2026-03-02", 120_00))
DECIDED = SettlementFacts(
    1, 7, "collect", 80_00, "agreed", datetime(2026, 4, 1, tzinfo=UTC), day("2026-04-01"), "Mia"
)


def judged(on: str, settled: SettlementFacts | None = None, paid=PAID) -> PlanFinding:
    return judge_plan(plan(**ENDED), monthly(), paid, day(on), settled=settled)


def test_frozen_it_neither_grows_nor_ages() -> None:
    for on in ("2026-03-11", "2026-04-15", "2027-04-15"):
        found = judged(on)
        assert (found.state, found.arrears_cents, found.days_past_due) == (PlanState.SETTLEMENT, 80_00, 10)


def test_to_be_collected_it_ages_again_but_what_was_due_later_never_falls_due() -> None:
    found = judged("2026-04-15", DECIDED)
    assert (found.state, found.arrears_cents, found.days_past_due) == (PlanState.COMPLETED_OWING, 80_00, 45)
    assert [one.state for one in found.instalments[2:5]] == ["LATE", "FROZEN", "FROZEN"]
    assert judged("2026-04-15", DECIDED, (*PAID, payment("2026-04-10", 80_00))).state is PlanState.COMPLETED


def test_waived_nothing_is_owed_any_more() -> None:
    found = judged("2026-04-15", DECIDED._replace(decision="waive"))
    assert (found.state, found.arrears_cents, found.waived_cents) == (PlanState.COMPLETED, 0, 80_00)
    assert found.instalments[2].state is InstalmentState.WAIVED
    assert found.arrears_cents + found.paid_cents + found.waived_cents >= found.expected_cents


def test_money_that_comes_back_after_a_waiver_is_to_be_decided_anew() -> None:
    bounced = (PAID[0], PAID[1]._replace(status="returned"), PAID[2])
    found = judged("2026-04-15", DECIDED._replace(decision="waive"), bounced)
    assert (found.state, found.arrears_cents) == (PlanState.SETTLEMENT, 200_00)


def test_before_it_was_decided_and_after_it_was_undone_it_is_frozen() -> None:
    assert judged("2026-03-31", DECIDED).state is PlanState.SETTLEMENT
    assert standing_settlement([DECIDED._replace(undone_at=NOON)]) is None


def test_a_running_plan_takes_no_notice_of_it() -> None:
    assert judge_plan(plan(), monthly(), PAID, day("2026-04-15"), settled=DECIDED).state is PlanState.BEHIND


def ended(engine: Engine, folder: Path) -> None:
    the_vector(
        engine,
        folder,
        plans=[plan_row(status="cancelled", end_date="2026-03-10")],
        instalments=monthly_rows(),
    )


def settle(
    engine: Engine, who, decision: Settling = Settling.COLLECT, why: str = "agreed on the phone"
) -> None:
    with clock.frozen(NOON), transaction(engine) as session:
        settle_plan(session, who, plan_id=key_of(engine), decision=decision, why=why)


def test_the_manager_decides_and_takes_it_back(store: Engine, tmp_path: Path) -> None:
    ended(store, tmp_path)
    mia = someone(store, "office manager")
    settle(store, mia)
    [row] = rows(store, NOON + timedelta(hours=1))
    assert (row["state"], row["days_past_due"]) == ("COMPLETED_OWING", 45)
    with clock.frozen(NOON), transaction(store) as session:
        undo_settlement(session, mia, plan_id=key_of(store))
    settle(store, mia, Settling.WAIVE)
    assert rows(store, NOON + timedelta(hours=1)) == []


def test_the_desk_may_not_and_a_reason_is_needed_and_only_once(sqlite_store: Engine, tmp_path: Path) -> None:
    ended(sqlite_store, tmp_path)
    mia = someone(sqlite_store, "office manager")
    with pytest.raises(NotAllowed, match="settle plans"):
        settle(sqlite_store, someone(sqlite_store))
    with pytest.raises(BadInput, match="Write why"):
        settle(sqlite_store, mia, why="  ")
    settle(sqlite_store, mia)
    with pytest.raises(BadInput, match="ended early"):
        settle(sqlite_store, mia)
