"""Small practices for the comparison: two dozen patients of a generated one, on a telling day, with changed rows."""

import copy
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from data.sandbox.practice import generate, whole_files
from tests.oracle import changed_care, changed_money
from tests.oracle.billed_members import billed_members, families_and_packages
from tests.oracle.changing import new
from tests.oracle.reading import Clinic, Row

DAYS = (
    date(2026, 11, 21),
    date(2026, 11, 1),  # the clocks go back
    date(2027, 3, 14),  # the clocks go forward
    date(2028, 2, 29),
    date(2028, 3, 1),
    date(2027, 2, 28),
    date(2026, 12, 31),
    date(2027, 1, 1),
    date(2026, 8, 31),
    date(2026, 4, 30),
    date(2026, 10, 31),
    date(2027, 5, 29),
)
ZONES = ("America/Chicago", "America/Denver", "America/New_York", "America/Phoenix", "America/Los_Angeles")
TIMES = (time(6, 7), time(6, 7), time(12, 22), time(17, 3), time(23, 58))
CAST = 64
PATIENTS = 24


def practice(seed: int) -> tuple[dict[str, list[Row]], datetime]:
    """Files and the instant to ask at; the same for the same seed. Every third one is left as it was generated."""
    rng = Random(f"oracle {seed}")  # noqa: S311  # rows to compare, no secret
    today = DAYS[seed % len(DAYS)] if seed % 2 else date(2026, 1, 1) + timedelta(days=rng.randrange(1200))
    files = some_patients(whole_files(generate(seed, today, patients=CAST)), rng)
    zone = rng.choice(ZONES)
    files["locations"][0]["time_zone"] = zone
    as_of = datetime.combine(today, rng.choice(TIMES), ZoneInfo(zone))
    if seed % 3:
        for change in (*changed_money.CHANGES, *changed_care.CHANGES):
            change(files, rng, today)
        if rng.random() < 0.5:
            desk_has_worked(files, rng, as_of)
    families_and_packages(files, rng, today, new)
    billed_members(files, rng, today, new)
    settle_times(files, as_of)
    return files, as_of


def some_patients(files: dict[str, list[Row]], rng: Random) -> dict[str, list[Row]]:
    """Two dozen patients with their guarantors and payers, and all rows that are theirs."""
    files = copy.deepcopy(files)
    keep = {row["patient_id"] for row in rng.sample(files["patients"], PATIENTS)}
    keep |= {
        row["guarantor_id"] for row in files["patients"] if row["patient_id"] in keep and row["guarantor_id"]
    }
    keep |= {row["payer_id"] for row in files["plans"] if row["patient_id"] in keep and row["payer_id"]}
    for rows in files.values():
        rows[:] = [row for row in rows if row.get("patient_id", next(iter(keep))) in keep]
    # a plan whose patient is left out takes what belongs to it along
    for file, key in (("plans", "plan_id"), ("memberships", "membership_id")):
        there = {row[key] for row in files[file]}
        for rows in files.values():
            rows[:] = [row for row in rows if not row.get(key) or row[key] in there]
    return files


def desk_has_worked(files: dict[str, list[Row]], rng: Random, as_of: datetime) -> None:
    """Some of today's patients have come, are here, or are no-shows."""
    for row in files["appointments"]:
        if row["starts_at"].startswith(as_of.date().isoformat()) and rng.random() < 0.6:
            row["status"] = rng.choice(("completed", "arrived", "no_show", "completed"))


def settle_times(files: dict[str, list[Row]], as_of: datetime) -> None:
    """Nothing has happened that lies ahead: no completed visit, no payment and no posting after the instant."""
    clinic = Clinic(files, as_of)
    for row in files["appointments"]:
        if row["status"] in ("completed", "no_show", "arrived") and clinic.starts(row) > as_of:
            row["status"] = "scheduled"
    for row in files["payments"]:
        if clinic.instant(row["happened_at"]) > as_of:
            row["happened_at"] = (as_of - timedelta(minutes=90)).isoformat()
    for row in files["ledger"]:
        row["posted_on"] = min(row["posted_on"], as_of.date().isoformat())
