"""The generated practice holds together: same seed same bytes, columns of the contract, no dangling reference."""

import csv
import re
import time
from datetime import date
from pathlib import Path

import pytest

from core.integrations.practice_files.columns import FILES
from data.sandbox.practice import generate, whole_files, write_files
from data.sandbox.practice.columns import COLUMNS, PROCESSOR_FILES
from data.sandbox.practice.samples import SAMPLES, write_samples
from tests.sandbox.practices import TODAY, practice

LEADS_TO = {
    "patient_id": "patients",
    "guarantor_id": "patients",
    "payer_id": "patients",
    "location_id": "locations",
    "provider_id": "providers",
    "appointment_type_id": "appointment_types",
    "appointment_id": "appointments",
    "service_id": "services",
    "plan_id": "plans",
    "instalment_id": "instalments",
    "membership_plan_id": "membership_plans",
    "membership_id": "memberships",
    "card_id": "cards",
    "refund_of": "payments",
}


def read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_files(whole_files(generate(3, TODAY, 60)), tmp_path / name)
    assert read(tmp_path / "one") == read(tmp_path / "two")
    assert generate(3, TODAY, 60).fortis == generate(3, TODAY, 60).fortis


def test_another_seed_or_day_gives_other_people() -> None:
    names = {
        tuple(row["last_name"] for row in generate(seed, today, 60).files["patients"])
        for seed, today in ((3, TODAY), (4, TODAY), (3, date(2026, 11, 24)))
    }
    assert len(names) == 3


def test_columns_are_those_the_importer_knows() -> None:
    # here nobody works at two places, and who does not need not say it
    not_written = {("appointments", "location_id")}
    known = {
        name: [column.name for column in file.columns if (name, column.name) not in not_written]
        for name, file in FILES.items()
    }
    assert known == {name: list(columns) for name, columns in COLUMNS.items()}


@pytest.mark.parametrize("whole", [False, True])
def test_every_row_has_exactly_the_columns_and_a_key_of_its_own(whole: bool) -> None:
    files = whole_files(practice()) if whole else practice().files
    assert set(files) == set(COLUMNS) - (set() if whole else set(PROCESSOR_FILES))
    for name, rows in files.items():
        keys = [row[COLUMNS[name][0]] for row in rows]
        assert all(tuple(row) == COLUMNS[name] for row in rows), name
        assert len(set(keys)) == len(keys), name
        assert "" not in keys, name


def test_every_reference_leads_somewhere() -> None:
    files = whole_files(practice())
    keys = {name: {row[COLUMNS[name][0]] for row in rows} for name, rows in files.items()}
    dangling = {
        (name, column, row[column])
        for name, rows in files.items()
        for column, target in LEADS_TO.items()
        if rows and column in rows[0]
        for row in rows
        if row[column] and row[column] not in keys[target]
    }
    assert dangling == set()


def test_the_processor_s_references_lead_somewhere() -> None:
    fortis = practice().fortis
    ids = {name: {record["id"] for record in records} for name, records in fortis.items()}
    for resource in ("tokens", "recurrings", "transactions"):
        assert {r["contact_id"] for r in fortis[resource]} <= ids["contacts"]
        assert {r["location_id"] for r in fortis[resource]} <= ids["locations"]
    for resource in ("recurrings", "transactions"):
        assert {r["token_id"] for r in fortis[resource]} <= ids["tokens"]
        assert {r["product_transaction_id"] for r in fortis[resource]} <= ids["product_transactions"]
    for resource in ("transactions", "declined_recurring_transactions"):
        assert {r["recurring_id"] for r in fortis[resource]} - {None} <= ids["recurrings"]
    declined = {r["declined_transaction_id"] for r in fortis["declined_recurring_transactions"]}
    assert declined <= ids["transactions"]


def test_ids_are_as_each_side_writes_them() -> None:
    made = practice()
    for records in made.fortis.values():
        assert all(re.fullmatch(r"[0-9a-f]{24}", record["id"]) for record in records)
    for name in set(made.files) - set(PROCESSOR_FILES):
        assert all(re.fullmatch(r"[A-Z]+\d+", row[COLUMNS[name][0]]) for row in made.files[name]), name


def luhn(digits: str) -> bool:
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def test_nothing_anywhere_reads_as_a_card_number(tmp_path: Path) -> None:
    write_files(whole_files(practice()), tmp_path)
    text = "\n".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.csv"))
    text += "\n".join(repr(record) for records in practice().fortis.values() for record in records)
    runs = re.findall(r"\d(?:[ -]?\d){12,}", text)
    assert [run for run in runs if len(run) <= 19 and luhn(re.sub(r"\D", "", run))] == []


def test_files_are_plain_csv_with_line_feeds(tmp_path: Path) -> None:
    write_files(practice().files, tmp_path)
    written = (tmp_path / "patients.csv").read_bytes()
    assert b"\r" not in written
    with (tmp_path / "patients.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == practice().files["patients"]


def test_the_samples_kept_in_the_repository_are_those_the_generator_writes(tmp_path: Path) -> None:
    write_samples(tmp_path)
    assert read(SAMPLES) == read(tmp_path)


def test_a_practice_of_any_size_and_more_than_one_location() -> None:
    for patients, locations in ((1, 1), (5, 2), (90, 3), (300, 8)):
        made = practice(7, TODAY, patients, locations)
        assert len(made.files["patients"]) == patients
        assert len(made.files["locations"]) == len(made.fortis["locations"]) == locations
    assert {row["time_zone"] for row in made.files["locations"]} > {"America/Chicago", "America/Phoenix"}
    with pytest.raises(ValueError, match="at least one"):
        generate(7, TODAY, 0)


def test_a_practice_of_usual_size_takes_no_time() -> None:
    started = time.process_time()
    generate(8, TODAY)
    assert time.process_time() - started < 2
