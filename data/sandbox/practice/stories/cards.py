"""Cards that fail or soon will, and patients without one (DOMAIN §1, §2)."""

from datetime import timedelta

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person
from data.sandbox.practice.contacts import Link
from data.sandbox.practice.insurance import insure, self_pay
from data.sandbox.practice.ledger import take_cash
from data.sandbox.practice.memberships import collect_drafts, join, use_fully
from data.sandbox.practice.people import plain
from data.sandbox.practice.plans import collect_but_last
from data.sandbox.practice.processor import CARD_EXPIRED, CLOSED, decline
from data.sandbox.practice.schedule import book_visit, within
from data.sandbox.practice.stories.story import story
from data.sandbox.practice.stories.usual import (
    came_before,
    care_plan,
    comes_today,
    content_member,
    member,
    pays_each_visit,
)
from data.sandbox.practice.tokens import UPDATER_CLOSED, add_card
from data.sandbox.practice.visits import settle_insured


@story("EXPIRED", "DECLINED_HARD", "d1_30")
def card_expired(book: Book, who: Person) -> None:
    """The plan's card ended the month before the last draft, which was declined for it (1622)."""
    card = add_card(book, who, days.add_months(book.ago(8), -1))
    plan = care_plan(book, who, card)
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    decline(book, plan.draft(), open_[0], CARD_EXPIRED)


@story("EXPIRING")
def card_ends_before_next_draft(book: Book, who: Person) -> None:
    """Ends this month, next draft on the 1st: high, and critical in the month's last seven days."""
    card = add_card(book, who, book.today)
    content_member(book, who, "MP1", card)


@story("EXPIRING", "NOT_SCHEDULED", "NOT_SCHEDULED medium")
def card_ends_before_a_later_draft(book: Book, who: Person) -> None:
    """Ends this month, a draft in mid next month falls after it: high. And nothing booked after today."""
    anchor = 10 if book.today.day != 10 else 11
    joined = member(book, who, "MP7", add_card(book, who, book.today), anchor=anchor)
    collect_drafts(book, joined)
    came_before(book, who, book.ago(11))
    book_visit(book, who, book.today)


@story("EXPIRING", "EXPIRING medium", "LOW", "UNITS_SHORT")
def card_ends_without_a_draft(book: Book, who: Person) -> None:
    """Insured, copay card ends this month with no draft on it: medium. Two visits and too few units left."""
    card = add_card(book, who, book.today)
    insure(
        book,
        who,
        "30.00",
        visit_limit="20",
        visits_used="18",
        visits_pending="0",
        authorisation_required="true",
        authorisation_from=days.text(book.ago(60)),
        authorisation_to=days.text(book.ahead(90)),
        authorisation_units="12",
        authorisation_used="12",
    )
    settle_insured(book, who, comes_today(book, who), 3000, card)


@story("EXPIRING", "EXPIRING medium", "ahead")
def another_card_is_usable(book: Book, who: Person) -> None:
    """The plan's card ends this month, another one on file is good: point the plan at it. Paid one ahead by check."""
    ending = add_card(book, who, book.today)
    add_card(book, who)
    plan = care_plan(book, who, ending)
    collect_but_last(book, plan)
    take_cash(book, who, book.ago(5), plan.cents, method="check", plan_id=plan.id)


@story("INVALID", "DECLINED_HARD", "d1_30")
def card_closed_by_updater(book: Book, who: Person) -> None:
    card = add_card(book, who, active=False, updater=UPDATER_CLOSED)
    plan = care_plan(book, who, card)
    _paid, open_ = collect_but_last(book, plan, unpaid=1)
    decline(book, plan.draft(), open_[0], CLOSED)


@story("UNKNOWN", "UNDER_BOOKED")
def unreadable_expiry(book: Book, who: Person) -> None:
    """The processor says 0000. And one visit of the four will lapse in six days."""
    card = add_card(book, who, exp_date="0000")
    joined = member(book, who, "MP7", card, anchor=book.ahead(6).day, periods=3)
    collect_drafts(book, joined)
    start, end = joined.period(book.today)
    for day in within(book, start, book.ago(3), 2):
        book_visit(book, who, day)
    book_visit(book, who, book.today)
    book_visit(book, who, days.to_weekday(end + timedelta(days=3)))


@story("NONE", "NOT_ATTEMPTED", "d1_30")
def no_card_on_a_plan(book: Book, who: Person) -> None:
    """Paid by check so far; the last instalment is eight days old and nobody has asked for it."""
    plan = care_plan(book, who, None)
    collect_but_last(book, plan, unpaid=1)


@story("EXPIRED_ONLY", "d1_30", "d31_60", "d61_90", "over_90")
def only_an_expired_card(book: Book, who: Person) -> None:
    """The draft was put on hold when the card ran out; four instalments have piled up."""
    card = add_card(book, who, days.add_months(book.ago(8), -4))
    plan = care_plan(book, who, card, fallen=7, recurring_status="on hold")
    _paid, open_ = collect_but_last(book, plan, unpaid=4)
    decline(book, plan.draft(), open_[0], CARD_EXPIRED)


@story("NOT_LINKED", "UNKNOWN", link=Link.UNLINKED)
def not_linked(book: Book, who: Person) -> None:
    """A member whose processor record nobody can match, and without any coverage row."""
    joined = join(book, who, "MP2", token=add_card(book, who), anchor=book.ago(14).day, told=False)
    collect_drafts(book, joined)
    use_fully(book, joined, on=[book.today])


@story("NOT_LINKED", loud=False, link=Link.PROPOSAL)
def link_waits_for_a_person(book: Book, who: Person) -> None:
    """Pays per visit; the processor's record, in capitals and without accents, is probably theirs."""
    assert who.contact is not None
    who.contact.update(first_name=plain(who.first).upper(), last_name=plain(who.last).upper())
    self_pay(book, who)
    pays_each_visit(book, who, add_card(book, who))
