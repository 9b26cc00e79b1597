"""The EHR's ledger, and money taken at the desk. What a visit charges and what is paid agree to the cent."""

from datetime import date

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Row, money
from data.sandbox.practice.places import VISIT_TYPES


def post(
    book: Book, person: Person, day: date, kind: str, cents: int, *, part: str = "patient", **cells: str
) -> Row:
    """One ledger row. kind: charge, payment, adjustment, refund; cents positive (CONTRACTS §3)."""
    return book.row(
        "ledger",
        entry_id=book.next_id("E", 6),
        patient_id=person.id,
        posted_on=days.text(day),
        kind=kind,
        part=part,
        amount=money(cents),
        **cells,
    )


def charge_visit(
    book: Book, visit: Row, person: Person, *, patient_part: int | None = None
) -> tuple[int, int]:
    """Posts the visit's price: all of it to the patient, or `patient_part` cents and the rest to the insurer.

    Returns both parts in cents, the patient's first.
    """
    _name, _minutes, _class, price, service = VISIT_TYPES[visit["appointment_type_id"]]
    mine = price if patient_part is None else min(price, patient_part)
    day = date.fromisoformat(visit["starts_at"][:10])
    for cents, part in ((mine, "patient"), (price - mine, "insurer")):
        if cents:
            post(
                book,
                person,
                day,
                "charge",
                cents,
                part=part,
                service_id=service,
                appointment_id=visit["appointment_id"],
                description=VISIT_TYPES[visit["appointment_type_id"]][0],
            )
    return mine, price - mine


def insurer_pays(book: Book, visit: Row, person: Person, cents: int, day: date) -> None:
    """The insurer's money, some weeks later; a day after today simply has not happened."""
    if cents and day < book.today:
        post(
            book,
            person,
            day,
            "payment",
            cents,
            part="insurer",
            appointment_id=visit["appointment_id"],
            description="Insurance payment",
        )


def take_cash(
    book: Book,
    person: Person,
    day: date,
    cents: int,
    *,
    method: str = "cash",
    plan_id: str = "",
    appointment_id: str = "",
    hour: int = 17,
    posted: bool = True,
) -> Row:
    """Cash or a check at the desk: the EHR's own payment row and, when `posted`, its ledger row with the same order id."""
    order = book.next_id("O", 7)
    if posted:
        post(
            book,
            person,
            day,
            "payment",
            cents,
            plan_id=plan_id,
            appointment_id=appointment_id,
            order_id=order,
            description=f"{method.capitalize()} payment",
        )
    return book.row(
        "payments",
        payment_id=book.next_id("C", 6),
        patient_id=person.id,
        plan_id=plan_id,
        happened_at=f"{days.text(day)}T{hour:02d}:50",
        amount=money(cents),
        status="approved",
        order_id=order,
        method=method,
    )
