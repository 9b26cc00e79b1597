"""A demo that is opened in the afternoon has a day behind it."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from data.sandbox.practice import generate, write_files
from data.sandbox.practice.lived import live_until


def statuses(folder: Path) -> dict[str, str]:
    with (folder / "appointments.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["appointment_id"]: row["status"]
            for row in csv.DictReader(file)
            if row["starts_at"][:10] == "2026-11-23"
        }


def test_visits_arrive_and_are_completed_as_the_day_goes_on(tmp_path: Path) -> None:
    files = generate(7, date(2026, 11, 23), patients=64).files
    write_files(files, tmp_path)
    before = statuses(tmp_path)
    assert live_until(tmp_path, datetime(2026, 11, 23, 11, tzinfo=UTC)) == 0  # five in the morning in Chicago
    starts = sorted(v["starts_at"] for v in files["appointments"] if v["starts_at"].startswith("2026-11-23"))
    noon = datetime.fromisoformat(starts[len(starts) // 2]).replace(tzinfo=ZoneInfo("America/Chicago"))
    assert live_until(tmp_path, noon) > 0
    after = statuses(tmp_path)
    assert {after[key] for key in after if after[key] != before[key]} == {"arrived", "completed"}
    assert {"scheduled", "confirmed"} & set(after.values())
    assert live_until(tmp_path, noon) == 0
