"""Who is meant by a reference: by id, address, identifier, role, inside the resource, in a bundle (DOMAIN §14)."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.fhir.loading import morning_of, patient, place, rows_of
from tests.fhir.telling import START, booked, lines, to, visits

ROLE = {"resourceType": "PractitionerRole", "id": "r1", "identifier": [{"system": "role", "value": "9"}],
        "practitioner": {"reference": "Practitioner/d1"}}  # fmt: skip
REACHED = [
    {"reference": "Practitioner/d1"},
    {"reference": "https://ehr.example/fhir/Practitioner/d1/_history/2"},
    {"reference": "PractitionerRole/r1"},
    {"reference": "https://ehr.example/fhir/PractitionerRole/r1"},
    {"reference": "Practitioner?identifier=npi|77"},
    {"reference": "Practitioner?identifier=npi%7C77"},
    {"reference": "Practitioner?_id=d1"},
    {"identifier": {"system": "npi", "value": "77"}, "type": "Practitioner"},
    {"identifier": {"system": "npi", "value": "77"}},
    {"identifier": {"value": "77"}, "type": "Practitioner"},
    {"reference": "PractitionerRole?identifier=role|9"},
    {"identifier": {"system": "role", "value": "9"}, "type": "PractitionerRole"},
    {"reference": "#inside"},
    {"reference": "#role"},
]
INSIDE = [
    {"resourceType": "Practitioner", "id": "inside", "identifier": [{"system": "npi", "value": "77"}], "name": [{"family": "Abe"}]},
    {"resourceType": "PractitionerRole", "id": "role", "practitioner": {"reference": "#inside"}},
]  # fmt: skip


@pytest.mark.parametrize("actor", REACHED)
@pytest.mark.parametrize("apart", [False, True])
def test_a_provider_is_found_however_they_are_named(
    sqlite_store: Engine, tmp_path: Path, actor: dict[str, Any], apart: bool
) -> None:
    visit = booked("a1", to("Patient", "p1"), {"actor": actor, "status": "accepted"}, contained=INSIDE)
    if apart:
        lines(sqlite_store, tmp_path / "1", *START, ROLE)
        lines(sqlite_store, tmp_path / "2", visit)
    else:
        lines(sqlite_store, tmp_path / "1", visit, *START, ROLE)
    assert [row["provider"] for row in morning_of(sqlite_store)] == ["Dr. Al Abe"]


def test_a_provider_who_stands_only_inside_the_visit_is_one_by_their_name(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    inside = [{"resourceType": "Practitioner", "id": "x", "name": [{"text": "Al Cont"}]}]
    two = [
        booked(own, to("Patient", "p1"), {"actor": {"reference": "#x"}}, contained=inside)
        for own in ("a1", "a2")
    ]
    lines(sqlite_store, tmp_path, *START, *two)
    assert {row["provider"] for row in morning_of(sqlite_store)} == {"Al Cont"}
    assert len(rows_of(sqlite_store, "providers")) == 2


MRN = {"identifier": [{"system": "urn:mrn", "value": "123", "type": {"coding": [{"code": "MR"}]}}]}
PATIENTS = [
    {"reference": "Patient?identifier=urn:mrn|123"},
    {"reference": "https://ehr.example/fhir/Patient?identifier=urn%3Amrn%7C123"},
    {"identifier": {"system": "urn:mrn", "value": "123"}, "type": "Patient"},
    {"identifier": {"system": "urn:mrn", "value": "123"}},
    {"identifier": {"value": "123"}, "type": "Patient"},
    {"reference": "#me"},
]


@pytest.mark.parametrize("actor", PATIENTS)
@pytest.mark.parametrize("apart", [False, True])
def test_a_patient_is_found_by_an_identifier_both_ways_also_one_of_an_earlier_load(
    sqlite_store: Engine, tmp_path: Path, actor: dict[str, Any], apart: bool
) -> None:
    inside = [{"resourceType": "Patient", "id": "me", "identifier": MRN["identifier"]}]
    visit = booked("a1", {"actor": actor, "status": "accepted"}, contained=inside)
    if apart:
        lines(sqlite_store, tmp_path / "1", place(), patient("p1", **MRN))
        lines(sqlite_store, tmp_path / "2", visit)
    else:
        lines(sqlite_store, tmp_path / "1", visit, place(), patient("p1", **MRN))
    assert visits(sqlite_store) == {"a1": ("p1", "scheduled")}


def test_a_bundles_own_addresses_are_followed(sqlite_store: Engine, tmp_path: Path) -> None:
    entry = [
        {"fullUrl": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "resource": patient("p1")},
        {"fullUrl": "https://other.example/Person/9", "resource": patient("p2")},
        {"resource": booked("a1", {"actor": {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}})},
        {"resource": booked("a2", {"actor": {"reference": "https://other.example/Person/9"}})},
        {"fullUrl": "urn:uuid:11111111-1cbf-4d64-b04d-cd9187a4c6e0", "resource": {k: v for k, v in patient("x").items() if k != "id"}},
    ]  # fmt: skip
    lines(sqlite_store, tmp_path, place(), {"resourceType": "Bundle", "type": "transaction", "entry": entry})
    assert {own: whose for own, (whose, _status) in visits(sqlite_store).items()} == {"a1": "p1", "a2": "p2"}
    assert "11111111-1cbf-4d64-b04d-cd9187a4c6e0" in rows_of(sqlite_store, "patients")


def test_what_is_not_found_waits_with_its_reason(sqlite_store: Engine, tmp_path: Path) -> None:
    found = lines(
        sqlite_store, tmp_path, *START, booked("a1", {"actor": {"reference": "Patient?identifier=urn:mrn|9"}})
    )
    assert found.files["Appointment"].quarantined == 1
    assert "Patient?identifier=urn:mrn|9 is not in patients" in found.places[0][1].reason


ACME = {
    "resourceType": "Organization",
    "id": "o1",
    "name": "Acme Health",
    "identifier": [{"system": "naic", "value": "5"}],
}
PAYERS = [
    ({"reference": "Organization/o1"}, "Acme Health"),
    ({"display": "Blue Ridge"}, "Blue Ridge"),
    ({"identifier": {"system": "naic", "value": "5"}, "type": "Organization"}, "Acme Health"),
    ({"reference": "Organization?identifier=naic|5"}, "Acme Health"),
    ({"reference": "#in"}, "Inside Mutual"),
    ({"reference": "Organization/nobody"}, None),
]


@pytest.mark.parametrize(("payor", "name"), PAYERS)
@pytest.mark.parametrize("apart", [False, True])
def test_the_payers_name_is_found_where_it_stands(
    sqlite_store: Engine, tmp_path: Path, payor: dict[str, Any], name: str | None, apart: bool
) -> None:
    cover = {"resourceType": "Coverage", "id": "c1", "status": "active", "beneficiary": {"reference": "Patient/p1"},
             "payor": [payor], "contained": [{"resourceType": "Organization", "id": "in", "name": "Inside Mutual"}]}  # fmt: skip
    if apart:
        lines(sqlite_store, tmp_path / "1", *START, ACME)
        found = lines(sqlite_store, tmp_path / "2", cover)
    else:
        found = lines(sqlite_store, tmp_path / "1", cover, *START, ACME)
    assert rows_of(sqlite_store, "coverages")["c1"]["payer"] == name
    assert any("who pays is kept as unknown" in note for note in found.notes) == (name is None)
