"""What is handed to Genesis and what it answers, free of its wire (genesis.py) and of the file drop (genesis_drop.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.integrations.records import Rejected
from core.money import parse_dollars
from core.secrets import mask_card_numbers


@dataclass(frozen=True, slots=True)
class PaymentOut:
    """One payment for a patient's account. patient_ref: the EHR's id of the patient.

    amount_cents: below 0 for money that goes back. happened_at: aware UTC; posted_on: its day at the location.
    order_id: the processor's. clerk_key: of whoever posts, in clear; never kept or logged.
    """

    patient_ref: str
    amount_cents: int
    happened_at: datetime
    posted_on: date
    order_id: str
    description: str
    clerk_key: str
    last_name: str = ""
    first_name: str = ""


@dataclass(frozen=True, slots=True)
class TaskOut:
    """One task for Workbench → Tasks (and Quick Stop, where it names a patient).

    key: ours, the same for the same task for ever. patient_ref: the EHR's id, None for a task about no patient.
    kind: a word such as “declined”. priority: high, medium or low. created_at: aware UTC. assignee: a login or a role.
    """

    key: str
    patient_ref: str | None
    kind: str
    text: str
    priority: str
    created_at: datetime
    due_on: date | None = None
    assignee: str = ""
    amount_cents: int | None = None
    clerk_key: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentOut:
    """One appointment for the schedule, all of it as it stands now. key: ours, the same for the same appointment for ever.

    version: grows with every change. patient_ref "": a person the EHR does not know yet, to be made of the facts here.
    starts_at: ISO 8601, local to the location, with its offset. status: scheduled or cancelled. ehr_ref: its id at the
    EHR, "" while that is not known.
    """

    key: str
    version: int
    patient_ref: str
    first_name: str
    last_name: str
    birth_date: str
    email: str
    mobile_phone: str
    location_ref: str
    provider_ref: str
    type_ref: str
    starts_at: str
    minutes: int
    status: str
    ehr_ref: str = ""


class Entry(NamedTuple):
    """One ledger row as Genesis shows it. amount_cents is below 0 for money that went back. key: ours, "" if not ours.

    kind: payment or refund. changed_at: epoch seconds.
    """

    entry_id: str
    key: str
    patient_ref: str
    order_id: str
    kind: str
    amount_cents: int
    posted_on: date
    changed_at: int


class Task(NamedTuple):
    """One task as Genesis shows it. status: open or closed. changed_at: epoch seconds; closed_at: aware UTC."""

    task_id: str
    key: str
    patient_ref: str
    status: str
    text: str
    closed_by: str
    closed_at: datetime | None
    reason: str
    changed_at: int


class EntryPage(NamedTuple):
    """high: the latest change on the page, epoch seconds; None on an empty one."""

    entries: Sequence[Entry]
    rejected: Sequence[Rejected]
    high: int | None


class TaskPage(NamedTuple):
    """high: as in EntryPage."""

    tasks: Sequence[Task]
    rejected: Sequence[Rejected]
    high: int | None


class MerchantConfiguration(NamedTuple):
    """What Genesis has saved; the Provider Key is never answered. logins: login → whether it has a clerk key."""

    provider_identifier: str
    date_start: date | None
    account_id: str
    logins: Mapping[str, bool]


class QuickStop(NamedTuple):
    """The patient view: open tasks, what is owed (cents) and the next appointment; None = Genesis does not say."""

    patient_ref: str
    tasks: Sequence[Task]
    balance_cents: int | None
    next_appointment: str | None


def _plain(value: str) -> str:
    """Text fit for both stores, without a card number."""
    return mask_card_numbers(value.encode(errors="replace").decode().replace("\0", "")).strip()


def _text(value: Any) -> Any:
    return "" if value is None else str(value) if isinstance(value, int) else value


def _cents(value: Any) -> int:
    return parse_dollars(str(value))


Text = Annotated[str, BeforeValidator(_text), AfterValidator(_plain)]
Id = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=64)]
Seconds = Annotated[int, Field(ge=0, le=2**33)]
Dollars = Annotated[int, BeforeValidator(_cents)]


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class WireEntry(_Wire):
    Entry_ID: Id
    Transaction_ID: Text = ""
    PATIENT_ID: Text = ""
    Order_ID: Text = ""
    Kind: Text = "payment"
    Amount: Dollars
    Posted_On: date
    Changed: Seconds

    def record(self) -> Entry:
        return Entry(
            self.Entry_ID,
            self.Transaction_ID,
            self.PATIENT_ID,
            self.Order_ID,
            self.Kind,
            self.Amount,
            self.Posted_On,
            self.Changed,
        )


class WireTask(_Wire):
    Task_ID: Id
    Task_Key: Text = ""
    PATIENT_ID: Text = ""
    Status: Text
    Text_: Annotated[Text, Field(alias="Text")] = ""
    Closed_By: Text = ""
    Closed_At: Text = ""
    Closed_Reason: Text = ""
    Changed: Seconds

    def record(self) -> Task:
        closed = datetime.fromtimestamp(int(self.Closed_At), UTC) if self.Closed_At.isdecimal() else None
        return Task(
            self.Task_ID,
            self.Task_Key,
            self.PATIENT_ID,
            self.Status,
            self.Text_,
            self.Closed_By,
            closed,
            self.Closed_Reason,
            self.Changed,
        )


def read_rows(
    rows: Sequence[Any], model: type[WireEntry] | type[WireTask], id_name: str
) -> tuple[list[Any], list[Rejected]]:
    """Rows of a list as records, and those that cannot be used with the reason."""
    records, rejected = [], []
    for row in rows:
        raw = dict(row) if isinstance(row, Mapping) else {"row": str(row)[:200]}
        try:
            records.append(model.model_validate(raw).record())
        except (ValidationError, OverflowError) as error:
            column, why = _first(error)
            rejected.append(Rejected(str(raw.get(id_name) or ""), None, column, why, raw))
    return records, rejected


def _first(error: ValidationError | OverflowError) -> tuple[str, str]:
    if isinstance(error, OverflowError):
        return "", "a date is out of range"
    first = error.errors()[0]
    column = str(first["loc"][0]) if first["loc"] else ""
    return column, f"{column}: {first['msg'].lower()}"
