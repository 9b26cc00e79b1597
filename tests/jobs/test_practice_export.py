"""`huddle export`: what we were told, as practice files; in an empty store they give the same reports."""

import csv
import json
import stat
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core import clock
from core.errors import BadInput
from core.integrations.practice_files.columns import FILES
from core.jobs.practice_files.export import export_practice
from core.jobs.practice_files.load import import_folder
from core.reports.as_file import as_json
from core.reports.by_name import report_by_name
from core.store.engine import open_store, reader
from data.sandbox.practice import generate, whole_files, write_files
from tests.a_practice import FILES as TEXTS
from tests.a_practice import parsed, write_practice
from tests.conftest import fresh_sqlite

MORNING = datetime(2026, 11, 23, 14, tzinfo=UTC)
REPORTS = ("morning", "patients", "arrears", "memberships", "cards")


def export(engine: Engine, folder: Path) -> Path:
    with reader(engine) as session:
        export_practice(session, folder)
    return folder


def reports(engine: Engine) -> dict[str, Any]:
    """Every report's rows; ids of our own are left out, they are each store's."""
    with clock.frozen(MORNING), reader(engine) as session:
        return {
            name: json.loads(json.dumps(as_json(report_by_name(session, name, as_of=MORNING.isoformat()))))[
                "rows"
            ]
            for name in REPORTS
        }


def cells(folder: Path, file: str) -> dict[str, dict[str, str]]:
    with (folder / f"{file}.csv").open(encoding="utf-8", newline="") as lines:
        return {next(iter(row.values())): row for row in csv.DictReader(lines)}


def test_every_file_comes_out_as_it_went_in(store: Engine, tmp_path: Path) -> None:
    import_folder(store, write_practice(tmp_path / "in"))
    folder = export(store, tmp_path / "out")
    assert {path.stem for path in folder.iterdir()} == set(FILES)
    for file, text in TEXTS.items():
        header, *given_rows = parsed(text)
        found = cells(folder, file)
        assert list(found) == [row[0] for row in given_rows], file
        assert set(header) <= {*next(iter(found.values())), "location_id"}, file
    assert cells(folder, "patients")["P1"] | {"location_id": ""} == {
        "patient_id": "P1", "location_id": "", "first_name": "Zoë", "last_name": "Müller", "birth_date": "1984-02-29",
        "email": "zoe@mail.example", "mobile_phone": "+13035550101", "guarantor_id": "P2", "active": "true",
        "text_consent": "true", "email_consent": "",
    }  # fmt: skip
    assert cells(folder, "appointments")["A1"]["starts_at"] == "2026-11-23T09:00:00-07:00"
    assert cells(folder, "coverages")["C1"]["coinsurance_percent"] == "12.50"
    assert cells(folder, "cards")["K1"]["expiry"] == "02/28"
    assert cells(folder, "ledger")["G2"]["amount"] == "-5.00"


def test_an_exported_practice_loads_whole_and_a_second_export_is_the_same(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    import_folder(sqlite_store, write_practice(tmp_path / "in"))
    folder = export(sqlite_store, tmp_path / "out")
    other = open_store(fresh_sqlite(tmp_path))
    result = import_folder(other, folder)
    assert (result.errors, result.quarantine, result.unknown_columns) == ([], [], {})
    again = export(other, tmp_path / "again")
    for file in FILES:
        assert (again / f"{file}.csv").read_bytes() == (folder / f"{file}.csv").read_bytes(), file
    other.dispose()


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(1, 10_000), places=st.integers(1, 2), patients=st.integers(25, 60))
def test_an_empty_store_gives_the_same_reports(
    tmp_path_factory: pytest.TempPathFactory, seed: int, places: int, patients: int
) -> None:
    folder = tmp_path_factory.mktemp("round")
    files = whole_files(generate(seed, date(2026, 11, 23), patients=patients, locations=places))
    write_files(files, folder / "in")
    first, second = open_store(fresh_sqlite(folder)), open_store(fresh_sqlite(folder))
    with clock.frozen(MORNING):
        assert import_folder(first, folder / "in").errors == []
        result = import_folder(second, export(first, folder / "out"))
    assert (result.errors, result.quarantine) == ([], [])
    before, after = reports(first), reports(second)
    for name in REPORTS:
        assert before[name] == after[name], name
    assert len(before["morning"]) > 5
    first.dispose()
    second.dispose()


def test_a_visit_of_a_practice_with_two_places_stays_where_it_was(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    places = TEXTS["locations"] + "L2,Oak Street,America/New_York,,,\n"
    visits = TEXTS["appointments"].replace("minutes,status", "minutes,status,location_id").replace(
        "15,scheduled", "15,scheduled,L2"
    ).replace("No Show", "No Show,")  # fmt: skip
    import_folder(sqlite_store, write_practice(tmp_path / "in", locations=places, appointments=visits))
    out = cells(export(sqlite_store, tmp_path / "out"), "appointments")
    assert (out["A1"]["location_id"], out["A1"]["starts_at"]) == ("L2", "2026-11-23T09:00:00-05:00")
    assert out["A2"]["location_id"] == "L1"


def test_an_export_never_writes_over_anything_and_is_for_this_user_alone(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    import_folder(sqlite_store, write_practice(tmp_path / "in"))
    folder = export(sqlite_store, tmp_path / "out")
    assert stat.S_IMODE((folder / "patients.csv").stat().st_mode) == 0o600
    with pytest.raises(BadInput, match="not empty"):
        export(sqlite_store, folder)


def test_what_is_gone_upstream_is_not_exported_nor_what_hangs_on_it(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    from sqlalchemy import update

    from core.patients.models import Patient
    from core.store.engine import transaction

    import_folder(sqlite_store, write_practice(tmp_path / "in"))
    with transaction(sqlite_store) as session:
        session.execute(update(Patient).where(Patient.external_id == "P1").values(gone_at=MORNING))  # type: ignore[arg-type]
    folder = export(sqlite_store, tmp_path / "out")
    assert list(cells(folder, "patients")) == ["P2"]
    assert list(cells(folder, "appointments")) == ["A2"]
    assert [cells(folder, file) for file in ("coverages", "plans", "instalments", "memberships")] == [{}] * 4
