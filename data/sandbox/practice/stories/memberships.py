"""Members who use too much, too little, or at the wrong time (DOMAIN §5)."""

from datetime import timedelta

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person
from data.sandbox.practice.memberships import Member, collect_drafts, use_fully
from data.sandbox.practice.processor import NOT_SUFFICIENT, decline
from data.sandbox.practice.schedule import book_visit, within
from data.sandbox.practice.stories.story import story
from data.sandbox.practice.stories.usual import came_before, content_member, member
from data.sandbox.practice.tokens import add_card


@story("OVER_SCHEDULED")
def over_scheduled(book: Book, who: Person) -> None:
    """Four of four are used and today's is the fifth; later ones count in their own period."""
    joined = member(book, who, "MP7", add_card(book, who), anchor=book.ago(20).day)
    collect_drafts(book, joined)
    start, end = joined.period(book.today)
    for day in within(book, start, book.ago(1), 4):
        book_visit(book, who, day)
    book_visit(book, who, book.today)
    for day in within(book, end, end + timedelta(days=14), 2):
        book_visit(book, who, day)


@story("NOT_SCHEDULED", "NOT_SCHEDULED high")
def not_scheduled(book: Book, who: Person) -> None:
    """Pays for four a month, was last here three weeks ago, and has nothing booked after today."""
    joined = member(book, who, "MP7", add_card(book, who), anchor=book.ago(5).day)
    collect_drafts(book, joined)
    came_before(book, who, book.ago(22))
    book_visit(book, who, book.today)


@story("PROVISIONAL", "DECLINED_SOFT")
def membership_past_due(book: Book, who: Person) -> None:
    """This period's draft was declined (1616): the visits are provisional until it is paid."""
    joined = member(book, who, "MP7", add_card(book, who), anchor=book.ago(9).day, status="past_due")
    for day in collect_drafts(book, joined, unpaid=1):
        decline(book, joined.draft(), day, NOT_SUFFICIENT)
    use_fully(book, joined, on=[book.today])


@story("BOOKED_WHILE_FROZEN")
def booked_while_frozen(book: Book, who: Person) -> None:
    """Frozen since ten days ago, and yet here today and booked again in two weeks."""
    joined = member(
        book,
        who,
        "MP7",
        add_card(book, who),
        anchor=book.ago(16).day,
        status="paused",
        recurring_status="on hold",
        frozen_from=days.text(book.ago(10)),
        frozen_to=days.text(book.ahead(20)),
    )
    collect_drafts(book, joined)
    came_before(book, who, book.ago(12))
    book_visit(book, who, book.today)
    book_visit(book, who, days.to_weekday(book.ahead(14)))


@story("OUTSIDE_TERM")
def outside_term(book: Book, who: Person) -> None:
    """The membership ended four days ago; today's visit is booked as if it had not."""
    joined = member(
        book,
        who,
        "MP7",
        add_card(book, who),
        anchor=book.ago(3).day,
        end_date=days.text(book.ago(4)),
        next_draft_on="",
        recurring_status="ended",
        periods=4,
    )
    collect_drafts(book, joined)
    came_before(book, who, book.ago(6))
    book_visit(book, who, book.today)
    book_visit(book, who, days.to_weekday(book.ahead(7)))


@story("USED_UP", "anchor 29", "rollover", loud=False)
def rolled_over(book: Book, who: Person) -> None:
    """Four and one rolled over, all five used or booked."""
    joined = content_member(book, who, "MP4", add_card(book, who), anchor=29, extra=1)
    _extra(book, joined, "rollover")


@story("USED_UP", "anchor 30", "add_on", loud=False)
def bought_one_more(book: Book, who: Person) -> None:
    joined = content_member(book, who, "MP7", add_card(book, who), anchor=30, extra=1)
    _extra(book, joined, "add_on")


def _extra(book: Book, joined: Member, kind: str) -> None:
    book.row(
        "membership_extras",
        extra_id=book.next_id("X", 3),
        membership_id=joined.id,
        period_start=days.text(joined.period(book.today)[0]),
        service_class="adjustment",
        kind=kind,
        visits="1",
    )


@story("USED_UP", "anchor 31", loud=False)
def ends_with_the_month(book: Book, who: Person) -> None:
    """The billing day is the 31st, or the month's last."""
    content_member(book, who, "MP7", add_card(book, who), anchor=31)


@story("USED_UP", "no_show_forfeits", loud=False)
def missed_one_and_lost_it(book: Book, who: Person) -> None:
    """Active 6 counts a missed visit as used: four came, one missed, today's is the sixth."""
    joined = member(book, who, "MP5", add_card(book, who), anchor=book.ago(18).day)
    collect_drafts(book, joined)
    start, end = joined.period(book.today)
    came = within(book, start, book.ago(1), 5)
    for day in came:
        book_visit(book, who, day, status="no_show" if day == came[2] else "completed")
    book_visit(book, who, within(book, start, book.ago(1), 1, keep_off=came)[0], "T04")
    book_visit(book, who, book.today)
    book_visit(book, who, within(book, end, end + timedelta(days=9), 1)[0])


@story("unlimited", loud=False)
def unlimited(book: Book, who: Person) -> None:
    content_member(book, who, "MP3", add_card(book, who))
