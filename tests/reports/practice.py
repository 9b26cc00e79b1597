"""Small practices written as rows of practice files, loaded the way a clinic loads them, and read back as a report."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.jobs.practice_files.load import import_folder
from core.reports.as_file import as_json
from core.reports.cards import cards
from core.reports.morning import morning, patients
from core.store.engine import reader
from data.sandbox.practice.columns import COLUMNS

MONDAY = date(2026, 11, 23)
EIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)  # 8:00 in Denver

BASE: dict[str, list[dict[str, str]]] = {
    "locations": [{"location_id": "L1", "name": "Maple Street", "time_zone": "America/Denver"}],
    "providers": [{"provider_id": "D1", "location_id": "L1", "name": "Dr Lee"}],
    "appointment_types": [
        {
            "appointment_type_id": "T1",
            "name": "Adjustment",
            "minutes": "15",
            "service_class": "adjustment",
            "price": "55.00",
        }
    ],
    "patients": [
        {"patient_id": "P1", "location_id": "L1", "first_name": "Ana", "last_name": "Ruiz", "active": "yes"}
    ],
    "appointments": [
        {
            "appointment_id": "A1",
            "patient_id": "P1",
            "provider_id": "D1",
            "appointment_type_id": "T1",
            "starts_at": "2026-11-23T09:00",
            "minutes": "15",
            "status": "scheduled",
        }
    ],
    "cards": [],
}
CARD = {
    "card_id": "K1",
    "patient_id": "P1",
    "kind": "card",
    "brand": "visa",
    "last_four": "4242",
    "expiry": "11/26",
    "is_default": "yes",
    "active": "yes",
    "updater": "none",
}


def load(engine: Engine, folder: Path, without: tuple[str, ...] = (), **files: list[dict[str, str]]) -> None:
    """Write BASE with `files` in place of its own and some files left out, and import it; every row must be usable."""
    folder.mkdir(exist_ok=True)
    for name, rows in {**BASE, **files}.items():
        if name in without:
            continue
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS[name])
            writer.writeheader()
            writer.writerows(rows)
    result = import_folder(engine, folder)
    assert not result.errors, result.errors
    assert not result.quarantine, result.quarantine


def visit(appointment_id: str, patient_id: str, starts_at: str, status: str = "scheduled") -> dict[str, str]:
    return {
        **BASE["appointments"][0],
        "appointment_id": appointment_id,
        "patient_id": patient_id,
        "starts_at": starts_at,
        "status": status,
    }


def morning_rows(engine: Engine, as_of: datetime = EIGHT, day: date | None = None) -> list[dict[str, Any]]:
    with reader(engine) as session:
        return as_json(morning(session, location_id=None, day=day, as_of=as_of))["rows"]


def patient_rows(engine: Engine, as_of: datetime = EIGHT) -> list[dict[str, Any]]:
    with reader(engine) as session:
        return as_json(patients(session, location_id=None, as_of=as_of))["rows"]


def card_rows(engine: Engine, as_of: datetime = EIGHT) -> list[dict[str, Any]]:
    with reader(engine) as session:
        return as_json(cards(session, location_id=None, as_of=as_of))["rows"]
