"""What FHIR says beyond one resource alone (DOMAIN §14): deletions, encounters, shared visits, merges, other versions."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from core.jobs.practice_files.result import FileCounts
from tests.fhir.loading import adds_up, load, morning_of, patient, place, rows_of, stamped
from tests.fhir.telling import START, booked, lines, met, to, visits

# deletions


def deleted(url: str, **response: str) -> dict[str, Any]:
    return {"request": {"method": "DELETE", "url": url}, **({"response": response} if response else {})}


@pytest.mark.parametrize("kind", ["transaction", "batch", "history", "collection"])
@pytest.mark.parametrize("url", ["Appointment/a1", "https://ehr.example/fhir/Appointment/a1", "Appointment/a1/_history/3"])  # fmt: skip
def test_a_deletion_is_applied_however_it_is_told(
    sqlite_store: Engine, tmp_path: Path, kind: str, url: str
) -> None:
    lines(sqlite_store, tmp_path / "1", *START, booked(), booked("a2"))
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [deleted(url)]}
    found = lines(sqlite_store, tmp_path / "2", bundle, name="deleted.ndjson")
    assert found.files["Appointment"] == FileCounts(1, 1, 0, 0, 0, 1)
    assert set(visits(sqlite_store)) == {"a2"}
    again = lines(sqlite_store, tmp_path / "3", bundle)
    assert again.files["Appointment"] == FileCounts(1, 0, 1, 0)
    lines(sqlite_store, tmp_path / "4", booked())
    assert set(visits(sqlite_store)) == {"a1", "a2"}


def test_a_bulk_exports_deleted_folder_counts_whatever_the_files_are_called(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    (tmp_path / "deleted").mkdir()
    gone = [
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [deleted("Patient/p2"), deleted("Appointment/a2")],
        }
    ]
    (tmp_path / "deleted" / "aaa.ndjson").write_text("\n".join(map(json.dumps, gone)))
    (tmp_path / "some.ndjson").write_text(
        "\n".join(map(json.dumps, [*START, booked(), booked("a2", to("Patient", "p2"))]))
    )
    found = load(sqlite_store, tmp_path)
    adds_up(found)
    assert set(visits(sqlite_store)) == {"a1"}
    assert [row["patient_id"] for row in morning_of(sqlite_store)] == ["p1"]


def test_a_history_tells_newest_first_and_its_latest_word_counts(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    def entry(resource: dict[str, Any]) -> dict[str, Any]:
        return {"resource": resource, "request": {"method": "PUT", "url": f"Appointment/{resource['id']}"}}

    back = {"resourceType": "Bundle", "type": "history",
            "entry": [entry(booked()), deleted("Appointment/a1"), entry(booked(status="cancelled"))]}  # fmt: skip
    over = {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [deleted("Appointment/a2"), entry(booked("a2"))],
    }
    lines(sqlite_store, tmp_path, *START, back, over)
    assert visits(sqlite_store) == {"a1": ("p1", "scheduled")}


def test_newer_news_survives_an_older_deletion(sqlite_store: Engine, tmp_path: Path) -> None:
    new = stamped(booked(), "2026-11-20T10:00:00Z")
    old = {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [deleted("Appointment/a1", lastModified="2026-11-19T10:00:00Z")],
    }
    found = lines(sqlite_store, tmp_path, *START, new, old)
    assert found.files["Appointment"] == FileCounts(2, 1, 1, 0)
    assert set(visits(sqlite_store)) == {"a1"}


def test_a_deletion_of_what_is_not_here_is_counted_and_said(sqlite_store: Engine, tmp_path: Path) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [deleted("Account/x"), {"request": {"method": "DELETE"}}],
    }
    found = lines(sqlite_store, tmp_path, *START, bundle)
    assert found.files["Account"] == FileCounts(1, 0, 1, 0)
    assert found.files["unreadable"] == FileCounts(1, 0, 0, 1)
    assert any("says that it is deleted, which changes nothing here" in note for note in found.notes)


# encounters decide


@pytest.mark.parametrize(
    ("own", "encounter", "all_in_all"),
    [
        ("booked", "finished", "completed"),
        ("booked", "arrived", "arrived"),
        ("booked", "in-progress", "arrived"),
        ("booked", "planned", "scheduled"),
        ("booked", "cancelled", "scheduled"),
        ("cancelled", "finished", "completed"),
        ("noshow", "finished", "completed"),
        ("fulfilled", "arrived", "completed"),
        ("fulfilled", "cancelled", "completed"),
        ("cancelled", "cancelled", "cancelled"),
    ],
)
@pytest.mark.parametrize("apart", [False, True, "encounter first"])
def test_an_encounter_decides_over_its_appointments_own_status(
    sqlite_store: Engine, tmp_path: Path, own: str, encounter: str, all_in_all: str, apart: Any
) -> None:
    pieces = [booked(status=own), met(encounter)]
    if apart:
        lines(sqlite_store, tmp_path / "0", *START)
        for number, piece in enumerate(pieces[::-1] if apart == "encounter first" else pieces):
            lines(sqlite_store, tmp_path / f"1{number}", piece)
    else:
        lines(sqlite_store, tmp_path / "1", *START, *pieces)
    assert visits(sqlite_store) == {"a1": ("p1", all_in_all)}
    again = lines(sqlite_store, tmp_path / "2", *START, *pieces)
    assert visits(sqlite_store) == {"a1": ("p1", all_in_all)}
    third = lines(sqlite_store, tmp_path / "3", *START, *pieces)
    assert {counts.stored for counts in third.files.values()} == {0}, again.files


def test_a_later_version_of_the_appointment_does_not_undo_the_visit_but_the_encounters_own_end_does(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    lines(sqlite_store, tmp_path / "1", *START, booked(), met("finished"))
    lines(sqlite_store, tmp_path / "2", booked(status="cancelled"))
    assert visits(sqlite_store)["a1"] == ("p1", "completed")
    lines(sqlite_store, tmp_path / "3", met("entered-in-error"))
    assert visits(sqlite_store)["a1"] == ("p1", "cancelled")


def test_one_of_several_encounters_is_enough_and_a_deleted_one_is_none(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    lines(
        sqlite_store,
        tmp_path / "1",
        *START,
        booked(),
        met("cancelled", "e1"),
        met("finished", "e2"),
        met("arrived", "e3"),
    )
    assert visits(sqlite_store) == {"a1": ("p1", "completed")}
    gone = {"resourceType": "Bundle", "type": "transaction", "entry": [deleted("Encounter/e2")]}
    lines(sqlite_store, tmp_path / "2", gone)
    assert visits(sqlite_store) == {"a1": ("p1", "arrived")}


# visits that are shared


def test_every_patient_of_an_appointment_has_a_visit_of_their_own_that_stays_theirs(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    both = (to("Patient", "p1"), to("Patient", "p2"), to("Practitioner", "d1"))
    lines(sqlite_store, tmp_path / "1", *START, booked("a1", *both))
    assert visits(sqlite_store) == {"a1": ("p1", "scheduled"), "a1#p2": ("p2", "scheduled")}
    turned = lines(sqlite_store, tmp_path / "2", booked("a1", *both[1::-1], both[2]))
    assert turned.files["Appointment"] == FileCounts(1, 0, 1, 0)
    assert visits(sqlite_store)["a1#p2"] == ("p2", "scheduled")
    lines(sqlite_store, tmp_path / "3", met("finished", "e2", "p2"))
    assert visits(sqlite_store) == {"a1": ("p1", "scheduled"), "a1#p2": ("p2", "completed")}
    lines(sqlite_store, tmp_path / "4", booked("a1", both[0]))
    assert visits(sqlite_store) == {"a1": ("p1", "scheduled")}


def test_three_share_a_visit_and_its_end_is_everybodys(sqlite_store: Engine, tmp_path: Path) -> None:
    three = [to("Patient", name) for name in ("p1", "p2", "p3")]
    lines(sqlite_store, tmp_path / "1", *START, patient("p3"), booked("a1", *three))
    assert {whose for whose, _status in visits(sqlite_store).values()} == {"p1", "p2", "p3"}
    gone = {"resourceType": "Bundle", "type": "transaction", "entry": [deleted("Appointment/a1")]}
    lines(sqlite_store, tmp_path / "2", gone)
    assert visits(sqlite_store) == {}


def test_who_declined_is_not_expected_and_a_note_says_so(sqlite_store: Engine, tmp_path: Path) -> None:
    lines(sqlite_store, tmp_path / "1", *START, booked("a1", to("Patient", "p1"), to("Patient", "p2")))
    found = lines(
        sqlite_store, tmp_path / "2",
        booked("a1", to("Patient", "p1"), to("Patient", "p2", status="declined"), to("Practitioner", "d1", status="declined")),
        booked("a2", to("Patient", "p2", status="declined"), to("Practitioner", "d1")),
    )  # fmt: skip
    assert visits(sqlite_store) == {"a1": ("p1", "scheduled")}
    assert rows_of(sqlite_store, "appointments")["a1"]["provider_id"] is None
    assert any("a patient who declined is not expected (and 1 more)" in note for note in found.notes)


# merged patients


@pytest.mark.parametrize(
    "links",
    [
        {"old": [("replaced-by", "p1")]},
        {"p1": [("replaces", "old")]},
        {"old": [("replaced-by", "mid")], "mid": [("replaced-by", "p1")]},
        {"old": [("replaced-by", "mid")], "p1": [("replaces", "mid")]},
        {"old": [("replaced-by", "never came")], "p1": [("replaces", "never came")]},
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_a_merged_patient_hands_over_everything(
    sqlite_store: Engine, tmp_path: Path, links: dict[str, list[tuple[str, str]]], later: bool
) -> None:
    def person(own: str, *, linked: bool = True) -> dict[str, Any]:
        given = [
            {"type": kind, "other": {"reference": f"Patient/{other}"}} for kind, other in links.get(own, [])
        ]
        return patient(own, link=given if linked else [])

    cover = {"resourceType": "Coverage", "id": "c1", "status": "active", "beneficiary": {"reference": "Patient/old"},
             "payor": [{"display": "Acme"}]}  # fmt: skip
    rest = [booked("a1", to("Patient", "old")), booked("a2", to("Patient", "p1")), cover]
    names = ["old", "mid", "p1"] if "mid" in str(links) else ["old", "p1"]
    if later:
        lines(sqlite_store, tmp_path / "1", place(), *[person(name, linked=False) for name in names], *rest)
    lines(sqlite_store, tmp_path / "2", place(), *map(person, names), *rest)
    people = rows_of(sqlite_store, "patients")
    assert {name: row["active"] for name, row in people.items()} == {name: name == "p1" for name in names}
    assert {whose for whose, _status in visits(sqlite_store).values()} == {"p1"}
    assert rows_of(sqlite_store, "coverages")["c1"]["patient_id"] == people["p1"]["id"]
    again = lines(sqlite_store, tmp_path / "3", place(), *map(person, names), *rest)
    assert {counts.stored for counts in again.files.values()} == {0}


def test_other_links_are_no_merge_and_a_circle_merges_nobody_away(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    seen = patient("p1", link=[{"type": "seealso", "other": {"reference": "Patient/p2"}}])
    ring = [
        patient(a, link=[{"type": "replaced-by", "other": {"reference": f"Patient/{b}"}}])
        for a, b in (("p3", "p3"),)
    ]
    lines(sqlite_store, tmp_path, place(), seen, patient("p2"), *ring)
    assert all(row["active"] for row in rows_of(sqlite_store, "patients").values())


# other versions, and fields that cannot be read

OTHERS = [
    ("DSTU2", {"resourceType": "Encounter", "id": "e", "status": "finished", "class": "outpatient", "patient": {"reference": "Patient/p1"}}),
    ("R5", {"resourceType": "Encounter", "id": "e", "status": "completed", "class": [{"text": "x"}], "subject": {"reference": "Patient/p1"}, "actualPeriod": {"start": "2026-11-23T16:00:00Z"}}),
    ("STU3", {"resourceType": "Encounter", "id": "e", "status": "finished", "subject": {"reference": "Patient/p1"}, "appointment": {"reference": "Appointment/a1"}, "period": {"start": "2026-11-23"}}),
]  # fmt: skip


@pytest.mark.parametrize(("version", "resource"), OTHERS)
def test_a_resource_of_another_version_says_which(
    sqlite_store: Engine, tmp_path: Path, version: str, resource: dict[str, Any]
) -> None:
    found = lines(sqlite_store, tmp_path, *START, resource)
    assert found.files["Encounter"].quarantined == 1
    assert f"It is FHIR {version}, and Huddle reads R4" in found.places[0][1].reason


@pytest.mark.parametrize(("name", "value"), [("active", "yes"), ("birthDate", "1980-02-30"), ("telecom", "555"), ("name", [{"family": 7}]), ("communication", 7)])  # fmt: skip
def test_a_field_that_a_patient_can_do_without_never_costs_the_patient(
    sqlite_store: Engine, tmp_path: Path, name: str, value: Any
) -> None:
    found = lines(sqlite_store, tmp_path, place(), patient("p1", **{name: value}))
    assert found.files["Patient"] == FileCounts(1, 1, 0, 0)
    assert bool(found.as_json()["unknown_cells"]) == (name != "communication")
