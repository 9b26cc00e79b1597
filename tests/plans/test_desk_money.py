"""DOMAIN §3: money taken at the desk pays the plan that the ledger names; a person says where it names none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core import clock
from core.errors import BadInput, NotAllowed
from core.findings.owed import owed
from core.ledger.models import Answer
from core.patients.models import Patient
from core.permissions import Identity
from core.reports.arrears import arrears
from core.reports.as_file import as_json
from core.reports.morning import patients
from core.store.engine import reader, transaction
from core.tasks.desk_answers import answer_match, take_answer_back
from tests.plans.made import NOON, monthly, paid, plan, someone
from tests.reports.practice import load

CARD_PAID = [paid("Y1", "2026-01-01", "200.00"), paid("Y2", "2026-02-01", "200.00")]


def entry(entry_id: str, on: str, amount: str = "200.00", **other: str) -> dict[str, str]:
    return {
        "entry_id": entry_id, "patient_id": "P1", "posted_on": on, "kind": "payment", "part": "patient",
        "amount": amount, "description": "Check 1123", **other,
    }  # fmt: skip


def row(engine: Engine) -> dict[str, Any]:
    with reader(engine) as session:
        return as_json(patients(session, location_id=None, as_of=NOON))["rows"][0]


def behind(engine: Engine) -> list[dict[str, Any]]:
    with reader(engine) as session:
        return as_json(arrears(session, location_id=None, as_of=NOON))["rows"]


def clinic(engine: Engine, folder: Path, *ledger: dict[str, str], payments=CARD_PAID, **files: Any) -> None:
    load(
        engine, folder, plans=[plan()], instalments=monthly(), payments=payments, ledger=list(ledger), **files
    )


def test_a_check_and_cash_with_the_plans_id_pay_the_oldest_due(store: Engine, tmp_path: Path) -> None:
    clinic(store, tmp_path, entry("E1", "2026-03-02", plan_id="N1"), entry("E2", "2026-04-03", plan_id="N1"))
    found = row(store)
    assert (found["missing_payments"], found["arrears_cents"], found["collect_now_cents"]) == ([], 0, 0)
    assert behind(store) == []


def test_part_of_it_pays_part_and_the_rest_is_asked_for(sqlite_store: Engine, tmp_path: Path) -> None:
    clinic(sqlite_store, tmp_path, entry("E1", "2026-03-02", "250.00", plan_id="N1"))
    found = row(sqlite_store)
    assert [(m["id"], m["open_cents"]) for m in found["missing_payments"]] == [("N1-04", 150_00)]
    [one] = behind(sqlite_store)
    assert (one["paid_cents"], one["arrears_cents"]) == (650_00, 150_00)


def test_a_row_that_a_processor_explains_is_not_paid_twice(sqlite_store: Engine, tmp_path: Path) -> None:
    march = paid("Y3", "2026-03-01", "200.00", order_id="O3")
    clinic(
        sqlite_store, tmp_path, entry("E1", "2026-02-01", plan_id="N1"), entry("E3", "2026-03-05", plan_id="N1", order_id="O3"),
        payments=[*CARD_PAID, march],
    )  # fmt: skip
    [one] = behind(sqlite_store)
    assert (one["paid_cents"], one["arrears_cents"]) == (600_00, 200_00)


@pytest.mark.parametrize("back", [{"kind": "refund"}, {"kind": "adjustment", "amount": "-200.00"}])
def test_what_was_taken_back_reopens_it(sqlite_store: Engine, tmp_path: Path, back: dict[str, str]) -> None:
    taken = {**entry("E2", "2026-03-20", plan_id="N1"), **back}
    clinic(sqlite_store, tmp_path, entry("E1", "2026-03-02", plan_id="N1"), taken)
    assert behind(sqlite_store)[0]["arrears_cents"] == 400_00


def test_without_a_plan_it_may_have_paid_and_nothing_is_asked(sqlite_store: Engine, tmp_path: Path) -> None:
    clinic(sqlite_store, tmp_path, entry("E1", "2026-03-02"), entry("E2", "2026-04-03"))
    found = row(sqlite_store)
    assert [m["possible_match"]["entry_id"] for m in found["missing_payments"]] == ["E1", "E2"]
    assert (found["collect_now_cents"], found["arrears_cents"]) == (0, 400_00)
    assert "nothing was charged" not in str(found)
    assert "may have paid" in found["say"]
    [one] = behind(sqlite_store)
    assert (one["ask_cents"], "Ask for" in one["advice"]) == (0, False)


def test_what_was_given_back_since_is_no_possible_match(sqlite_store: Engine, tmp_path: Path) -> None:
    clinic(sqlite_store, tmp_path, entry("E1", "2026-04-03"), entry("E2", "2026-04-05", kind="refund"))
    assert [m["possible_match"] for m in row(sqlite_store)["missing_payments"]] == [None, None]


@pytest.fixture
def asked(sqlite_store: Engine, tmp_path: Path) -> Iterator[Engine]:
    clinic(sqlite_store, tmp_path, entry("E1", "2026-04-03"))
    with clock.frozen(NOON):
        yield sqlite_store


def offer(engine: Engine) -> tuple[int, int]:
    """The patient and the ledger row that is offered, by store id."""
    with reader(engine) as session:
        person = session.get_one(Patient, 1)
        found = owed(session, person, NOON).judged.matches
        return 1, next(iter(found.values())).id


def say(engine: Engine, answer: Answer, who: Identity | None = None) -> int:
    patient, row_id = offer(engine)
    who = who or someone(engine)
    with transaction(engine) as session:
        return answer_match(session, who, patient_id=patient, entry_id=row_id, answer=answer).id or 0


def test_yes_pays_it_and_taking_it_back_asks_again(asked: Engine) -> None:
    dana = someone(asked)
    key = say(asked, Answer.YES, dana)
    assert (row(asked)["arrears_cents"], [m["id"] for m in row(asked)["missing_payments"]]) == (
        200_00,
        ["N1-03"],
    )
    with transaction(asked) as session:
        take_answer_back(session, dana, match_id=key)
    assert (row(asked)["arrears_cents"], row(asked)["collect_now_cents"]) == (400_00, 200_00)
    with pytest.raises(BadInput, match="taken back already"), transaction(asked) as session:
        take_answer_back(session, dana, match_id=key)


def test_no_asks_for_it_and_does_not_offer_it_again(asked: Engine) -> None:
    say(asked, Answer.NO)
    found = row(asked)
    assert (found["collect_now_cents"], {m["possible_match"] is None for m in found["missing_payments"]}) == (
        400_00,
        {True},
    )


def test_a_row_is_answered_once_and_only_by_who_may(asked: Engine) -> None:
    patient, row_id = offer(asked)
    dana = someone(asked)
    with pytest.raises(NotAllowed):
        say(asked, Answer.YES, Identity(3, 3, "lee", "Lee", "provider"))
    say(asked, Answer.YES, dana)
    with pytest.raises(BadInput, match="answered by now"), transaction(asked) as session:
        answer_match(session, dana, patient_id=patient, entry_id=row_id, answer=Answer.YES)


def test_a_membership_draft_may_be_paid_at_the_desk_too(sqlite_store: Engine, tmp_path: Path) -> None:
    member = {
        "membership_id": "M1", "patient_id": "P1", "membership_plan_id": "W4", "start_date": "2026-01-01",
        "status": "active", "next_draft_on": "2026-04-01",
    }  # fmt: skip
    load(
        sqlite_store, tmp_path, memberships=[member],
        membership_plans=[{"membership_plan_id": "W4", "name": "Wellness 4", "price": "149.00", "period": "month"}],
        membership_benefits=[{"benefit_id": "B1", "membership_plan_id": "W4", "service_class": "adjustment", "visits": "4"}],
        ledger=[entry("E1", "2026-04-02", "149.00")],
    )  # fmt: skip
    with clock.frozen(NOON):
        [missing] = row(sqlite_store)["missing_payments"]
        assert (missing["kind"], missing["possible_match"]["entry_id"]) == ("membership", "E1")
        say(sqlite_store, Answer.YES)
        assert (row(sqlite_store)["missing_payments"], row(sqlite_store)["collect_now_cents"]) == ([], 0)
