"""What Cash Practice answers, read at the door, and what it means in our columns (the wire: see cash_practice.py).

Each record class validates one resource and gives its row by `row()`. Words are those of its reports and help pages
(field-notes §2.1–2.3); a word nobody told us about is a rejected row, never a guess about money.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from core.errors import BadMoney
from core.integrations.fortis.records import REFUND_OF_UNKNOWN, MaybeText, Text, e164, last_day
from core.money import parse_dollars

FREQUENCIES = {
    "weekly": (1, "week"),
    "bi-weekly": (2, "week"),
    "monthly": (1, "month"),
    "bi-monthly": (2, "month"),
    "quarterly": (3, "month"),
    "semi-annually": (6, "month"),
    "annually": (12, "month"),
}
PAYMENT_WORDS = {
    "accepted": "approved",
    "declined": "declined",
    "returned": "returned",
    "returned unpaid": "returned",
    "refunded": "approved",  # a row of its own: money out, see refund_ref
    "voided": "voided",
    "pending": "pending",
}
# no money moved: the next try is another row
PUT_OFF = {
    "rescheduled": "RESCHEDULED",
    "cancelled": "CANCELLED",
}
_REMINDER_ROWS = {"due today", "past due"}
DEBIT_WORDS = {
    "active": "active",
    "not started": "active",
    "paused": "on_hold",
    "completed": "ended",
    "stopped": "ended",
}
_ALERT_WORDS = {"open": "unpaid", "rescheduled": "unpaid", "paid": "paid", "removed": "closed"}
_UPDATER_WORDS = {"": "none", "none": "none", "off": "none", "on": "none", "updated": "updated", "closed": "closed"}  # fmt: skip
_METHODS = {"card": "card", "bank": "bank", "cash": "cash", "check": "check"}
# the numbers banks answer with, in words that core/payments/reasons.py knows
DECLINE_WORDS = {
    "04": "PICK UP CARD",
    "05": "DO NOT HONOR",
    "14": "INVALID CARD NUMBER",
    "41": "LOST CARD",
    "43": "STOLEN CARD",
    "46": "CLOSED ACCOUNT",
    "51": "NOT SUFFICIENT FUNDS",
    "54": "EXPIRED CARD",
    "57": "NOT PERMITTED",
    "61": "OVER LIMIT",
    "91": "ISSUER NOT AVAILABLE",
    "R0": "PAYMENTS STOPPED",
    "R1": "PAYMENTS STOPPED",
}


def read_day(value: Any) -> Any:
    """MM/DD/YYYY as American reports write it (or ISO); None when empty. Raises ValueError."""
    text = str(value or "").strip()
    if not text:
        return None
    for form in ("%m/%d/%Y", "%Y-%m-%d", "%m/%d/%y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a day, not an instant)
        except ValueError:
            continue
    raise ValueError(f"“{text}” is not a day such as 11/23/2026")


def read_cents(value: Any) -> Any:
    """Cents of “990.00” or “$1,200.00”. Raises ValueError."""
    try:
        cents = parse_dollars(str(value))
    except BadMoney as error:
        raise ValueError(error.sentence) from error
    if not 0 <= cents <= 999_999_999:
        raise ValueError(f"“{value}” is not an amount that can be charged")
    return cents


def read_expiry(text: str | None) -> date | None:
    """The last day of an expiry month written MM/YY or MM/YYYY; None when it cannot be read."""
    month, _, year = (text or "").replace(" ", "").partition("/")
    if len(year) == 4 and year.startswith("20"):
        year = year[2:]
    return last_day(month.zfill(2) + year) if len(year) == 2 else None


def read_phone(text: str | None) -> str | None:
    """+15550100199 of an American number in any punctuation; None when it is none."""
    return e164(text, None)


def read_reason(code: str | None, words: str | None) -> str | None:
    """Why it was declined: their words, else what the bank's number means, else the number."""
    number = (code or "").strip().upper()
    return words or DECLINE_WORDS.get(number) or number or None


def _known(words: dict[str, Any], what: str) -> Any:
    def look_up(value: Any) -> Any:
        word = " ".join(str(value or "").casefold().split())
        if word not in words:
            raise ValueError(f"{what} “{str(value)[:40]}” is not known")
        return word

    return look_up


def _yes(value: Any) -> bool:
    return str(value or "").strip().casefold() in {"y", "yes", "true", "1"}


Day = Annotated[date | None, BeforeValidator(read_day)]
Cents = Annotated[int, BeforeValidator(read_cents)]
Ref = Annotated[
    Annotated[str, Field(max_length=64, pattern=r"^[0-9A-Za-z\-_.]+$")] | None,
    BeforeValidator(lambda value: None if value in ("", None) else str(value).strip()),
]
Key = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z\-_.]+$")]
Stamp = Annotated[int, Field(ge=0, le=2**31 - 1)]  # Unix seconds, written as text
YesNo = Annotated[bool, BeforeValidator(_yes)]
Reason = Annotated[MaybeText, AfterValidator(lambda text: text[:80] if text else None)]


class Record(BaseModel):
    """What every record has. Changed becomes the row's version."""

    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True, extra="ignore")

    Changed: Stamp

    def row(self) -> dict[str, Any]:
        """The columns of our table for this record."""
        raise NotImplementedError


class Customer(Record):
    """A patient as Cash Practice knows them. TPSID: the EHR's patient id, typed or carried over there."""

    Customer_ID: Key
    TPSID: MaybeText = None
    FirstName: MaybeText = None
    LastName: MaybeText = None
    DateOfBirth: Day = None
    Email: MaybeText = None
    Phone: MaybeText = None
    Status: Annotated[str, BeforeValidator(_known({"active": 1, "archived": 1}, "status"))] = "active"

    def row(self) -> dict[str, Any]:
        return {
            "external_id": self.Customer_ID,
            "version": self.Changed,
            "first_name": self.FirstName or "",
            "last_name": self.LastName or "",
            "birth_date": self.DateOfBirth,
            "email": self.Email.lower() if self.Email else None,
            "mobile_phone": read_phone(self.Phone),
            "ehr_id": self.TPSID,
            "active": self.Status == "active",
        }


class Billing(Record):
    """A card or bank account on file, never its number."""

    Billing_ID: Key
    Customer_ID: Ref = None
    Type: Annotated[str, BeforeValidator(_known({"card": 1, "bank": 1}, "type"))] = "card"
    Brand: MaybeText = None
    LastFour: Annotated[str | None, Field(pattern=r"^\d{0,4}$")] = None
    Expires: MaybeText = None
    Default: YesNo = False
    Status: Annotated[str, BeforeValidator(_known({"active": 1, "archived": 1}, "status"))] = "active"
    Updater: Annotated[str, BeforeValidator(_known(_UPDATER_WORDS, "updater state"))] = ""

    def row(self) -> dict[str, Any]:
        is_card = self.Type == "card"
        expires_on = read_expiry(self.Expires) if is_card else None
        return {
            "external_id": self.Billing_ID,
            "version": self.Changed,
            "contact_ref": self.Customer_ID,
            "kind": self.Type,
            "brand": self.Brand,
            "last_four": self.LastFour or None,
            "expires_on": expires_on,
            "expiry_text": (self.Expires or "missing") if is_card and expires_on is None else None,
            "is_default": self.Default,
            "active": self.Status == "active",
            "updater": _UPDATER_WORDS[self.Updater],
        }


class AutoDebit(Record):
    """A plan that collects by itself; of Kind “Reminder” one that never does: a person collects each time (§2.1)."""

    Sch_ID: Key
    Customer_ID: Ref = None
    Billing_ID: Ref = None
    Kind: Annotated[str, BeforeValidator(_known({"auto-debit": 1, "reminder": 1}, "kind"))] = "auto-debit"
    Amount: Cents
    Frequency: Annotated[str, BeforeValidator(_known(FREQUENCIES, "frequency"))]
    NextPayment: Day = None
    Status: Annotated[str, BeforeValidator(_known(DEBIT_WORDS, "status"))]
    TPS_Plan_ID: MaybeText = None

    def row(self) -> dict[str, Any]:
        interval, unit = FREQUENCIES[self.Frequency]
        status = DEBIT_WORDS[self.Status]
        return {
            "external_id": self.Sch_ID,
            "version": self.Changed,
            "contact_ref": self.Customer_ID,
            "card_ref": self.Billing_ID,
            "pays_for": self.TPS_Plan_ID,
            "amount_cents": self.Amount,
            "interval": interval,
            "interval_unit": unit,
            "next_run_on": self.NextPayment,
            "status": "reminder" if self.Kind == "reminder" and status == "active" else status,
        }


class PostedPayment(Record):
    """One row of Posted Payments: a payment, a decline, or money given back."""

    Order_ID: Key
    Sch_ID: Ref = None
    Customer_ID: Ref = None
    Billing_ID: Ref = None
    DateTime: Stamp
    Transaction_amount: Cents
    Status: str
    DeclineCode: Reason = None
    DeclineText: Reason = None
    Method: MaybeText = None
    Refund_Of: Ref = None

    @field_validator("Status")
    @classmethod
    def known_status(cls, value: str) -> str:
        return known_status(value)

    def row(self) -> dict[str, Any]:
        return {
            "external_id": self.Order_ID,
            "version": self.Changed,
            "contact_ref": self.Customer_ID,
            "card_ref": self.Billing_ID,
            "recurring_ref": self.Sch_ID,
            "invoice_ref": None,
            "happened_at": datetime.fromtimestamp(self.DateTime, UTC),
            "amount_cents": self.Transaction_amount,
            **money_of(self.Status, self.DeclineCode, self.DeclineText, self.Refund_Of),
            "order_id": self.Order_ID,
            "method": _METHODS.get((self.Method or "").casefold()),
        }


def known_status(value: str) -> str:
    """The transaction word of a payment, in small letters. Raises ValueError for one that says nothing of money."""
    word = " ".join(value.casefold().split())
    if word in _REMINDER_ROWS:
        raise ValueError(f"“{value}” is a reminder nobody has collected yet, not a payment")
    if word not in PAYMENT_WORDS and word not in PUT_OFF:
        raise ValueError(f"status “{value[:40]}” is not known, so whether money moved is not known")
    return word


def money_of(status: str, code: str | None, words: str | None, refund_of: str | None) -> dict[str, Any]:
    """status, reason_code and refund_ref of a payment by its transaction word (see known_status).

    Put off or given up after a decline: still declined. Before it ever ran: no money moved, it was called off.
    """
    reason = read_reason(code, words)
    if status in PUT_OFF:
        called_off = reason is None and status == "cancelled"
        return {
            "status": "voided" if called_off else "declined",
            "reason_code": reason or PUT_OFF[status],
            "refund_ref": None,
        }
    refund = (refund_of or REFUND_OF_UNKNOWN) if status == "refunded" else None
    return {"status": PAYMENT_WORDS[status], "reason_code": reason, "refund_ref": refund}


class Alert(Record):
    """“Not paid up”: a declined auto-debit payment that waits for a person, until it is paid or the alert is removed."""

    Alert_ID: Key
    Order_ID: Ref = None
    Sch_ID: Ref = None
    DateTime: Stamp | None = None
    Status: Annotated[str, BeforeValidator(_known(_ALERT_WORDS, "status"))]
    Paid_By: Ref = None
    RescheduledFor: Day = None

    def row(self) -> dict[str, Any]:
        return {
            "external_id": self.Alert_ID,
            "version": self.Changed,
            "declined_payment_ref": self.Order_ID,
            "payment_ref": self.Paid_By,
            "recurring_ref": self.Sch_ID,
            "status": _ALERT_WORDS[self.Status],
            "retry_on": self.RescheduledFor if self.Status == "rescheduled" else None,
            "happened_at": datetime.fromtimestamp(self.DateTime, UTC) if self.DateTime else None,
        }


class AccountUser(Record):
    """A login at Cash Practice. LoginTimes: weekday → “08:00-18:00”, “No Access” or “24-hour Access” (§2.3)."""

    User_ID: Key
    Username: Text = ""
    Name: MaybeText = None
    Email: MaybeText = None
    Status: Annotated[str, BeforeValidator(_known({"active": 1, "disabled": 1}, "status"))] = "active"
    Admin: YesNo = False
    Privileges: list[Text] = []
    LoginTimes: dict[str, Text] = {}

    def row(self) -> dict[str, Any]:
        return {
            "external_id": self.User_ID,
            "version": self.Changed,
            "username": self.Username,
            "name": self.Name or "",
            "email": self.Email.lower() if self.Email else None,
            "active": self.Status == "active",
            "is_admin": self.Admin,
            "privileges": "\n".join(sorted(self.Privileges)),
            "login_times": "\n".join(f"{day}: {hours}" for day, hours in sorted(self.LoginTimes.items())),
        }


class PaymentOutcome(BaseModel):
    """What became of a payment that was asked about by its Order-ID."""

    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True, extra="ignore")

    Order_ID: Key
    Status: str
    RescheduledFor: Day = None
    EmailRequests: list[str] = []  # the Request_IDs of those that went out
