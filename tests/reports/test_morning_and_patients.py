"""The reports answer in the words and keys of CONTRACTS §2, from practice files, on both stores."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.clock import frozen
from core.reports.as_file import as_json
from core.reports.by_name import report_by_name
from core.store.engine import reader
from tests.reports.practice import (
    BASE,
    CARD,
    MONDAY,
    card_rows,
    load,
    morning_rows,
    patient_rows,
    visit,
)

PLAN = {
    "plan_id": "N1",
    "patient_id": "P1",
    "kind": "treatment",
    "name": "Care plan",
    "start_date": "2026-01-01",
    "end_date": "2026-12-31",
    "total": "2400.00",
    "visits": "24",
    "status": "active",
}
MORNING_KEYS = {
    "appointment_id", "patient_id", "patient", "starts_at", "provider", "appointment_type", "status", "card",
    "missing_payments", "missing_cents", "arrears_cents", "days_past_due", "membership", "insurance", "balance",
    "next_visit", "flags", "collect_now_cents", "say",
}  # fmt: skip


def instalments(cents: str = "200.00", months: range = range(1, 13)) -> list[dict[str, str]]:
    return [
        {"instalment_id": f"I{m:02}", "plan_id": "N1", "due_date": f"2026-{m:02}-01", "amount": cents}
        for m in months
    ]


def payment(payment_id: str, day: str, amount: str = "200.00", **more: str) -> dict[str, str]:
    return {
        "payment_id": payment_id,
        "patient_id": "P1",
        "plan_id": "N1",
        "happened_at": f"{day}T12:00",
        "amount": amount,
        "status": "approved",
        "method": "card",
        **more,
    }


@pytest.mark.both_stores
def test_a_morning_row_has_every_key_of_the_contract(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path / "f", cards=[CARD])
    (row,) = morning_rows(store)
    assert row.keys() >= MORNING_KEYS
    assert row["card"].keys() >= {"state", "severity", "brand", "last_four", "expires_on", "reason"}
    assert row["insurance"].keys() >= {
        "state",
        "payer",
        "copay_cents",
        "visits_left",
        "authorisation",
        "estimate_cents",
    }
    assert row["balance"].keys() >= {
        "patient_owes_cents",
        "due_now_cents",
        "insurance_pending_cents",
        "credit_cents",
    }
    assert (row["starts_at"], row["status"], row["membership"]) == (
        "2026-11-23T09:00:00-07:00",
        "scheduled",
        None,
    )


def test_the_report_says_as_of_when_and_how_fresh_its_sources_are(store: Engine, tmp_path: Path) -> None:
    with frozen(datetime(2026, 11, 23, 14, tzinfo=UTC)):
        load(store, tmp_path / "f")
    with frozen(datetime(2026, 11, 23, 18, tzinfo=UTC)), reader(store) as session:
        made = as_json(report_by_name(session, "morning", as_of="2026-11-23T08:00", location="L1"))
        later = as_json(report_by_name(session, "morning", location="L1"))
        before = as_json(report_by_name(session, "morning", as_of="2026-11-23T06:00", location="L1"))
    assert (made["report"], made["as_of"], made["location"]) == ("morning", "2026-11-23T08:00:00-07:00", "L1")
    assert [made["sources"], before["sources"]] == [
        [{"name": "practice files", "synced_at": "2026-11-23T07:00:00-07:00", "stale": False}]
    ] * 2
    assert [(one["synced_at"], one["stale"]) for one in later["sources"]] == [
        ("2026-11-23T07:00:00-07:00", True)
    ]


def test_cancelled_visits_and_old_copies_are_left_out_and_no_shows_kept(
    store: Engine, tmp_path: Path
) -> None:
    day = "2026-11-23T"
    visits = [
        visit("A4", "P1", f"{day}12:00", "no_show"),
        visit("A1", "P1", f"{day}09:00", "cancelled"),
        visit("A2", "P1", f"{day}10:00", "rescheduled"),
        visit("A3", "P1", f"{day}11:00", "arrived"),
        visit("A5", "P1", "2026-11-24T00:00", "scheduled"),
    ]
    load(store, tmp_path / "f", appointments=visits)
    rows = morning_rows(store, datetime(2026, 11, 23, 20, tzinfo=UTC))
    assert [row["appointment_id"] for row in rows] == ["A3", "A4"]
    assert rows[0]["next_visit"] == "2026-11-24T00:00:00-07:00"


@pytest.mark.both_stores
def test_the_vector_of_a_plan_stands_in_the_morning_row(store: Engine, tmp_path: Path) -> None:
    paid = [payment("X1", "2026-01-01"), payment("X2", "2026-02-01"), payment("X3", "2026-03-01", "120.00")]
    load(store, tmp_path / "f", plans=[PLAN], instalments=instalments(), payments=paid)
    at = datetime(2026, 4, 15, 15, tzinfo=UTC)
    (row,) = patient_rows(store, at)
    assert (row["arrears_cents"], row["days_past_due"], row["missing_cents"]) == (28_000, 45, 28_000)
    assert [
        (m["kind"], m["id"], m["due_on"], m["open_cents"], m["reason"]) for m in row["missing_payments"]
    ] == [
        ("instalment", "I03", "2026-03-01", 8_000, "PARTIAL"),
        ("instalment", "I04", "2026-04-01", 20_000, "NOT_ATTEMPTED"),
    ]
    assert row["balance"]["due_now_cents"] == row["collect_now_cents"] == 28_000


def test_a_refund_without_a_plan_of_its_own_reopens_the_plan(store: Engine, tmp_path: Path) -> None:
    paid = [payment("X1", "2026-01-01"), payment("X2", "2026-02-01"), payment("X3", "2026-03-01", "120.00")]
    refund = {**payment("X4", "2026-04-10", refund_of="X2"), "plan_id": ""}
    load(store, tmp_path / "f", plans=[PLAN], instalments=instalments(), payments=[*paid, refund])
    (row,) = patient_rows(store, datetime(2026, 4, 15, 15, tzinfo=UTC))
    assert (row["arrears_cents"], row["days_past_due"]) == (48_000, 73)


def test_the_card_vector_turns_critical_a_week_before_the_draft(store: Engine, tmp_path: Path) -> None:
    kept = {
        "recurring_id": "R1",
        "patient_id": "P1",
        "card_id": "K1",
        "amount": "149.00",
        "interval": "1",
        "interval_unit": "month",
        "next_run_on": "2026-12-01",
        "status": "active",
    }
    load(store, tmp_path / "f", cards=[CARD], recurrings=[kept])
    for day, severity in ((21, "high"), (23, "high"), (24, "critical")):
        (row,) = morning_rows(store, datetime(2026, 11, day, 15, tzinfo=UTC), MONDAY)
        assert (row["card"]["state"], row["card"]["severity"]) == ("EXPIRING", severity)
    (card,) = card_rows(store)
    assert card.keys() >= {
        "patient_id",
        "patient",
        "state",
        "severity",
        "card_id",
        "brand",
        "last_four",
        "expires_on",
        "next_draft_on",
        "at_risk_cents",
        "next_visit",
    }
    assert (card["card_id"], card["next_draft_on"], card["at_risk_cents"]) == ("K1", "2026-12-01", 29_800)


def test_nobody_is_told_they_have_no_card_while_no_source_of_cards_is_there(
    store: Engine, tmp_path: Path
) -> None:
    load(store, tmp_path / "f", without=("cards",))
    assert patient_rows(store)[0]["card"]["state"] == "UNKNOWN"
    load(store, tmp_path / "g")
    assert patient_rows(store)[0]["card"]["state"] == "NONE"


def test_cards_that_nobody_read_for_days_are_unknown_not_gone(store: Engine, tmp_path: Path) -> None:
    with frozen(datetime(2026, 11, 18, 12, tzinfo=UTC)):
        load(store, tmp_path / "f")
    with frozen(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        assert patient_rows(store)[0]["card"]["state"] == "UNKNOWN"


@pytest.mark.both_stores
def test_an_excess_visit_costs_its_price_and_a_covered_one_nothing(store: Engine, tmp_path: Path) -> None:
    visits = [visit(f"D{n}", "P1", f"2026-11-0{n}T09:00", "completed") for n in (2, 3, 4)]
    visits += [
        visit("A1", "P1", "2026-11-23T09:00"),
        visit("A2", "P1", "2026-11-23T15:00"),
        visit("A3", "P1", "2026-12-01T09:00"),
    ]
    load(
        store,
        tmp_path / "f",
        appointments=visits,
        membership_plans=[
            {"membership_plan_id": "M1", "name": "Wellness 4", "price": "149.00", "period": "month"}
        ],
        membership_benefits=[
            {"benefit_id": "B1", "membership_plan_id": "M1", "service_class": "adjustment", "visits": "4"}
        ],
        memberships=[
            {
                "membership_id": "E1",
                "patient_id": "P1",
                "membership_plan_id": "M1",
                "start_date": "2026-01-01",
                "status": "active",
            }
        ],
    )
    first, second = morning_rows(store)
    assert (first["membership"]["state"], first["membership"]["over"]) == ("OVER_SCHEDULED", 1)
    assert first["membership"]["excess_appointment_ids"] == ["A2"]
    assert (first["collect_now_cents"], second["collect_now_cents"]) == (0, 5_500)
    assert "5 of 4" in second["say"]


@pytest.mark.both_stores
def test_a_family_contract_is_counted_once_and_shown_on_the_member(store: Engine, tmp_path: Path) -> None:
    people = [
        *BASE["patients"],
        {**BASE["patients"][0], "patient_id": "P2", "first_name": "Leo", "guarantor_id": "P1"},
    ]
    family = {**PLAN, "patient_id": "P2", "payer_id": "P1"}
    visits = [visit("A1", "P1", "2026-11-23T09:00"), visit("A2", "P2", "2026-11-23T09:15")]
    load(
        store,
        tmp_path / "f",
        patients=people,
        appointments=visits,
        plans=[family],
        instalments=instalments(months=range(10, 12)),
    )
    payer, member = morning_rows(store)
    assert (payer["arrears_cents"], member["arrears_cents"]) == (40_000, 0)
    assert payer["collect_now_cents"] + member["collect_now_cents"] == 40_000
    assert any(flag["kind"] == "BEHIND" and "Family" in flag["reason"] for flag in member["flags"])


def test_a_draft_that_the_ehr_charged_as_well_is_one_debt(store: Engine, tmp_path: Path) -> None:
    load(
        store,
        tmp_path / "f",
        membership_plans=[
            {"membership_plan_id": "M1", "name": "Wellness 4", "price": "149.00", "period": "month"}
        ],
        membership_benefits=[
            {"benefit_id": "B1", "membership_plan_id": "M1", "service_class": "adjustment", "visits": "4"}
        ],
        memberships=[
            {
                "membership_id": "E1",
                "patient_id": "P1",
                "membership_plan_id": "M1",
                "start_date": "2026-11-15",
                "status": "active",
                "next_draft_on": "2026-12-15",
            }
        ],
        payments=[
            payment(
                "X1",
                "2026-11-15",
                "149.00",
                status="declined",
                reason_code="1616",
                membership_id="E1",
                plan_id="",
            )
        ],
        ledger=[
            {
                "entry_id": "G1",
                "patient_id": "P1",
                "posted_on": "2026-11-15",
                "kind": "charge",
                "part": "patient",
                "amount": "149.00",
            }
        ],
    )
    (row,) = morning_rows(store)
    assert (row["missing_cents"], row["balance"]["patient_owes_cents"], row["collect_now_cents"]) == (
        14_900,
        14_900,
        14_900,
    )
    assert row["missing_payments"][0]["reason"] == "DECLINED_SOFT"


def test_part_of_an_even_account_is_never_read_as_the_whole(store: Engine, tmp_path: Path) -> None:
    ledger = [
        {
            "entry_id": "G1",
            "patient_id": "P1",
            "posted_on": "2026-08-14",
            "kind": "payment",
            "part": "patient",
            "amount": "55.00",
        },
        {
            "entry_id": "G2",
            "patient_id": "P1",
            "posted_on": "2026-08-16",
            "kind": "charge",
            "part": "patient",
            "amount": "55.00",
            "appointment_id": "A1",
        },
    ]
    load(store, tmp_path / "f", ledger=ledger)
    (row,) = patient_rows(store)
    assert (row["balance"]["patient_owes_cents"], row["missing_cents"], row["collect_now_cents"]) == (0, 0, 0)


def test_a_returned_payment_reopens_a_visit_that_the_ledger_shows_as_paid(
    store: Engine, tmp_path: Path
) -> None:
    ledger = [
        {
            "entry_id": "G1",
            "patient_id": "P1",
            "posted_on": "2026-11-10",
            "kind": "charge",
            "part": "patient",
            "amount": "55.00",
            "appointment_id": "A1",
        },
        {
            "entry_id": "G2",
            "patient_id": "P1",
            "posted_on": "2026-11-10",
            "kind": "payment",
            "part": "patient",
            "amount": "55.00",
            "order_id": "O1",
        },
    ]
    returned = payment(
        "X1", "2026-11-10", "55.00", plan_id="", status="returned", order_id="O1", method="bank"
    )
    load(store, tmp_path / "f", ledger=ledger, payments=[returned])
    (row,) = patient_rows(store)
    assert [(m["kind"], m["open_cents"], m["reason"]) for m in row["missing_payments"]] == [
        ("visit", 5_500, "RETURNED")
    ]


@pytest.mark.both_stores
def test_days_belong_to_each_location(store: Engine, tmp_path: Path) -> None:
    places = [*BASE["locations"], {"location_id": "L2", "name": "Harbor", "time_zone": "America/New_York"}]
    people = [*BASE["patients"], {**BASE["patients"][0], "patient_id": "P2", "location_id": "L2"}]
    providers = [*BASE["providers"], {"provider_id": "D2", "location_id": "L2", "name": "Dr Kim"}]
    visits = [
        visit("A1", "P1", "2026-11-23T23:30"),
        {**visit("A2", "P2", "2026-11-23T00:15"), "provider_id": "D2"},
    ]
    load(store, tmp_path / "f", locations=places, patients=people, providers=providers, appointments=visits)
    assert [row["appointment_id"] for row in morning_rows(store, day=MONDAY)] == ["A2", "A1"]
    assert morning_rows(store, day=date(2026, 11, 24)) == []
    with reader(store) as session:
        one = report_by_name(session, "morning", day=MONDAY, location="L2")
    assert [row.appointment_id for row in one.rows] == ["A2"]
