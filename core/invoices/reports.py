"""What of a patient's services can be invoiced now, and invoices as they were made. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core.dates import short_day
from core.dues.askable import because
from core.errors import NotFound
from core.findings.judge import Judged
from core.findings.owed import charges_left, owed
from core.invoices.models import Invoice, InvoiceLine
from core.invoices.rules import Ask, Charge, ServiceChoice, TodaysVisit, invoiceable, live_asks
from core.ledger.models import LedgerEntry, Part, Service
from core.links.history import payments_of
from core.links.models import Link
from core.links.new_link import open_links, say_open_link
from core.links.rules import LIVE, LinkKind, LinkState
from core.memberships.facts import Cover
from core.money import short_dollars
from core.patients.models import Patient
from core.patients.reports import patient_of
from core.payments.facts import net_by_payment
from core.permissions import Identity
from core.schedule.models import Appointment, AppointmentType
from core.store.base import table_of

_COUNTS = (*LIVE, LinkState.PAID)


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link the patient can still use, in a sentence."""

    link_id: int
    kind: str
    state: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ByLink:
    """A part of what is to be collected that a payment link asks for, so that it pays its plan or membership."""

    due: tuple[str, str]
    words: str
    cents: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the invoice form shows. visit: what today's visit adds. by_link: what else is to be collected now. charges: posted, the patient's own part, open, not on another invoice; empty: pick
    from `services`. insurer_entries: the insurer's charges, which are refused by name. said: why nothing is listed."""

    patient_id: int
    today: date
    time_zone: str
    charges: tuple[Charge, ...]
    services: tuple[ServiceChoice, ...]
    open_links: tuple[OpenLink, ...]
    insurer_entries: frozenset[int]
    said: str
    visit: TodaysVisit | None = None
    by_link: tuple[ByLink, ...] = ()

    @property
    def open_cents(self) -> int:
        return sum(charge.open_cents for charge in self.charges) + (self.visit.cents if self.visit else 0)


@dataclass(frozen=True, slots=True)
class InvoiceSheet:
    """An invoice with its lines, for pages and the PDF. Amounts in cents."""

    invoice_id: int
    link_id: int
    number: str
    title: str
    note: str
    made_on: date
    due_on: date
    lines: tuple[tuple[str, date | None, int], ...]  # name, served on, cents
    total_cents: int
    paid_cents: int
    state: str
    pay_at: str


def propose_lines(session: Session, actor: Identity | None, patient_id: int, as_of: datetime) -> Proposal:
    """What can be invoiced to this patient at an instant (aware UTC). Raises NotFound."""
    patient = patient_of(session, actor, patient_id)
    found = owed(session, patient, as_of, with_visit=True)
    facts = found.judged.facts
    invoices = _live_invoices(session, patient_id)
    visit = _todays_visit(session, found.judged, found.today, invoices)
    theirs = frozenset(p.id for _, _, payments in invoices for p in payments)
    left, unposted = charges_left(facts, found.setting, theirs)
    waiting = {payment.id for payment in unposted}
    asks = [ask for link, lines, payments in invoices for ask in _asks(link, lines, payments, waiting)]
    charges = invoiceable(left, asks, _names(session, [entry.id for entry, _ in left]))
    insurer = frozenset(entry.id for entry in facts.ledger if entry.part == Part.INSURER)
    return Proposal(
        patient_id=patient_id,
        today=found.today,
        time_zone=found.time_zone,
        charges=tuple(charges),
        services=tuple(service_list(session, patient)),
        open_links=tuple(
            OpenLink(link.id or 0, link.kind, link.state, say_open_link(link, as_of))
            for link in open_links(session, patient_id, LinkKind.INVOICE, LinkKind.PAY, as_of=as_of)
        ),
        insurer_entries=insurer,
        said="" if charges or visit else _why_none(found.judged, asks),
        visit=visit,
        by_link=tuple(_by_link(found.judged, found.today)),
    )


def _todays_visit(
    session: Session,
    judged: Judged,
    today: date,
    invoices: list[tuple[Link, Sequence[InvoiceLine], list]],  # type: ignore[type-arg]
) -> TodaysVisit | None:
    """What the visit at hand adds and no invoice asks for, or was paid for, yet."""
    if judged.visit is None:
        return None
    asked = sum(
        line.amount_cents
        for _, lines, _ in invoices
        for line in lines
        if line.ledger_entry_id is None and line.service_id is None and line.served_on == today
    )
    cents = min(judged.at_visit_cents - asked, judged.asking.account_cents)
    if cents <= 0:
        return None
    visit, kind = table_of(Appointment), table_of(AppointmentType)
    name = session.execute(
        select(kind.c.name)
        .join(visit, visit.c.appointment_type_id == kind.c.id)
        .where(visit.c.id == judged.visit.id)
    ).scalar()
    beyond = next(
        (
            finding.covers(judged.visit).words
            for _, finding in judged.memberships
            if finding.covers(judged.visit).cover is Cover.EXCESS
        ),
        "",
    )
    return TodaysVisit(judged.visit.id, name or "Visit", today, cents, beyond)


def _by_link(judged: Judged, today: date) -> Iterator[ByLink]:
    for one in judged.asking.items:
        if one.item.kind != "visit" and one.cents > 0 and one.item.due_on <= today:
            what = "Plan payment" if one.item.kind == "instalment" else "Membership draft"
            yield ByLink(
                (one.item.kind, one.item.id), f"{what} due {short_day(one.item.due_on, today)}", one.cents
            )


def service_list(session: Session, patient: Patient) -> list[ServiceChoice]:
    """The practice's services by name, of the EHR the patient came from."""
    rows = session.exec(
        select_rows(Service)
        .where(Service.connection_id == patient.connection_id, col(Service.gone_at).is_(None))
        .order_by(col(Service.name), col(Service.id))
    )
    return [ServiceChoice(row.id or 0, row.code or "", row.name, row.price_cents) for row in rows]


def invoice_of_link(session: Session, link_id: int) -> InvoiceSheet:
    """The invoice behind a link. Raises NotFound."""
    found = session.exec(
        select_rows(Invoice, Link)
        .join(Link, col(Link.id) == Invoice.link_id)
        .where(Invoice.link_id == link_id)
    ).first()
    if found is None:
        raise NotFound("This invoice is not in the store any more. Go back and refresh the list.")
    invoice, link = found
    lines = _lines(session, invoice.id or 0)
    return InvoiceSheet(
        invoice_id=invoice.id or 0,
        link_id=link_id,
        number=invoice.number,
        title=invoice.title,
        note=invoice.note,
        made_on=invoice.made_on,
        due_on=invoice.due_on,
        lines=tuple((line.name, line.served_on, line.amount_cents) for line in lines),
        total_cents=sum(line.amount_cents for line in lines),
        paid_cents=link.paid_cents,
        state=link.state,
        pay_at=link.url or "",
    )


def _lines(session: Session, invoice_id: int) -> Sequence[InvoiceLine]:
    return session.exec(
        select_rows(InvoiceLine)
        .where(InvoiceLine.invoice_id == invoice_id)
        .order_by(col(InvoiceLine.position))
    ).all()


def _live_invoices(session: Session, patient_id: int) -> list[tuple[Link, Sequence[InvoiceLine], list]]:  # type: ignore[type-arg]
    rows = session.exec(
        select_rows(Link, Invoice)
        .join(Invoice, col(Invoice.link_id) == Link.id)
        .where(Link.patient_id == patient_id, Link.kind == LinkKind.INVOICE, col(Link.state).in_(_COUNTS))
        .order_by(col(Link.id))
    ).all()
    return [(link, _lines(session, invoice.id or 0), payments_of(session, link)) for link, invoice in rows]


def _asks(link: Link, lines: Sequence[InvoiceLine], payments: list, waiting: set[int]) -> list[Ask]:  # type: ignore[type-arg]
    nets = net_by_payment(payments)
    unposted = sum(max(0, nets[payment.id]) for payment in payments if payment.id in waiting)
    asked = [(line.ledger_entry_id, line.amount_cents) for line in lines]
    unpaid = max(0, link.amount_cents - link.paid_cents) if link.state in LIVE else 0
    return live_asks(asked, unpaid_cents=unpaid, unposted_cents=min(unposted, link.paid_cents))


def _names(session: Session, entry_ids: Sequence[int]) -> dict[int, tuple[str, int | None]]:
    """Service name and id by ledger entry; a charge without a service is called by its description."""
    entry, service = table_of(LedgerEntry), table_of(Service)
    rows = session.execute(
        select(entry.c.id, entry.c.description, service.c.name, service.c.id)
        .select_from(entry.outerjoin(service, entry.c.service_id == service.c.id))
        .where(entry.c.id.in_(list(entry_ids)))
    )
    return {
        key: (name or description or "Service", service_id) for key, description, name, service_id in rows
    }


def _why_none(judged: Judged, asks: Sequence[Ask]) -> str:
    """What is open all the same, and why it is not asked for here; how to ask for something new."""
    new = "Pick from the service list for something new."
    if asks:
        return f"Everything that is open stands on an invoice already. {new}"
    held = because(judged.asking.left_out)
    pending = judged.balance.insurance_pending_cents
    parts = [
        "No service is open for the patient." if held or pending else "Nothing is open for the patient.",
        held,
        f"{short_dollars(pending)} is with the insurance." if pending > 0 else "",
        new,
    ]
    return " ".join(part for part in parts if part)
