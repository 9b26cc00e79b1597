"""What Fortis answers about what a patient was asked for: quick invoices, paylinks, new cards, reruns (Fortis §5–11).

Amounts on the way in are whole cents. Of quick invoices a *number* is documented, and samples show dollars (245.36)
where requests have cents: the scale is read off the answer itself, and what cannot be read is None, never 0.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from core.integrations.fortis.records import MaybeDate, MaybeRef, MaybeText, Stamp, Transaction


class PaymentState(IntEnum):
    """payment_status_id of a quick invoice (Fortis §8)."""

    UNPAID = 1
    PAID = 2
    PART_PAID = 3


def _exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, int | float) else value


def _address(value: str | None) -> str | None:
    """A page to send a patient to: https, or http on this machine for the sandbox; anything else is not shown."""
    if value and value.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        return value
    return None


Amount = Annotated[Decimal | None, BeforeValidator(_exact)]
PaymentUrl = Annotated[str | None, Field(max_length=2_000), AfterValidator(_address)]


class _Answer(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True)


class Item(_Answer):
    name: str = ""
    amount: Amount = None


class View(_Answer):
    """One opening of the payment page."""

    created_ts: Stamp | None = None


class Asked(_Answer):
    """What a quick invoice and a paylink have in common. transactions only where it was expanded."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    contact_id: MaybeRef = None
    status_code: int | None = None
    active: bool = True
    expire_date: MaybeDate = None
    payment_url: PaymentUrl = None
    created_ts: Stamp | None = None
    modified_ts: Stamp | None = None
    transactions: list[dict[str, Any]] | None = None

    def paid_by(self) -> list[str] | None:
        """External ids of its transactions, None when they were not asked for."""
        if self.transactions is None:
            return None
        return [row["id"] for row in self.transactions if isinstance(row.get("id"), str)]


class QuickInvoice(Asked):
    """status_code 0 closed, 1 open; payment_status_id 1 unpaid, 2 paid, 3 partly paid (Fortis §8)."""

    title: MaybeText = None
    due_date: MaybeDate = None
    item_list: list[Item] = []
    quick_invoice_api_id: MaybeText = None
    amount_due: Amount = None
    remaining_balance: Amount = None
    payment_status_id: int | None = None
    quick_invoice_views: list[View] | None = None

    @property
    def closed(self) -> bool:
        return self.status_code == 0 or not self.active

    def remaining_cents(self, asked_cents: int) -> int | None:
        """What is still to be paid, in cents. asked_cents: the whole of what we asked for."""
        if self.payment_status_id == PaymentState.PAID:
            return 0
        return in_cents(self.remaining_balance, asked_cents, self._amounts())

    def _amounts(self) -> list[Decimal]:
        found = [item.amount for item in self.item_list]
        return [amount for amount in (*found, self.amount_due, self.remaining_balance) if amount is not None]

    def opened_at(self) -> datetime | None:
        """The first time the patient's page was opened; the epoch's first second where they do not say when."""
        if not self.quick_invoice_views:
            return None
        stamps = [view.created_ts for view in self.quick_invoice_views if view.created_ts]
        return datetime.fromtimestamp(min(stamps, default=0), UTC)


class Paylink(Asked):
    """status_code 0 unpaid, 1 paid (Fortis §9)."""

    amount_due: int | None = None
    paylink_api_id: MaybeText = None

    @property
    def paid(self) -> bool:
        return self.status_code == 1


class Resent(_Answer):
    """What came of asking Fortis to send its own e-mail or text again."""

    success: bool = False
    sms_success: bool = False
    email: MaybeText = None


class Ticket(NamedTuple):
    """client_token opens the frame in which the patient types the card; it is theirs, ours never holds the card."""

    client_token: str
    location_id: str


class Declined(_Answer):
    """A recurring's declined run. payment_transaction_id: what paid it since."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    status: str
    declined_transaction_id: MaybeRef = None
    payment_transaction_id: MaybeRef = None
    recurring_id: MaybeRef = None


class Charged(NamedTuple):
    """What a charge came to: a decline is an answer too, not an error (Fortis §1). status: the word of PaymentStatus."""

    transaction_id: str
    status: str
    reason_code: str | None
    amount_cents: int

    @property
    def accepted(self) -> bool:
        return self.status in ("approved", "pending")


def charged(transaction: Transaction) -> Charged:
    """The outcome of a transaction as the desk needs it."""
    row = transaction.row()
    return Charged(transaction.id, row["status"], row["reason_code"], row["amount_cents"])


def in_cents(value: Decimal | None, asked_cents: int, beside: list[Decimal]) -> int | None:
    """Cents of a number that is cents by the documentation and dollars in its samples; None when it cannot be told.

    beside: every amount of the same answer. A fraction anywhere means dollars; so does the asked amount divided by 100.
    """
    if value is None:
        return None
    fraction = any(each != each.to_integral_value() for each in beside)
    dollars = fraction or (Decimal(asked_cents) not in beside and Decimal(asked_cents) / 100 in beside)
    cents = value * 100 if dollars else value
    return int(cents) if cents == cents.to_integral_value() and cents >= 0 else None


def day_text(day: date | None) -> str | None:
    """A date as Fortis writes it."""
    return day.isoformat() if day else None
