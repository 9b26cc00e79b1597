"""Who promised what, when recorded, by whom, and what became of it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from core import clock
from core.audit.models import AuditEntry
from core.errors import BadInput, NotAllowed, NotFound
from core.permissions import Identity
from core.plans.commands import promise_to_pay, withdraw_promise
from core.plans.models import PlanPromise
from core.plans.promises import PromiseFacts, PromiseState, calms, judge_promise
from core.reports.as_file import as_json
from core.reports.morning import patients
from core.store.engine import reader, transaction
from tests.money_facts import payment, refund
from tests.plans.made import NOON, VECTOR, day, key_of, paid, someone, the_vector

SAID = date(2026, 4, 10)
PROMISE = PromiseFacts(1, 7, 200_00, day("2026-04-20"), "Ana", datetime(2026, 4, 10, 12, tzinfo=UTC), "Dee")


def state(on: str, *payments) -> PromiseState:
    return judge_promise(PROMISE, payments, day(on), recorded_on=SAID).state


def test_it_is_open_then_due_then_broken_the_day_after() -> None:
    assert [state(on) for on in ("2026-04-19", "2026-04-20", "2026-04-21")] == ["OPEN", "DUE_TODAY", "BROKEN"]


def test_it_is_kept_when_what_came_since_reaches_it() -> None:
    before, half = payment("2026-04-09", 500_00), payment("2026-04-12", 100_00)
    assert state("2026-04-15", before, half) is PromiseState.OPEN
    assert state("2026-04-15", before, half, payment("2026-04-14", 100_00)) is PromiseState.KEPT


def test_money_given_back_since_counts_against_it() -> None:
    before, came = payment("2026-04-01", 300_00), payment("2026-04-12", 200_00)
    assert state("2026-04-21", before, came, refund(before, "2026-04-13", 50_00)) is PromiseState.BROKEN
    assert state("2026-04-21", came, refund(came, "2026-04-14")) is PromiseState.BROKEN


def test_declined_and_pending_money_keeps_no_promise() -> None:
    tried = [payment("2026-04-12", 200_00, "declined"), payment("2026-04-13", 200_00, "pending")]
    assert state("2026-04-21", *tried) is PromiseState.BROKEN


def test_only_an_open_promise_calms() -> None:
    said = [
        judge_promise(PROMISE, (), day(on), recorded_on=SAID)
        for on in ("2026-04-19", "2026-04-20", "2026-04-21")
    ]
    assert [calms(one) for one in said] == [True, False, False]
    assert said[0].sentence == "Ana promised $200 by Apr 20 (said on Apr 10)."
    assert said[2].sentence == "Ana promised $200 by Apr 20, and it did not come."


def promise(engine: Engine, actor: Identity | None = None, **other) -> int:
    given = {
        "plan_id": key_of(engine),
        "amount_cents": 280_00,
        "due_on": day("2026-04-20"),
        "said_by": " Ana  on the phone ",
    }
    who = actor or someone(engine)
    with clock.frozen(NOON), transaction(engine) as session:
        return promise_to_pay(session, who, **{**given, **other}).id or 0


def test_the_desk_records_and_withdraws_a_promise_and_both_are_written_down(
    store: Engine, tmp_path: Path
) -> None:
    the_vector(store, tmp_path)
    desk = someone(store)
    key = promise(store, desk)
    with clock.frozen(NOON), transaction(store) as session:
        withdraw_promise(session, desk, promise_id=key, why="wrong person")
    with reader(store) as session:
        kept = session.get(PlanPromise, key)
        assert kept is not None
        assert (kept.said_by, kept.recorded_by, kept.withdrawn_by) == (
            "Ana on the phone",
            desk.display_name,
            desk.display_name,
        )
        assert session.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars().all()[-2:] == [  # type: ignore[call-overload]
            "recorded a promise to pay",
            "withdrew a promise to pay",
        ]
    with pytest.raises(BadInput, match="withdrawn already"), transaction(store) as session:
        withdraw_promise(session, desk, promise_id=key)


def test_a_new_promise_takes_the_place_of_the_one_before(sqlite_store: Engine, tmp_path: Path) -> None:
    the_vector(sqlite_store, tmp_path)
    desk = someone(sqlite_store)
    first, second = promise(sqlite_store, desk), promise(sqlite_store, desk, amount_cents=100_00)
    with reader(sqlite_store) as session:
        assert session.get(PlanPromise, first).withdrawn_why == "a new promise took its place"  # type: ignore[union-attr]
        assert session.get(PlanPromise, second).withdrawn_at is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"amount_cents": 0}, "above zero"),
        ({"due_on": day("2026-04-14")}, "Choose another day"),
        ({"due_on": day("2028-01-01")}, "Choose another day"),
        ({"said_by": "  "}, "Write who promised it"),
        ({"said_by": "card 4242 4242 4242 4242"}, "card number"),
        ({"said_by": "a" * 500}, "too long"),
    ],
)
def test_what_cannot_be_a_promise_is_refused_with_what_to_do(
    sqlite_store: Engine, tmp_path: Path, wrong, said
) -> None:
    the_vector(sqlite_store, tmp_path)
    with pytest.raises(BadInput, match=said):
        promise(sqlite_store, **wrong)


def test_a_provider_and_another_location_may_not(sqlite_store: Engine, tmp_path: Path) -> None:
    the_vector(sqlite_store, tmp_path)
    with pytest.raises(NotAllowed):
        promise(sqlite_store, Identity(3, 3, "lee", "Lee", "provider"))
    with pytest.raises(NotFound, match="another location"):
        promise(sqlite_store, Identity(4, 4, "sam", "Sam", "front desk", location_id=99))
    with pytest.raises(NotFound, match="not in the store"):
        promise(sqlite_store, plan_id=12345)


def test_the_morning_does_not_ask_for_what_is_promised(sqlite_store: Engine, tmp_path: Path) -> None:
    declined = paid("Y9", "2026-04-02", "200.00", status="declined", reason_code="1616")
    the_vector(sqlite_store, tmp_path, payments=[*VECTOR, declined])

    def row(days: int) -> dict:
        with reader(sqlite_store) as session:
            return as_json(patients(session, location_id=None, as_of=NOON + timedelta(days)))["rows"][0]

    assert (row(0)["collect_now_cents"], row(0)["severity"]) == (280_00, "high")
    promise(sqlite_store)
    calm = row(1)
    assert (calm["collect_now_cents"], calm["arrears_cents"]) == (0, 280_00)
    assert [flag["severity"] for flag in calm["flags"] if flag["kind"] == "PROMISED"] == ["note"]
    assert "promised $280 by Apr 20" in " ".join(flag["reason"] for flag in calm["flags"])
    assert row(6)["collect_now_cents"] == 280_00
