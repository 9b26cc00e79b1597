"""A practice's FHIR export: it loads whole, the same again changes nothing, and the morning shows it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class
from sqlalchemy import Engine

from core.errors import BadInput
from core.integrations.fhir.files import LARGEST_LINE
from core.jobs.fhir.run import import_fhir
from core.jobs.practice_files.result import FileCounts
from tests.fhir.invented import Invented, bundle, everything, write
from tests.fhir.loading import (
    adds_up,
    load,
    load_all,
    load_resources,
    morning_of,
    patient,
    place,
    rows_of,
    stamped,
    visit,
)


def test_what_we_invent_is_fhir() -> None:
    for resource in everything(Invented()):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_an_export_loads_whole_and_the_same_again_changes_nothing(store: Engine, tmp_path: Path) -> None:
    first, again = load_all(store, tmp_path), load_all(store, tmp_path)
    assert first.places == again.places == []
    assert first.errors == again.errors == []
    for kind, counts in first.files.items():
        assert again.files[kind] == FileCounts(counts.rows, 0, counts.rows, 0), kind
    assert first.files["Encounter"] == FileCounts(60, 60, 0, 0)
    assert first.files["ChargeItem"] == FileCounts(2, 1, 1, 0)  # one is on an invoice already
    assert first.ignored == {"Observation": 10}
    assert "Observation 10" in first.as_text()


def test_the_morning_shows_the_visits_of_the_export(sqlite_store: Engine, tmp_path: Path) -> None:
    load_all(sqlite_store, tmp_path)
    rows = morning_of(sqlite_store)
    assert len(rows) == 24 + 2  # encounters, and appointments of the afternoon
    assert {row["provider"] for row in rows} == {"Dr. Leif Jansen", "Dr. Kaya Ivers", "Dr. Jonas Hollis"}
    assert (rows[0]["starts_at"], rows[0]["status"]) == ("2026-11-23T08:00:00-07:00", "scheduled")
    assert [row["status"] for row in rows[-2:]] == ["scheduled", "no_show"]


@pytest.mark.parametrize("kind", ["collection", "searchset", "transaction"])
def test_a_bundle_is_read_in_any_order_of_its_entries(
    sqlite_store: Engine, tmp_path: Path, kind: str
) -> None:
    resources = list(everything(Invented()))[::-1]
    for resource in resources:
        if kind == "transaction" and resource["resourceType"] == "Encounter":
            resource["subject"]["reference"] = resource["subject"]["reference"].replace(
                "Patient/", "urn:uuid:"
            )
    (tmp_path / "all.json").write_text(json.dumps(bundle(resources, kind), indent=2))
    found = load(sqlite_store, tmp_path / "all.json")
    assert (found.places, found.errors, found.files["Encounter"].stored) == ([], [], 60)


def test_a_patient_is_known_by_name_number_and_reachable_phone(sqlite_store: Engine, tmp_path: Path) -> None:
    load_all(sqlite_store, tmp_path)
    found = {row["ehr_number"]: row for row in rows_of(sqlite_store, "patients").values()}["MR-00003"]
    invented = Invented().patients[3]
    assert found["last_name"] == invented["name"][1]["family"] != "Before"
    assert (found["mobile_phone"], found["active"]) == ("+17205550003", True)
    assert found["birth_date"].isoformat() == invented["birthDate"]
    assert found["location_id"] is not None  # where the latest visit is


def test_money_is_one_charge_an_invoice_and_a_payment_once_it_is_settled(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load_all(sqlite_store, tmp_path)
    entries = sorted(
        (row["kind"], row["amount_cents"], row["posted_on"])
        for row in rows_of(sqlite_store, "ledger").values()
    )
    day = date(2026, 11, 17)
    assert entries == [
        ("charge", 6_500, date(2026, 11, 16)),  # not billed yet; 20:00 in Denver
        ("charge", 9_550, day),
        ("charge", 14_910, day),
        ("payment", 14_910, day),
    ]


def test_an_account_says_who_pays_and_a_role_where_a_provider_works(store: Engine, tmp_path: Path) -> None:
    load_all(store, tmp_path)
    invented = Invented()
    patients, providers = rows_of(store, "patients"), rows_of(store, "providers")
    child, parent = (patients[each["id"]] for each in invented.patients[:2])
    assert child["guarantor_id"] == parent["id"]
    works_at = providers[invented.providers[1]["id"]]["location_id"]
    assert works_at == rows_of(store, "locations")[invented.places[1]["id"]]["id"]
    cover = next(iter(rows_of(store, "coverages").values()))
    assert (cover["kind"], cover["copay_cents"], cover["active_to"]) == (
        "commercial",
        2_500,
        date(2026, 12, 31),
    )


def test_a_birth_date_that_is_only_a_year_is_unknown_and_said(sqlite_store: Engine, tmp_path: Path) -> None:
    found = load_resources(sqlite_store, tmp_path, patient(birthDate="1980"))
    assert found.files["Patient"] == FileCounts(1, 1, 0, 0)
    assert rows_of(sqlite_store, "patients")["p1"]["birth_date"] is None
    assert any("birthDate is only a year; it is kept as unknown" in note for note in found.notes)


# the field at fault, words of the reason, the resource
BAD = (
    ("id", "is missing", {"resourceType": "Patient"}),
    ("id", "is not an id", patient("a/b")),
    ("status", "none of FHIR's words", visit(status="maybe")),
    ("subject", "is empty", visit(subject={"reference": "Group/g1"})),
    ("subject", "nobody is not in patients", visit(subject={"reference": "Patient/nobody"})),
    ("period.start", "has no time of day", visit(period={"start": "2026-11-23"})),
    ("period.start", "has no offset", visit(period={"start": "2026-11-23T09:00:00"})),
    ("period.start", "is empty", visit(period={})),
    ("name.family", "card number", patient(name=[{"family": "4111111111111111"}])),
    ("totalNet.currency", "is not USD", {"resourceType": "Invoice", "id": "i", "status": "issued", "date": "2026-11-01", "totalNet": {"value": 1, "currency": "EUR"}}),
    ("totalNet", "is not an amount", {"resourceType": "Invoice", "id": "i", "status": "issued", "date": "2026-11-01", "subject": {"reference": "Patient/p1"}, "totalNet": {"value": 1.005}}),
    ("priceOverride", "is missing", {"resourceType": "ChargeItem", "id": "c", "status": "billable"}),
)  # fmt: skip


def test_what_cannot_be_used_waits_with_file_entry_field_and_reason(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    bad = [
        {**resource, "id": resource.get("id", "x") + str(n)} if resource.get("id") else resource
        for n, (*_, resource) in enumerate(BAD)
    ]
    found = load_resources(sqlite_store, tmp_path, place(), patient("p0"), patient(), *bad)
    listed = sorted(found.as_json()["quarantine"], key=lambda entry: entry["line"])
    for number, (entry, (field, reason, _resource)) in enumerate(zip(listed, BAD, strict=True), start=4):
        assert (entry["file"], entry["line"], entry["column"]) == ("some.json", number, field)
        assert entry["reason"].startswith(f"some.json {number}: {field} ")
        assert reason in entry["reason"]
    assert "4111111111111111" not in str(listed)
    adds_up(found)


def test_a_broken_line_costs_that_line(sqlite_store: Engine, tmp_path: Path) -> None:
    deep = '{"resourceType":"Patient","id":"d","name":' + "[" * 5_000 + "]" * 5_000 + "}"
    lines = ["\ufeff" + json.dumps(patient()), "", '{"resourceType":"Patient","id":', "17", '{"id":"x"}', deep,
             "x" * (LARGEST_LINE + 10), json.dumps(patient("p2"))]  # fmt: skip
    (tmp_path / "Patient.ndjson").write_text("\n".join(lines))
    found = load(sqlite_store, tmp_path)
    assert found.files["Patient"] == FileCounts(2, 2, 0, 0)
    assert found.files["unreadable"] == FileCounts(5, 0, 0, 5)
    assert [row.line for _file, row in found.places] == [3, 4, 5, 6, 7]


def test_old_news_never_wins_and_comes_in_any_order(sqlite_store: Engine, tmp_path: Path) -> None:
    new = stamped(patient(name=[{"family": "New"}]), "2026-11-20T10:00:00Z")
    old = stamped(patient(name=[{"family": "Old"}]), "2026-11-19T10:00:00+02:00")
    assert load_resources(sqlite_store, tmp_path, new, old).files["Patient"] == FileCounts(2, 1, 1, 0)
    assert load_resources(sqlite_store, tmp_path, old).files["Patient"] == FileCounts(1, 0, 1, 0)
    assert rows_of(sqlite_store, "patients")["p1"]["last_name"] == "New"


def test_a_visit_waits_for_its_patient_and_is_stored_once_they_came(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    first = load_resources(sqlite_store, tmp_path, place(), visit())
    assert first.files["Encounter"].quarantined == 1
    second = load_resources(sqlite_store, tmp_path, patient(), visit("e2"))
    assert second.retried == {"Encounter": 1}
    assert second.files["Encounter"] == FileCounts(1, 1, 0, 0)
    assert set(rows_of(sqlite_store, "appointments")) == {"Encounter/e1", "Encounter/e2"}


def test_an_encounter_of_a_booked_appointment_is_not_a_second_visit(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    booked = {"resourceType": "Appointment", "id": "a1", "status": "fulfilled", "start": "2026-11-23T16:00:00Z",
              "participant": [{"actor": {"reference": "Patient/p1"}}]}  # fmt: skip
    load_resources(sqlite_store, tmp_path, place(), patient(), visit())
    found = load_resources(
        sqlite_store, tmp_path, booked, visit(appointment=[{"reference": "Appointment/a1"}])
    )
    assert found.files["Encounter"] == FileCounts(1, 1, 0, 0)  # the row it had made is withdrawn
    (row,) = rows_of(sqlite_store, "appointments").values()
    assert (row["external_id"], row["status"]) == ("a1", "completed")
    assert row["starts_at"].replace(tzinfo=UTC) == datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


def test_what_was_entered_in_error_leaves_the_list(sqlite_store: Engine, tmp_path: Path) -> None:
    load_resources(sqlite_store, tmp_path, place(), patient(), stamped(visit(), "2026-11-20T10:00:00Z"))
    wrong = stamped(visit(status="entered-in-error"), "2026-11-20T11:00:00Z")
    assert load_resources(sqlite_store, tmp_path, wrong).files["Encounter"] == FileCounts(1, 1, 0, 0)
    assert load_resources(sqlite_store, tmp_path, wrong).files["Encounter"] == FileCounts(1, 0, 1, 0)
    late = load_resources(sqlite_store, tmp_path, stamped(visit(), "2026-11-20T10:00:00Z"))
    assert late.files["Encounter"] == FileCounts(1, 0, 1, 0)
    assert rows_of(sqlite_store, "appointments") == {}


def test_an_ehr_that_names_no_place_still_has_a_morning(sqlite_store: Engine, tmp_path: Path) -> None:
    found = load_resources(sqlite_store, tmp_path, patient(), visit())
    assert any("every visit is at “The practice”, in America/Denver" in note for note in found.notes)
    assert [row["patient"] for row in morning_of(sqlite_store)] == ["Ada Engel"]


def test_a_deceased_patient_is_not_active(sqlite_store: Engine, tmp_path: Path) -> None:
    load_resources(
        sqlite_store, tmp_path, patient(deceasedDateTime="2026-01-01"), patient("p2", active=False)
    )
    assert [row["active"] for row in rows_of(sqlite_store, "patients").values()] == [False, False]


def test_what_is_no_fhir_is_refused_with_a_sentence(sqlite_store: Engine, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file or folder"):
        load(sqlite_store, tmp_path / "nowhere")
    with pytest.raises(BadInput, match="holds no FHIR file"):
        load(sqlite_store, tmp_path)
    with pytest.raises(BadInput, match="--time-zone “Mars/Base” is not a time zone"):
        import_fhir(sqlite_store, str(tmp_path), time_zone="Mars/Base")
    (tmp_path / "a.json").write_text("<html>")
    write(tmp_path, {"Patient": [patient()]})
    found = load(sqlite_store, tmp_path)
    assert found.errors == ["a.json is not readable JSON."]
    assert found.files["Patient"].stored == 1
