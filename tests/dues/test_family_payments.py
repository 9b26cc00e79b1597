"""A parent's card pays for a child: the money belongs where the membership or the ledger row is (DOMAIN §3)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.reports.practice import BASE, load, morning_rows, patient_rows, visit

PEOPLE = [*BASE["patients"], {**BASE["patients"][0], "patient_id": "P2", "first_name": "Leo"}]
VISITS = [visit("A1", "P1", "2026-11-23T09:00"), visit("A2", "P2", "2026-11-23T10:00")]
MEMBER: dict[str, list[dict[str, str]]] = {
    "membership_plans": [
        {"membership_plan_id": "MP1", "name": "Family 4", "price": "129.00", "period": "month"}
    ],
    "membership_benefits": [
        {"benefit_id": "B1", "membership_plan_id": "MP1", "service_class": "adjustment", "visits": "4"}
    ],
    "memberships": [
        {
            "membership_id": "M1",
            "patient_id": "P2",
            "membership_plan_id": "MP1",
            "start_date": "2026-10-01",
            "status": "active",
            "next_draft_on": "2026-12-01",
        }
    ],
}


def paid(number: str, day: str, status: str = "approved", membership: str = "M1") -> dict[str, str]:
    return {
        "payment_id": f"Y{number}",
        "patient_id": "P1",
        "membership_id": membership,
        "happened_at": f"{day}T12:00",
        "amount": "129.00",
        "status": status,
        "order_id": f"O{number}",
        "method": "card",
    }


def posted(number: str, day: str, patient_id: str) -> dict[str, str]:
    return {
        "entry_id": f"E{number}",
        "patient_id": patient_id,
        "posted_on": day,
        "kind": "payment",
        "part": "patient",
        "amount": "129.00",
        "order_id": f"O{number}",
    }


def rows_of(store: Engine) -> list[dict[str, Any]]:
    """Both people in both reports: the same money is said of them wherever they are listed, and with whom."""
    rows = sorted(patient_rows(store), key=lambda row: row["patient_id"])
    visits = morning_rows(store, day=date(2026, 11, 23))
    for name in ("missing_payments", "missing_cents", "flags"):
        assert [row[name] for row in rows] == [row[name] for row in visits]
    return rows


@pytest.mark.parametrize("account", ["P1", "P2"])
def test_money_that_stands_on_anybodys_account_is_posted(store: Engine, tmp_path: Path, account: str) -> None:
    payments = [paid("1", "2026-10-01"), paid("2", "2026-11-01"), paid("3", "2026-11-09", membership="")]
    ledger = [posted(row["payment_id"][1:], row["happened_at"][:10], account) for row in payments]
    load(
        store,
        tmp_path / "f",
        patients=PEOPLE,
        appointments=VISITS,
        payments=payments,
        ledger=ledger,
        **MEMBER,
    )
    for row in rows_of(store):
        assert row["missing_payments"] == []
        assert "ACCEPTED_NOT_POSTED" not in [flag["kind"] for flag in row["flags"]]


@pytest.mark.parametrize("membership", ["M1", ""])
def test_what_a_parent_got_back_is_open_again_at_the_member(
    store: Engine, tmp_path: Path, membership: str
) -> None:
    back = {**paid("3", "2026-11-05", membership=membership), "refund_of": "Y2"}
    payments = [paid("1", "2026-10-01"), paid("2", "2026-11-01"), back]
    load(store, tmp_path / "f", patients=PEOPLE, appointments=VISITS, payments=payments, **MEMBER)
    payer, member = rows_of(store)
    assert payer["missing_payments"] == []
    assert [(item["id"], item["reason"], item["open_cents"]) for item in member["missing_payments"]] == [
        ("M1:2026-11-01", "REVERSED", 129_00)
    ]


def test_a_draft_that_came_back_is_missing_at_the_member(store: Engine, tmp_path: Path) -> None:
    payments = [paid("1", "2026-10-01"), paid("2", "2026-11-01", "returned")]
    load(store, tmp_path / "f", patients=PEOPLE, appointments=VISITS, payments=payments, **MEMBER)
    payer, member = rows_of(store)
    assert payer["missing_payments"] == []
    assert [(item["id"], item["reason"]) for item in member["missing_payments"]] == [
        ("M1:2026-11-01", "RETURNED")
    ]
