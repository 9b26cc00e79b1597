"""What a story's patient does like everybody else: comes today, came before, will come again."""

from datetime import date
from typing import Any

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Record, Row
from data.sandbox.practice.insurance import self_pay
from data.sandbox.practice.ledger import charge_visit
from data.sandbox.practice.memberships import Member, collect_drafts, join, use_fully
from data.sandbox.practice.plans import CarePlan, sell_plan
from data.sandbox.practice.schedule import book_visit, habit
from data.sandbox.practice.visits import pay_at_desk, visits

MONTHLY = 20000  # cents of the usual care plan


def comes_today(book: Book, who: Person, *, past: int = 10) -> list[Row]:
    """Regular visits up to now, today's, and some ahead. Returns the completed ones, unpaid and unposted."""
    return visits(book, who, [book.today], "T01", past=past)


def pays_each_visit(book: Book, who: Person, card: Record | None) -> None:
    for visit in comes_today(book, who):
        pay_at_desk(book, who, visit, charge_visit(book, visit, who)[0], card)


def care_plan(
    book: Book,
    who: Person,
    token: Record | None,
    *,
    last_due: date | None = None,
    fallen: int = 5,
    count: int = 12,
    with_visits: bool = True,
    payer: Person | None = None,
    recurring_status: str = "active",
    **cells: Any,
) -> CarePlan:
    """A self-paid plan of 12 × $200 whose `fallen` first instalments fell due, the last of them 8 days ago."""
    last_due = last_due or book.ago(8)
    first = days.add_months(last_due, 1 - fallen)
    self_pay(book, who)
    plan = sell_plan(
        book, who, first, count, MONTHLY, token=token, payer=payer, recurring_status=recurring_status, **cells
    )
    if with_visits:
        comes_today(book, who)
    return plan


def member(book: Book, who: Person, plan_id: str, token: Record | None, **how: Any) -> Member:
    self_pay(book, who)
    return join(book, who, plan_id, token=token, **how)


def content_member(
    book: Book, who: Person, plan_id: str, token: Record | None, *, extra: int = 0, **how: Any
) -> Member:
    """A member whose drafts are paid and whose visits fit, today's among them."""
    joined = member(book, who, plan_id, token, **how)
    collect_drafts(book, joined)
    use_fully(book, joined, on=[book.today], extra=extra)
    return joined


def came_before(book: Book, who: Person, until: date, count: int = 6, every: int = 7) -> None:
    """Completed visits every `every` days, the last one on `until` or the weekday before."""
    shift = book.ago(2) - until
    past, _ahead = habit(book, past=count, ahead=0, every=every)
    for day in past:
        book_visit(book, who, days.to_weekday(day - shift, -1))
