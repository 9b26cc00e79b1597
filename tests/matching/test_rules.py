"""When a processor's contact is probably a patient (DOMAIN §11)."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from core.matching.rules import PersonFacts, Proposal, name_key, propose

BORN = date(1980, 3, 14)


def person(first: str = "Ana", last: str = "Alvarez", number: int = 1, **also: Any) -> PersonFacts:
    shared = {"email": None, "mobile_phone": None, "birth_date": None, **also}
    return PersonFacts(number, first, last, **shared)


@pytest.mark.parametrize(
    ("shared", "evidence"),
    [
        ({"email": "ana@example.com"}, "name and e-mail"),
        ({"mobile_phone": "+16145550199"}, "name and mobile"),
        ({"birth_date": BORN}, "name and birth date"),
        ({"email": "a@example.com", "birth_date": BORN}, "name and e-mail and birth date"),
    ],
)
def test_the_name_and_one_more_propose(shared: dict[str, Any], evidence: str) -> None:
    assert propose(person(**shared), [person(number=7, **shared)]) == [Proposal(7, evidence)]


def test_the_name_alone_proposes_nothing() -> None:
    assert propose(person(email="a@example.com"), [person(email="b@example.com")]) == []


def test_a_family_sharing_phone_and_mail_is_kept_apart() -> None:
    shared = {"email": "family@example.com", "mobile_phone": "+16145550199"}
    family = [person(name, number=place, **shared) for place, name in enumerate(("Ben", "Cora", "Ana"))]
    assert [found.patient_id for found in propose(person(**shared), family)] == [2]


def test_twins_of_one_name_are_both_proposed_and_a_person_decides() -> None:
    twins = [person(number=1, birth_date=BORN), person(number=2, birth_date=BORN)]
    assert len(propose(person(birth_date=BORN), twins)) == 2


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("ANA", "ALVAREZ"),
        ("Aña", "Álvarez"),
        ("Alvarez", "Ana"),
        (" Ana ", "Al-varez"),
        ("Ana", "Al’varez"),
        ("A.na", "Al varez"),
    ],
)
def test_spelling_does_not_part_a_name(first: str, last: str) -> None:
    assert propose(person(first, last, birth_date=BORN), [person(birth_date=BORN)])


@pytest.mark.parametrize(
    ("first", "last"), [("Annie", "Alvarez"), ("Ana", "Alvares"), ("", "Alvarez"), ("", ""), ("Ana", "")]
)
def test_nicknames_misspellings_and_half_names_do_not_link(first: str, last: str) -> None:
    assert propose(person(first, last, birth_date=BORN), [person(birth_date=BORN)]) == []
    assert propose(person(first, last, birth_date=BORN), [person(first, "Other", birth_date=BORN)]) == []


@seed(20261121)
@given(st.text(max_size=12), st.text(max_size=12))
def test_a_name_is_the_same_in_any_case_and_order(first: str, last: str) -> None:
    assert name_key(first, last) == name_key(last, first)
    assert name_key(first.upper().lower(), last) == name_key(first.lower().upper().lower(), last)


def test_mails_agree_in_any_case() -> None:
    assert propose(person(email="Ana@Example.com"), [person(email="ana@example.COM")])
