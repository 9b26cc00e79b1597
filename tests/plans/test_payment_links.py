"""How a payment finds its plan: by the plan's id, or by the instalment's alone (CONTRACTS §3)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.reports.practice import load, patient_rows

PLAN = {"plan_id": "N1", "patient_id": "P1", "kind": "payment", "name": "Payment plan", "total": "400.00"}
DUES = [
    {"instalment_id": f"I{month}", "plan_id": "N1", "due_date": f"2026-{month}-01", "amount": "200.00"}
    for month in (10, 11)
]
PAID = {
    "payment_id": "Y1",
    "patient_id": "P1",
    "instalment_id": "I10",
    "happened_at": "2026-10-01T12:00",
    "amount": "250.00",
    "status": "approved",
    "method": "check",
}


@pytest.mark.parametrize("named", [{}, {"plan_id": "N1"}])
def test_a_payment_that_names_its_instalment_pays_the_plan(
    store: Engine, tmp_path: Path, named: dict[str, str]
) -> None:
    plan = PLAN | {"status": "active", "start_date": "2026-10-01"}
    load(store, tmp_path / "f", plans=[plan], instalments=DUES, payments=[PAID | named])
    (row,) = patient_rows(store, datetime(2026, 11, 23, 15, tzinfo=UTC))
    assert [(item["id"], item["open_cents"]) for item in row["missing_payments"]] == [("I11", 150_00)]
    assert row["arrears_cents"] == 150_00
