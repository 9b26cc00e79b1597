"""A practice on its way from Cash Practice to Fortis: both connected, one patient known at both or only at the old one."""

from pathlib import Path
from typing import Any

import pytest

from core import clock
from core.blasts.conditions import Condition, conditions
from core.blasts.results import Moved, cards_moved
from core.connections.commands import connect
from core.connections.models import Kind
from core.jobs.sync import sync_by_name
from core.jobs.tasks.refresh import refresh_tasks
from core.reports.as_file import as_json
from core.reports.morning import morning, patients
from core.store.engine import reader, transaction
from core.tasks.reports import Show, Wanted, open_tasks, quick_stop
from tests.links.desk import PATIENTS, Desk, days_ago
from tests.reports.practice import load
from tests.sandbox.at_cash_practice import customer, fields_of, open_cash_practice, small


@pytest.fixture
def moving(desk: Desk, tmp_path: Path) -> Desk:
    """Cleo is at Cash Practice alone, Ana and Ben at both; Ana's plan is drafted at Cash Practice."""
    given: dict[str, list[dict[str, Any]]] = small()
    given["customers"][2] = customer(3, "Cleo", "Cash", "P3")
    given["payments"] = []
    open_cash_practice(desk.sandbox, given)
    settings, secrets = fields_of(desk.sandbox)
    plan = {"plan_id": "PL1", "patient_id": "P1", "kind": "treatment", "name": "Care plan", "status": "active",
            "start_date": days_ago(40), "total": "298.00"}  # fmt: skip
    due = [{"instalment_id": f"I{n}", "plan_id": "PL1", "due_date": days_ago(d), "amount": "149.00", "waived": ""}
           for n, d in ((1, 5), (2, -25))]  # fmt: skip
    load(desk.engine, tmp_path / "more", patients=PATIENTS, appointments=[], plans=[plan], instalments=due)
    with transaction(desk.engine) as session:
        connect(session, kind=Kind.CASH_PRACTICE, name="Cash Practice", settings=settings, secrets=secrets)
    sync(desk)
    return desk


def sync(desk: Desk) -> None:
    results = sync_by_name(desk.engine)
    assert [result.error for result in results if result.error] == []


def rows(desk: Desk) -> dict[str, dict[str, Any]]:
    with reader(desk.engine) as session:
        found = as_json(patients(session, location_id=None, as_of=clock.now()))["rows"]
    return {row["patient_id"]: row for row in found}


def test_a_decline_at_the_old_processor_is_a_missing_payment_here(moving: Desk) -> None:
    moving.sandbox.control({"cash_practice": {"decline": {"sch_id": "S1", "code": "51", "now": True}}})
    sync(moving)
    (missing,) = rows(moving)["P1"]["missing_payments"]
    assert (missing["open_cents"], missing["reason"]) == (14_900, "DECLINED_SOFT")


def test_a_payment_there_clears_it(moving: Desk) -> None:
    done = moving.sandbox.control({"cash_practice": {"decline": {"sch_id": "S1", "code": "51", "now": True}}})
    sync(moving)
    order = done["cash_practice"]["declined"]["Order_ID"]
    moving.sandbox.control({"cash_practice": {"pay": {"order_id": order}}})
    sync(moving)
    assert rows(moving)["P1"]["missing_payments"] == []


def test_a_decline_there_is_a_task_here_and_in_genesis_within_one_sync_and_its_payment_closes_both(
    moving: Desk,
) -> None:
    keys = moving.sandbox.client.get(f"{moving.sandbox.root_url}/control").json()["genesis"]
    with transaction(moving.engine) as session:
        settings = {"base_url": keys["base_url"], "cp_id": keys["cp_id"]}
        connect(
            session,
            kind=Kind.GENESIS,
            name="Genesis",
            settings=settings,
            secrets={"cp_mkey": keys["cp_mkey"]},
        )
    done = moving.sandbox.control({"cash_practice": {"decline": {"sch_id": "S1", "code": "51", "now": True}}})
    assert followed(moving) == (["Behind"], [("open", "")])

    moving.sandbox.control(
        {"cash_practice": {"pay": {"order_id": done["cash_practice"]["declined"]["Order_ID"]}}}
    )
    quick, [(status, why)] = followed(moving)
    assert (quick, status) == ([], "closed")
    assert why.startswith("paid: Paid $149")
    with reader(moving.engine) as session:
        [closed] = open_tasks(session, Wanted(show=Show.CLOSED, kind="payment"))
    assert closed.cleared.startswith("Paid $149")


def followed(moving: Desk) -> tuple[list[str], list[tuple[str, str]]]:
    """One sync and what follows it: Ana's payment tasks in her Quick Stop here, and in Genesis' list."""
    sync(moving)
    refresh_tasks(moving.engine)
    moving.work()
    with reader(moving.engine) as session:
        here = [one for one in quick_stop(session, moving.patient()) if one.task.kind == "payment"]
    sql = "SELECT status, coalesce(closed_reason, '') FROM genesis_tasks WHERE type = 'payment'"
    there = [tuple(row) for row in moving.sandbox.state.select(sql, [])]
    return [one.task.sentence.partition(" ")[0] for one in here], there


def test_the_card_that_is_charged_is_looked_at_wherever_it_lies(moving: Desk) -> None:
    change = {"resource": "billing", "id": "B1", "fields": {"Expires": "01/26"}}
    moving.sandbox.control({"cash_practice": {"change": change}})
    sync(moving)
    card = rows(moving)["P1"]["card"]
    assert (card["state"], card["last_four"], card["expires_on"]) == ("EXPIRED", "4242", "2026-01-31")


def test_an_expired_default_card_of_the_old_processor_is_found(moving: Desk) -> None:
    assert rows(moving)["P3"]["card"]["expires_on"] == "2026-02-28"


def test_who_is_only_at_the_old_processor_is_asked_for_a_card(moving: Desk) -> None:
    with reader(moving.engine) as session:
        found = conditions(session, location_id=None, as_of=clock.now())[Condition.OLD_PROCESSOR]
        moved = cards_moved(session)
    assert [(each.patient, each.reason) for each in found] == [
        ("Cleo Cash", "Card ending 4242 is not at Fortis yet.")
    ]
    assert moved == Moved(2, 3, "Fortis")


def test_the_morning_says_how_fresh_both_are(moving: Desk) -> None:
    with reader(moving.engine) as session:
        report = as_json(morning(session, location_id=None, day=None, as_of=clock.now()))
    assert {source["name"]: source["stale"] for source in report["sources"] if source["name"] != "practice files"} == {
        "Fortis": False,
        "Cash Practice": False,
    }  # fmt: skip
