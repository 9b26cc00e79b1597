"""Cliniko's records in the words of practice files (CONTRACTS §3), ready for the checks that files go through.

Statuses (Cliniko §6.1): archived, deleted or cancelled → cancelled; did not arrive → no_show; arrived and over →
completed; arrived → arrived; else scheduled. A word that is not among the documented ones is never guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from core import clock
from core.errors import BadInput
from core.integrations.cliniko import wire
from core.phones import e164

Cells = dict[str, str]
ATTENDEE = "attendee/"  # before the id of an attendee: both kinds of visits stand in one table
SETTLED = "/settled"  # after the id of an invoice: what settled it
OPEN, PAID, CLOSED, OPEN_CREDIT = 10, 20, 30, 40
CLOSED_MEANS = ("owed", "written_off", "paid")


class BadRecord(BadInput):
    """A record that means nothing as it stands. column: of our file; "" = the whole."""

    def __init__(self, column: str, sentence: str) -> None:
        super().__init__(sentence)
        self.column = column


@dataclass(slots=True)
class Setting:
    """What a record is read with. zones: of businesses, by id. zone: the account's. closed_means: one of CLOSED_MEANS.

    now: aware UTC. prices: of appointment types, by id. groups: group appointments, by id. merged: patient → the
    patient they were merged with.
    """

    zone: str
    now: datetime
    closed_means: str = "owed"
    zones: dict[str, str] = field(default_factory=dict)
    prices: dict[str, str] = field(default_factory=dict)
    groups: dict[str, wire.GroupAppointment] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)

    def patient(self, its_id: str | None) -> str:
        """The id under which a patient's rows stand: of whoever they were merged with, however often."""
        seen: set[str] = set()
        while its_id and its_id in self.merged and its_id not in seen:
            seen.add(its_id)
            its_id = self.merged[its_id]
        return its_id or ""


class Made(NamedTuple):
    """rows: (file, cells), the record's own first. withdrawn: (file, external id) that must not stand.

    aside: why it is no row for us, "" otherwise. merged_into: of a patient who is another one now.
    """

    rows: tuple[tuple[str, Cells], ...] = ()
    withdrawn: tuple[tuple[str, str], ...] = ()
    aside: str = ""
    merged_into: str = ""


def business(record: wire.Business, setting: Setting) -> Made:
    cells = {
        "location_id": record.id,
        "name": record.display_name or record.business_name or "",
        "time_zone": record.time_zone_identifier or setting.zone,
        "email": record.email_reply_to or "",
        "address": record.address_1 or "",
    }
    return Made((("locations", cells),))


def practitioner(record: wire.Practitioner, _setting: Setting) -> Made:
    parts = (record.title, record.first_name, record.last_name)
    name = record.display_name or " ".join(part for part in parts if part)
    return Made((("providers", {"provider_id": record.id, "name": name}),))


def billable_item(record: wire.BillableItem, _setting: Setting) -> Made:
    cells = {
        "service_id": record.id,
        "code": record.item_code or "",
        "name": record.name or record.item_code or "",
    }
    return Made((("services", cells | {"price": record.price or ""}),))


def appointment_type(record: wire.AppointmentType, setting: Setting) -> Made:
    """The category is the service class; the price is that of its billable items."""
    cells = {
        "appointment_type_id": record.id,
        "name": record.name or "",
        "minutes": str(record.duration_in_minutes or ""),
        "service_class": record.category or "",
        "price": setting.prices.get(record.id, ""),
    }
    return Made((("appointment_types", cells),))


def patient(record: wire.Patient, _setting: Setting) -> Made:
    if record.merged_with_patient:
        return Made(merged_into=record.merged_with_patient)
    texts, mails = _consents(record)
    cells = {
        "patient_id": record.id,
        "first_name": record.first_name or "",
        "last_name": record.last_name or "",
        "birth_date": record.date_of_birth or "",
        "email": record.email or "",
        "mobile_phone": _mobile(record.patient_phone_numbers or []),
        "active": "false" if record.archived_at else "true",
        "text_consent": texts,
        "email_consent": mails,
    }
    return Made((("patients", cells),))


def _consents(record: wire.Patient) -> tuple[str, str]:
    """A refusal counts, of messages or of reminders; an agreement to marketing is not one to everything: unknown."""
    reminders = (record.reminder_type or "").strip().casefold()
    texts = "false" if record.accepted_sms_marketing is False or reminders in ("none", "email") else ""
    mails = "false" if record.accepted_email_marketing is False or reminders in ("none", "sms") else ""
    return texts, mails


def _mobile(numbers: list[wire.Phone]) -> str:
    """The first mobile phone. The normalized form knows its country, the written one is read as a number of ours."""
    for phone in numbers:
        if (phone.phone_type or "").casefold() != "mobile":
            continue
        digits = (phone.normalized_number or "").removeprefix("+")
        if digits.isascii() and digits.isdecimal() and (known := e164(f"+{digits}")):
            return known
        if phone.number:
            return phone.number
    return ""


def individual_appointment(record: wire.IndividualAppointment, setting: Setting) -> Made:
    if not record.patient:
        return Made(aside="an appointment of nobody")
    status = _status(
        record.off, bool(record.did_not_arrive), bool(record.patient_arrived), _end(record), setting.now
    )
    return Made((("appointments", _visit(record.id, record, record.patient, status, setting)),))


def attendee(record: wire.Attendee, setting: Setting) -> Made:
    """Each attendee of a class is a visit of their own, at the class's time."""
    group = setting.groups.get(record.booking or "")
    if group is None:
        raise BadRecord(
            "", f"belongs to group appointment {record.booking or '(none)'}, which Cliniko does not have"
        )
    if not record.patient:
        return Made(aside="an attendee who is nobody yet")
    status = _status(record.off or group.off, False, bool(record.arrived), _end(group), setting.now)
    cells = _visit(f"{ATTENDEE}{record.id}", group, record.patient, status, setting)
    return Made((("appointments", cells),))


def _visit(
    key: str,
    at: wire.IndividualAppointment | wire.GroupAppointment,
    whose: str,
    status: str,
    setting: Setting,
) -> Cells:
    minutes = round((at.ends_at - at.starts_at).total_seconds() / 60) if at.ends_at else None
    return {
        "appointment_id": key,
        "patient_id": setting.patient(whose),
        "provider_id": at.practitioner or "",
        "appointment_type_id": at.appointment_type or "",
        "starts_at": at.starts_at.isoformat(),
        "minutes": "" if minutes is None else str(minutes),
        "status": status,
        "location_id": at.business or "",
    }


def _end(at: wire.IndividualAppointment | wire.GroupAppointment) -> datetime:
    return at.ends_at or at.starts_at


def _status(off: bool, absent: bool, arrived: bool, ends_at: datetime, now: datetime) -> str:
    if off:
        return "cancelled"
    if absent:
        return "no_show"
    if arrived:
        return "completed" if ends_at <= now else "arrived"
    return "scheduled"


def invoice(record: wire.Invoice, setting: Setting) -> Made:
    """A charge on the day of issue; one that is paid, or closed where that settles it, also has what settled it.

    An invoice below zero is a credit note: an adjustment, and what settled it a refund.
    """
    settled_id = f"{record.id}{SETTLED}"
    if record.deleted_at:
        return Made(withdrawn=(("ledger", record.id), ("ledger", settled_id)))
    amount = Decimal(record.total_amount) if record.total_amount is not None else None
    if amount is None:
        raise BadRecord("amount", "total_amount is missing")
    if not record.patient:
        return Made(aside="an invoice of nobody (a sale over the counter)")
    if amount == 0:
        return Made(aside="zero amount", withdrawn=(("ledger", record.id), ("ledger", settled_id)))
    settles = _settles(record, setting)
    words = f"Invoice {record.number or record.id}"
    base = {"patient_id": setting.patient(record.patient), "part": "patient", "amount": f"{abs(amount):.2f}"}
    own = base | {
        "entry_id": record.id,
        "posted_on": record.issue_date or "",
        "kind": "charge" if amount > 0 else "adjustment",
        "appointment_id": record.appointment or "",
        "description": words,
    }
    if not settles:
        return Made((("ledger", own),), (("ledger", settled_id),))
    kind = settles if amount > 0 else "refund"
    settled = base | {
        "entry_id": settled_id,
        "posted_on": _settled_on(record, setting),
        "kind": kind,
        "appointment_id": "",
        "description": f"{words} {'paid' if kind != 'adjustment' else 'closed'}, as Cliniko says",
    }
    return Made((("ledger", own), ("ledger", settled)))


def _settles(record: wire.Invoice, setting: Setting) -> str:
    """The kind of entry that settles an invoice, "" for one that is owed. Raises BadRecord for an unknown status."""
    match record.status:
        case 10 | 40:
            return ""
        case 20:
            return "payment"
        case 30:
            return {"owed": "", "written_off": "adjustment", "paid": "payment"}[setting.closed_means]
    raise BadRecord(
        "",
        f"has the status {record.status} ({record.status_description or 'no words'}), which is not a known one",
    )


def _settled_on(record: wire.Invoice, setting: Setting) -> str:
    """The day it was closed at its business; Cliniko does not say when money came, so it is an estimate."""
    if record.closed_at is None:
        return record.issue_date or ""
    zone = setting.zones.get(record.business or "", setting.zone)
    return clock.local_date(record.closed_at, zone).isoformat()


Mapper = tuple[type[wire.Wire], Callable[..., Made]]
MAPPERS: Mapping[str, Mapper] = {
    "businesses": (wire.Business, business),
    "practitioners": (wire.Practitioner, practitioner),
    "billable_items": (wire.BillableItem, billable_item),
    "appointment_types": (wire.AppointmentType, appointment_type),
    "patients": (wire.Patient, patient),
    "individual_appointments": (wire.IndividualAppointment, individual_appointment),
    "attendees": (wire.Attendee, attendee),
    "invoices": (wire.Invoice, invoice),
}
