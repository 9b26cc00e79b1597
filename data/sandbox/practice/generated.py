"""From a seed to a whole practice."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from data.sandbox.cashpractice.practice import still_there
from data.sandbox.practice.billed import bill_otherwise
from data.sandbox.practice.book import Book, Place, Record, Row
from data.sandbox.practice.contacts import add_contact
from data.sandbox.practice.people import add_person
from data.sandbox.practice.places import open_places, price_list
from data.sandbox.practice.population import ordinary
from data.sandbox.practice.stories import CAST

VISITS_A_DAY = 42
ORDINARY_TODAY = 4  # at the least, beside the cast


@dataclass(frozen=True, slots=True)
class GeneratedPractice:
    """files: what the EHR would export. fortis: wire-shaped records by resource.

    stories: story name → patient id at the first location. troubles: patient id → what ails an ordinary one. owners: contact id → the patient it really is.
    links: contact id → how it can be found. pays_for: recurring id → the EHR's plan or membership id.
    cash_practice: records by resource, in its own words, of the patients it still charges.
    """

    seed: int
    today: date
    files: dict[str, list[Row]]
    fortis: dict[str, list[Record]]
    stories: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    pays_for: dict[str, str] = field(default_factory=dict)
    cash_practice: dict[str, list[Record]] = field(default_factory=dict)


def generate(
    seed: int, today: date, patients: int = 300, locations: int = 1, cash_practice: int = 0
) -> GeneratedPractice:
    """A practice as of the morning of `today` (the first location's date), the same for the same arguments.

    Today, yesterday and tomorrow are full days, weekend or not; at the first location today is attended by
    the cast, one patient for every state of DOMAIN.md, and by ordinary patients. Raises ValueError below one.
    cash_practice: so many more at the first location, still charged by the former processor; the others stay the same.
    """
    if patients < 1 or locations < 1:
        raise ValueError("a practice needs at least one patient and one location")
    book = Book(seed, today, patients, Random(f"{seed}|{today}|{patients}|{locations}"))
    price_list(book)
    open_places(book, locations)
    _tell_stories(book, book.places[0])
    _fill(book)
    bill_otherwise(book)
    moving = still_there(book, book.places[0], cash_practice) if cash_practice else {}
    return GeneratedPractice(
        seed=seed,
        today=today,
        files=book.files,
        fortis=book.fortis,
        stories=book.stories,
        troubles=book.troubles,
        owners=book.owners,
        links=book.links,
        pays_for=book.pays_for,
        cash_practice=moving,
    )


def _tell_stories(book: Book, place: Place) -> None:
    for story in CAST:
        if len(book.people) + 2 > book.size:
            return
        who = add_person(book, place)
        if story.link is not None:
            add_contact(book, who, story.link)
        story.tell(book, who)
        book.stories[story.name] = who.id


def _fill(book: Book) -> None:
    """Ordinary households until the practice is full; the first of each location fill the three special days."""
    wanted = {place.id: _full_days(book, first=place is book.places[0]) for place in book.places}
    number = 0
    while len(book.people) < book.size:
        place = book.places[number % len(book.places)]
        number += 1
        days_wanted = wanted[place.id]
        day = days_wanted.pop() if days_wanted else None
        ordinary(book, place, [day] if day else [], calm=day == book.today)


def _full_days(book: Book, *, first: bool) -> list[date]:
    """Days that still need a patient, today's last so that it is handed out first."""
    today = max(ORDINARY_TODAY, VISITS_A_DAY - len(book.stories)) if first else VISITS_A_DAY
    around = [day for _ in range(VISITS_A_DAY) for day in (book.ago(1), book.ahead(1))]
    return around + [book.today] * today
