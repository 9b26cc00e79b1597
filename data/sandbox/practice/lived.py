"""The day goes on: in the EHR's export visits become arrived and completed as the sandbox's clock passes them.

Without this every visit of a demo that is opened in the afternoon would look as if nobody had come.
"""

import csv
import os
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from data.sandbox.practice.columns import COLUMNS

ARRIVES_BEFORE = timedelta(minutes=5)
_TO_COME = {"scheduled", "confirmed", "arrived"}


def live_until(folder: Path, now: datetime) -> int:
    """Bring appointments.csv in `folder` up to `now` (aware UTC); how many visits changed. Replaces the file whole."""
    path = folder / "appointments.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    zones = _zones(folder)
    changed = sum(_lives(row, now, zones) for row in rows)
    if changed:
        beside = path.with_suffix(".part")
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS["appointments"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(beside, path)
    return changed


def _zones(folder: Path) -> dict[str, ZoneInfo]:
    """Provider id → the zone of their location."""
    with (folder / "locations.csv").open(newline="", encoding="utf-8") as file:
        zones = {row["location_id"]: ZoneInfo(row["time_zone"]) for row in csv.DictReader(file)}
    with (folder / "providers.csv").open(newline="", encoding="utf-8") as file:
        return {row["provider_id"]: zones[row["location_id"]] for row in csv.DictReader(file)}


def _lives(row: dict[str, str], now: datetime, zones: dict[str, ZoneInfo]) -> bool:
    if row["status"] not in _TO_COME:
        return False
    start = datetime.fromisoformat(row["starts_at"])
    if start.tzinfo is None:
        start = start.replace(tzinfo=zones[row["provider_id"]])
    status = row["status"]
    if start + timedelta(minutes=int(row["minutes"] or 15)) <= now:
        status = "completed"
    elif start - ARRIVES_BEFORE <= now:
        status = "arrived"
    changed = status != row["status"]
    row["status"] = status
    return changed
