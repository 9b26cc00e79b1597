"""Joining processor contacts to patients (DOMAIN §11): sure links, proposals, and a person's word above both.

A decision is a row: an accepted proposal, or a rejected one, which also stands for "not this patient" after an unlink.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, delete, func, or_, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core import clock
from core.audit.commands import record
from core.cards.models import Card
from core.connections.models import Connection
from core.errors import BadInput, NotFound
from core.matching.rules import PersonFacts, propose
from core.patients.models import LinkProposal, LinkState, Patient, ProcessorContact
from core.payments.models import Payment, Recurring
from core.permissions import Identity, Permission, require
from core.store.concerned import concern
from core.store.version import touch

SAME_EHR_ID = "same EHR id"
_CHUNK = 1_000

_CONTACT: Table = ProcessorContact.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_PATIENT: Table = Patient.__table__  # type: ignore[attr-defined]
_PROPOSAL: Table = LinkProposal.__table__  # type: ignore[attr-defined]
_FACTS = ("id", "first_name", "last_name", "email", "mobile_phone", "birth_date")


class LinkCounts(NamedTuple):
    """Contacts of a connection by state after linking; changed: how many got another patient than before."""

    linked: int = 0
    proposed: int = 0
    unlinked: int = 0
    changed: int = 0
    not_ours: int = 0


class _Open(NamedTuple):
    """A contact that no person has decided on."""

    facts: PersonFacts
    ehr_id: str | None
    patient_id: int | None
    link_state: str


def link_contacts(session: Session, connection_id: int) -> LinkCounts:
    """Make the sure links and the proposals of one connection's contacts, leaving every person's decision alone.

    What rests on a contact (cards, drafts, payments) gets the contact's patient. Raises NotFound.
    """
    connection = session.get(Connection, connection_id)
    if connection is None:
        raise NotFound(f"There is no connection {connection_id}.")
    changed = 0
    undecided = _undecided(session, connection_id)
    for start in range(0, len(undecided), _CHUNK):
        changed += _link(session, undecided[start : start + _CHUNK], connection.practice_id)
    session.expire_all()  # rows were changed by statements; what the session holds of them is old
    if changed:
        spread_patients(session, connection_id)
        touch(session)
    states = session.execute(
        select(_CONTACT.c.link_state, func.count())
        .where(_CONTACT.c.connection_id == connection_id, _CONTACT.c.gone_at.is_(None))
        .group_by(_CONTACT.c.link_state)
    )
    counted = {str(state).replace(" ", "_"): int(count) for state, count in states}
    return LinkCounts(**counted, changed=changed)


def accept_link(session: Session, actor: Identity, *, proposal_id: int) -> None:
    """This contact is that patient. Raises NotAllowed, NotFound; BadInput when somebody decided otherwise meanwhile."""
    require(actor.role, Permission.LINK_RECORDS)
    proposal, contact = _proposal(session, actor, proposal_id)
    if contact.link_state == LinkState.LINKED and contact.patient_id != proposal.patient_id:
        raise BadInput("This record has been linked to another patient meanwhile. Unlink it first.")
    link_by_hand(session, actor, contact_id=proposal.contact_id, patient_id=proposal.patient_id)


def reject_link(session: Session, actor: Identity, *, proposal_id: int) -> None:
    """This contact is not that patient, and will not be proposed again. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.LINK_RECORDS)
    proposal, contact = _proposal(session, actor, proposal_id)
    if proposal.state == "accepted":
        raise BadInput("This record has been linked to that patient meanwhile. Unlink it first.")
    _decide(session, actor, proposal.contact_id, proposal.patient_id, "rejected")
    if contact.link_state == LinkState.PROPOSED and not _open_proposals(session, proposal.contact_id):
        contact.link_state = LinkState.UNLINKED
        session.add(contact)
    audit_link(session, actor, "link rejected", proposal.contact_id, proposal.patient_id)


def link_by_hand(session: Session, actor: Identity, *, contact_id: int, patient_id: int) -> None:
    """A person says who this contact is, proposal or not. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.LINK_RECORDS)
    contact = contact_of(session, actor, contact_id)
    _require_patient(session, actor, patient_id)
    _decide(session, actor, contact_id, patient_id, "accepted")
    session.execute(
        delete(_PROPOSAL).where(_PROPOSAL.c.contact_id == contact_id, _PROPOSAL.c.state == "open")
    )
    give_patient(session, contact, patient_id, actor.display_name or actor.username)
    audit_link(session, actor, "contact linked", contact_id, patient_id)


def unlink(session: Session, actor: Identity, *, contact_id: int) -> None:
    """Take a link back; what rests on the contact is nobody's again, and the pair is not linked again by itself.

    Raises NotAllowed, NotFound; BadInput when it is not linked.
    """
    require(actor.role, Permission.LINK_RECORDS)
    contact = contact_of(session, actor, contact_id)
    if contact.patient_id is None:
        raise BadInput("This record is not linked.")
    patient_id = contact.patient_id
    _decide(session, actor, contact_id, patient_id, "rejected")
    give_patient(session, contact, None, "")
    audit_link(session, actor, "contact unlinked", contact_id, patient_id)


def spread_patients(session: Session, connection_id: int, contact_ref: str | None = None) -> None:
    """Give cards, drafts and payments the patient of their contact: of one contact, or of all of a connection."""
    for model in (Card, Recurring, Payment):
        table: Table = model.__table__  # type: ignore[attr-defined]
        of_contact = (
            select(_CONTACT.c.patient_id)
            .where(
                _CONTACT.c.connection_id == table.c.connection_id,
                _CONTACT.c.external_id == table.c.contact_ref,
            )
            .scalar_subquery()
        )
        which = (
            table.c.contact_ref.is_not(None) if contact_ref is None else table.c.contact_ref == contact_ref
        )
        session.execute(
            update(table)
            .where(
                table.c.connection_id == connection_id, which, table.c.patient_id.is_distinct_from(of_contact)
            )
            .values(patient_id=of_contact)
        )


def _undecided(session: Session, connection_id: int) -> list[_Open]:
    rows = session.execute(
        select(
            *(_CONTACT.c[name] for name in _FACTS),
            _CONTACT.c.ehr_id,
            _CONTACT.c.patient_id,
            _CONTACT.c.link_state,
        )
        .where(
            _CONTACT.c.connection_id == connection_id,
            _CONTACT.c.gone_at.is_(None),
            _CONTACT.c.link_state != LinkState.NOT_OURS,
            or_(_CONTACT.c.link_state != LinkState.LINKED, _CONTACT.c.linked_by == SAME_EHR_ID),
        )
        .order_by(_CONTACT.c.id)
    )
    return [_Open(PersonFacts._make(row[:6]), *row[6:]) for row in rows]


def _link(session: Session, contacts: Sequence[_Open], practice_id: int) -> int:
    """Link or propose one chunk. Returns how many contacts changed their patient."""
    by_ehr_id = _patients_by_ehr_id(session, contacts, practice_id)
    rejected = _decisions(session, [contact.facts.id for contact in contacts])
    sure: dict[int, int] = {}
    for contact in contacts:
        same = by_ehr_id.get(contact.ehr_id or "", [])
        if len(same) == 1 and (contact.facts.id, same[0]) not in rejected:
            sure[contact.facts.id] = same[0]
    unsure = [contact for contact in contacts if contact.facts.id not in sure]
    proposals = _proposals(session, unsure, practice_id, by_ehr_id, rejected)
    _keep_proposals(session, contacts, proposals)
    changes: list[dict[str, Any]] = []
    changed = 0
    for contact in contacts:
        patient_id = sure.get(contact.facts.id)
        state = LinkState.UNLINKED
        if patient_id is not None:
            state = LinkState.LINKED
        elif contact.facts.id in proposals:
            state = LinkState.PROPOSED
        if (state, patient_id) == (contact.link_state, contact.patient_id):
            continue
        changed += patient_id != contact.patient_id
        by = SAME_EHR_ID if patient_id is not None else ""
        at = clock.now() if patient_id is not None else None
        changes.append(
            {
                "b_id": contact.facts.id,
                "patient_id": patient_id,
                "link_state": state,
                "linked_by": by,
                "linked_at": at,
            }
        )
    if changes:
        session.connection().execute(update(_CONTACT).where(_CONTACT.c.id == bindparam("b_id")), changes)
    return changed


def _patients_by_ehr_id(
    session: Session, contacts: Sequence[_Open], practice_id: int
) -> dict[str, list[int]]:
    """By the id the EHR's interface or files use, or the number its people use: a processor may be told either."""
    wanted = {contact.ehr_id for contact in contacts if contact.ehr_id}
    found: dict[str, list[int]] = {}
    for column in (_PATIENT.c.external_id, _PATIENT.c.ehr_number):
        query = _of_practice(select(column, _PATIENT.c.id), practice_id).where(column.in_(wanted))
        for ehr_id, patient_id in session.execute(query):
            if patient_id not in found.setdefault(ehr_id, []):
                found[ehr_id].append(patient_id)
    return found


def _of_practice(query: Any, practice_id: int) -> Any:
    mine = select(col(Connection.id)).where(col(Connection.practice_id) == practice_id)
    return query.where(_PATIENT.c.connection_id.in_(mine), _PATIENT.c.gone_at.is_(None))


def _proposals(
    session: Session,
    contacts: Sequence[_Open],
    practice_id: int,
    by_ehr_id: dict[str, list[int]],
    rejected: set[tuple[int, int]],
) -> dict[int, dict[int, str]]:
    """Contact id → patient id → evidence. SQL narrows to patients who share something; the rule decides."""
    emails = {contact.facts.email.lower() for contact in contacts if contact.facts.email}
    mobiles = {contact.facts.mobile_phone for contact in contacts if contact.facts.mobile_phone}
    births = {contact.facts.birth_date for contact in contacts if contact.facts.birth_date}
    rows = session.execute(
        _of_practice(select(*(_PATIENT.c[name] for name in _FACTS)), practice_id).where(
            or_(
                func.lower(_PATIENT.c.email).in_(emails),
                _PATIENT.c.mobile_phone.in_(mobiles),
                _PATIENT.c.birth_date.in_(births),
            )
        )
    )
    by_share: dict[Any, list[PersonFacts]] = {}
    for row in rows:
        person = PersonFacts._make(row)
        for shared in {(person.email or "").lower(), person.mobile_phone, person.birth_date} - {"", None}:
            by_share.setdefault(shared, []).append(person)
    found: dict[int, dict[int, str]] = {}
    for contact in contacts:
        facts = contact.facts
        shared = ((facts.email or "").lower(), facts.mobile_phone, facts.birth_date)
        candidates = {person.id: person for key in shared for person in by_share.get(key, ())}
        several = by_ehr_id.get(contact.ehr_id or "", [])
        probable = dict.fromkeys(several, "EHR id, which several patients have")
        probable |= dict(propose(facts, candidates.values()))
        kept = {patient: why for patient, why in probable.items() if (facts.id, patient) not in rejected}
        if kept:
            found[facts.id] = kept
    return found


def _decisions(session: Session, contact_ids: Sequence[int]) -> set[tuple[int, int]]:
    rows = session.execute(
        select(_PROPOSAL.c.contact_id, _PROPOSAL.c.patient_id).where(
            _PROPOSAL.c.contact_id.in_(contact_ids), _PROPOSAL.c.state == "rejected"
        )
    )
    return {(contact_id, patient_id) for contact_id, patient_id in rows}


def _keep_proposals(
    session: Session, contacts: Sequence[_Open], proposals: dict[int, dict[int, str]]
) -> None:
    """Open proposals become exactly these; decided ones stay as they are."""
    ids = [contact.facts.id for contact in contacts]
    rows = session.exec(select_rows(LinkProposal).where(col(LinkProposal.contact_id).in_(ids))).all()
    known = {(row.contact_id, row.patient_id): row for row in rows}
    wanted = {
        (contact, patient): why for contact, found in proposals.items() for patient, why in found.items()
    }
    for pair, row in known.items():
        if row.state == "open" and pair not in wanted:
            session.delete(row)
    for (contact_id, patient_id), evidence in wanted.items():
        row = known.get((contact_id, patient_id))
        if row is None:
            row = LinkProposal(
                contact_id=contact_id, patient_id=patient_id, evidence="", created_at=clock.now()
            )
        if row.evidence != evidence or row.state == "accepted":
            row.evidence, row.state = evidence, "open"
            session.add(row)
    session.flush()


def give_patient(session: Session, contact: ProcessorContact, patient_id: int | None, by: str) -> None:
    """The contact, and what rests on it, becomes this patient's; nobody's with None."""
    concern(session, contact.patient_id, patient_id)
    contact.patient_id = patient_id
    contact.link_state = LinkState.UNLINKED if patient_id is None else LinkState.LINKED
    contact.linked_by, contact.linked_at = by, clock.now()
    session.add(contact)
    session.flush()
    spread_patients(session, contact.connection_id, contact.external_id)
    session.expire_all()
    touch(session)


def _decide(session: Session, actor: Identity, contact_id: int, patient_id: int, state: str) -> None:
    row = session.exec(
        select_rows(LinkProposal).where(
            LinkProposal.contact_id == contact_id, LinkProposal.patient_id == patient_id
        )
    ).first()
    if row is None:
        row = LinkProposal(
            contact_id=contact_id, patient_id=patient_id, evidence="by hand", created_at=clock.now()
        )
    row.state, row.decided_by, row.decided_at = state, actor.username, clock.now()
    session.add(row)
    session.flush()


def _open_proposals(session: Session, contact_id: int) -> bool:
    found = session.exec(
        select_rows(LinkProposal).where(LinkProposal.contact_id == contact_id, LinkProposal.state == "open")
    )
    return found.first() is not None


def _proposal(session: Session, actor: Identity, proposal_id: int) -> tuple[LinkProposal, ProcessorContact]:
    proposal = session.get(LinkProposal, proposal_id)
    if proposal is None:
        raise NotFound("That proposal is not there any more; the list has changed.")
    _require_patient(session, actor, proposal.patient_id)
    return proposal, contact_of(session, actor, proposal.contact_id)


def contact_of(session: Session, actor: Identity, contact_id: int) -> ProcessorContact:
    """The contact, when it is of the actor's practice. Raises NotFound."""
    contact = session.get(ProcessorContact, contact_id)
    if contact is None or _practice_of(session, contact.connection_id) != actor.practice_id:
        raise NotFound("That processor record is not in the store.")
    if contact.patient_id is not None:
        _require_patient(session, actor, contact.patient_id)
    return contact


def _require_patient(session: Session, actor: Identity, patient_id: int) -> None:
    patient = session.get(Patient, patient_id)
    if patient is None or _practice_of(session, patient.connection_id) != actor.practice_id:
        raise NotFound("That patient is not in the store.")
    if actor.location_id is not None and patient.location_id not in {None, actor.location_id}:
        raise NotFound("That patient belongs to another location.")


def _practice_of(session: Session, connection_id: int) -> int | None:
    return session.exec(select_rows(Connection.practice_id).where(Connection.id == connection_id)).first()


def audit_link(
    session: Session, actor: Identity, action: str, contact_id: int, patient_id: int | None = None
) -> None:
    """Write a decision down."""
    record(
        session,
        who=actor,
        action=action,
        subject_kind="contact",
        subject_id=contact_id,
        detail={"patient": patient_id},
    )
