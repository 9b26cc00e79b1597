"""The patients page finds people by name or phone, filters by flag and pages, at any size."""

import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.findings.flags import Group
from core.reports import patients_page as snapshot
from core.reports.patients_page import PatientsPage, patients_page
from tests.reports.practice import BASE, CARD, EIGHT, load

PEOPLE = [
    {**BASE["patients"][0], "patient_id": key, "first_name": first, "last_name": last, "mobile_phone": phone}
    for key, first, last, phone in (
        ("P1", "Łukasz", "Wiśniewski", "312-555-0101"),
        ("P2", "Zoë", "Müller", "312-555-0102"),
        ("P3", "Ana", "Ruiz", "312-555-0103"),
    )
]


def page(store: Engine, **choices: object) -> PatientsPage:
    return patients_page(store, location_id=None, as_of=EIGHT, **choices)  # type: ignore[arg-type]


def names(found: PatientsPage) -> list[str]:
    return [row.patient for row in found.rows]


@pytest.fixture
def practice(store: Engine, tmp_path: Path) -> Engine:
    ended = {**CARD, "patient_id": "P3", "expiry": "10/26"}
    member = {
        "membership_id": "E1",
        "patient_id": "P3",
        "membership_plan_id": "M1",
        "start_date": "2026-01-01",
        "status": "active",
    }
    load(
        store,
        tmp_path / "f",
        patients=PEOPLE,
        cards=[ended],
        membership_plans=[
            {"membership_plan_id": "M1", "name": "Wellness 4", "price": "149.00", "period": "month"}
        ],
        membership_benefits=[
            {"benefit_id": "B1", "membership_plan_id": "M1", "service_class": "adjustment", "visits": "4"}
        ],
        memberships=[member],
    )
    return store


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["Zoë Müller", "Ana Ruiz", "Łukasz Wiśniewski"]),
        pytest.param("lukasz wis", ["Łukasz Wiśniewski"], marks=pytest.mark.both_stores),
        ("MULLER", ["Zoë Müller"]),
        pytest.param("0103", ["Ana Ruiz"], marks=pytest.mark.both_stores),
        ("100%", []),
        ("nobody", []),
    ],
)
def test_people_are_found_by_name_without_accents_or_by_the_last_four(
    practice: Engine, search: str, found: list[str]
) -> None:
    assert names(page(practice, search=search)) == found


@pytest.mark.both_stores
def test_a_flag_narrows_and_the_worst_come_first(practice: Engine) -> None:
    everyone = page(practice, order="worst")
    assert names(everyone)[0] == "Ana Ruiz"
    assert everyone.counts[Group.CARD_ENDS] == 1
    assert names(page(practice, groups=[Group.CARD_ENDS])) == ["Ana Ruiz"]
    assert names(page(practice, groups=[Group.BEHIND])) == []


def test_pages_follow_each_other(practice: Engine) -> None:
    first, second = page(practice, limit=2), page(practice, offset=2, limit=2)
    assert (names(first), names(second), first.total) == (
        ["Zoë Müller", "Ana Ruiz"],
        ["Łukasz Wiśniewski"],
        3,
    )


def test_new_data_change_the_counts(practice: Engine, tmp_path: Path) -> None:
    assert page(practice).counts[Group.CARD_ENDS] == 1
    load(practice, tmp_path / "g", patients=PEOPLE, cards=[{**CARD, "patient_id": "P3", "expiry": "10/29"}])
    assert page(practice).counts[Group.CARD_ENDS] == 0


@pytest.mark.both_stores
def test_a_large_practice_pages_by_name_until_its_index_is_there(
    practice: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "AT_ONCE", 1)
    first = page(practice)
    assert (first.ready, names(first)[0]) == (False, "Zoë Müller")
    deadline = time.monotonic() + 20
    while not page(practice).ready and time.monotonic() < deadline:
        time.sleep(0.05)
    assert page(practice).counts[Group.CARD_ENDS] == 1
