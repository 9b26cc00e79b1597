"""What the processor did: drafts, charges at the desk, declines, returns, chargebacks, voids, refunds (Fortis §6, §7)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from data.sandbox.practice import days
from data.sandbox.practice.book import Book, Person, Record
from data.sandbox.practice.ledger import post

SALE, REFUND, DEBIT = 20, 30, 50
FROM_TERMINAL, FROM_RECURRING = 3, 13

NOT_SUFFICIENT, CARD_EXPIRED, CLOSED, LOST, STOLEN, CARD_NOT_PERMITTED = 1616, 1622, 1631, 1606, 1607, 1625
GENERIC, DO_NOT_HONOR = 1601, 1615
PICK_UP, STOP_RECURRING, RETURNED_NSF = 1604, 1803, 2101
VERBIAGE = {
    1000: "APPROVAL",
    1616: "INSUFFICIENT FUNDS",
    1622: "CARD EXPIRED",
    1631: "ACCOUNT CLOSED",
    1604: "PICK UP CARD",
    1606: "LOST CARD",
    1607: "STOLEN CARD",
    1803: "STOP RECURRING",
}


@dataclass(slots=True)
class Draft:
    """Something a recurring collects: whose, with which token, how much, and what it pays for in the EHR."""

    person: Person
    token: Record
    recurring: Record
    cents: int


def add_recurring(
    book: Book,
    person: Person,
    token: Record,
    *,
    pays_for: str,
    cents: int,
    start: date,
    next_run: date,
    status: str = "active",
    count: int | None = None,
    told: bool = True,
    description: str = "",
) -> Draft:
    """A monthly recurring on a token. told: the processor knows the EHR's plan or membership id."""
    token["has_recurring"] = status != "ended"
    created = days.epoch(start, person.place.zone, 12) - 86400
    recurring = book.record(
        "recurrings",
        id=book.hex_id(),
        location_id=token["location_id"],
        contact_id=token["contact_id"],
        token_id=token["id"],
        product_transaction_id=_product(person, token),
        recurring_api_id=pays_for if told else None,
        description=(description or pays_for)[:36],
        interval=1,
        interval_type="m",
        start_date=days.text(start),
        end_date=None,
        next_run_date=days.text(next_run),
        status=status,
        active=status == "active",
        transaction_amount=cents,
        installment_total_count=count,
        installment_amount_total=cents * count if count else None,
        recurring_type_id="i" if count else "o",
        payment_method=token["payment_method"],
        currency="USD",
        notification_days=0,
        created_ts=created,
        modified_ts=created,
    )
    book.pays_for[recurring["id"]] = pays_for
    return Draft(person, token, recurring, cents)


def _product(person: Person, token: Record) -> str:
    return person.place.ach_id if token["payment_method"] == "ach" else person.place.cc_id


def charge(
    book: Book,
    person: Person,
    token: Record,
    cents: int,
    day: date,
    *,
    recurring: Record | None = None,
    hour: int = 5,
    order: str | None = None,
    **changes: Any,
) -> Record:
    """One transaction, approved unless `changes` say otherwise. The ledger is not touched."""
    bank = token["payment_method"] == "ach"
    happened = days.epoch(day, person.place.zone, hour, book.rng.randrange(60))
    source = FROM_RECURRING if recurring else FROM_TERMINAL
    record = {
        "id": book.hex_id(),
        "location_id": token["location_id"],
        "contact_id": token["contact_id"],
        "token_id": token["id"],
        "recurring_id": recurring["id"] if recurring else None,
        "product_transaction_id": _product(person, token),
        "order_number": order or book.next_id("O", 7),
        "transaction_amount": cents,
        "auth_amount": cents,
        "status_code": _bank_status(book, day) if bank else 101,
        "reason_code_id": 1000,
        "type_id": DEBIT if bank else SALE,
        "payment_method": token["payment_method"],
        "account_type": token["account_type"],
        "last_four": token["last_four"],
        "is_recurring": recurring is not None,
        "trx_source_id": source,
        "trx_source_code": source,
        "created_ts": happened,
        "modified_ts": happened,
    }
    record.update(changes)
    record["transaction_api_id"] = f"T{record['order_number']}" if not recurring else None
    record["verbiage"] = VERBIAGE.get(record["reason_code_id"], "DECLINED")
    book.fortis["transactions"].append(record)
    return record


def _bank_status(book: Book, day: date) -> int:
    """A bank debit is originated the next day and settled on the fourth."""
    age = (book.today - day).days
    return 132 if age < 2 else 133 if age < 4 else 134


def draft(
    book: Book, drawn: Draft, day: date, *, plan_id: str = "", posted: bool = True, what: str = "Draft"
) -> Record:
    """A recurring's run that was accepted, with its ledger row when `posted`."""
    taken = charge(book, drawn.person, drawn.token, drawn.cents, day, recurring=drawn.recurring)
    if posted:
        post_payment(book, drawn.person, taken, day, plan_id=plan_id, what=what)
    return taken


def post_payment(
    book: Book,
    person: Person,
    taken: Record,
    day: date,
    *,
    plan_id: str = "",
    appointment_id: str = "",
    what: str = "",
) -> None:
    """The ledger row of a processor payment: same order id."""
    post(
        book,
        person,
        day,
        "payment",
        taken["transaction_amount"],
        plan_id=plan_id,
        appointment_id=appointment_id,
        order_id=taken["order_number"],
        description=what or "Card payment",
    )


def decline(book: Book, drawn: Draft, day: date, reason: int) -> Record:
    """A recurring's run that was declined: 301, no ledger row, and the processor's own note of it, unpaid."""
    refused = charge(
        book,
        drawn.person,
        drawn.token,
        drawn.cents,
        day,
        recurring=drawn.recurring,
        status_code=301,
        reason_code_id=reason,
        auth_amount=0,
    )
    book.record(
        "declined_recurring_transactions",
        id=book.hex_id(),
        declined_transaction_id=refused["id"],
        payment_transaction_id=None,
        recurring_id=drawn.recurring["id"],
        status="unpaid",
        created_ts=refused["created_ts"],
        modified_ts=refused["created_ts"],
    )
    return refused


def change(book: Book, record: Record, day: date, zone: str, **changes: Any) -> None:
    """The processor changed a record later: returned, voided, charged back."""
    record.update(changes)
    record["modified_ts"] = max(days.epoch(day, zone, 6), record["created_ts"] + 3600)


def refund(book: Book, person: Person, token: Record, paid: Record, day: date) -> Record:
    """Money given back: a transaction of its own under the order number of the payment it undoes."""
    given_back = charge(
        book,
        person,
        token,
        paid["transaction_amount"],
        day,
        hour=11,
        order=paid["order_number"],
        type_id=REFUND,
        status_code=111,
        recurring_id=paid["recurring_id"],
    )
    given_back["transaction_api_id"] = f"TR{paid['order_number']}"
    return given_back
