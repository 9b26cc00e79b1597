"""The processor's idea of a patient: a contact that is the same person surely, probably, or nobody knows (DOMAIN §11)."""

from enum import StrEnum
from typing import Any

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Record
from data.sandbox.practice.names import NICKNAMES
from data.sandbox.practice.people import plain


class Link(StrEnum):
    """How the processor's record can be found again. api_id and account_number hold the EHR id: a sure link."""

    API_ID = "contact_api_id"
    ACCOUNT_NUMBER = "account_number"
    PROPOSAL = "proposal"
    UNLINKED = "unlinked"


def usual_link(book: Book) -> Link:
    """About 80 % by contact_api_id, 12 % by account number, 6 % only probable, 2 % unlinked."""
    return book.rng.choices(list(Link), (80, 12, 6, 2))[0]


def add_contact(book: Book, person: Person, link: Link = Link.API_ID) -> Record:
    known_since = days.epoch(book.ago(book.rng.randint(200, 900)), person.place.zone, 10)
    values: dict[str, Any] = {
        "id": book.hex_id(),
        "location_id": person.place.fortis_id,
        "contact_api_id": person.id if link is Link.API_ID else None,
        "account_number": person.id if link is Link.ACCOUNT_NUMBER else None,
        "first_name": person.first,
        "last_name": person.last,
        "email": person.email or None,
        "cell_phone": person.phone[2:],
        "cell_phone_country_code": "+1",
        "date_of_birth": days.text(person.born),
        "email_trx_receipt": True,
        "active": True,
        "created_ts": known_since,
        "modified_ts": known_since,
    }
    if link is Link.PROPOSAL:
        values.update(_one_thing_in_common(book, person))
    elif link is Link.UNLINKED:
        values.update(_nothing_in_common(book, person))
    contact = book.record("contacts", **values)
    person.contact = contact
    book.owners[contact["id"]] = person.id
    book.links[contact["id"]] = link
    return contact


def _one_thing_in_common(book: Book, person: Person) -> dict[str, Any]:
    """The name in other spelling, and only one of e-mail, mobile and birth date."""
    keep = book.rng.choice(("email", "cell_phone", "date_of_birth"))
    if keep == "email" and not person.email:
        keep = "cell_phone"
    values: dict[str, Any] = {"email": None, "cell_phone": None, "date_of_birth": None}
    values[keep] = {
        "email": person.email,
        "cell_phone": person.phone[2:],
        "date_of_birth": days.text(person.born),
    }[keep]
    values["first_name"], values["last_name"] = _respelt(book, person)
    return values


def _respelt(book: Book, person: Person) -> tuple[str, str]:
    if person.first in NICKNAMES:
        return NICKNAMES[person.first], person.last
    if book.rng.random() < 0.6:
        return plain(person.first).upper(), plain(person.last).upper()
    at = book.rng.randrange(1, max(2, len(person.last) - 1))
    return person.first, person.last[:at] + person.last[at] + person.last[at:]


def _nothing_in_common(book: Book, person: Person) -> dict[str, Any]:
    """A name from before the wedding and a work address: nobody can say who this is from the record alone."""
    number = book.next_id("W")
    return {
        "last_name": f"{person.last[:1]}. Holder",
        "email": f"payments{number.lower()}@example.com",
        "cell_phone": None,
        "date_of_birth": None,
    }
