"""Ordinary patients: they pay per visit, through insurance, on a care plan or as members, and nothing is wrong."""

from collections.abc import Callable
from datetime import date, timedelta

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Place, Record, Row
from data.sandbox.practice.contacts import Link, add_contact, usual_link
from data.sandbox.practice.insurance import insure, self_pay
from data.sandbox.practice.ledger import charge_visit, insurer_pays, take_cash
from data.sandbox.practice.memberships import collect_drafts, join, use_fully
from data.sandbox.practice.people import add_person
from data.sandbox.practice.plans import collect_but_last, sell_plan
from data.sandbox.practice.processor import charge, post_payment
from data.sandbox.practice.schedule import book_visit, habit
from data.sandbox.practice.tokens import UPDATER_UPDATED, add_bank, add_card

Arrange = Callable[[Book, Person, "list[date]", Link], None]


def ordinary(book: Book, place: Place, on: list[date], *, sure: bool = False) -> None:
    """One household of ordinary patients; its first member has visits on the days `on`."""
    rng = book.rng
    link = Link.API_ID if sure else usual_link(book)
    head = add_person(book, place, active=bool(on) or rng.random() > 0.04)
    way: Arrange = rng.choices((per_visit, insured, on_plan, as_member), (30, 30, 18, 22))[0]
    way(book, head, on, link)
    if rng.random() < 0.15:
        for _ in range(rng.randint(1, 3)):
            if len(book.people) < book.size:
                _relative(book, place, head)


def _relative(book: Book, place: Place, head: Person) -> None:
    """A child or spouse. Children have no processor record of their own: the guarantor's card pays."""
    child = book.rng.random() < 0.6
    relative = add_person(book, place, guarantor=head, child=child)
    if child:
        self_pay(book, relative)
        came = visits(book, relative, [], "T01", past=book.rng.randint(2, 12))
        for visit in came:
            pay_at_desk(book, relative, visit, charge_visit(book, visit, relative)[0], None)
    else:
        book.rng.choice((per_visit, insured))(book, relative, [], usual_link(book))


def add_method(book: Book, person: Person) -> Record:
    """A card that lasts, now and then one the updater renewed, or a bank account."""
    dice = book.rng.random()
    if dice < 0.06:
        return add_bank(book, person)
    return add_card(book, person, updater=UPDATER_UPDATED if dice < 0.12 else 0)


def per_visit(book: Book, person: Person, on: list[date], link: Link) -> None:
    self_pay(book, person)
    card = None
    if book.rng.random() < 0.9:
        add_contact(book, person, link)
        card = add_method(book, person)
    main = book.rng.choices(("T01", "T04", "T05"), (70, 20, 10))[0]
    for visit in visits(book, person, on, main):
        pay_at_desk(book, person, visit, charge_visit(book, visit, person)[0], card)


def insured(book: Book, person: Person, on: list[date], link: Link) -> None:
    copay = book.rng.choice((2000, 2500, 3000, 4000))
    cells = {}
    add_contact(book, person, link)
    card = add_method(book, person)
    came = visits(book, person, on, "T01")
    if book.rng.random() < 0.4:
        year = str(book.today.year)
        used = sum(visit["starts_at"].startswith(year) for visit in came)
        cells = {"visit_limit": str(used + 25), "visits_used": str(used), "visits_pending": "0"}
    insure(book, person, f"{copay // 100}.00", **cells)
    settle_insured(book, person, came, copay, card)


def settle_insured(book: Book, person: Person, came: list[Row], copay: int, card: Record | None) -> None:
    """The copay (cents) on the day, the insurer's part 18 to 40 days later; what is younger is still pending."""
    for visit in came:
        mine, theirs = charge_visit(book, visit, person, patient_part=copay)
        pay_at_desk(book, person, visit, mine, card)
        paid_on = date.fromisoformat(visit["starts_at"][:10]) + timedelta(days=book.rng.randint(18, 40))
        insurer_pays(book, visit, person, theirs, paid_on)


def on_plan(book: Book, person: Person, on: list[date], link: Link) -> None:
    self_pay(book, person)
    add_contact(book, person, link)
    rng = book.rng
    first = days.add_months(book.ago(rng.randint(2, 27)), -rng.randint(0, 8))
    plan = sell_plan(
        book,
        person,
        first,
        12,
        rng.choice((15000, 18000, 20000, 24000)),
        token=add_method(book, person),
        visits=rng.choice((24, 30, 36)),
        told=book.today in on or rng.random() > 0.04,
    )
    if plan.drawn and link is not Link.UNLINKED and rng.random() < 0.3:
        plan.row["card_id"] = plan.drawn.token["id"]
    collect_but_last(book, plan)
    visits(book, person, on, "T01", since=first)


def as_member(book: Book, person: Person, on: list[date], link: Link) -> None:
    self_pay(book, person)
    add_contact(book, person, link)
    rng = book.rng
    member = join(
        book,
        person,
        rng.choices(("MP1", "MP2", "MP3", "MP4", "MP5", "MP7"), (30, 20, 12, 12, 8, 18))[0],
        token=add_method(book, person),
        periods=rng.randint(2, 9),
        anchor=rng.randint(1, 31),
        told=book.today in on or rng.random() > 0.04,
    )
    if member.drawn and link is not Link.UNLINKED and rng.random() < 0.3:
        member.row["card_id"] = member.drawn.token["id"]
    collect_drafts(book, member)
    use_fully(book, member, on=on, periods_back=9)


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
