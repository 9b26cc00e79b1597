"""Plans at their edges: due today, ahead, paused, ended early, over with debt (DOMAIN §4)."""

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person
from data.sandbox.practice.insurance import self_pay
from data.sandbox.practice.plans import collect, collect_but_last, sell_plan
from data.sandbox.practice.processor import LOST, PICK_UP, decline
from data.sandbox.practice.stories.story import story
from data.sandbox.practice.stories.usual import MONTHLY, came_before, care_plan, comes_today
from data.sandbox.practice.tokens import add_card


@story("DUE_TODAY", loud=False)
def due_today(book: Book, who: Person) -> None:
    plan = care_plan(book, who, add_card(book, who), last_due=book.today)
    collect_but_last(book, plan)


@story("paused", loud=False)
def paused_plan(book: Book, who: Person) -> None:
    """On pause since before the last due date: what falls inside is not due."""
    plan = care_plan(
        book,
        who,
        add_card(book, who),
        recurring_status="on hold",
        status="paused",
        paused_from=days.text(book.ago(20)),
        paused_to=days.text(book.ahead(40)),
    )
    for due in plan.due_before(book.ago(20)):
        collect(book, plan, due)


@story("SETTLEMENT")
def ended_early(book: Book, who: Person) -> None:
    """Cancelled two weeks ago with more care delivered than paid: frozen until a person decides."""
    self_pay(book, who)
    plan = sell_plan(
        book,
        who,
        days.add_months(book.ago(20), -2),
        12,
        MONTHLY,
        token=add_card(book, who),
        recurring_status="ended",
        visits=24,
        status="cancelled",
        end_date=days.text(book.ago(14)),
    )
    collect_but_last(book, plan)
    came_before(book, who, book.ago(15), count=14, every=3)
    comes_today(book, who, past=0)


@story("COMPLETED_OWING", "DECLINED_HARD", "d61_90", "over_90")
def completed_owing(book: Book, who: Person) -> None:
    """The term is over, the last two drafts were declined (card lost, then pick up card): still aged."""
    self_pay(book, who)
    last_due = book.ago(68)
    plan = sell_plan(
        book,
        who,
        days.add_months(last_due, -5),
        6,
        MONTHLY,
        token=add_card(book, who),
        status="completed",
        end_date=days.text(book.ago(40)),
    )
    _paid, open_ = collect_but_last(book, plan, unpaid=2)
    for due, reason in zip(open_, (LOST, PICK_UP), strict=True):
        decline(book, plan.draft(), due, reason)
    comes_today(book, who)
