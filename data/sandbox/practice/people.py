"""Patients and families. Every phone is a fictional 555-01xx number and every e-mail ends in example.com."""

import unicodedata
from datetime import date, timedelta

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Place
from data.sandbox.practice.names import FIRST, LAST, PLACES

AREA_CODES = [place[2] for place in PLACES] + [
    str(code)
    for code in range(201, 990)
    if code % 100 != 11 and str(code) not in {place[2] for place in PLACES}
]
STROKES = str.maketrans("øØłŁđĐ", "oOlLdD")  # letters Unicode does not take apart


def add_person(
    book: Book, place: Place, *, guarantor: Person | None = None, child: bool = False, active: bool = True
) -> Person:
    """A new patient. A guarantor's family shares the last name and often the phone and e-mail."""
    rng = book.rng
    patient_id = book.next_id("P")
    first = rng.choice(FIRST)
    last = guarantor.last if guarantor else rng.choice(LAST)
    age = rng.randint(3, 17) if child else rng.randint(19, 84)
    born = book.today - timedelta(days=age * 365 + rng.randint(1, 364))
    email, phone = _reach(book, first, last, guarantor, child)
    provider = rng.choice(place.chiropractors)
    row = book.row(
        "patients",
        patient_id=patient_id,
        location_id=place.id,
        first_name=first,
        last_name=last,
        birth_date=days.text(born),
        email=email,
        mobile_phone=phone,
        guarantor_id=guarantor.id if guarantor else "",
        active="true" if active else "false",
        text_consent=rng.choices(("true", "false", ""), (80, 8, 12))[0],
        email_consent=rng.choices(("true", "false", ""), (75, 10, 15))[0],
    )
    person = Person(patient_id, first, last, born, email, phone, place, provider, row, guarantor)
    book.people.append(person)
    return person


def _reach(book: Book, first: str, last: str, guarantor: Person | None, child: bool) -> tuple[str, str]:
    shares = guarantor is not None and (child or book.rng.random() < 0.5)
    number = book.counts["phone"]
    phone = guarantor.phone if shares and guarantor else _phone(book)
    if shares and guarantor and book.rng.random() < 0.7:
        return guarantor.email, phone
    if book.rng.random() < 0.08:
        return "", phone
    return f"{plain(first)}.{plain(last)}{number}@example.com", phone


def _phone(book: Book) -> str:
    """The next unused 555-01xx number; 37 steps through each hundred so that neighbours do not look alike."""
    number = book.counts["phone"]
    book.counts["phone"] += 1
    area = AREA_CODES[number // 100 % len(AREA_CODES)]
    return f"+1{area}55501{number * 37 % 100:02d}"


def plain(name: str) -> str:
    """`Sørensen` → `sorensen`, `O'Brien` → `obrien`: letters an e-mail address takes."""
    decomposed = unicodedata.normalize("NFKD", name.translate(STROKES)).encode("ascii", "ignore").decode()
    return "".join(letter for letter in decomposed.lower() if letter.isalpha()) or "patient"


def born_on(person: Person, day: date) -> None:
    """Corrects a birth date on the row as well."""
    person.born = day
    person.row["birth_date"] = days.text(day)
