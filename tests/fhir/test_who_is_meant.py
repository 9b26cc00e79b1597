"""Nobody's visit stands under another name: identifiers that several bear, circles of merges, deletions without an id."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.fhir.loading import patient, place, rows_of
from tests.fhir.telling import DOCTOR, START, booked, lines, visits

MRN = {"system": "urn:mrn", "value": "123"}
ASKS = [
    {"identifier": MRN, "type": "Patient"},
    {"identifier": {"value": "123"}, "type": "Patient"},
    {"reference": "Patient?identifier=urn:mrn|123"},
    {"reference": "Patient?identifier=urn%3Amrn%7C123"},
]


def bearing(own: str, *values: str, **more: Any) -> dict[str, Any]:
    return patient(own, identifier=[{**MRN, "value": value} for value in values], **more)


def asked(actor: dict[str, Any]) -> dict[str, Any]:
    return booked("a1", {"actor": actor, "status": "accepted"})


@pytest.mark.parametrize("actor", ASKS)
@pytest.mark.parametrize("apart", [False, True])
def test_a_visit_of_a_number_that_two_patients_bear_waits(
    sqlite_store: Engine, tmp_path: Path, actor: dict[str, Any], apart: bool
) -> None:
    people = (place(), bearing("p1", "123"), bearing("p2", "7", "123"))
    if apart:
        lines(sqlite_store, tmp_path / "1", *people)
        found = lines(sqlite_store, tmp_path / "2", asked(actor))
    else:
        found = lines(sqlite_store, tmp_path / "1", *people, asked(actor))
    assert (found.files["Appointment"].quarantined, visits(sqlite_store)) == (1, {})


def test_the_waiting_visit_is_stored_once_only_one_patient_bears_the_number(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    lines(sqlite_store, tmp_path / "1", place(), bearing("p1", "123"), bearing("p2", "123"), asked(ASKS[0]))
    lines(sqlite_store, tmp_path / "2", bearing("p2", "124"))
    lines(sqlite_store, tmp_path / "3", booked("a2", {"actor": ASKS[0], "status": "accepted"}))
    assert visits(sqlite_store) == {"a1": ("p1", "scheduled"), "a2": ("p1", "scheduled")}


def test_a_number_that_went_over_to_another_patient_means_the_other(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    lines(sqlite_store, tmp_path / "1", place(), bearing("p1", "123"))
    lines(sqlite_store, tmp_path / "2", bearing("p1", "9"), bearing("p2", "123"), asked(ASKS[0]))
    assert visits(sqlite_store) == {"a1": ("p2", "scheduled")}


def test_the_number_of_a_deleted_patient_means_whoever_bears_it_now(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    gone = {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "DELETE", "url": "Patient/p1"}}]}  # fmt: skip
    lines(sqlite_store, tmp_path / "1", place(), bearing("p1", "123"))
    lines(sqlite_store, tmp_path / "2", gone)
    lines(sqlite_store, tmp_path / "3", bearing("p2", "123"), asked(ASKS[0]))
    assert visits(sqlite_store) == {"a1": ("p2", "scheduled")}


def test_two_records_of_one_number_of_which_one_was_merged_are_one_person(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    merged = [{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}]
    people = (place(), bearing("p1", "123", link=merged), bearing("p2", "123"))
    lines(sqlite_store, tmp_path, *people, asked(ASKS[0]))
    assert visits(sqlite_store) == {"a1": ("p2", "scheduled")}


def test_patients_who_replace_each_other_in_a_circle_both_stay(sqlite_store: Engine, tmp_path: Path) -> None:
    def to(other: str) -> list[dict[str, Any]]:
        return [{"other": {"reference": f"Patient/{other}"}, "type": "replaced-by"}]

    lines(
        sqlite_store,
        tmp_path,
        place(),
        DOCTOR,
        patient("p1", link=to("p2")),
        patient("p2", link=to("p1")),
        booked(),
    )
    assert visits(sqlite_store) == {"a1": ("p1", "scheduled")}
    assert {own: row["active"] for own, row in rows_of(sqlite_store, "patients").items()} == {"p1": True, "p2": True}  # fmt: skip


def test_a_deletion_that_names_no_id_takes_nothing_away_and_says_so(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    entry = [{"request": {"method": "DELETE", "url": "Appointment?identifier=x|1"}}]
    lines(sqlite_store, tmp_path / "1", *START, booked())
    found = lines(
        sqlite_store, tmp_path / "2", {"resourceType": "Bundle", "type": "transaction", "entry": entry}
    )
    assert set(visits(sqlite_store)) == {"a1"}
    assert any("which one cannot be told, so nothing was taken away" in note for note in found.notes)


def test_a_stored_resource_of_another_version_says_which_and_its_insurer_pays(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    cover = {"resourceType": "Coverage", "id": "c1", "status": "active", "kind": "insurance",
             "beneficiary": {"reference": "Patient/p1"}, "insurer": {"display": "Acme Health"}}  # fmt: skip
    found = lines(sqlite_store, tmp_path, *START, cover)
    assert rows_of(sqlite_store, "coverages")["c1"]["payer"] == "Acme Health"
    assert any("is of FHIR R5, and Huddle reads R4" in note for note in found.notes)
