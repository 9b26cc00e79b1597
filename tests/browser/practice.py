"""A believable practice in a store, as of today, and the hostile patients that every screen must survive."""

import csv
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine

from core import clock
from core.jobs.practice_files.load import import_folder
from core.store.engine import open_store
from data.sandbox.practice import generate, whole_files, write_files
from tests.conftest import fresh_sqlite
from tests.web.running import staff_with_role

HOSTILE = {
    "h-html": "<img src=https://elsewhere.example/a.png onerror=alert(1)>",
    "h-markdown": "![x](https://elsewhere.example/b.png)",
    "h-formula": "$\\frac{1}{2}$ :material/home: :red[x]",
    "h-bidi": "\u202eelpmis\u202c",
    "h-long": "Longname" * 1250,
}
ROLES = ("owner", "office manager", "front desk", "provider")
ZONE = "America/Chicago"  # the generated practice's


def practice_store(folder: Path, *, hostile: bool = False) -> Engine:
    """64 patients with one of each flag on today's list, everything from files; staff of every role."""
    files = whole_files(generate(7, clock.today(ZONE), 64))
    write_files(files, folder / "files")
    if hostile:
        _add_hostile(folder / "files")
    engine = open_store(fresh_sqlite(folder))
    import_folder(engine, folder / "files")
    for role in ROLES:
        staff_with_role(engine, role)
    return engine


def _add_hostile(folder: Path) -> None:
    """Give each hostile name to a patient with a visit today."""
    day = clock.today(ZONE)
    patients = [_patient(folder, key, name) for key, name in HOSTILE.items()]
    _append(folder / "patients.csv", patients)
    visits = [_visit(folder, row["patient_id"], day, number) for number, row in enumerate(patients)]
    _append(folder / "appointments.csv", visits)


def _patient(folder: Path, key: str, name: str) -> dict[str, str]:
    return {
        **_first(folder / "patients.csv"),
        "patient_id": key,
        "first_name": name,
        "last_name": "Zz",
        "guarantor_id": "",
    }


def _visit(folder: Path, patient: str, day: date, number: int) -> dict[str, str]:
    starts_at = datetime(day.year, day.month, day.day, 17, number).isoformat()  # noqa: DTZ001  # local to the location
    row = _first(folder / "appointments.csv")
    return {
        **row,
        "appointment_id": f"v-{patient}",
        "patient_id": patient,
        "starts_at": starts_at,
        "status": "scheduled",
    }


def _first(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))


def _append(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, list(rows[0]), lineterminator="\n").writerows(rows)
