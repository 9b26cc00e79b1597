"""When a processor's contact is probably a patient (DOMAIN §11). Pure: no store, no network."""

import unicodedata
from collections.abc import Iterable
from datetime import date
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
