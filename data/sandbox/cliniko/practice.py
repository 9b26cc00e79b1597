"""The generated practice in Cliniko's words, read from the folder of its export.

A charge of the patient's part is an invoice; what the patient has paid settles the oldest ones. Payments, plans, cards
and insurance have no place there. A class with its attendees is added, which the export has no word for.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Record = dict[str, Any]
Row = dict[str, str]

BASE = "https://api.us1.cliniko.com/v1"
FIRST_ID = 1_690_000_000_000_000_000
_BLOCK = 10_000_000_000
_KINDS = (
    "businesses",
    "practitioners",
    "appointment_types",
    "billable_items",
    "appointment_type_billable_items",
    "patients",
    "individual_appointments",
    "group_appointments",
    "attendees",
    "invoices",
)
_STATUS_WORDS = {10: "Open", 20: "Paid", 30: "Closed", 40: "Open (credit)"}
_IN_CLASS = 6
_LONG_AGO = timedelta(days=900)


def record_id(kind: str, number: int) -> str:
    return str(FIRST_ID + _KINDS.index(kind) * _BLOCK + number)


def link(kind: str, its_id: str) -> Record:
    """A reference, as Cliniko writes one."""
    return {"links": {"self": f"{BASE}/{kind}/{its_id}"}}


def from_export(folder: Path, now: datetime) -> dict[str, list[Record]]:
    """Cliniko's records by resource. A folder without an export is a practice without anybody."""
    return _Translation(folder, now).everything()


class _Translation:
    """Ids are given in the order of the export's rows, so the same export gives the same records."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.folder, self.now = folder, now
        self.ids: dict[str, dict[str, str]] = defaultdict(dict)
        self.zones: dict[str, str] = {}
        self.at: dict[str, str] = {}  # provider or patient of the export → its location there
        self.made: dict[str, list[Record]] = {}

    def everything(self) -> dict[str, list[Record]]:
        steps: tuple[tuple[str, str, Callable[[Row], Record | None]], ...] = (
            ("locations", "businesses", self._business),
            ("providers", "practitioners", self._practitioner),
            ("services", "billable_items", self._billable_item),
            ("appointment_types", "appointment_types", self._type),
            ("patients", "patients", self._patient),
            ("appointments", "individual_appointments", self._visit),
        )
        for file, kind, translate in steps:
            self.made[kind] = [made for row in self._rows(file) if (made := translate(row)) is not None]
        self._prices()
        self.made["invoices"] = self._invoices()
        self._class()
        return self.made

    def _rows(self, file: str) -> Iterator[Row]:
        path = self.folder / f"{file}.csv"
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as opened:
                yield from csv.DictReader(opened)

    def _new(self, kind: str, theirs: str) -> str:
        given = self.ids[kind]
        return given.setdefault(theirs, record_id(kind, len(given) + 1))

    def _stamped(
        self, kind: str, its_id: str, fields: Record, made: datetime, changed: datetime | None = None
    ) -> Record:
        made = min(made, self.now)
        changed = min(max(changed or made, made), self.now)
        stamps = {"created_at": _moment(made), "updated_at": _moment(changed)}
        return {"id": its_id, **fields, **stamps, "links": {"self": f"{BASE}/{kind}/{its_id}"}}

    def _long_ago(self, kind: str) -> datetime:
        """Records of the beginning were made a minute after one another."""
        return self.now - _LONG_AGO + timedelta(minutes=len(self.ids[kind]))

    def _business(self, row: Row) -> Record:
        its_id = self._new("businesses", row["location_id"])
        self.zones[row["location_id"]] = row["time_zone"]
        fields = {
            "business_name": row["name"],
            "display_name": row["name"],
            "address_1": row["address"],
            "contact_information": row["phone"],
            "email_reply_to": row["email"],
            "time_zone_identifier": row["time_zone"],
        }
        return self._stamped("businesses", its_id, fields, self._long_ago("businesses"))

    def _practitioner(self, row: Row) -> Record:
        its_id = self._new("practitioners", row["provider_id"])
        self.at[row["provider_id"]] = row["location_id"]
        title, _, rest = (
            row["name"].partition(" ") if row["name"].startswith("Dr ") else ("", "", row["name"])
        )
        first, _, last = rest.rpartition(" ")
        fields = {"title": title, "first_name": first, "last_name": last, "display_name": row["name"]}
        return self._stamped(
            "practitioners", its_id, fields | {"active": True}, self._long_ago("practitioners")
        )

    def _billable_item(self, row: Row) -> Record:
        its_id = self._new("billable_items", row["service_id"])
        fields = {"item_code": row["code"], "name": row["name"], "price": _money(row["price"])}
        return self._stamped("billable_items", its_id, fields, self._long_ago("billable_items"))

    def _type(self, row: Row) -> Record:
        its_id = self._new("appointment_types", row["appointment_type_id"])
        fields = {
            "name": row["name"],
            "duration_in_minutes": int(row["minutes"]),
            "category": row["service_class"],
            "max_attendees": 1,
            "archived_at": None,
            "deposit_price": None,
            "online_payments_mode": "optional",
        }
        self.made.setdefault("prices", []).append(
            {"type": its_id, "name": row["name"], "price": row["price"]}
        )
        return self._stamped("appointment_types", its_id, fields, self._long_ago("appointment_types"))

    def _prices(self) -> None:
        """What a type costs is said by billable items: the one of that price, else one of its own."""
        by_price = {item["price"]: item["id"] for item in reversed(self.made["billable_items"])}
        links: list[Record] = []
        for priced in self.made.pop("prices", []):
            if not priced["price"]:
                continue
            price = _money(priced["price"])
            if price not in by_price:
                item = self._new("billable_items", f"type {priced['type']}")
                made = {"item_code": "", "name": priced["name"], "price": price}
                self.made["billable_items"].append(
                    self._stamped("billable_items", item, made, self._long_ago("billable_items"))
                )
                by_price[price] = item
            its_id = self._new("appointment_type_billable_items", priced["type"])
            fields = {
                "appointment_type": link("appointment_types", priced["type"]),
                "billable_item": link("billable_items", by_price[price]),
            }
            made_at = self._long_ago("appointment_type_billable_items")
            links.append(self._stamped("appointment_type_billable_items", its_id, fields, made_at))
        self.made["appointment_type_billable_items"] = links

    def _patient(self, row: Row) -> Record:
        its_id = self._new("patients", row["patient_id"])
        self.at[row["patient_id"]] = row["location_id"]
        mobile = row["mobile_phone"]
        texts, mails = _yes_no(row["text_consent"]), _yes_no(row["email_consent"])
        reminders = " & ".join(word for word, wanted in (("SMS", texts), ("Email", mails)) if wanted)
        fields = {
            "first_name": row["first_name"],
            "preferred_first_name": None,
            "last_name": row["last_name"],
            "date_of_birth": row["birth_date"] or None,
            "email": row["email"] or None,
            "patient_phone_numbers": [
                {"phone_type": "Mobile", "number": mobile, "normalized_number": mobile.removeprefix("+")}
            ]
            if mobile
            else [],
            "accepted_sms_marketing": texts,
            "accepted_email_marketing": mails,
            "accepted_privacy_policy": None,
            "reminder_type": reminders or "None",
            "time_zone": None,
            "archived_at": _moment(self.now - timedelta(days=30)) if row["active"] == "false" else None,
            "merged_at": None,
            "merged_with_patient": None,
            "old_reference_id": row["patient_id"],
            "notes": "Invented; Huddle must not keep this.",
        }
        return self._stamped("patients", its_id, fields, self._long_ago("patients"))

    def _visit(self, row: Row) -> Record:
        its_id = self._new("individual_appointments", row["appointment_id"])
        place = self.at.get(row["provider_id"]) or self.at[row["patient_id"]]
        starts = self._instant(row["starts_at"], place)
        ends = starts + timedelta(minutes=int(row["minutes"] or 15))
        off = row["status"] in ("cancelled", "rescheduled")
        fields = {
            "starts_at": _moment(starts),
            "ends_at": _moment(ends),
            "patient_arrived": row["status"] in ("arrived", "completed"),
            "did_not_arrive": row["status"] == "no_show",
            "cancelled_at": _moment(min(starts - timedelta(hours=20), self.now)) if off else None,
            "cancellation_reason": 50 if off else None,
            "cancellation_reason_description": "",
            "archived_at": None,
            "deleted_at": None,
            "invoice_status": None,
            "notes": None,
            "repeat_rule": {},
            "appointment_type": self._ref("appointment_types", row["appointment_type_id"]),
            "business": self._ref("businesses", place),
            "practitioner": self._ref("practitioners", row["provider_id"]),
            "patient": self._ref("patients", row["patient_id"]),
        }
        made = starts - timedelta(days=14)
        changed = starts if fields["patient_arrived"] or fields["did_not_arrive"] else made
        return self._stamped("individual_appointments", its_id, fields, made, changed)

    def _invoices(self) -> list[Record]:
        paid: dict[str, Decimal] = defaultdict(Decimal)
        charges: list[Row] = []
        for row in self._rows("ledger"):
            if row["part"] == "patient" and row["kind"] == "charge":
                charges.append(row)
            elif row["part"] == "patient":
                paid[row["patient_id"]] += Decimal(row["amount"]) * (-1 if row["kind"] == "refund" else 1)
        charges.sort(key=lambda row: (row["posted_on"], row["entry_id"]))
        return [self._invoice(number, row, paid) for number, row in enumerate(charges, 100)]

    def _invoice(self, number: int, row: Row, paid: dict[str, Decimal]) -> Record:
        its_id = self._new("invoices", row["entry_id"])
        amount = Decimal(row["amount"])
        settled = paid[row["patient_id"]] >= amount
        if settled:
            paid[row["patient_id"]] -= amount
        place = self.at[row["patient_id"]]
        issued = self._instant(f"{row['posted_on']}T12:00", place)
        closed = min(issued + timedelta(hours=2), self.now)
        status = 20 if settled else 10
        fields = {
            "number": number,
            "issue_date": row["posted_on"],
            "total_amount": _money(row["amount"]),
            "tax_amount": "0.0",
            "net_amount": _money(row["amount"]),
            "discounted_amount": "0.0",
            "status": status,
            "status_description": _STATUS_WORDS[status],
            "invoice_to": "",
            "closed_at": _moment(closed) if settled else None,
            "deleted_at": None,
            "patient": self._ref("patients", row["patient_id"]),
            "practitioner": None,
            "business": self._ref("businesses", place),
            "appointment": self._ref("individual_appointments", row["appointment_id"])
            if row["appointment_id"]
            else None,
        }
        return self._stamped("invoices", its_id, fields, issued, closed if settled else issued)

    def _class(self) -> None:
        """One class today at noon, whose first patients come; the last of them has cancelled."""
        self.made["group_appointments"], self.made["attendees"] = [], []
        if not self.made["patients"] or not self.made["practitioners"] or not self.made["businesses"]:
            return
        kind = self._new("appointment_types", "class")
        described = {"name": "Posture class", "duration_in_minutes": 45, "category": "class"}
        described |= {"max_attendees": 8, "archived_at": None, "deposit_price": None}
        self.made["appointment_types"].append(
            self._stamped("appointment_types", kind, described, self._long_ago("appointment_types"))
        )
        place = next(iter(self.zones))
        starts = self._instant(f"{self.now.astimezone(ZoneInfo(self.zones[place])):%Y-%m-%d}T12:00", place)
        group = self._new("group_appointments", "class")
        coming = self.made["patients"][:_IN_CLASS]
        fields = {
            "starts_at": _moment(starts),
            "ends_at": _moment(starts + timedelta(minutes=45)),
            "max_attendees": 8,
            "archived_at": None,
            "cancelled_at": None,
            "deleted_at": None,
            "appointment_type": link("appointment_types", kind),
            "business": self._ref("businesses", place),
            "practitioner": link("practitioners", self.made["practitioners"][0]["id"]),
            "patient_ids": [patient["id"] for patient in coming],
        }
        booked = starts - timedelta(days=7)
        self.made["group_appointments"].append(self._stamped("group_appointments", group, fields, booked))
        for number, patient in enumerate(coming, 1):
            its_id = self._new("attendees", f"class {number}")
            off = number == _IN_CLASS
            attending = {
                "arrived": False,
                "cancelled_at": _moment(self.now - timedelta(hours=1)) if off else None,
                "archived_at": None,
                "deleted_at": None,
                "booking": link("group_appointments", group),
                "patient": link("patients", patient["id"]),
            }
            made = booked + timedelta(minutes=number)
            self.made["attendees"].append(self._stamped("attendees", its_id, attending, made))

    def _ref(self, kind: str, theirs: str) -> Record | None:
        return link(kind, self.ids[kind][theirs]) if theirs in self.ids[kind] else None

    def _instant(self, local: str, place: str) -> datetime:
        moment = datetime.fromisoformat(local)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.zones[place]))


def _moment(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _money(dollars: str) -> str | None:
    """`65.00` → `"65.0"`: at least one decimal, no more than needed."""
    if not dollars:
        return None
    text = f"{Decimal(dollars):.2f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def _yes_no(word: str) -> bool | None:
    return {"true": True, "false": False}.get(word)
