"""The generated practice has members who are billed otherwise than each month, and they owe nothing."""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from core.jobs.practice_files.load import import_folder
from core.reports.as_file import as_json
from core.reports.morning import patients
from core.store.engine import reader
from data.sandbox.practice import generate, whole_files, write_files

TODAY = date(2026, 11, 23)


def test_yearly_four_weekly_weekly_prepaid_and_shared_memberships_owe_nothing(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    files = whole_files(generate(7, TODAY, 200))
    plans = {"MP8", "MP9", "MP10", "MP11"}
    own = [m for m in files["memberships"] if m["membership_plan_id"] in plans or m["pool_id"]]
    assert {m["membership_plan_id"] for m in own} == {*plans, "MP6"}
    assert len({m["pool_id"] for m in own if m["pool_id"]}) == 1
    intervals = {(r["interval"], r["interval_unit"]) for r in files["recurrings"]}
    assert {("12", "month"), ("4", "week"), ("1", "month")} <= intervals
    assert [p for p in files["payments"] if p["surcharge"] and p["recurring_id"]]
    write_files(files, tmp_path / "files")
    assert not import_folder(sqlite_store, tmp_path / "files").quarantine
    with reader(sqlite_store) as session:
        report = patients(session, location_id=None, as_of=datetime(2026, 11, 23, 15, tzinfo=UTC))
        rows = {row["patient_id"]: row for row in as_json(report)["rows"]}
    assert {rows[m["patient_id"]]["missing_cents"] for m in own} == {0}


def test_the_same_practice_comes_of_the_same_seed() -> None:
    assert whole_files(generate(9, TODAY, 120)) == whole_files(generate(9, TODAY, 120))
