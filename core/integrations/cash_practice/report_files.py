"""Cash Practice's own reports, exported as CSV: Posted Payments, Auto-Debit, Expired Default Credit Cards.

Its help pages name the columns only in part (field-notes §2.1–2.2), so columns are found by any of several names, in any
order; unknown ones are reported and left out. Days are American, money is dollars, a card is its last four digits.
"""

import csv
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

from core.integrations.cash_practice import records as words
from core.integrations.practice_files import cells
from core.integrations.practice_files.cells import BadCell, quoted
from core.integrations.practice_files.columns import Column, PracticeFile, Values
from core.integrations.practice_files.layout import plain

_BRAND = re.compile(r"^[A-Za-z ]+(?=[*xX•.\s-]*\d)")
_CUSTOMER = ("Client ID", "Patient ID", "Cust ID", "Customer #")
_TPS = ("Third-Party ID", "TPSID", "3rd Party ID", "EHR ID")
_NAME = ("Client", "Client Name", "Patient Name", "Customer Name", "Patient", "Customer")
_CARD = ("Last Four", "Last 4", "Card", "Card Number", "Account Last Four", "CC Last Four")
_ENDS = ("Card Expiration", "Expiration", "Expiration Date", "Exp", "Exp Date", "Expires")


def _moment(value: str) -> datetime:
    """A day, with or without a time of day, on the practice's wall clock. Raises BadCell."""
    for form in ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S"):
        try:
            return datetime.strptime(" ".join(value.split()), form)  # noqa: DTZ007 (a wall clock; its zone comes later)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return datetime.combine(_day(value), datetime.min.time())


def _day(value: str) -> date:
    try:
        return words.read_day(value)
    except ValueError:
        raise BadCell(f"{quoted(value)} is not a day such as 11/23/2026") from None


def _status(value: str) -> str:
    try:
        return words.known_status(value)
    except ValueError as error:
        raise BadCell(str(error).removeprefix("status ")) from None


def _frequency(value: str) -> tuple[int, str]:
    found = words.FREQUENCIES.get(" ".join(value.casefold().split()))
    if found is None:
        raise BadCell(f"{quoted(value)} is not one of {', '.join(words.FREQUENCIES)}")
    return found


def _debit_status(value: str) -> str:
    found = words.DEBIT_WORDS.get(" ".join(value.casefold().split()))
    if found is None:
        raise BadCell(f"{quoted(value)} is not one of {', '.join(words.DEBIT_WORDS)}")
    return found


def _person(value: str) -> tuple[str, str]:
    """First and last name of “Alvarez, Ana” or “Ana Alvarez”."""
    last, comma, first = cells.name(value).partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = value.strip().rpartition(" ")
    return first.strip(), last.strip()


def _last_four(value: str) -> str:
    """Of “4242”, “****4242” or “Visa ****4242”. Raises BadCell, also for a whole card number."""
    return cells.last_four(_BRAND.sub("", value))


def _column(
    name: str, read: Any, target: str, *also: str, required: bool = False, default: Any = None
) -> Column:
    return Column(name, read, target, required, default=default, also=also)


_WHO = (
    _column("Customer ID", cells.identifier, "customer_id", *_CUSTOMER, required=True),
    _column("TPS ID", cells.identifier, "tps_id", *_TPS),
    _column("Name", _person, "person", *_NAME, default=("", "")),
)
_MEANS = (
    _column("Card Last Four", _last_four, "last_four", *_CARD),
    _column("Card Expires", cells.name, "expiry_text", *_ENDS),
    _column("Bank Last Four", _last_four, "bank_last_four", "Bank", "Bank Account"),
)


def _one_who_can_be_charged(values: Values) -> None:
    if values["status"] is None:
        if values["next_run_on"] is None:
            raise BadCell("is not there, and no next payment either: is it still running?", "Status")
        values["status"] = "active"


POSTED_PAYMENTS = PracticeFile(
    "posted_payments",
    (
        _column("Order-ID", cells.identifier, "external_id", "Order Number", "Order #", required=True),
        _column("Sch-ID", cells.identifier, "sch_id", "Schedule ID"),
        *_WHO,
        _column("Date", _moment, "happened_at", "Date & Clerk", "Date/Time", "Payment Date", "Transaction Date", required=True),
        _column("Amount", cells.amount, "amount_cents", "Transaction Amount", "Payment Amount", required=True),
        _column("Status", _status, "status", "Transaction", "Result", "Transaction Status", required=True),
        _column("Payment Details", cells.name, "details", "Details", "Decline Code", "Decline Reason", "Reason"),
        _column("Refund Of", cells.identifier, "refund_of", "Original Order-ID"),
        *_MEANS,
    ),
)  # fmt: skip
AUTO_DEBITS = PracticeFile(
    "auto_debits",
    (
        _column("Sch-ID", cells.identifier, "external_id", "Schedule ID", required=True),
        *_WHO,
        _column("Amount", cells.amount, "amount_cents", "Payment Amount", required=True),
        _column("Frequency", _frequency, "every", required=True),
        _column("Next Payment", _day, "next_run_on", "Next Payment Date", "Next Date"),
        _column("Status", _debit_status, "status"),
        _column("Kind", cells.Choice("auto_debit", "reminder"), "kind", "Type", default="auto_debit"),
        _column("EHR Plan ID", cells.identifier, "pays_for", "Plan ID", "TPS Plan ID"),
        *_MEANS,
    ),
    finish=_one_who_can_be_charged,
)  # fmt: skip
EXPIRED_CARDS = PracticeFile(
    "expired_default_credit_cards",
    (
        _column("Customer ID", cells.identifier, "external_id", *_CUSTOMER, required=True),
        _column("TPS ID", cells.identifier, "tps_id", *_TPS),
        _column("Name", _person, "person", *_NAME, default=("", "")),
        _column("Card Last Four", _last_four, "last_four", *_CARD, required=True),
        _column("Card Expires", cells.name, "expiry_text", *_ENDS),
        _column("Card Type", cells.name, "brand", "Brand", "Type"),
    ),
)
REPORTS: dict[str, PracticeFile] = {file.name: file for file in (POSTED_PAYMENTS, AUTO_DEBITS, EXPIRED_CARDS)}
_BY_NAME = (("postedpayment", POSTED_PAYMENTS), ("expireddefault", EXPIRED_CARDS), ("autodebit", AUTO_DEBITS))


def report_of(path: Path) -> str:
    """Which report a CSV file is, by its name, else by its header; "" when it is none."""
    name = re.sub(r"[^a-z]", "", path.stem.casefold())
    for part, file in _BY_NAME:
        if part in name:
            return file.name
    return _by_header(path)


def _by_header(path: Path) -> str:
    """A file that has what a report cannot do without, in the order that tells them apart."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            first = lines.readline(10_000)
    except OSError:
        return ""
    delimiter = max(",;\t|", key=first.count)
    header = {plain(cell) for cell in next(csv.reader([first], delimiter=delimiter), [])}
    for file in (POSTED_PAYMENTS, AUTO_DEBITS, EXPIRED_CARDS):
        needed = [column for column in file.columns if column.required]
        if all(any(plain(name) in header for name in column.names()) for column in needed):
            return file.name
    return ""
