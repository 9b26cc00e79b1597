"""Edges of plans and memberships that are quiet today: paid off, waived, rounded; and one booked too often next month."""

from datetime import timedelta

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, money
from data.sandbox.practice.insurance import self_pay
from data.sandbox.practice.memberships import collect_drafts
from data.sandbox.practice.plans import collect_but_last, sell_plan
from data.sandbox.practice.schedule import book_visit, within
from data.sandbox.practice.stories.story import story
from data.sandbox.practice.stories.usual import MONTHLY, came_before, comes_today, member
from data.sandbox.practice.tokens import add_card


@story("completed", loud=False)
def paid_off(book: Book, who: Person) -> None:
    """All six instalments are paid and the plan is completed; the patient still comes."""
    self_pay(book, who)
    last_due = book.ago(40)
    plan = sell_plan(
        book,
        who,
        days.add_months(last_due, -5),
        6,
        MONTHLY,
        token=add_card(book, who),
        status="completed",
        end_date=days.text(book.ago(10)),
    )
    collect_but_last(book, plan)
    comes_today(book, who)


@story("waived", "rounded", loud=False)
def waived_once(book: Book, who: Person) -> None:
    """$1,000 in three parts, the last takes the cent; the second was waived whole after an illness."""
    self_pay(book, who)
    plan = sell_plan(book, who, days.add_months(book.ago(9), -2), 3, 33333, visits=7)
    plan.row["total"] = money(100000)
    *_, second, last = [row for row in book.files["instalments"] if row["plan_id"] == plan.id]
    second["waived"], last["amount"] = second["amount"], money(33334)
    plan.dues.remove(plan.dues[1])
    plan.dues[-1:], ahead = [], plan.dues[-1]
    last["due_date"] = days.text(days.add_months(ahead, 1))  # not due yet
    collect_but_last(book, plan)
    add_card(book, who)
    comes_today(book, who)


@story("OVER_SCHEDULED next period")
def over_next_period(book: Book, who: Person) -> None:
    """Fits this period; five of four are booked after the next draft, and are measured against their own period."""
    joined = member(book, who, "MP7", add_card(book, who), anchor=book.ago(12).day)
    collect_drafts(book, joined)
    start, end = joined.period(book.today)
    came_before(book, who, days.to_weekday(start - timedelta(days=1), -1), count=3)
    for day in within(book, start, book.ago(2), 3):
        book_visit(book, who, day)
    book_visit(book, who, book.today)
    for day in within(book, end, days.add_months(end, 1), 5):
        book_visit(book, who, day)
