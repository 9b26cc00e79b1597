"""Cards and bank accounts at the processor (Fortis §5: tokens). There is no card number here, only the last four."""

from datetime import date

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Record

BRANDS = {"visa": "400000", "mc": "520000", "amex": "370000", "disc": "601100"}
"""account_type as Fortis writes it, and made-up first six digits."""

UPDATER_NONE, UPDATER_UPDATED, UPDATER_CLOSED = 0, 1, 3
"""Our reading of cau_summary_status_id; its meaning is unpublished (Fortis §15). A closed card is also inactive."""


def add_card(
    book: Book,
    person: Person,
    expires: date | None = None,
    *,
    exp_date: str | None = None,
    active: bool = True,
    updater: int = UPDATER_NONE,
) -> Record:
    """A card that ends in the month of `expires` (default two years ahead or so). `exp_date` writes MMYY as it stands."""
    assert person.contact is not None
    expires = expires or days.add_months(book.today, book.rng.randint(6, 44))
    brand = book.rng.choices(list(BRANDS), (55, 28, 10, 7))[0]
    if exp_date is None:
        exp_date = f"{expires.month:02d}{expires.year % 100:02d}"
    return book.record(
        "tokens",
        **_common(book, person, "cc"),
        account_type=brand,
        first_six=BRANDS[brand],
        last_four=f"{book.rng.randrange(10000):04d}",
        exp_date=exp_date,
        expiring_in_months=(expires.year - book.today.year) * 12 + expires.month - book.today.month,
        active=active,
        cau_summary_status_id=updater,
        cau_last_updated_ts=days.epoch(book.ago(20), person.place.zone, 4) if updater else None,
    )


def add_bank(book: Book, person: Person) -> Record:
    """A bank account: no expiry (DOMAIN §1)."""
    return book.record(
        "tokens",
        **_common(book, person, "ach"),
        account_type=book.rng.choice(("checking", "savings")),
        first_six="",
        last_four=f"{book.rng.randrange(10000):04d}",
        exp_date=None,
        expiring_in_months=None,
        active=True,
        cau_summary_status_id=UPDATER_NONE,
        cau_last_updated_ts=None,
    )


def _common(book: Book, person: Person, method: str) -> Record:
    assert person.contact is not None
    added = days.epoch(book.ago(book.rng.randint(30, 400)), person.place.zone, 11)
    return {
        "id": book.hex_id(),
        "location_id": person.place.fortis_id,
        "contact_id": person.contact["id"],
        "payment_method": method,
        "account_holder_name": f"{person.contact['first_name']} {person.contact['last_name']}"[:32],
        "title": "On file",
        "has_recurring": False,
        "created_ts": added,
        "modified_ts": added,
    }
