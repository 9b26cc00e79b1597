"""Appointments: a provider's day in quarter-hours from 8:00 to 18:00, and the visits that fill it."""

from collections.abc import Iterable
from datetime import date, timedelta

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Place, Row
from data.sandbox.practice.places import VISIT_TYPES

QUARTERS = 40  # 8:00 to 18:00


def book_visit(
    book: Book,
    person: Person,
    day: date,
    type_id: str = "T01",
    status: str | None = None,
    *,
    quarter: int | None = None,
) -> Row:
    """One appointment at the wanted quarter-hour or the next free one.

    status: by default the past is completed and the rest scheduled or confirmed.
    """
    minutes = VISIT_TYPES[type_id][1]
    place = person.place
    provider = book.rng.choice(place.massage) if type_id == "T04" and place.massage else person.provider
    wanted = book.rng.randrange(QUARTERS) if quarter is None else quarter
    at = _take(place, provider, day, minutes // 15, wanted)
    if status is None:
        status = "completed" if day < book.today else book.rng.choice(("scheduled", "confirmed"))
    return book.row(
        "appointments",
        appointment_id=book.next_id("A", 5),
        patient_id=person.id,
        provider_id=provider,
        appointment_type_id=type_id,
        starts_at=f"{days.text(day)}T{8 + at // 4:02d}:{at % 4 * 15:02d}",
        minutes=str(minutes),
        status=status,
    )


def _take(place: Place, provider: str, day: date, quarters: int, wanted: int) -> int:
    """The first free run of quarter-hours from the wanted one on, round the day; a full day is double-booked."""
    taken = place.taken[provider, day]
    run = (1 << quarters) - 1
    last = QUARTERS - quarters
    wanted = min(wanted, last)
    at = next((q for q in (*range(wanted, last + 1), *range(wanted)) if not taken & run << q), wanted)
    place.taken[provider, day] = taken | run << at
    return at


def special_days(book: Book) -> tuple[date, date, date]:
    """Yesterday, today and tomorrow: filled by hand, so habits keep off them."""
    return book.ago(1), book.today, book.ahead(1)


def habit(book: Book, *, past: int, ahead: int, every: int) -> tuple[list[date], list[date]]:
    """Days of a person's regular visits, oldest first: weekdays about `every` days apart, off the special days."""
    before = _walk(book, past, -every, book.ago(2))
    after = _walk(book, ahead, every, book.ahead(2))
    return before[::-1], after


def _walk(book: Book, count: int, step: int, cursor: date) -> list[date]:
    found: list[date] = []
    sign = 1 if step > 0 else -1
    cursor += timedelta(days=sign * book.rng.randrange(abs(step)))
    for _ in range(count):
        while not days.is_weekday(cursor):
            cursor += timedelta(days=sign * book.rng.randint(1, 4))
        found.append(cursor)
        cursor += timedelta(days=step + book.rng.choice((0, 0, 0, sign)))
    return found


def within(book: Book, start: date, end: date, count: int, *, keep_off: Iterable[date] = ()) -> list[date]:
    """`count` different weekdays in start ≤ day < end, spread over it, off the special days and `keep_off`."""
    closed = {*special_days(book), *keep_off}
    span = [start + timedelta(days=n) for n in range((end - start).days)]
    open_days = [day for day in span if days.is_weekday(day) and day not in closed]
    if len(open_days) < count:
        open_days = [day for day in span if day not in closed]
    step = len(open_days) / max(1, count)
    return [
        open_days[int(step * n + step * book.rng.random() * 0.9)] for n in range(min(count, len(open_days)))
    ]
