"""The invoice as the patient will see it: what stands on it, before it is made and after. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from core import clock
from core.invoices.reports import invoice_of_link, propose_lines
from core.invoices.rules import DUE_DAYS, Choice, clean_note, lines_of, total_cents
from core.links.models import Link
from core.links.rules import LIVE
from core.messages.addresses import shown
from core.messages.models import Letterhead
from core.patients.models import Patient
from core.patients.reports import patient_of, place_of
from core.permissions import Identity, Permission, require
from core.practice.models import Location
from core.staff.reports import practice_name


@dataclass(frozen=True, slots=True)
class PaperLine:
    """served_on None: not dated. cents: asked for; left_cents: what stays open of it and is not asked for now."""

    name: str
    served_on: date | None
    cents: int
    left_cents: int = 0


@dataclass(frozen=True, slots=True)
class InvoicePaper:
    """Everything on the sheet. number "" and pay_at "": not made yet. Amounts in cents. state: "" or a word for a
    stamp (paid, void …)."""

    practice: str
    phone: str
    address: str
    patient: str
    number: str
    made_on: date
    due_on: date
    lines: tuple[PaperLine, ...]
    total_cents: int
    paid_cents: int
    note: str
    pay_at: str
    state: str

    @property
    def remains_cents(self) -> int:
        return max(0, self.total_cents - self.paid_cents)


def preview_paper(
    session: Session,
    actor: Identity,
    *,
    patient_id: int,
    choices: Sequence[Choice],
    due_on: date | None = None,
    note: str = "",
    as_of: datetime | None = None,
) -> InvoicePaper:
    """The sheet that `create_invoice` would make of the same choices. Raises as it does; writes nothing."""
    require(actor.role, Permission.COLLECT)
    patient = patient_of(session, actor, patient_id)
    proposal = propose_lines(session, actor, patient_id, as_of or clock.now())
    lines = lines_of(
        choices,
        proposal.charges,
        proposal.services,
        insurer_entries=proposal.insurer_entries,
        visit=proposal.visit,
        today=proposal.today,
    )
    practice, phone, address = _head(session, place_of(session, patient))
    return InvoicePaper(
        practice=practice,
        phone=phone,
        address=address,
        patient=_name(patient),
        number="",
        made_on=proposal.today,
        due_on=due_on or proposal.today + timedelta(days=DUE_DAYS),
        lines=tuple(PaperLine(one.name, one.served_on, one.cents, one.left_cents) for one in lines),
        total_cents=total_cents(lines),
        paid_cents=0,
        note=clean_note(note),
        pay_at="",
        state="",
    )


def paper_of(session: Session, actor: Identity | None, link_id: int) -> InvoicePaper:
    """The sheet of an invoice that was made. Raises NotFound."""
    sheet = invoice_of_link(session, link_id)
    link = session.get_one(Link, link_id)
    patient = patient_of(session, actor, link.patient_id)
    practice, phone, address = _head(session, place_of(session, patient))
    return InvoicePaper(
        practice=practice,
        phone=phone,
        address=address,
        patient=_name(patient),
        number=sheet.number,
        made_on=sheet.made_on,
        due_on=sheet.due_on,
        lines=tuple(PaperLine(*line) for line in sheet.lines),
        total_cents=sheet.total_cents,
        paid_cents=sheet.paid_cents,
        note=sheet.note,
        pay_at=sheet.pay_at if sheet.state in LIVE else "",
        state="" if sheet.state in LIVE else sheet.state,
    )


def _name(patient: Patient) -> str:
    return f"{patient.first_name} {patient.last_name}".strip()


def _head(session: Session, place: Location) -> tuple[str, str, str]:
    """Name, phone and address of the practice: its letterhead, else what the EHR says of the location."""
    heads = session.exec(
        select(Letterhead).where(Letterhead.practice_id == place.practice_id).order_by(col(Letterhead.id))
    ).all()
    fitting = [head for head in heads if head.location_id == place.id]
    fitting += [head for head in heads if head.location_id is None]

    def first(*texts: str | None) -> str:
        return next((text.strip() for text in texts if text and text.strip()), "")

    name = practice_name(session)
    return (
        first(*(head.name for head in fitting), name if name != "Huddle" else "", place.name),
        shown(first(*(head.phone for head in fitting), place.phone)),
        first(*(head.address for head in fitting), place.address),
    )
