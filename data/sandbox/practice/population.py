"""Ordinary patients: they pay per visit, through insurance, on a care plan or as members.

Nothing is wrong with most. About one in five has an everyday trouble, never those who come today: the cast has its own.
"""

from collections.abc import Callable
from datetime import date
from enum import StrEnum

from data.sandbox.practice import days, processor
from data.sandbox.practice.book import Book, Person, Place, Record
from data.sandbox.practice.contacts import Link, add_contact, usual_link
from data.sandbox.practice.insurance import insure, self_pay
from data.sandbox.practice.ledger import charge_visit
from data.sandbox.practice.memberships import collect_drafts, join, use_fully
from data.sandbox.practice.people import add_person
from data.sandbox.practice.plans import collect_but_last, sell_plan
from data.sandbox.practice.tokens import UPDATER_UPDATED, add_bank, add_card
from data.sandbox.practice.visits import pay_at_desk, settle_insured, visits


class Trouble(StrEnum):
    CARD_ENDS = "card ends"
    CARD_ENDED = "card ended"
    DECLINED = "declined"
    UNPAID = "unpaid visit"
    NOT_CHECKED = "insurance not checked"
    STALE = "insurance checked long ago"
    INACTIVE = "insurance ended"
    OVER = "one visit too many"
    NOT_BOOKED = "not booked again"


Way = Callable[[Book, Person, "list[date]", Link, "Trouble | None"], None]
TROUBLED = 0.2
REASONS = (
    processor.NOT_SUFFICIENT,
    processor.NOT_SUFFICIENT,
    processor.DO_NOT_HONOR,
    processor.GENERIC,
    processor.STOLEN,
)


def ordinary(book: Book, place: Place, on: list[date], *, calm: bool = False) -> None:
    """One household of ordinary patients; its first member has visits on the days `on`.

    calm: surely linked and without trouble.
    """
    rng = book.rng
    link = Link.API_ID if calm else usual_link(book)
    head = add_person(book, place, active=bool(on) or rng.random() > 0.04)
    way: Way = rng.choices(list(WAYS), (30, 30, 18, 22))[0]
    trouble = rng.choice(WAYS[way]) if not calm and rng.random() < TROUBLED else None
    if trouble:
        book.troubles[head.id] = trouble
    way(book, head, on, link, trouble)
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
        for visit in visits(book, relative, [], "T01", past=book.rng.randint(2, 12)):
            pay_at_desk(book, relative, visit, charge_visit(book, visit, relative)[0], None)
    else:
        way: Way = book.rng.choice((per_visit, insured))
        way(book, relative, [], usual_link(book), None)


def add_method(book: Book, person: Person, trouble: Trouble | None) -> Record:
    """A card that lasts, now and then one the updater renewed, or a bank account; or a card that ends within weeks."""
    if trouble is Trouble.CARD_ENDS:
        return add_card(book, person, days.add_months(book.today, book.rng.randint(0, 1)))
    dice = book.rng.random()
    if dice < 0.06:
        return add_bank(book, person)
    return add_card(book, person, updater=UPDATER_UPDATED if dice < 0.12 else 0)


def per_visit(book: Book, person: Person, on: list[date], link: Link, trouble: Trouble | None) -> None:
    self_pay(book, person)
    card = None
    if trouble or book.rng.random() < 0.9:
        add_contact(book, person, link)
        card = add_method(book, person, trouble)
    main = book.rng.choices(("T01", "T04", "T05"), (70, 20, 10))[0]
    came = visits(book, person, on, main)
    unpaid = came[-1:] if trouble is Trouble.UNPAID else []
    for visit in came:
        cents, _insurer = charge_visit(book, visit, person)
        if visit not in unpaid:
            pay_at_desk(book, person, visit, cents, card)


def insured(book: Book, person: Person, on: list[date], link: Link, trouble: Trouble | None) -> None:
    copay = book.rng.choice((2000, 2500, 3000, 4000))
    add_contact(book, person, link)
    card = add_method(book, person, trouble)
    came = visits(book, person, on, "T01")
    cells = {}
    if book.rng.random() < 0.4:
        year = str(book.today.year)
        used = sum(visit["starts_at"].startswith(year) for visit in came)
        cells = {"visit_limit": str(used + 25), "visits_used": str(used), "visits_pending": "0"}
    insure(book, person, f"{copay // 100}.00", **cells, **_wrong_with_policy(book, trouble))
    settled = len(came) - (trouble is Trouble.UNPAID)
    settle_insured(book, person, came[:settled], copay, card)
    for visit in came[settled:]:
        charge_visit(book, visit, person, patient_part=copay)


def _wrong_with_policy(book: Book, trouble: Trouble | None) -> dict[str, str]:
    if trouble is Trouble.NOT_CHECKED:
        return {"checked_on": "", "eligible": ""}
    if trouble is Trouble.STALE:
        long_ago = book.ago(book.rng.randint(35, 120))
        return {"checked_on": days.text(long_ago), "active_from": days.text(days.add_months(long_ago, -3))}
    if trouble is Trouble.INACTIVE:
        return {"eligible": "false", "active_to": days.text(book.ago(book.rng.randint(5, 60)))}
    return {}


def on_plan(book: Book, person: Person, on: list[date], link: Link, trouble: Trouble | None) -> None:
    self_pay(book, person)
    add_contact(book, person, link)
    rng = book.rng
    last_due = book.ago(rng.randint(2, 27))
    first = days.add_months(last_due, -rng.randint(0, 8))
    ended = trouble is Trouble.CARD_ENDED
    token = (
        add_card(book, person, days.add_months(last_due, -1)) if ended else add_method(book, person, trouble)
    )
    plan = sell_plan(
        book,
        person,
        first,
        12,
        rng.choice((15000, 18000, 20000, 24000)),
        token=token,
        visits=rng.choice((24, 30, 36)),
        told=book.today in on or rng.random() > 0.04,
    )
    if link is not Link.UNLINKED and rng.random() < 0.3:
        plan.row["card_id"] = token["id"]
    _paid, open_ = collect_but_last(book, plan, unpaid=1 if ended or trouble is Trouble.DECLINED else 0)
    for due in open_:
        processor.decline(book, plan.draft(), due, processor.CARD_EXPIRED if ended else rng.choice(REASONS))
    visits(book, person, on, "T01", since=first)


def as_member(book: Book, person: Person, on: list[date], link: Link, trouble: Trouble | None) -> None:
    self_pay(book, person)
    add_contact(book, person, link)
    rng = book.rng
    token = add_method(book, person, trouble)
    declined = trouble is Trouble.DECLINED
    member = join(
        book,
        person,
        rng.choices(("MP1", "MP2", "MP3", "MP4", "MP5", "MP7"), (30, 20, 12, 12, 8, 18))[0],
        token=token,
        periods=rng.randint(2, 9),
        anchor=rng.randint(1, 31),
        told=book.today in on or rng.random() > 0.04,
        status="past_due" if declined else "active",
    )
    if link is not Link.UNLINKED and rng.random() < 0.3:
        member.row["card_id"] = token["id"]
    for day in collect_drafts(book, member, unpaid=1 if declined else 0):
        processor.decline(book, member.draft(), day, rng.choice(REASONS))
    use_fully(
        book,
        member,
        on=on,
        extra=1 if trouble is Trouble.OVER else 0,
        periods_back=9,
        until=book.ago(4) if trouble is Trouble.NOT_BOOKED else None,
    )


WAYS: dict[Way, tuple[Trouble, ...]] = {
    per_visit: (Trouble.UNPAID, Trouble.CARD_ENDS),
    insured: (Trouble.UNPAID, Trouble.STALE, Trouble.NOT_CHECKED, Trouble.INACTIVE, Trouble.CARD_ENDS),
    on_plan: (Trouble.CARD_ENDS, Trouble.CARD_ENDED, Trouble.DECLINED),
    as_member: (Trouble.CARD_ENDS, Trouble.DECLINED, Trouble.OVER, Trouble.NOT_BOOKED),
}
