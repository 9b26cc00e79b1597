"""When a processor's contact is probably a patient (DOMAIN §11). Pure: no store, no network."""

import unicodedata
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class PersonFacts(NamedTuple):
    """What identifies a person, in our records or a processor's. mobile_phone is E.164."""

    id: int
    first_name: str
    last_name: str
    email: str | None
    mobile_phone: str | None
    birth_date: date | None


class Proposal(NamedTuple):
    """patient_id is probably this contact. evidence: what agreed, in words ("name and e-mail")."""

    patient_id: int
    evidence: str


def name_key(first_name: str, last_name: str) -> tuple[str, str]:
    """A name without case, accents, apostrophes, hyphens and blanks, the same in either order.

    Nicknames stay what they are: Bob is not Robert.
    """
    one, other = sorted((_plain(first_name), _plain(last_name)))
    return one, other


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in letters if c.isalnum())


class Verdict(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


class Compared(NamedTuple):
    """One fact as the processor has it and as our records do; None = not known there."""

    what: str
    theirs: str | date | None
    ours: str | date | None
    verdict: Verdict


def compare(contact: PersonFacts, patient: PersonFacts) -> tuple[Compared, ...]:
    """Name, e-mail, mobile and birth date side by side, by the same measure as `propose`."""
    same_name = name_key(contact.first_name, contact.last_name) == name_key(
        patient.first_name, patient.last_name
    )
    agreed = set(_agreeing(contact, patient))
    pairs: tuple[tuple[str, str | date | None, str | date | None], ...] = (
        ("e-mail", contact.email, patient.email),
        ("mobile", contact.mobile_phone, patient.mobile_phone),
        ("birth date", contact.birth_date, patient.birth_date),
    )
    names = Compared(
        "name", _whole(contact), _whole(patient), _verdict(_whole(contact), _whole(patient), same_name)
    )
    facts = (
        Compared(what, theirs, ours, _verdict(theirs, ours, what in agreed)) for what, theirs, ours in pairs
    )
    return (names, *facts)


def _whole(person: PersonFacts) -> str | None:
    return f"{person.first_name} {person.last_name}".strip() or None


def _verdict(theirs: object, ours: object, same: bool) -> Verdict:
    if not theirs or not ours:
        return Verdict.UNKNOWN
    return Verdict.AGREES if same else Verdict.DIFFERS


def propose(contact: PersonFacts, candidates: Iterable[PersonFacts]) -> list[Proposal]:
    """Patients whose name agrees and, besides, their e-mail, mobile or birth date.

    A shared e-mail or phone alone never links: families share them. Several may agree; a person decides.
    """
    key = name_key(contact.first_name, contact.last_name)
    if not all(key):
        return []
    return [
        Proposal(candidate.id, "name and " + " and ".join(agreed))
        for candidate in candidates
        if name_key(candidate.first_name, candidate.last_name) == key
        and (agreed := _agreeing(contact, candidate))
    ]


def _agreeing(contact: PersonFacts, candidate: PersonFacts) -> list[str]:
    same_email = contact.email and candidate.email and contact.email.casefold() == candidate.email.casefold()
    pairs = (
        ("e-mail", bool(same_email)),
        ("mobile", bool(contact.mobile_phone) and contact.mobile_phone == candidate.mobile_phone),
        ("birth date", bool(contact.birth_date) and contact.birth_date == candidate.birth_date),
    )
    return [word for word, agrees in pairs if agrees]
