"""A patient's regular visits, and what is paid for each at the desk and by the insurer."""

from datetime import date, timedelta

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Record, Row
from data.sandbox.practice.ledger import charge_visit, insurer_pays, take_cash
from data.sandbox.practice.processor import charge, post_payment
from data.sandbox.practice.schedule import book_visit, habit


def settle_insured(book: Book, person: Person, came: list[Row], copay: int, card: Record | None) -> None:
    """The copay (cents) on the day, the insurer's part 18 to 40 days later; what is younger is still pending."""
    for visit in came:
        mine, theirs = charge_visit(book, visit, person, patient_part=copay)
        pay_at_desk(book, person, visit, mine, card)
        paid_on = date.fromisoformat(visit["starts_at"][:10]) + timedelta(days=book.rng.randint(18, 40))
        insurer_pays(book, visit, person, theirs, paid_on)


def pay_at_desk(book: Book, person: Person, visit: Row, cents: int, card: Record | None) -> None:
    """The patient's part on the day of the visit: by the card on file mostly, else in cash or by check."""
    day = date.fromisoformat(visit["starts_at"][:10])
    hour = int(visit["starts_at"][11:13])
    if card is None or book.rng.random() < 0.15:
        method = "cash" if book.rng.random() < 0.7 else "check"
        take_cash(book, person, day, cents, method=method, appointment_id=visit["appointment_id"], hour=hour)
        return
    taken = charge(book, person, card, cents, day, hour=hour)
    post_payment(book, person, taken, day, appointment_id=visit["appointment_id"])


def visits(
    book: Book,
    person: Person,
    on: list[date],
    type_id: str,
    *,
    past: int | None = None,
    since: date | None = None,
) -> list[Row]:
    """A person's regular visits and those on the days `on`. Returns the completed ones; about one in eight fell through."""
    rng = book.rng
    past = rng.randint(8, 36) if past is None else past
    active = person.row["active"] == "true"
    before, after = habit(
        book, past=past, ahead=rng.randint(1, 6) if active else 0, every=rng.choice((4, 7, 7, 7, 10, 14, 14))
    )
    if since is not None:
        before = [day for day in before if day >= since]
    if not active:
        before = [day - timedelta(days=200) for day in before]
    done = [
        _came(book, person, day, "T02" if n == 0 and not since else type_id) for n, day in enumerate(before)
    ]
    for day in [*on, *after]:
        visit = book_visit(book, person, day, type_id)
        if visit["status"] == "completed":
            done.append(visit)
    return [visit for visit in done if visit is not None]


def _came(book: Book, person: Person, day: date, type_id: str) -> Row | None:
    """A past visit: kept mostly, else missed, cancelled, or moved to the next weekday."""
    dice = book.rng.random()
    if dice < 0.88:
        return book_visit(book, person, day, type_id)
    if dice < 0.91:
        book_visit(book, person, day, type_id, "no_show")
        return None
    if dice < 0.95:
        book_visit(book, person, day, type_id, "cancelled")
        return None
    book_visit(book, person, day, type_id, "rescheduled")
    return book_visit(book, person, min(days.to_weekday(day + timedelta(days=1)), book.ago(2)), type_id)
