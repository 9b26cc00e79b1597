"""What Fortis answers, read at the door, and what it means in our columns (facts: Fortis §2–7).

Each record class validates one resource and gives its row by `row()`. Only fields we use are read: a token's
`account_number` and track data have no place here (DOMAIN §13).
"""

import calendar
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from core import phones
from core.secrets import mask_card_numbers

REFUND_OF_UNKNOWN = "unknown"  # a refund whose original Fortis did not name: money out, never income

BRANDS = {
    "visa": "Visa",
    "mc": "Mastercard",
    "disc": "Discover",
    "amex": "Amex",
    "jcb": "JCB",
    "diners": "Diners",
    "debit": "Debit",
    "checking": "Checking",
    "savings": "Savings",
}
_METHODS = {"cc": "card", "ach": "bank", "cash": "cash"}
_UNITS = {"d": "day", "w": "week", "m": "month"}
_PENDING = {102, 131, 132, 133}  # an authorisation alone is no payment yet
_APPROVED = {101, 111, 121, 134, 191}
_AVS_ONLY, _VOIDED, _DECLINED, _CHARGED_BACK = 121, 201, 301, 331
_REFUNDED = "111"
_MONEY_OUT = {"30", "40"}  # refund, and the credit that is a refund to a bank account
_PARTIAL_APPROVAL = 1201


def _plain(value: str) -> str:
    """Text fit for both stores: no NUL, no lone surrogate, no card number."""
    if not value.isascii():
        value = value.encode(errors="replace").decode()
    return mask_card_numbers(value.replace("\0", "")).strip()


def _reference(value: str) -> str:
    """An id of theirs: longer than any card number (24 to 36 characters, Fortis §1), so not searched for one."""
    return value if len(value) > 19 and value.isascii() and value.isprintable() else _plain(value)


def _empty_is_none(value: Any) -> Any:
    return None if value == "" else value


Text = Annotated[str, AfterValidator(_plain)]
MaybeText = Annotated[Text | None, BeforeValidator(_empty_is_none)]
MaybeRef = Annotated[
    Annotated[str, Field(max_length=64), AfterValidator(_reference)] | None, BeforeValidator(_empty_is_none)
]
MaybeDate = Annotated[date | None, BeforeValidator(_empty_is_none)]
Stamp = Annotated[int, Field(ge=0, le=2**31 - 1)]  # epoch seconds
Cents = Annotated[int, Field(ge=0, le=999_999_999)]


class Record(BaseModel):
    """What every Fortis record has. modified_ts becomes the row's version."""

    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z\-]+$")]
    modified_ts: Stamp | None = None

    def row(self) -> dict[str, Any]:
        """The columns of our table for this record."""
        raise NotImplementedError

    def key(self) -> dict[str, Any]:
        return {"external_id": self.id, "version": self.modified_ts}


class Location(Record):
    name: Text = ""
    tz: MaybeText = None
    account_number: MaybeText = None

    def row(self) -> dict[str, Any]:
        return {
            **self.key(),
            "name": self.name,
            "time_zone": self.tz or "",
            "account_number": self.account_number or "",
        }


class ProductTransaction(Record):
    """A merchant account (Fortis §2). Comes only by expand of its location."""

    location_id: MaybeRef = None
    title: MaybeText = None
    payment_method: MaybeText = None
    active: bool = True

    def row(self) -> dict[str, Any]:
        return {
            **self.key(),
            "location_ref": self.location_id or "",
            "title": self.title or "",
            "payment_method": self.payment_method or "",
            "active": self.active,
        }


class Contact(Record):
    first_name: MaybeText = None
    last_name: MaybeText = None
    date_of_birth: MaybeDate = None
    email: MaybeText = None
    cell_phone: MaybeText = None
    cell_phone_country_code: MaybeText = None
    contact_api_id: MaybeText = None
    account_number: MaybeText = None
    active: bool = True

    def row(self) -> dict[str, Any]:
        return {
            **self.key(),
            "first_name": self.first_name or "",
            "last_name": self.last_name or "",
            "birth_date": self.date_of_birth,
            "email": self.email.lower() if self.email else None,
            "mobile_phone": e164(self.cell_phone, self.cell_phone_country_code),
            "ehr_id": self.contact_api_id or self.account_number,
            "active": self.active,
        }


class Token(Record):
    """A card or bank account on file.

    Assumption (the meaning of cau_summary_status_id is unpublished): a token the account updater touched
    (cau_last_updated_ts, or a status other than 0) was closed by it when inactive, and given new data when active.
    """

    contact_id: MaybeRef = None
    payment_method: str = "cc"
    account_type: MaybeText = None
    last_four: Annotated[str | None, Field(pattern=r"^\d{0,4}$")] = None
    exp_date: MaybeText = None
    active: bool = True
    cau_summary_status_id: int | None = None
    cau_last_updated_ts: int | None = None

    @field_validator("payment_method")
    @classmethod
    def known_method(cls, value: str) -> str:
        if value not in {"cc", "ach"}:
            raise ValueError(f"payment method “{_plain(value)}” is not known")
        return value

    def row(self) -> dict[str, Any]:
        is_card = self.payment_method == "cc"
        expires_on = last_day(self.exp_date) if is_card else None
        brand = (self.account_type or "").lower()
        return {
            **self.key(),
            "contact_ref": self.contact_id,
            "kind": "card" if is_card else "bank",
            "brand": BRANDS.get(brand, self.account_type),
            "last_four": self.last_four or None,
            "expires_on": expires_on,
            "expiry_text": (self.exp_date or "missing") if is_card and expires_on is None else None,
            "active": self.active,
            "updater": self.updater(),
        }

    def updater(self) -> str:
        if not self.cau_last_updated_ts and not self.cau_summary_status_id:
            return "none"
        return "updated" if self.active else "closed"


class Recurring(Record):
    token_id: MaybeRef = None
    account_vault_id: MaybeRef = None  # the deprecated twin of token_id, still answered
    contact_id: MaybeRef = None
    recurring_api_id: MaybeText = None
    recurring_c1: MaybeText = None
    transaction_amount: Cents
    interval: Annotated[int, Field(ge=0, le=365)]
    interval_type: str
    next_run_date: MaybeDate = None
    status: str
    active: bool = True

    @field_validator("interval_type")
    @classmethod
    def known_unit(cls, value: str) -> str:
        if value not in _UNITS:
            raise ValueError(f"interval “{_plain(value)}” is not d, w or m")
        return value

    @field_validator("status")
    @classmethod
    def known_status(cls, value: str) -> str:
        if value not in {"active", "on hold", "ended"}:
            raise ValueError(f"status “{_plain(value)}” is not known")
        return value

    def row(self) -> dict[str, Any]:
        return {
            **self.key(),
            "contact_ref": self.contact_id,
            "card_ref": self.token_id or self.account_vault_id,
            "pays_for": self.recurring_api_id or self.recurring_c1,
            "amount_cents": self.transaction_amount,
            "interval": self.interval,
            "interval_unit": _UNITS[self.interval_type],
            "next_run_on": self.next_run_date,
            "status": "ended"
            if self.status == "active" and not self.active
            else self.status.replace(" ", "_"),
        }


class DeclinedRecurring(Record):
    declined_transaction_id: MaybeRef = None
    payment_transaction_id: MaybeRef = None
    recurring_id: MaybeRef = None
    status: str
    created_ts: Stamp | None = None

    @field_validator("status")
    @classmethod
    def known_status(cls, value: str) -> str:
        if value not in {"paid", "unpaid"}:
            raise ValueError(f"status “{_plain(value)}” is not known")
        return value

    def row(self) -> dict[str, Any]:
        return {
            **self.key(),
            "declined_payment_ref": self.declined_transaction_id,
            "payment_ref": self.payment_transaction_id,
            "recurring_ref": self.recurring_id,
            "status": self.status,
            "happened_at": datetime.fromtimestamp(self.created_ts, UTC) if self.created_ts else None,
        }


class Transaction(Record):
    """A payment, a decline, or a refund: each is a transaction of its own (Fortis §7)."""

    contact_id: MaybeRef = None
    token_id: MaybeRef = None
    account_vault_id: MaybeRef = None
    recurring_id: MaybeRef = None
    quick_invoice_id: MaybeRef = None
    paylink_id: MaybeRef = None
    order_number: MaybeText = None
    transaction_api_id: MaybeText = None
    created_ts: Stamp
    transaction_amount: Cents
    auth_amount: Cents | None = None
    surcharge_amount: Cents | None = None
    status_code: int
    type_id: int | None = None
    reason_code_id: int | None = None
    payment_method: MaybeText = None
    void_date: MaybeDate = None
    return_date: MaybeDate = None
    charge_back_date: MaybeDate = None
    transaction_references: list[dict[str, Any]] | None = None

    @field_validator("status_code")
    @classmethod
    def known_status(cls, value: int) -> int:
        if value not in _APPROVED | _PENDING | {_VOIDED, _DECLINED, _CHARGED_BACK}:
            raise ValueError(f"status {value} is not known, so whether money moved is not known")
        return value

    def row(self) -> dict[str, Any]:
        return {
            **self.key(),
            "contact_ref": self.contact_id,
            "card_ref": self.token_id or self.account_vault_id,
            "recurring_ref": self.recurring_id,
            "invoice_ref": self.quick_invoice_id or self.paylink_id,
            "happened_at": datetime.fromtimestamp(self.created_ts, UTC),
            "amount_cents": self.amount(),
            "surcharge_cents": min(self.surcharge_amount or 0, self.amount()),
            "status": self.status(),
            "reason_code": None if self.reason_code_id is None else str(self.reason_code_id),
            "refund_ref": self.refund_ref(),
            "order_id": self.order_number or self.transaction_api_id,
            "method": _METHODS.get(self.payment_method or ""),
        }

    def amount(self) -> int:
        """Cents that moved: of a partial approval the part approved, of an address check none."""
        if self.status_code == _AVS_ONLY:
            return 0
        if self.reason_code_id == _PARTIAL_APPROVAL and self.auth_amount is not None:
            return self.auth_amount
        return self.transaction_amount

    def status(self) -> str:
        """The word of PaymentStatus. A void or a return says more than the code it left behind."""
        if self.status_code == _DECLINED:
            return "declined"
        if self.status_code == _VOIDED or self.void_date:
            return "voided"
        if self.status_code == _CHARGED_BACK or self.charge_back_date:
            return "charged_back"
        if self.return_date:
            return "returned"
        return "pending" if self.status_code in _PENDING else "approved"

    def refund_ref(self) -> str | None:
        """The payment this one gives back; None for money in."""
        if not gives_back(self.type_id, self.status_code):
            return None
        for reference in self.transaction_references or ():
            for name in _REFERENCE_NAMES:
                named = reference.get(name)
                if isinstance(named, str) and named and named != self.id:
                    return _plain(named)
        return REFUND_OF_UNKNOWN


# the record behind expand=transaction_references is not published: the names it could have are tried in turn
_REFERENCE_NAMES = (
    "previous_transaction_id",
    "parent_transaction_id",
    "reference_transaction_id",
    "referenced_transaction_id",
    "transaction_id",
)


def gives_back(type_id: Any, status_code: Any) -> bool:
    """Whether a transaction is money out: a refund (30), a credit to a bank account (40), or status 111."""
    return str(type_id) in _MONEY_OUT or str(status_code) == _REFUNDED


def last_day(exp_date: str | None) -> date | None:
    """The last day of an expiry month written MMYY (a two-digit year is 20YY, DOMAIN §1); None when unreadable."""
    text = (exp_date or "").zfill(4)
    if len(text) != 4 or not (text.isascii() and text.isdigit()) or not 1 <= int(text[:2]) <= 12:
        return None
    year, month = 2000 + int(text[2:]), int(text[:2])
    return date(year, month, calendar.monthrange(year, month)[1])


def e164(digits: str | None, country_code: str | None) -> str | None:
    """+13035550199 of ten digits; None when nobody can have that number (Fortis §1: ten digits, no punctuation)."""
    number = "".join(c for c in digits or "" if c in "0123456789")
    country = "".join(c for c in country_code or "1" if c in "0123456789") or "1"
    if len(number) == 11 and number[0] == "1":
        number = number[1:]
    return phones.e164(f"+{country}{number}") if len(number) == 10 else None
