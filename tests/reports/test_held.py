"""Prepaid care and credit balances (CONTRACTS §2; DOMAIN §4): what is held, earned, given back, and when it falls away."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.ledger.facts import EntryFacts
from core.reports.as_file import as_csv, as_json
from core.reports.by_name import report_by_name
from core.reports.credits import credit_of
from core.reports.prepaid import rule_of
from core.settings import settings
from core.store.engine import reader
from tests.plans.made import ANA, BEN, monthly, paid, plan
from tests.reports.practice import load, visit

NOON = datetime(2026, 4, 15, 18, tzinfo=UTC)


def rows(engine: Engine, name: str, as_of: str = "2026-04-15T12:00") -> list[dict[str, Any]]:
    with reader(engine) as session:
        return as_json(report_by_name(session, name, as_of=as_of))["rows"]


def done(*days: str) -> list[dict[str, str]]:
    return [visit(f"A{n}", "P1", f"{day}T10:00", "completed") for n, day in enumerate(days, 1)]


@pytest.mark.both_stores
def test_paid_ahead_is_held_until_the_care_is_given(store: Engine, tmp_path: Path) -> None:
    """$2,400 for 24 visits paid at once; five given, two of them this month: $100 each."""
    visits = done("2026-01-05", "2026-02-05", "2026-03-05", "2026-04-02", "2026-04-09")
    load(store, tmp_path, plans=[plan()], instalments=monthly(), payments=[paid("Y1", "2026-01-01", "2400.00")], appointments=visits)  # fmt: skip
    [row] = rows(store, "prepaid")
    assert {key: row[key] for key in ("plan_id", "patient_id", "patient", "paid_cents", "delivered_cents", "unearned_cents", "earned_this_month_cents", "refund_if_ended_cents")} == {
        "plan_id": "N1", "patient_id": "P1", "patient": "Ana Ruiz", "paid_cents": 2400_00, "delivered_cents": 500_00,
        "unearned_cents": 1900_00, "earned_this_month_cents": 200_00, "refund_if_ended_cents": 1900_00,
    }  # fmt: skip
    assert [one["earned_this_month_cents"] for one in rows(store, "prepaid", "2026-02-10T12:00")] == [100_00]


def test_who_has_had_all_that_was_paid_for_is_not_listed(sqlite_store: Engine, tmp_path: Path) -> None:
    visits = done("2026-01-05", "2026-02-05")
    load(sqlite_store, tmp_path, plans=[plan()], instalments=monthly(), payments=[paid("Y1", "2026-01-01", "200.00")], appointments=visits)  # fmt: skip
    assert rows(sqlite_store, "prepaid") == []


def test_a_refund_and_money_of_the_ledger_count(sqlite_store: Engine, tmp_path: Path) -> None:
    back = paid("Y2", "2026-02-01", "100.00", refund_of="Y1")
    check = {"entry_id": "E1", "patient_id": "P1", "posted_on": "2026-03-01", "kind": "payment", "part": "patient", "amount": "50.00", "plan_id": "N1"}  # fmt: skip
    load(sqlite_store, tmp_path, plans=[plan()], instalments=monthly(), payments=[paid("Y1", "2026-01-01", "400.00"), back], ledger=[check])  # fmt: skip
    [row] = rows(sqlite_store, "prepaid")
    assert (row["paid_cents"], row["unearned_cents"]) == (350_00, 350_00)


def test_a_plan_without_a_number_of_visits_is_unknown_and_not_fine(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(sqlite_store, tmp_path, plans=[plan(visits="")], instalments=monthly(), payments=[paid("Y1", "2026-01-01", "400.00")])  # fmt: skip
    [row] = rows(sqlite_store, "prepaid")
    assert (row["state"], row["paid_cents"], row["unearned_cents"], row["delivered_cents"]) == (
        "UNKNOWN",
        400_00,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("state", "cents", "speaks"),
    [("", 9_999_00, False), ("WY", 499_99, False), ("WY", 500_00, True), ("MN", 999_99, False), ("MN", 1_000_00, True), ("MT", 1, True), ("TX", 9_999_00, False)],
)  # fmt: skip
def test_a_state_has_rules_from_its_amount_on(state: str, cents: int, speaks: bool) -> None:
    assert bool(rule_of(state, cents)) is speaks


def entry(number: int, on: str, kind: str, cents: int) -> EntryFacts:
    return EntryFacts(number, f"E{number}", date.fromisoformat(on), kind, "patient", cents, None, None, None)


@pytest.mark.parametrize(
    ("ledger", "credit"),
    [
        ([("2026-03-01", "payment", 50_00)], (50_00, date(2026, 3, 1))),
        ([("2026-03-01", "charge", 50_00), ("2026-03-02", "payment", 80_00)], (30_00, date(2026, 3, 2))),
        ([("2026-03-01", "payment", 50_00), ("2026-03-05", "charge", 60_00), ("2026-03-09", "payment", 40_00)], (30_00, date(2026, 3, 9))),
        ([("2026-03-01", "payment", 50_00), ("2026-03-05", "charge", 50_00)], (0, None)),
        ([("2026-03-01", "payment", 50_00), ("2026-03-05", "refund", 20_00)], (30_00, date(2026, 3, 1))),
        ([("2026-05-01", "payment", 50_00)], (0, None)),
    ],
)  # fmt: skip
def test_since_when_an_account_is_in_credit(
    ledger: list[tuple[str, str, int]], credit: tuple[int, date | None]
) -> None:
    entries = [entry(n, *one) for n, one in enumerate(ledger)]
    assert credit_of(entries, date(2026, 4, 15)) == credit


@pytest.mark.both_stores
def test_credits_with_age_last_contact_and_the_day_they_fall_to_the_state(
    store: Engine, tmp_path: Path
) -> None:
    ledger = [
        {
            "entry_id": f"E{n}",
            "patient_id": who,
            "posted_on": on,
            "kind": "payment",
            "part": "patient",
            "amount": "50.00",
        }
        for n, (who, on) in enumerate((("P1", "2024-02-29"), ("P2", "2026-04-01")))
    ]
    load(store, tmp_path, patients=[ANA, BEN], ledger=ledger, appointments=done("2024-02-10"))
    first, second = rows(store, "credits")
    assert {key: first[key] for key in ("patient_id", "patient", "credit_cents", "since", "days", "last_contact", "falls_to_state_on")} == {
        "patient_id": "P1", "patient": "Ana Ruiz", "credit_cents": 50_00, "since": "2024-02-29", "days": 776,
        "last_contact": "2024-02-10", "falls_to_state_on": "2027-02-28",
    }  # fmt: skip
    assert (second["patient_id"], second["days"], second["last_contact"], second["falls_to_state_on"]) == ("P2", 14, None, "2029-04-01")  # fmt: skip


def test_the_years_are_a_setting(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = [{"entry_id": "E1", "patient_id": "P1", "posted_on": "2026-04-01", "kind": "payment", "part": "patient", "amount": "50.00"}]  # fmt: skip
    load(sqlite_store, tmp_path, ledger=ledger)
    monkeypatch.setenv("HUDDLE_CREDIT_YEARS", "5")
    settings.cache_clear()
    try:
        assert rows(sqlite_store, "credits")[0]["falls_to_state_on"] == "2031-04-01"
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_both_come_as_a_spreadsheet(sqlite_store: Engine, tmp_path: Path) -> None:
    ledger = [{"entry_id": "E1", "patient_id": "P1", "posted_on": "2026-04-01", "kind": "payment", "part": "patient", "amount": "50.00"}]  # fmt: skip
    load(sqlite_store, tmp_path, ledger=ledger, plans=[plan()], instalments=monthly(), payments=[paid("Y1", "2026-01-01", "400.00")])  # fmt: skip
    with reader(sqlite_store) as session:
        for name in ("prepaid", "credits"):
            report = report_by_name(session, name, as_of="2026-04-15T12:00")
            head, *lines = as_csv(report).splitlines()
            assert "patient_id" in head
            assert len(lines) == 1
            assert json.dumps(as_json(report))
