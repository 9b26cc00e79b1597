"""Patients who are still at Cash Practice: a practice that is moving to Fortis. Their EHR rows are like anybody's; their
cards, drafts and payments are written as Fortis records first and then in Cash Practice's words."""

from collections.abc import Callable
from datetime import date
from typing import Any

from core.money import decimal_text
from data.sandbox.practice.book import Book, Person, Place, Record
from data.sandbox.practice.contacts import Link
from data.sandbox.practice.people import add_person
from data.sandbox.practice.population import Trouble, as_member, on_plan, per_visit

PRIVILEGES = (
    "Edit patient",
    "Edit billing info",
    "Process payments",
    "Refunds",
    "Voids",
    "Payment statistics",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TODAY = 6  # of them come in today
_WAYS: tuple[Callable[..., None], ...] = (on_plan, as_member, on_plan, per_visit)
_TROUBLES = (None, Trouble.DECLINED, None, None, Trouble.CARD_ENDS, None, Trouble.DECLINED, None)
_BRANDS = {"visa": "Visa", "mc": "Mastercard", "amex": "American Express", "disc": "Discover"}
_UPDATER = {0: "", 1: "Updated", 3: "Closed"}
_DEBITS = {"active": "Active", "on hold": "Paused", "ended": "Completed"}
_CODES = {1616: "51", 1622: "54", 1631: "46", 1606: "41", 1607: "43", 1615: "05", 1601: "05", 1604: "04", 1803: "R0"}  # fmt: skip
_WORDS = {"51": "NOT SUFFICIENT FUNDS", "54": "EXPIRED CARD", "46": "CLOSED ACCOUNT", "41": "LOST CARD", "43": "STOLEN CARD", "05": "DO NOT HONOR", "04": "PICK UP CARD"}  # fmt: skip


def still_there(book: Book, place: Place, patients: int) -> dict[str, list[Record]]:
    """So many more patients of a practice that is otherwise complete, all surely known to Cash Practice.

    Returns Cash Practice's records by resource; nothing of them stays in the book's Fortis records.
    """
    before = {name: len(rows) for name, rows in book.fortis.items()}
    for number in range(patients):
        person = add_person(book, place)
        comes = [book.today] if number < _TODAY else []
        trouble = _TROUBLES[number % len(_TROUBLES)]
        way = _WAYS[number % len(_WAYS)]
        if trouble and way is per_visit:
            trouble = None
        _live(book, way, person, comes, trouble)
    theirs = {name: rows[before[name] :] for name, rows in book.fortis.items()}
    for name, rows in book.fortis.items():
        del rows[before[name] :]
    return _in_their_words(book, theirs) | {"users": users(book.today)}


def _live(
    book: Book, way: Callable[..., None], person: Person, comes: list[date], trouble: Trouble | None
) -> None:
    way(book, person, comes, Link.API_ID, trouble)


def _in_their_words(book: Book, theirs: dict[str, list[Record]]) -> dict[str, list[Record]]:
    ids: dict[str | None, str] = {None: ""}
    for prefix, name in (("C", "contacts"), ("B", "tokens"), ("S", "recurrings")):
        ids |= {row["id"]: f"{prefix}{4001 + number}" for number, row in enumerate(theirs[name])}
    orders = {row["id"]: _order(row) for row in theirs["transactions"]}
    firsts = {row["contact_id"]: row["id"] for row in reversed(theirs["tokens"])}
    _point_at(book, ids)
    return {
        "customers": [_customer(row, ids) for row in theirs["contacts"]],
        "billing": [
            _billing(row, ids, default=firsts[row["contact_id"]] == row["id"]) for row in theirs["tokens"]
        ],
        "auto-debits": [_debit(row, ids) for row in theirs["recurrings"]] + _reminder(theirs, ids),
        "payments": [_payment(row, ids) for row in theirs["transactions"]],
        "alerts": [
            _alert(row, ids, orders, number)
            for number, row in enumerate(theirs["declined_recurring_transactions"])
        ],
    }


def _point_at(book: Book, ids: dict[str | None, str]) -> None:
    """Plans and memberships that name a card name it as Cash Practice does."""
    for file in ("plans", "memberships"):
        for row in book.files[file]:
            row["card_id"] = ids.get(row["card_id"], row["card_id"]) if row["card_id"] else ""


def _order(row: Record) -> str:
    return f"{row['order_number']}{'R' if row['type_id'] == 30 else ''}"


def _day(text: str | None) -> str:
    return f"{date.fromisoformat(text):%m/%d/%Y}" if text else ""


def _customer(row: Record, ids: dict[str | None, str]) -> Record:
    phone = row["cell_phone"] or ""
    return {
        "Customer_ID": ids[row["id"]],
        "TPSID": row["contact_api_id"] or row["account_number"] or "",
        "FirstName": row["first_name"],
        "LastName": row["last_name"],
        "DateOfBirth": _day(row["date_of_birth"]),
        "Email": row["email"] or "",
        "Phone": f"({phone[:3]}) {phone[3:6]}-{phone[6:]}" if phone else "",
        "Status": "Active",
        "Changed": str(row["modified_ts"]),
    }


def _billing(row: Record, ids: dict[str | None, str], *, default: bool) -> Record:
    card = row["payment_method"] == "cc"
    return {
        "Billing_ID": ids[row["id"]],
        "Customer_ID": ids[row["contact_id"]],
        "Type": "Card" if card else "Bank",
        "Brand": _BRANDS.get(row["account_type"], row["account_type"].capitalize()),
        "LastFour": row["last_four"],
        "Expires": f"{row['exp_date'][:2]}/{row['exp_date'][2:]}" if card else "",
        "Default": "Y" if default else "N",
        "Status": "Active" if row["active"] else "Archived",
        "Updater": _UPDATER[row["cau_summary_status_id"]],
        "Changed": str(row["modified_ts"]),
    }


def _debit(row: Record, ids: dict[str | None, str]) -> Record:
    return {
        "Sch_ID": ids[row["id"]],
        "Customer_ID": ids[row["contact_id"]],
        "Billing_ID": ids[row["token_id"]],
        "Kind": "Auto-Debit",
        "Amount": decimal_text(row["transaction_amount"]),
        "Frequency": "Monthly",
        "Payments": str(row["installment_total_count"] or "Indefinite"),
        "NextPayment": _day(row["next_run_date"]) if row["status"] != "ended" else "",
        "RegularPayment": "",
        "Status": _DEBITS[row["status"]],
        "TPS_Plan_ID": row["recurring_api_id"] or "",
        "Group": "Chiropractic",
        "Comments": row["description"],
        "Changed": str(row["modified_ts"]),
    }


def _reminder(theirs: dict[str, list[Record]], ids: dict[str | None, str]) -> list[Record]:
    """The last customer without an auto-debit pays by hand each month; a reminder says when."""
    drawn = {row["contact_id"] for row in theirs["recurrings"]}
    without = [row for row in theirs["tokens"] if row["contact_id"] not in drawn]
    return [
        {
            "Sch_ID": f"R{ids[row['id']][1:]}",
            "Customer_ID": ids[row["contact_id"]],
            "Billing_ID": ids[row["id"]],
            "Kind": "Reminder",
            "Amount": "45.00",
            "Frequency": "Monthly",
            "Payments": "Indefinite",
            "NextPayment": "",
            "RegularPayment": "",
            "Status": "Active",
            "TPS_Plan_ID": "",
            "Group": "Massage",
            "Comments": "Calls us with another card",
            "Changed": str(row["modified_ts"]),
        }
        for row in without[-1:]
    ]


def _payment(row: Record, ids: dict[str | None, str]) -> Record:
    code = _CODES.get(row["reason_code_id"], "") if row["status_code"] == 301 else ""
    status = _status(row)
    return {
        "Order_ID": _order(row),
        "Sch_ID": ids[row["recurring_id"]],
        "Customer_ID": ids[row["contact_id"]],
        "Billing_ID": ids[row["token_id"]],
        "DateTime": str(row["created_ts"]),
        "Transaction_amount": decimal_text(row["transaction_amount"]),
        "Status": status,
        "DeclineCode": code,
        "DeclineText": _WORDS.get(code, ""),
        "Method": "Bank" if row["payment_method"] == "ach" else "Card",
        "Refund_Of": row["order_number"] if status == "Refunded" else "",
        "Changed": str(row["modified_ts"]),
    }


def _status(row: dict[str, Any]) -> str:
    if row["status_code"] == 301:
        return "Declined"
    if row["status_code"] == 201 or row.get("void_date"):
        return "Voided"
    if row.get("return_date") or row.get("charge_back_date"):
        return "Returned unpaid"
    if row["type_id"] == 30:
        return "Refunded"
    return "Pending" if row["status_code"] in (131, 132, 133) else "Accepted"


def _alert(row: Record, ids: dict[str | None, str], orders: dict[str, str], number: int) -> Record:
    paid = row["payment_transaction_id"]
    return {
        "Alert_ID": f"A{7001 + number}",
        "Order_ID": orders[row["declined_transaction_id"]],
        "Sch_ID": ids[row["recurring_id"]],
        "DateTime": str(row["created_ts"]),
        "Status": "Paid" if row["status"] == "paid" else "Open",
        "Paid_By": orders[paid] if paid else "",
        "RescheduledFor": "",
        "Changed": str(row["modified_ts"]),
    }


def users(today: date) -> list[Record]:
    """The practice's logins at Cash Practice: the provider may look and not charge. Hours are wide open for the demo."""
    changed = str((today.toordinal() - 719163 - 200) * 86400)
    rights = {"olivia": PRIVILEGES, "max": PRIVILEGES, "dana": PRIVILEGES[:3], "lee": PRIVILEGES[5:]}
    return [
        {
            "User_ID": f"U{301 + number}",
            "Username": login,
            "Name": login.capitalize(),
            "Email": f"{login}@example.com",
            "Status": "Active",
            "Admin": "Y" if login == "olivia" else "N",
            "Privileges": list(may),
            "LoginTimes": dict.fromkeys(WEEKDAYS, "24-hour Access"),
            "Changed": changed,
        }
        for number, (login, may) in enumerate(rights.items())
    ]
