"""What of ours an unknown file may hold, for people to match by hand: the places of patients, visits and the ledger."""

from enum import StrEnum
from typing import NamedTuple


class Looks(StrEnum):
    """What the values of a column look like."""

    ANY = "anything"
    ID = "ids"
    NAME = "names"
    DATE = "dates"
    TIME = "times of day"
    MOMENT = "dates with a time"
    MONEY = "amounts"
    NUMBER = "whole numbers"
    EMAIL = "e-mail addresses"
    PHONE = "phone numbers"
    WORDS = "a few words"


class Slot(NamedTuple):
    """One thing we look for. likes: what others call it. looks: what its values look like. words: (file, column) whose
    words must be matched."""

    name: str
    label: str
    likes: tuple[str, ...]
    looks: Looks = Looks.ANY
    words: tuple[str, str] | None = None


class Wanted(NamedTuple):
    """A kind of file. needs: groups of slots, of each of which one must be there. likes: words in names of files."""

    file: str
    label: str
    slots: tuple[Slot, ...]
    needs: tuple[tuple[str, ...], ...]
    likes: tuple[str, ...]

    def slot(self, name: str) -> Slot:
        return next(each for each in self.slots if each.name == name)


_PATIENT_ID = Slot(
    "patient_id", "Patient’s id",
    ("patient id", "client id", "patient number", "patient no", "account", "account number", "chart number", "chart id",
     "patient guid", "customer id", "member id", "pt id", "acct #"), Looks.ID,
)  # fmt: skip
_PATIENT_NAME = Slot(
    "patient_name", "Patient’s name in one column",
    ("patient", "patient name", "client", "client name", "customer", "customer name", "name", "full name", "pt name"),
    Looks.NAME,
)  # fmt: skip
_FIRST = Slot(
    "first_name", "First name", ("first name", "given name", "firstname", "fname", "forename"), Looks.NAME
)
_LAST = Slot(
    "last_name", "Last name", ("last name", "surname", "family name", "lastname", "lname"), Looks.NAME
)
_PHONE = Slot(
    "mobile_phone",
    "Mobile phone",
    ("mobile phone", "cell phone", "mobile", "cell", "phone", "telephone"),
    Looks.PHONE,
)
_EMAIL = Slot("email", "E-mail", ("email", "email address", "e mail"), Looks.EMAIL)

WANTED: dict[str, Wanted] = {
    "patients": Wanted(
        "patients", "Patients",
        (
            _PATIENT_ID, _PATIENT_NAME, _FIRST, _LAST,
            Slot("birth_date", "Date of birth", ("date of birth", "birth date", "dob", "birthday", "born"), Looks.DATE),
            _EMAIL, _PHONE,
            Slot("active", "Active or not", ("status", "patient status", "active", "client status"), Looks.WORDS,
                 ("patients", "active")),
        ),
        (("patient_name", "last_name"),),
        ("patient", "client", "customer", "demographic", "people", "contact"),
    ),
    "appointments": Wanted(
        "appointments", "Visits",
        (
            Slot("appointment_id", "Visit’s id",
                 ("appointment id", "visit id", "booking id", "appt id", "appt #", "id", "appointment number"), Looks.ID),
            _PATIENT_ID, _PATIENT_NAME, _FIRST, _LAST, _PHONE, _EMAIL,
            Slot("starts_at", "Start (date and time)",
                 ("start", "start time", "starts at", "appointment time", "date time", "scheduled time", "appointment"),
                 Looks.MOMENT),
            Slot("date", "Date", ("date", "appointment date", "visit date", "appt date", "day", "service date"), Looks.DATE),
            Slot("time", "Time", ("time", "appointment time", "start time", "appt time", "from"), Looks.TIME),
            Slot("ends_at", "End", ("end", "end time", "ends at", "to", "until", "finish"), Looks.ANY),
            Slot("minutes", "Length in minutes", ("duration", "minutes", "length", "mins", "duration minutes"), Looks.NUMBER),
            Slot("provider", "Provider",
                 ("provider", "practitioner", "doctor", "staff", "staff member", "therapist", "clinician", "calendar",
                  "resource", "with"), Looks.NAME),
            Slot("type", "Kind of visit",
                 ("appointment type", "type", "service", "treatment", "visit type", "reason for visit", "procedure"),
                 Looks.WORDS),
            Slot("status", "Status", ("status", "appointment status", "state", "visit status", "appt status"), Looks.WORDS,
                 ("appointments", "status")),
            Slot("location", "Location", ("location", "clinic", "office", "business", "branch", "facility"), Looks.WORDS),
        ),
        (("patient_id", "patient_name", "last_name"), ("starts_at", "date")),
        ("appointment", "schedule", "visit", "booking", "calendar", "appt"),
    ),
    "ledger": Wanted(
        "ledger", "Charges and payments",
        (
            Slot("entry_id", "Id of the line",
                 ("invoice", "invoice #", "invoice number", "transaction id", "receipt", "line id", "id", "reference",
                  "txn"), Looks.ID),
            _PATIENT_ID, _PATIENT_NAME, _FIRST, _LAST, _PHONE, _EMAIL,
            Slot("posted_on", "Date",
                 ("date", "posted", "posting date", "transaction date", "invoice date", "service date", "date of service"),
                 Looks.DATE),
            Slot("charge", "Amount charged", ("charge", "charges", "amount charged", "total", "fee", "billed", "price"),
                 Looks.MONEY),
            Slot("payment", "Amount paid",
                 ("payment", "paid", "amount paid", "collected", "received", "patient payment", "payments"), Looks.MONEY),
            Slot("adjustment", "Amount adjusted", ("adjustment", "write off", "discount", "adjustments"), Looks.MONEY),
            Slot("description", "What it was for", ("description", "item", "items", "service", "procedure", "memo"),
                 Looks.ANY),
        ),
        (("patient_id", "patient_name", "last_name"), ("posted_on",), ("charge", "payment", "adjustment")),
        ("ledger", "sale", "invoice", "transaction", "payment", "billing", "charge", "account"),
    ),
}  # fmt: skip
