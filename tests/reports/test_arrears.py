"""`huddle report arrears`: one row per plan that is behind, at who pays it (CONTRACTS §2, DOMAIN §4)."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.messages.models import Message
from core.patients.models import Patient
from core.plans.commands import promise_to_pay
from core.reports.arrears import arrears
from core.reports.by_name import report_by_name
from core.reports.morning import patients
from core.store.engine import reader, transaction
from tests.plans.made import ANA, BEN, NOON, VECTOR, key_of, monthly, paid, plan, rows, someone, the_vector


@pytest.mark.both_stores
def test_the_vector_of_the_definitions(store: Engine, tmp_path: Path) -> None:
    the_vector(store, tmp_path)
    [row] = rows(store)
    assert (row["plan_id"], row["patient_id"], row["patient"]) == ("N1", "P1", "Ana Ruiz")
    assert (row["expected_cents"], row["paid_cents"], row["arrears_cents"]) == (800_00, 520_00, 280_00)
    assert (row["days_past_due"], row["missed_count"], row["remaining_cents"]) == (45, 2, 1880_00)
    assert row["aging"] == {"d1_30": 200_00, "d31_60": 80_00, "d61_90": 0, "over_90": 0}
    assert (row["state"], row["since"], row["reminders_stopped"]) == ("BEHIND", "2026-03-01", False)
    assert row["last_event"] == "partly paid Mar 2"
    assert "key" not in row
    assert "plan_key" not in row


def test_february_given_back_reopens_it(store: Engine, tmp_path: Path) -> None:
    back = paid("Y4", "2026-04-10", "200.00", refund_of="Y2", plan_id="")
    the_vector(store, tmp_path, payments=[*VECTOR, back])
    [row] = rows(store)
    assert (row["paid_cents"], row["arrears_cents"], row["days_past_due"]) == (320_00, 480_00, 73)
    assert row["aging"] == {"d1_30": 200_00, "d31_60": 200_00, "d61_90": 80_00, "over_90": 0}


def test_who_is_up_to_date_has_no_row(sqlite_store: Engine, tmp_path: Path) -> None:
    paid_up = [*VECTOR, paid("Y4", "2026-03-20", "80.00"), paid("Y5", "2026-04-01", "200.00")]
    the_vector(sqlite_store, tmp_path, payments=paid_up)
    assert rows(sqlite_store) == []


def test_money_tied_to_a_later_instalment_leaves_the_earlier_ones_late(store: Engine, tmp_path: Path) -> None:
    ahead = paid("Y4", "2026-04-02", "900.00", instalment_id="N1-12")
    the_vector(store, tmp_path, payments=[VECTOR[0], VECTOR[1], VECTOR[2], {**ahead, "amount": "200.00"}])
    [row] = rows(store)
    assert (row["paid_cents"], row["arrears_cents"]) == (720_00, 280_00)


def test_a_chargeback_stops_every_reminder(sqlite_store: Engine, tmp_path: Path) -> None:
    disputed = [{**VECTOR[0], "status": "charged_back"}, *VECTOR[1:]]
    the_vector(sqlite_store, tmp_path, payments=disputed)
    [row] = rows(sqlite_store)
    assert (row["arrears_cents"], row["reminders_stopped"]) == (480_00, True)
    assert row["advice"] == "Ask for $280. Not asked for: $200 is disputed."


def test_a_family_contract_is_one_row_at_who_pays(store: Engine, tmp_path: Path) -> None:
    the_vector(store, tmp_path, patients=[ANA, BEN], plans=[plan(payer_id="P2")])
    [row] = rows(store)
    assert (row["patient_id"], row["patient"], row["family"]) == ("P2", "Ben Ruiz", True)
    assert (row["member_id"], row["member"], row["arrears_cents"]) == ("P1", "Ana Ruiz", 280_00)
    with reader(store) as session:
        everybody = patients(session, location_id=None, as_of=NOON).rows
    assert {one.patient_id: one.arrears_cents for one in everybody} == {"P1": 0, "P2": 280_00}


def test_a_plan_over_with_debt_is_still_owed_and_still_ages(sqlite_store: Engine, tmp_path: Path) -> None:
    the_vector(sqlite_store, tmp_path, plans=[plan(end_date="2026-03-31")], instalments=monthly(count=3))
    [row] = rows(sqlite_store)
    assert (row["state"], row["arrears_cents"], row["days_past_due"]) == ("COMPLETED_OWING", 80_00, 45)


def test_a_plan_ended_early_is_frozen_at_its_end(sqlite_store: Engine, tmp_path: Path) -> None:
    the_vector(sqlite_store, tmp_path, plans=[plan(status="cancelled", end_date="2026-03-10")])
    [row] = rows(sqlite_store)
    assert (row["state"], row["arrears_cents"], row["days_past_due"]) == ("SETTLEMENT", 80_00, 10)


def test_a_plan_nobody_can_judge_says_so_and_is_not_a_zero(sqlite_store: Engine, tmp_path: Path) -> None:
    the_vector(sqlite_store, tmp_path, instalments=[])
    [row] = rows(sqlite_store)
    assert (row["state"], row["severity"], row["arrears_cents"], row["aging"]) == (
        "UNKNOWN",
        "unknown",
        None,
        None,
    )
    assert row["reason"] == "This plan has no instalments, so nobody can say what is due."
    assert row["paid_cents"] == 520_00


def test_the_worst_comes_first_and_the_unknown_last(sqlite_store: Engine, tmp_path: Path) -> None:
    plans = [plan("N0"), plan("N1"), plan("N2", "P2")]
    instalments = [*monthly("N1"), *monthly("N2", count=2, amount="30.00")]
    the_vector(sqlite_store, tmp_path, patients=[ANA, BEN], plans=plans, instalments=instalments)
    assert [row["plan_id"] for row in rows(sqlite_store)] == ["N1", "N2", "N0"]


@pytest.mark.both_stores
def test_each_location_has_its_own_rows_and_its_own_today(store: Engine, tmp_path: Path) -> None:
    places = [
        {"location_id": "L1", "name": "Maple Street", "time_zone": "America/Denver"},
        {"location_id": "L2", "name": "Harbour", "time_zone": "Pacific/Auckland"},
    ]
    plans, due = [plan("N1"), plan("N2", "P2")], [*monthly("N1", count=4), *monthly("N2", count=4)]
    the_vector(store, tmp_path, locations=places, patients=[ANA, {**BEN, "location_id": "L2"}], plans=plans, instalments=due, payments=[])  # fmt: skip
    late_on_the_31st = NOON.replace(day=1, hour=5)  # 1 April in Auckland, 31 March in Denver
    assert {row["plan_id"]: row["days_past_due"] for row in rows(store, late_on_the_31st)} == {
        "N1": 89,
        "N2": 90,
    }
    with reader(store) as session:
        there = report_by_name(session, "arrears", as_of="2026-04-15T12:00", location="L2")
    assert [row.plan_id for row in there.rows] == ["N2"]


def test_who_has_no_location_stands_with_the_first_one_and_is_counted_once(
    store: Engine, tmp_path: Path
) -> None:
    places = [{"location_id": key, "name": key, "time_zone": "America/Denver"} for key in ("L1", "L2")]
    the_vector(store, tmp_path, locations=places, patients=[ANA])
    with transaction(store) as session:  # another source knows no locations
        session.get_one(Patient, 1).location_id = None
    for name, its_rows in (("arrears", ["P1"]), ("patients", ["P1"])):
        with reader(store) as session:
            asked = [
                report_by_name(session, name, as_of="2026-04-15T12:00", location=key) for key in ("L1", "L2")
            ]
        assert [[row.patient_id for row in report.rows] for report in asked] == [its_rows, []]


def test_a_message_that_went_out_is_the_last_contact(sqlite_store: Engine, tmp_path: Path) -> None:
    the_vector(sqlite_store, tmp_path)
    for day in (11, 13, 17):  # the last is after the report's moment
        message = Message(
            patient_id=1, channel="text", purpose="billing", created_at=NOON, sent_at=NOON.replace(day=day)
        )
        with transaction(sqlite_store) as session:
            session.add(message)
    with reader(sqlite_store) as session:
        [row] = arrears(session, location_id=None, as_of=NOON).rows
    assert row.last_contact_at == NOON.replace(day=13)


def test_next_and_last_visit_stand_beside_it(sqlite_store: Engine, tmp_path: Path) -> None:
    def visit(key: str, at: str, status: str) -> dict[str, str]:
        return {"appointment_id": key, "patient_id": "P1", "provider_id": "D1", "appointment_type_id": "T1", "starts_at": at, "minutes": "15", "status": status}  # fmt: skip

    visits = [
        visit("A1", "2026-04-10T09:00", "completed"),
        visit("A2", "2026-04-16T09:00", "cancelled"),
        visit("A3", "2026-04-20T09:00", "confirmed"),
    ]
    the_vector(sqlite_store, tmp_path, appointments=visits)
    [row] = rows(sqlite_store)
    assert (row["last_visit"], row["next_visit"]) == (
        "2026-04-10T09:00:00-06:00",
        "2026-04-20T09:00:00-06:00",
    )
    assert row["exposure_cents"] == 0  # one visit of $100 done, $520 paid


def test_a_day_later_only_the_calendar_has_changed(sqlite_store: Engine, tmp_path: Path) -> None:
    the_vector(sqlite_store, tmp_path)
    [today], [tomorrow] = rows(sqlite_store), rows(sqlite_store, NOON + timedelta(days=1))
    changed = {name for name in today if today[name] != tomorrow[name]}
    assert changed == {"days_past_due", "reason"}


@pytest.mark.both_stores
def test_nothing_is_behind_in_an_empty_store(store: Engine) -> None:
    assert rows(store) == []


@pytest.mark.both_stores
def test_a_promise_calms_the_row_and_is_said(store: Engine, tmp_path: Path) -> None:
    the_vector(store, tmp_path)
    desk = someone(store)
    with clock.frozen(NOON), transaction(store) as session:
        promise_to_pay(session, desk, plan_id=key_of(store), amount_cents=280_00, due_on=NOON.date() + timedelta(5), said_by="Ana on the phone")  # fmt: skip
    [row] = rows(store, NOON + timedelta(days=1))
    assert (row["severity"], row["arrears_cents"], row["advice"]) == ("note", 280_00, "")
    assert row["promise"]["sentence"] == "Ana on the phone promised $280 by Apr 20 (said on Apr 15)."
    [broken] = rows(store, NOON + timedelta(days=6))
    assert (broken["severity"], broken["promise"]["state"]) == ("high", "BROKEN")
