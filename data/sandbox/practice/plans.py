"""Treatment and payment plans: the EHR's instalments, the draft that collects them, and what became of each."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Record, Row, money
from data.sandbox.practice.ledger import post, take_cash
from data.sandbox.practice.processor import Draft, add_recurring, draft


@dataclass(slots=True)
class CarePlan:
    """A plan while being written. dues: due dates in order, the same cents each. drawn: None = nothing collects it."""

    row: Row
    person: Person
    payer: Person
    dues: list[date]
    cents: int
    drawn: Draft | None

    @property
    def id(self) -> str:
        return self.row["plan_id"]

    def draft(self) -> Draft:
        """What collects it. Raises ValueError for a plan that is paid by hand."""
        if self.drawn is None:
            raise ValueError(f"plan {self.id} has no draft")
        return self.drawn

    def due_before(self, day: date) -> list[date]:
        return [due for due in self.dues if due < day]


def sell_plan(
    book: Book,
    person: Person,
    first_due: date,
    count: int,
    cents: int,
    *,
    token: Record | None = None,
    payer: Person | None = None,
    visits: int = 24,
    told: bool = True,
    recurring_status: str = "active",
    **cells: Any,
) -> CarePlan:
    """A plan of `count` monthly instalments of `cents`. `cells` overwrite the plan's row (status, paused_from …)."""
    payer = payer or person
    plan_id = book.next_id("PL")
    row = book.row(
        "plans",
        plan_id=plan_id,
        patient_id=person.id,
        payer_id=payer.id if payer is not person else "",
        kind="treatment",
        name=f"{visits}-visit care plan",
        start_date=days.text(first_due),
        end_date=days.text(days.add_months(first_due, count)),
        total=money(cents * count),
        visits=str(visits),
        status="active",
    )
    row.update(cells)
    dues = [days.add_months(first_due, n) for n in range(count)]
    for due in dues:
        book.row(
            "instalments",
            instalment_id=book.next_id("I", 5),
            plan_id=plan_id,
            due_date=days.text(due),
            amount=money(cents),
            waived="0.00",
        )
    drawn = None
    if token is not None:
        following = next((due for due in dues if due >= book.today), days.add_months(dues[-1], 1))
        ended = following > dues[-1] and recurring_status == "active"
        drawn = add_recurring(
            book,
            payer,
            token,
            pays_for=plan_id,
            cents=cents,
            start=first_due,
            next_run=following,
            status="ended" if ended else recurring_status,
            count=count,
            told=told,
            description=f"Care plan {person.last}",
        )
    return CarePlan(row, person, payer, dues, cents, drawn)


def bill(book: Book, plan: CarePlan, due: date) -> None:
    """Posts the instalment as it falls due."""
    number = plan.dues.index(due) + 1
    post(
        book,
        plan.payer,
        due,
        "charge",
        plan.cents,
        service_id="S07",
        plan_id=plan.id,
        description=f"Care plan, instalment {number} of {len(plan.dues)}",
    )


def collect(book: Book, plan: CarePlan, due: date) -> Record | Row:
    """Posts the instalment and its payment: by the recurring, else by check at the desk on the due date."""
    bill(book, plan, due)
    if plan.drawn is not None:
        return draft(book, plan.drawn, due, plan_id=plan.id, what="Care plan payment")
    return take_cash(book, plan.payer, due, plan.cents, method="check", plan_id=plan.id)


def collect_but_last(book: Book, plan: CarePlan, unpaid: int = 0) -> tuple[list[Record | Row], list[date]]:
    """All that fell due before today is billed; all but the last `unpaid` of it is paid.

    Returns the payments and the due dates that stay open.
    """
    fallen = plan.due_before(book.today)
    settled = len(fallen) - unpaid
    paid = [collect(book, plan, due) for due in fallen[:settled]]
    for due in fallen[settled:]:
        bill(book, plan, due)
    return paid, fallen[settled:]
