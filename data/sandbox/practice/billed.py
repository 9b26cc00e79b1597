"""Members billed otherwise than each month: yearly, every four weeks with a fee and a coupon, a family's pool, a package.

They are made of ordinary patients who pay by the visit and do not come today, with dice of their own, so that nobody
else in the practice changes. A small practice has fewer of them.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Record, money
from data.sandbox.practice.ledger import post
from data.sandbox.practice.memberships import Member, bill_draft, collect_drafts, join
from data.sandbox.practice.places import MEMBERSHIPS
from data.sandbox.practice.processor import charge

FEE_PERCENT = 3


def bill_otherwise(book: Book) -> None:
    """Give the first spare patients such memberships, one kind each."""
    dice, book.rng = book.rng, Random(f"billed {book.seed} {book.today}")  # invented rows, no secret
    spare = _spare(book)
    for make in (_yearly, _four_weekly, _once_a_week, _package):
        if (one := next(spare, None)) is not None:
            make(book, *one)
    if (parent := next(spare, None)) is not None and (child := next(spare, None)) is not None:
        _family(book, *parent, child[0])
    book.rng = dice


def _spare(book: Book) -> Iterator[tuple[Person, Record]]:
    """Ordinary patients with a card and without a contract, whom nobody expects today."""
    busy = {row["patient_id"] for name in ("memberships", "plans") for row in book.files[name]}
    busy |= {row["payer_id"] for row in book.files["plans"]} | set(book.stories.values()) | set(book.troubles)
    busy |= {person.guarantor.id for person in book.people if person.guarantor is not None}
    today = days.text(book.today)
    busy |= {row["patient_id"] for row in book.files["appointments"] if row["starts_at"].startswith(today)}
    busy |= {row["patient_id"] for row in book.files["coverages"] if row["kind"] != "self_pay"}
    cards = {token["contact_id"]: token for token in book.fortis["tokens"] if token["payment_method"] == "cc"}
    for person in book.people:
        token = cards.get(person.contact["id"]) if person.contact is not None else None
        if token is not None and person.id not in busy and person.row["active"] == "true":
            yield person, token


def _yearly(book: Book, person: Person, token: Record) -> None:
    member = join(book, person, "MP8", token=token, periods=5)
    start = date.fromisoformat(member.row["start_date"])
    _draw_every(member, 12, "m", days.add_months(start, 12, 1))
    if start < book.today:
        _run(book, member, start, member.cents)


def _four_weekly(book: Book, person: Person, token: Record) -> None:
    """The first draft with a coupon; each carries the card's fee, which the processor tells apart."""
    member = join(book, person, "MP9", token=token, periods=4)
    day = date.fromisoformat(member.row["start_date"])
    first = day
    while day < book.today:
        cents = member.cents // 2 if day == first else member.cents
        _run(book, member, day, cents, fee=cents * FEE_PERCENT // 100)
        day += timedelta(weeks=4)
    _draw_every(member, 4, "w", day)


def _once_a_week(book: Book, person: Person, token: Record) -> None:
    collect_drafts(book, join(book, person, "MP10", token=token, periods=3))


def _package(book: Book, person: Person, _token: Record) -> None:
    """Ten visits, bought two months ago and paid at the desk."""
    name, cents, *_ = MEMBERSHIPS["MP11"]
    bought = days.to_weekday(book.ago(60))
    row = book.row(
        "memberships",
        membership_id=book.next_id("M", 3),
        patient_id=person.id,
        membership_plan_id="MP11",
        start_date=days.text(bought),
        end_date=days.text(book.ahead(300)),
        status="active",
    )
    order = book.next_id("O", 7)
    post(book, person, bought, "charge", cents, description=name)
    post(book, person, bought, "payment", cents, order_id=order, description="Check payment")
    book.row(
        "payments",
        payment_id=book.next_id("C", 6),
        patient_id=person.id,
        membership_id=row["membership_id"],
        happened_at=f"{days.text(bought)}T17:50",
        amount=money(cents),
        status="approved",
        order_id=order,
        method="check",
    )


def _family(book: Book, parent: Person, token: Record, child: Person) -> None:
    """Two memberships on one card share their visits."""
    pool = book.next_id("POOL", 2)
    for person in (parent, child):
        collect_drafts(book, join(book, person, "MP6", token=token, periods=3, payer=parent, pool_id=pool))


def _draw_every(member: Member, interval: int, unit: str, following: date) -> None:
    member.draft().recurring.update(interval=interval, interval_type=unit, next_run_date=days.text(following))
    member.row["next_draft_on"] = days.text(following)


def _run(book: Book, member: Member, day: date, cents: int, *, fee: int = 0) -> None:
    """One draft that ran, billed and posted; the ledger knows nothing of the fee."""
    drawn = member.draft()
    bill_draft(book, member, day, cents)
    extra = {"surcharge_amount": fee} if fee else {}
    taken = charge(book, drawn.person, drawn.token, cents + fee, day, recurring=drawn.recurring, **extra)
    post(
        book,
        member.person,
        day,
        "payment",
        cents,
        order_id=taken["order_number"],
        description="Membership payment",
    )
