"""The patient card: everything Huddle knows of one patient, from the same rules as the morning (LOOK, patient card)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import select
from sqlmodel import Session

from core import clock
from core.cards.models import Card
from core.connections.models import Connection
from core.dates import short_day
from core.errors import NotFound
from core.findings.facts import PatientFacts
from core.findings.gather import gather
from core.findings.judge import Setting, judge
from core.findings.owed import visit_at_hand
from core.findings.setting import setting_of
from core.ledger.models import LedgerEntry, Service
from core.memberships.choices import ChoiceKind
from core.memberships.standing_choices import choice_history, plans_for_sale
from core.memberships.words import CHOICE_WORDS
from core.messages.consent_words import last_words
from core.messages.models import Channel
from core.patient_card.panels import (
    card_lines,
    coverage_lines,
    desk_lines,
    desk_offers,
    membership_panel,
    payment_lines,
    plan_panel,
    timeline,
    visit_line,
)
from core.patient_card.rows import (
    ContactPanel,
    FamilyMember,
    LedgerLine,
    LinkedAccount,
    Moment,
    PatientCard,
    VisitLine,
)
from core.patients.models import LinkProposal, LinkState, Patient, ProcessorContact
from core.payments.facts import PaymentFacts
from core.payments.models import Payment
from core.plans.versions import old_terms
from core.practice.models import Location
from core.practice.reports import locations
from core.reports.head import source_cells
from core.reports.links import links_of_patient, timeline_entries
from core.reports.patient_row import patient_row
from core.reports.rows import PatientRow
from core.reports.say import speaks
from core.schedule.models import Appointment, AppointmentType, Provider
from core.severity import Severity
from core.store.base import table_of
from core.tasks.from_findings import Findings, findings_of
from core.tasks.refresh import see
from core.tasks.reports import QuickTask, payers_of, quick_stop

QUICK_STOP = 3
LEDGER_ROWS = 100


def patient_card(session: Session, key: int, as_of: datetime) -> PatientCard:
    """Everything about the patient with store id `key` at an instant (aware UTC). Raises NotFound.

    The visit at hand is today's first open one, else none; days are those of the patient's location.
    """
    person = session.get(Patient, key)
    if person is None or person.gone_at is not None:
        raise NotFound("This patient is not in the store any more. Go back and refresh the list.")
    place = _place(session, person)
    setting = setting_of(session, place, as_of)
    facts = gather(session, [key], as_of=as_of, time_zone=place.time_zone, whole=True)[key]
    at_hand = visit_at_hand(facts.visits, setting)
    judged = judge(facts, setting, at_hand)
    row = patient_row(judged)
    former = old_terms(session, [one.record.plan.id for one in judged.plans])
    on_sale = plans_for_sale(session) if judged.memberships else ()
    names = _visit_names(session, [visit.id for visit in facts.visits])
    visits = tuple(
        visit_line(visit, judged, setting, names)
        for visit in sorted(facts.visits, key=lambda one: one.starts_at, reverse=True)
    )
    payments = payment_lines(
        _payments(facts), _sources(session, Payment, [one.id for one in _payments(facts)])
    )
    return PatientCard(
        row=row,
        as_of=as_of,
        day=setting.today,
        time_zone=place.time_zone,
        contact=_contact(session, person, place, setting.today),
        quick_stop=_quick_stop(row),
        today=_today(visits, setting),
        missing=row.missing_payments,
        ledger=_ledger(session, key),
        plans=tuple(
            plan_panel(
                one, _payer(session, one.record.plan.payer_id, one.family), setting, former, judged.matches
            )
            for one in judged.plans
        ),
        memberships=tuple(
            membership_panel(record, found, on_sale, as_of, judged.facts.recurrings)
            for record, found in judged.memberships
        ),
        cards=card_lines(judged, setting, _sources(session, Card, [card.id for card in facts.cards])),
        payments=payments,
        coverages=coverage_lines(judged, setting),
        visits=visits,
        timeline=timeline(
            payments,
            visits,
            [*_links(session, key), *_asked(session, key), *_decided(session, facts, setting)],
        ),
        sources=source_cells(session, as_of),
        links=tuple(links_of_patient(session, None, key, as_of=as_of)),
        desk_offers=desk_offers(judged),
        desk=desk_lines(judged, setting),
        untold=_UNTOLD if setting.at_most(person.connection_id) else "",
        tasks=_tasks(session, key, findings_of(judged, setting), setting),
    )


_UNTOLD = "Unknown: this EHR tells neither plans nor memberships."


def _tasks(session: Session, key: int, now: Findings, setting: Setting) -> tuple[QuickTask, ...]:
    """The tasks of the patient and of who pays, as the same rules at the same instant see them."""
    payers = {one.patient_id: one.findings for one in see(session, payers_of(session, key), setting)}
    return tuple(quick_stop(session, key, now, payers))


def _place(session: Session, person: Patient) -> Location:
    places = locations(session)
    if not places:
        raise NotFound("This practice has no location yet. Import locations.csv first.")
    return next((place for place in places if place.id == person.location_id), places[0])


def _today(visits: Sequence[VisitLine], setting: Setting) -> tuple[VisitLine, ...]:
    today = [line for line in visits if clock.local_date(line.starts_at, setting.time_zone) == setting.today]
    return tuple(reversed([line for line in today if line.status not in ("cancelled", "rescheduled")]))


def _quick_stop(row: PatientRow) -> tuple[tuple[Severity, str], ...]:
    told = [(flag.severity, flag.reason) for flag in row.flags if speaks(flag)]
    return tuple(told[:QUICK_STOP])


def _payments(facts: PatientFacts) -> list[PaymentFacts]:
    found = {payment.id: payment for payment in facts.payments}
    for record in facts.plans:
        found.update((payment.id, payment) for payment in record.payments)
    return list(found.values())


def _contact(session: Session, person: Patient, place: Location, today: date) -> ContactPanel:
    said = last_words(session, person, place.time_zone, today)
    return ContactPanel(
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=person.birth_date,
        age=relativedelta(today, person.birth_date).years if person.birth_date else None,
        mobile_phone=person.mobile_phone,
        email=person.email,
        text_consent=person.text_consent,
        email_consent=person.email_consent,
        text_said=said[Channel.TEXT].words,
        email_said=said[Channel.EMAIL].words,
        active=person.active,
        location_name=place.name,
        family=_family(session, person),
        accounts=_accounts(session, person.id or 0),
    )


def _family(session: Session, person: Patient) -> tuple[FamilyMember, ...]:
    table = table_of(Patient)
    columns = (table.c.id, table.c.external_id, table.c.first_name, table.c.last_name)
    found = []
    for where, relation in (
        (table.c.id == person.guarantor_id, "pays for this patient"),
        (table.c.guarantor_id == person.id, "is paid for by this patient"),
    ):
        rows = session.execute(
            select(*columns).where(where, table.c.id != person.id, table.c.gone_at.is_(None))
        )
        found += [
            FamilyMember(key, ref, f"{first} {last}".strip(), relation) for key, ref, first, last in rows
        ]
    return tuple(found)


def _accounts(session: Session, key: int) -> tuple[LinkedAccount, ...]:
    contact, connection, proposal = table_of(ProcessorContact), table_of(Connection), table_of(LinkProposal)
    columns = (connection.c.name, contact.c.external_id, contact.c.first_name, contact.c.last_name)
    linked = select(*columns, contact.c.linked_by).join_from(
        contact, connection, contact.c.connection_id == connection.c.id
    )
    found = [
        LinkedAccount(source, ref, f"{first} {last}".strip(), LinkState.LINKED, how)
        for source, ref, first, last, how in session.execute(linked.where(contact.c.patient_id == key))
    ]
    proposed = (
        select(*columns, proposal.c.evidence)
        .select_from(
            proposal.join(contact, proposal.c.contact_id == contact.c.id).join(
                connection, contact.c.connection_id == connection.c.id
            )
        )
        .where(proposal.c.patient_id == key, proposal.c.state == "open")
    )
    found += [
        LinkedAccount(source, ref, f"{first} {last}".strip(), LinkState.PROPOSED, evidence)
        for source, ref, first, last, evidence in session.execute(proposed)
    ]
    return tuple(found)


def _links(session: Session, key: int) -> list[Moment]:
    contact, connection = table_of(ProcessorContact), table_of(Connection)
    rows = session.execute(
        select(contact.c.linked_at, connection.c.name, contact.c.linked_by)
        .join_from(contact, connection, contact.c.connection_id == connection.c.id)
        .where(contact.c.patient_id == key, contact.c.linked_at.is_not(None))
    )
    return [Moment(at, "link", f"Linked to {source} ({how})", None) for at, source, how in rows]


def _asked(session: Session, key: int) -> list[Moment]:
    """What became of the invoices and links the patient was sent."""
    return [Moment(*told) for told in timeline_entries(session, key)]


def _decided(session: Session, facts: PatientFacts, setting: Setting) -> list[Moment]:
    """What was decided about visits beyond a membership, and what of it was taken back."""
    moments = []
    for one in choice_history(session, [record.membership.id for record in facts.memberships]):
        day = short_day(clock.local_date(one.starts_at, setting.time_zone), setting.today)
        about = f"{day}: {CHOICE_WORDS[ChoiceKind(one.kind)]}"
        words = f"Decided for {about} ({one.chosen_by})"
        moments.append(Moment(one.chosen_at, "rule", words, one.cents))
        if one.undone_at is not None and one.undone_by:
            words = f"Took back what was decided for {about} ({one.undone_by})"
            moments.append(Moment(one.undone_at, "undo", words, None))
    return moments


def _payer(session: Session, payer_id: int | None, family: bool) -> str | None:
    if not family or payer_id is None:
        return None
    payer = session.get(Patient, payer_id)
    return f"{payer.first_name} {payer.last_name}".strip() if payer else None


def _ledger(session: Session, key: int) -> tuple[LedgerLine, ...]:
    entry, service = table_of(LedgerEntry), table_of(Service)
    rows = session.execute(
        select(
            entry.c.external_id,
            entry.c.posted_on,
            entry.c.kind,
            entry.c.part,
            entry.c.amount_cents,
            entry.c.description,
            service.c.name,
        )
        .select_from(entry.outerjoin(service, entry.c.service_id == service.c.id))
        .where(entry.c.patient_id == key, entry.c.gone_at.is_(None))
        .order_by(entry.c.posted_on.desc(), entry.c.id.desc())
        .limit(LEDGER_ROWS)
    )
    return tuple(
        LedgerLine(entry_id, posted_on, kind, part, cents, description or service_name or "")
        for entry_id, posted_on, kind, part, cents, description, service_name in rows
    )


def _visit_names(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    visit, provider, kind = table_of(Appointment), table_of(Provider), table_of(AppointmentType)
    rows = session.execute(
        select(visit.c.id, provider.c.name, kind.c.name)
        .select_from(
            visit.outerjoin(provider, visit.c.provider_id == provider.c.id).outerjoin(
                kind, visit.c.appointment_type_id == kind.c.id
            )
        )
        .where(visit.c.id.in_(list(ids)))
    )
    return {key: (provider_name or "", kind_name or "") for key, provider_name, kind_name in rows}


def _sources(session: Session, model: Any, ids: Sequence[int]) -> dict[int, str]:
    table, connection = table_of(model), table_of(Connection)
    rows = session.execute(
        select(table.c.id, connection.c.name)
        .join_from(table, connection, table.c.connection_id == connection.c.id)
        .where(table.c.id.in_(list(ids)))
    )
    return {key: name for key, name in rows}  # noqa: C416 - dict() of rows is no dict to the type checker
