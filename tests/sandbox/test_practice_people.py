"""Patients look like patients, and the processor knows most of them, the way it is in life (DOMAIN §11)."""

from collections import Counter
from datetime import datetime

from core.matching.rules import name_key
from data.sandbox.practice.contacts import Link
from tests.sandbox.practices import TODAY, practice


def patients() -> dict[str, dict[str, str]]:
    return {row["patient_id"]: row for row in practice().files["patients"]}


def test_nobody_can_be_called_or_mailed_by_accident() -> None:
    for row in patients().values():
        assert row["mobile_phone"][-7:-2] == "55501"
        assert row["email"] == "" or row["email"].endswith("@example.com")
        assert row["email"].isascii()


def test_names_come_from_many_places() -> None:
    names = " ".join(f"{row['first_name']} {row['last_name']}" for row in patients().values())
    assert "'" in names
    assert "-" in names
    assert not names.isascii()
    assert max(map(len, names.split())) > 14


def test_families_share_a_name_and_often_a_phone_and_the_guarantor_is_no_dependant() -> None:
    everyone = patients()
    dependants = [row for row in everyone.values() if row["guarantor_id"]]
    payers = [everyone[row["guarantor_id"]] for row in dependants]
    assert len(dependants) > 20
    assert all(row["last_name"] == payer["last_name"] for row, payer in zip(dependants, payers, strict=True))
    assert not any(payer["guarantor_id"] for payer in payers)
    shared = sum(
        row["mobile_phone"] == payer["mobile_phone"] for row, payer in zip(dependants, payers, strict=True)
    )
    assert 0 < shared < len(dependants)


def test_most_contacts_carry_the_ehr_id_and_some_only_the_account_number() -> None:
    made = practice(7, TODAY, 1200)
    kinds = Counter(made.links.values())
    whole = sum(kinds.values())
    assert 0.74 < kinds[Link.API_ID] / whole < 0.86
    assert 0.08 < kinds[Link.ACCOUNT_NUMBER] / whole < 0.16
    assert 0.035 < kinds[Link.PROPOSAL] / whole < 0.085
    assert 0.005 < kinds[Link.UNLINKED] / whole < 0.04


def test_a_probable_contact_shares_exactly_one_thing_beside_the_name() -> None:
    made = practice(7, TODAY, 1200)
    people = {row["patient_id"]: row for row in made.files["patients"]}
    probable = [c for c in made.fortis["contacts"] if made.links[c["id"]] == Link.PROPOSAL]
    for contact in probable:
        row = people[made.owners[contact["id"]]]
        assert contact["contact_api_id"] is None
        assert contact["account_number"] is None
        agreeing = [
            contact["email"] is not None and contact["email"] == row["email"],
            contact["cell_phone"] is not None and contact["cell_phone"] == row["mobile_phone"][2:],
            contact["date_of_birth"] is not None and contact["date_of_birth"] == row["birth_date"],
        ]
        assert sum(agreeing) == 1
    spelt_alike = [c["last_name"] == people[made.owners[c["id"]]]["last_name"] for c in probable]
    assert {True, False} == set(spelt_alike)


def test_an_unlinked_contact_shares_nothing() -> None:
    made = practice(7, TODAY, 1200)
    people = {row["patient_id"]: row for row in made.files["patients"]}
    for contact in made.fortis["contacts"]:
        if made.links[contact["id"]] == Link.UNLINKED:
            row = people[made.owners[contact["id"]]]
            assert contact["email"] not in {other["email"] for other in people.values()}
            assert contact["last_name"] != row["last_name"]
            assert contact["cell_phone"] is None


def test_the_day_is_full_even_on_a_weekend_and_nobody_is_in_two_rooms() -> None:
    for today in (TODAY, datetime(2026, 11, 21).date()):  # noqa: DTZ001 - a calendar date
        visits = practice(7, today).files["appointments"]
        for day in ("20", "21", "22", "23", "24"):
            if abs(int(day) - today.day) <= 1:
                assert 40 <= sum(v["starts_at"].startswith(f"2026-11-{day}") for v in visits) <= 60
        seats = Counter(
            (v["provider_id"], v["starts_at"]) for v in visits if v["starts_at"].startswith(str(today))
        )
        assert max(seats.values()) == 1


def test_today_is_still_ahead_and_the_past_is_mostly_done() -> None:
    visits = practice().files["appointments"]
    today = [v for v in visits if v["starts_at"].startswith("2026-11-23")]
    past = [v["status"] for v in visits if v["starts_at"] < "2026-11-23"]
    coming = [v["status"] for v in visits if v["starts_at"] > "2026-11-24"]
    assert {v["status"] for v in today} == {"scheduled", "confirmed"}
    assert {"08", "17"} <= {v["starts_at"][11:13] for v in today}
    assert set(past) == {"completed", "no_show", "cancelled", "rescheduled"}
    assert past.count("completed") > 0.85 * len(past)
    assert set(coming) == {"scheduled", "confirmed"}


def test_a_patient_has_about_twenty_five_visits() -> None:
    made = practice()
    assert 18 <= len(made.files["appointments"]) / len(made.files["patients"]) <= 30


def test_the_contact_that_waits_today_is_the_same_name_in_capitals() -> None:
    made = practice()
    patient = made.stories["link_waits_for_a_person"]
    (contact,) = [c for c in made.fortis["contacts"] if made.owners[c["id"]] == patient]
    (row,) = [row for row in made.files["patients"] if row["patient_id"] == patient]
    assert name_key(contact["first_name"], contact["last_name"]) == name_key(
        row["first_name"], row["last_name"]
    )
