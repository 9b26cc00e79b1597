"""Genesis (ClinicMind, Vericle), spoken as we assume it: no public API of it exists (field notes §2.4, §2.5, §3).

Known, from public sources: the names of the merchant configuration (Provider Identifier = CP_ID, Provider Key =
CP_MKey, Date Start, a Clerk Key for each login); the merchant payload's fields (CP_ID, CP_MKey, Clerk_Key, TPSID,
PATIENT_ID, LastName, FirstName, DateTime, tags, Transaction_amount, transactions[…]), all values strings, money in
dollars, DateTime in Unix seconds; that accepted payments reach the ledger and alerts reach Workbench → Tasks and
Quick Stop; that its front end posts JSON.

Assumed by us, and to be mended here and in the sandbox when a practice gets the real reference:
 1. Changes are POST with the keys in the body, as in the payload. Reads are GET with the headers CP-ID and CP-MKey:
    a key never stands in an address.
 2. TPSID and PATIENT_ID are both the EHR's own patient id (in the one public sample they are the same).
 3. Transaction_ID is a field of ours: a key that Genesis keeps with the entry, answers again for a repeat instead of
    posting twice, and can be asked for. Huddle never rests on the repeat alone: it looks a doubtful one up first.
 4. Money that goes back is a posting with a negative Transaction_amount, tagged REFUND.
 5. Paths: merchant-configuration, transactions, ledger, tasks, quick-stop, all below /v1. Lists take Since (Unix
    seconds), After (the place a page ended at) and Size; they answer Next, empty on the last page.
 6. A task is {Task_ID, Task_Key, PATIENT_ID, Type, Text, Priority, Created, Due, Assignee, Status open|closed,
    Closed_By, Closed_At, Closed_Reason, Changed}, Source = "merchant"; Quick Stop is one patient's open tasks,
    Balance and Next_Appointment.
 7. An appointment is {Appointment_Key, Version, PATIENT_ID, names, birth date, Provider_ID, AppointmentType,
    AppointmentTime, Minutes, Status} posted whole to /v1/appointments; the same Appointment_Key answers the same
    Appointment_ID, an older Version changes nothing, and without a PATIENT_ID the person is made of the names given.
    Where no second one fits it lands in Day Conflicts (field notes §1.5), which is refused here with 422.
 8. 401 = the identifier and key do not belong together; 422 = understood and refused (unknown patient, clerk key).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from core.errors import OutcomeUnknown, UnreadableAnswer, WrongCredentials
from core.integrations.genesis import records
from core.integrations.genesis.records import (
    AppointmentOut,
    Entry,
    EntryPage,
    MerchantConfiguration,
    PaymentOut,
    QuickStop,
    TaskOut,
    TaskPage,
    WireEntry,
    WireTask,
)
from core.integrations.http import Reader
from core.money import decimal_text, parse_dollars

PAGE_SIZE = 500
_LONGEST_TEXT = 500
_WRONG = (
    "Genesis does not know this Provider Identifier with this Provider Key. Copy CP_ID and CP_MKey again from "
    "Cash Practice (ADS Settings, Step 6 Software, View TPS Keys) and save them in Genesis under Configuration, "
    "3rd Party Services, Merchant Configuration."
)


class Genesis:
    """One membership at Genesis: Provider Identifier and Provider Key. `reader` options: see http.Reader."""

    def __init__(
        self,
        *,
        base_url: str,
        cp_id: str,
        cp_mkey: str,
        account_id: str = "",
        allowed_hosts: str,
        **reader: Any,
    ) -> None:
        self._keys = {
            "CP_ID": cp_id,
            "CP_MKey": cp_mkey,
            **({"Account_ID": account_id} if account_id else {}),
        }
        self._reader = Reader(
            "Genesis",
            base_url,
            allowed_hosts=allowed_hosts,
            headers={"CP-ID": cp_id, "CP-MKey": cp_mkey},
            secrets=(cp_mkey,),
            **reader,
        )

    def close(self) -> None:
        self._reader.close()

    def check(self) -> str:
        """What the keys open, in a sentence. Raises WrongCredentials or another TransportError."""
        saved = self.merchant_configuration()
        with_key = sum(saved.logins.values())
        return (
            f"Genesis accepts Provider Identifier {saved.provider_identifier}; "
            f"{with_key} of {len(saved.logins)} {'login' if len(saved.logins) == 1 else 'logins'} there "
            f"{'has' if with_key == 1 else 'have'} a clerk key."
        )

    # Merchant configuration.

    def merchant_configuration(self) -> MerchantConfiguration:
        """What is saved there (the Provider Key is never answered)."""
        answer = _mapping(self._get("/v1/merchant-configuration"))
        logins = answer.get("Logins")
        if not isinstance(logins, list) or not all(isinstance(login, Mapping) for login in logins):
            raise UnreadableAnswer("Genesis answered a merchant configuration without its logins.")
        return MerchantConfiguration(
            provider_identifier=str(answer.get("Provider_Identifier") or ""),
            date_start=_day(answer.get("Date_Start")),
            account_id=str(answer.get("Account_ID") or ""),
            logins={str(each.get("Login") or ""): each.get("Clerk_Key_Set") == "true" for each in logins},
        )

    # The ledger.

    def post_payment(self, record: PaymentOut, *, key: str) -> str:
        """Post one payment to the patient's account: the entry's id. key: ours, once for ever for this payment.

        Raises Refused (nothing was posted), OutcomeUnknown (look it up with `posting_of`), or an error that says it
        was not posted and may be tried again.
        """
        answer = self._post("/v1/transactions", _payload(record, key))
        entry_id = answer.get("Entry_ID") if isinstance(answer, Mapping) else None
        if not entry_id:
            raise OutcomeUnknown("Genesis took the payment but did not say under which entry.")
        return str(entry_id)

    def posting_of(self, key: str) -> Entry | None:
        """The ledger entry made under a key of ours; None when there is none."""
        page = self._entries(self._get("/v1/ledger", {"Transaction_ID": key}))
        return next((entry for entry in page.entries if entry.key == key), None)

    def ledger(self, since: int | None = None, *, size: int = PAGE_SIZE) -> Iterator[EntryPage]:
        """Entries changed at or after `since` (epoch seconds; None = all), oldest change first."""
        for answer in self._pages("/v1/ledger", since, size):
            yield self._entries(answer)

    # The schedule.

    def post_appointment(self, appointment: AppointmentOut) -> str:
        """Have the schedule hold this appointment as it stands now: its id there. The same key answers the same one."""
        answer = self._post("/v1/appointments", _appointment_body(appointment))
        appointment_id = answer.get("Appointment_ID") if isinstance(answer, Mapping) else None
        if not appointment_id:
            raise OutcomeUnknown("Genesis took the appointment but did not say under which number.")
        return str(appointment_id)

    # Workbench → Tasks, and Quick Stop.

    def post_task(self, task: TaskOut) -> str:
        """Post a task: its id there. The same task key again answers the task that is there."""
        answer = self._post("/v1/tasks", _task_body(task))
        task_id = answer.get("Task_ID") if isinstance(answer, Mapping) else None
        if not task_id:
            raise OutcomeUnknown("Genesis took the task but did not say under which number.")
        return str(task_id)

    def close_task(self, task_id: str, reason: str, *, clerk_key: str = "") -> None:
        """Close a task; one that is closed already stays as it is."""
        body = {"Closed_Reason": reason[:_LONGEST_TEXT], **({"Clerk_Key": clerk_key} if clerk_key else {})}
        self._post(f"/v1/tasks/{_segment(task_id)}/close", body)

    def tasks(self, since: int | None = None, *, size: int = PAGE_SIZE) -> Iterator[TaskPage]:
        """Tasks changed at or after `since` (epoch seconds; None = all), oldest change first."""
        for answer in self._pages("/v1/tasks", since, size):
            rows, rejected = records.read_rows(_list(answer, "Tasks"), WireTask, "Task_ID")
            yield TaskPage(rows, rejected, max((row.changed_at for row in rows), default=None))

    def quick_stop(self, patient_ref: str) -> QuickStop:
        """What the desk sees of one patient at check-in. patient_ref: the EHR's id. Raises Refused for an unknown one."""
        answer = _mapping(self._get(f"/v1/quick-stop/{_segment(patient_ref)}"))
        rows, _ = records.read_rows(_list(answer, "Tasks"), WireTask, "Task_ID")
        balance = answer.get("Balance")
        return QuickStop(
            patient_ref,
            rows,
            parse_dollars(str(balance)) if balance not in (None, "") else None,
            str(answer.get("Next_Appointment") or "") or None,
        )

    # The wire.

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        try:
            return self._reader.change("POST", path, {**self._keys, **body})
        except WrongCredentials as error:
            raise WrongCredentials(_WRONG) from error

    def _get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        accept: Callable[[Any], None] | None = None,
    ) -> Any:
        try:
            return self._reader.get(path, params, accept=accept)
        except WrongCredentials as error:
            raise WrongCredentials(_WRONG) from error

    def _pages(self, path: str, since: int | None, size: int) -> Iterator[Mapping[str, Any]]:
        params: dict[str, str | int] = {"Since": since or 0, "Size": size}
        while True:
            answer = _mapping(self._get(path, params))
            yield answer
            following = str(answer.get("Next") or "")
            if not following:
                return
            if following == params.get("After"):
                raise UnreadableAnswer("Genesis answers the same page again and again.")
            params["After"] = following

    def _entries(self, answer: Any) -> EntryPage:
        rows, rejected = records.read_rows(_list(_mapping(answer), "Entries"), WireEntry, "Entry_ID")
        return EntryPage(rows, rejected, max((row.changed_at for row in rows), default=None))


def _payload(record: PaymentOut, key: str) -> dict[str, Any]:
    """The merchant payload (field notes §2.5), every value a string."""
    amount = decimal_text(record.amount_cents)
    return {
        "Clerk_Key": record.clerk_key,
        "Transaction_ID": key,
        "Order_ID": record.order_id,
        "TPSID": record.patient_ref,
        "PATIENT_ID": record.patient_ref,
        "LastName": record.last_name,
        "FirstName": record.first_name,
        "DateTime": str(int(record.happened_at.timestamp())),
        "Posted_On": record.posted_on.isoformat(),
        "tags": ["REFUND" if record.amount_cents < 0 else "PAYMENT"],
        "Transaction_amount": amount,
        "transactions": [
            {
                "transactionId": record.order_id or key,
                "units": "1",
                "cpt": "",
                "shortDesc": record.description[:60],
                "longDesc": record.description[:_LONGEST_TEXT],
                "price": amount,
                "total": amount,
            }
        ],
    }


def _task_body(task: TaskOut) -> dict[str, Any]:
    body = {
        "Task_Key": task.key,
        "PATIENT_ID": task.patient_ref or "",
        "TPSID": task.patient_ref or "",
        "Type": task.kind,
        "Text": task.text[:_LONGEST_TEXT],
        "Priority": task.priority,
        "Created": str(int(task.created_at.timestamp())),
        "Due": task.due_on.isoformat() if task.due_on else "",
        "Assignee": task.assignee,
        "Amount": "" if task.amount_cents is None else decimal_text(task.amount_cents),
        "Source": "merchant",
    }
    return body | ({"Clerk_Key": task.clerk_key} if task.clerk_key else {})


def _appointment_body(appointment: AppointmentOut) -> dict[str, Any]:
    return {
        "Appointment_Key": appointment.key,
        "Version": str(appointment.version),
        "Appointment_ID": appointment.ehr_ref,
        "PATIENT_ID": appointment.patient_ref,
        "LastName": appointment.last_name,
        "FirstName": appointment.first_name,
        "DateOfBirth": appointment.birth_date,
        "Email": appointment.email,
        "CellPhone": appointment.mobile_phone,
        "Location_ID": appointment.location_ref,
        "Provider_ID": appointment.provider_ref,
        "AppointmentType": appointment.type_ref,
        "AppointmentTime": appointment.starts_at,
        "Minutes": str(appointment.minutes),
        "Status": appointment.status,
        "Source": "merchant",
    }


def _segment(text: str) -> str:
    """One part of a path, whatever stands in it."""
    return quote(text, safe="")


def _mapping(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise UnreadableAnswer("Genesis answered something else than was asked for.")
    return answer


def _list(answer: Mapping[str, Any], name: str) -> list[Any]:
    rows = answer.get(name)
    if not isinstance(rows, list):
        raise UnreadableAnswer(f"Genesis answered without its {name.lower()}.")
    return rows


def _day(value: Any) -> date | None:
    """A saved date; None when there is none. Raises UnreadableAnswer."""
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError as error:
        raise UnreadableAnswer("Genesis answered a Date Start that is no date.") from error
