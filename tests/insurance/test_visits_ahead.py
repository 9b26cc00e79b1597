"""Which of the patient's own visits come before the one at hand when the insurance counts (DOMAIN §7)."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.reports.practice import load, morning_rows, visit

COVERAGE = {
    "coverage_id": "C1",
    "patient_id": "P1",
    "payer": "Example Health",
    "kind": "commercial",
    "rank": "1",
    "active_from": "2026-01-01",
    "checked_on": "2026-11-20",
    "eligible": "yes",
    "visit_limit": "10",
    "visits_used": "7",
    "visits_pending": "0",
}


@pytest.mark.parametrize(("status", "left"), [("arrived", 2), ("completed", 3), ("scheduled", 3)])
def test_a_visit_that_has_begun_counts_until_it_is_checked_out(
    sqlite_store: Engine, tmp_path: Path, status: str, left: int
) -> None:
    """At 8:00: the 7:10 visit is in the room, checked out, or presumed missed; the 10:00 one is asked about."""
    visits = [visit("A0", "P1", "2026-11-23T07:10", status), visit("A1", "P1", "2026-11-23T10:00")]
    load(sqlite_store, tmp_path / "f", appointments=visits, coverages=[COVERAGE])
    by_visit = {row["appointment_id"]: row["insurance"]["visits_left"] for row in morning_rows(sqlite_store)}
    assert by_visit["A1"] == left
