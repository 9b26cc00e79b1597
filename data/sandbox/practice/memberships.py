"""Memberships: periods, drafts on the first day of each, and the covered visits inside them (DOMAIN §5)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Record, Row
from data.sandbox.practice.ledger import post
from data.sandbox.practice.places import MEMBERSHIPS
from data.sandbox.practice.processor import Draft, add_recurring, draft
from data.sandbox.practice.schedule import book_visit, within

TYPE_OF_CLASS = {"adjustment": "T01", "massage": "T04", "decompression": "T05", "exam": "T03"}
UNLIMITED_HABIT = 5


@dataclass(slots=True)
class Member:
    """A membership while being written. anchor: day of month a period starts on, 1 for calendar months."""

    row: Row
    person: Person
    plan_id: str
    anchor: int
    drawn: Draft | None

    @property
    def id(self) -> str:
        return self.row["membership_id"]

    def draft(self) -> Draft:
        """What collects it. Raises ValueError for a membership that is paid by hand."""
        if self.drawn is None:
            raise ValueError(f"membership {self.id} has no draft")
        return self.drawn

    @property
    def cents(self) -> int:
        return MEMBERSHIPS[self.plan_id][1]

    @property
    def benefits(self) -> dict[str, int | None]:
        return MEMBERSHIPS[self.plan_id][6]

    def period(self, day: date) -> tuple[date, date]:
        return days.period_around(day, self.anchor)


def join(
    book: Book,
    person: Person,
    plan_id: str,
    *,
    token: Record | None,
    periods: int = 5,
    anchor: int = 1,
    told: bool = True,
    recurring_status: str = "active",
    payer: Person | None = None,
    **cells: Any,
) -> Member:
    """A membership that began `periods` periods before the current one. `cells` overwrite its row."""
    anchored = MEMBERSHIPS[plan_id][2] == "anchor"
    anchor = anchor if anchored else 1
    start_now, _end = days.period_around(book.today, anchor)
    start = days.add_months(start_now, -periods, anchor)
    next_draft = start_now if start_now == book.today else days.add_months(start_now, 1, anchor)
    membership_id = book.next_id("M", 3)
    row = book.row(
        "memberships",
        membership_id=membership_id,
        patient_id=person.id,
        membership_plan_id=plan_id,
        start_date=days.text(start),
        anchor_day=str(anchor) if anchored else "",
        status="active",
        next_draft_on=days.text(next_draft),
    )
    row.update(cells)
    drawn = None
    if token is not None:
        drawn = add_recurring(
            book,
            payer or person,
            token,
            pays_for=membership_id,
            cents=MEMBERSHIPS[plan_id][1],
            start=start,
            next_run=next_draft,
            status=recurring_status,
            told=told,
            description=MEMBERSHIPS[plan_id][0],
        )
    return Member(row, person, plan_id, anchor, drawn)


def drafts_before_today(book: Book, member: Member) -> list[date]:
    """First days of all periods so far inside the term, the current one only if it began before today."""
    found = []
    end = date.fromisoformat(member.row["end_date"]) if member.row["end_date"] else book.today
    day = date.fromisoformat(member.row["start_date"])
    while day < book.today and day <= end:
        found.append(day)
        day = days.add_months(day, 1, member.anchor)
    return found


def bill_draft(book: Book, member: Member, day: date, cents: int | None = None) -> None:
    """The ledger's charge of a draft; cents where it was for less than the plan's price."""
    post(
        book,
        member.person,
        day,
        "charge",
        member.cents if cents is None else cents,
        service_id="S06",
        description=f"{MEMBERSHIPS[member.plan_id][0]}, from {days.text(day)}",
    )


def collect_drafts(book: Book, member: Member, unpaid: int = 0) -> list[date]:
    """Posts every draft so far and its payment, all but the last `unpaid`. Returns the days that stay open."""
    fallen = drafts_before_today(book, member)
    settled = len(fallen) - unpaid
    for number, day in enumerate(fallen):
        bill_draft(book, member, day)
        if number < settled and member.drawn is not None:
            taken = draft(book, member.drawn, day, posted=False)
            post(
                book,
                member.person,
                day,
                "payment",
                taken["transaction_amount"],
                order_id=taken["order_number"],
                description="Membership payment",
            )
    return fallen[settled:]


def use_fully(
    book: Book,
    member: Member,
    *,
    on: Collection[date] = (),
    extra: int = 0,
    periods_back: int = 5,
    until: date | None = None,
) -> None:
    """Visits that use each period so far exactly, and one booked in the next: nobody has anything to say.

    on: days the visits must include. extra: visits beyond the plan's own in the current period.
    until: no other visits after this day.
    """
    start, _end = member.period(book.today)
    joined = date.fromisoformat(member.row["start_date"])
    for back in range(periods_back, -1, -1):
        first = days.add_months(start, -back, member.anchor)
        if first >= joined:
            _fill(book, member, first, on, until, extra=0 if back else extra)
    _fill(book, member, days.add_months(start, 1, member.anchor), on, until, only=1)


def _fill(
    book: Book,
    member: Member,
    start: date,
    on: Collection[date],
    until: date | None,
    *,
    extra: int = 0,
    only: int | None = None,
) -> None:
    """The visits of the period that begins on `start`: all that each benefit gives, or `only` so many adjustments."""
    end = days.add_months(start, 1, member.anchor)
    for service_class, visits in member.benefits.items():
        main = service_class == "adjustment"
        if only is not None and not main:
            continue
        count = (UNLIMITED_HABIT if visits is None else visits) + (extra if main else 0)
        fixed = [day for day in on if start <= day < end] if main else []
        free = within(book, start, end, max(0, min(count, only or count) - len(fixed)), keep_off=on)
        for day in sorted([*fixed, *(day for day in free if until is None or day <= until)]):
            book_visit(book, member.person, day, TYPE_OF_CLASS[service_class])
