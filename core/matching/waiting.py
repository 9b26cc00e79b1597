"""Processor contacts that are nobody's yet: the work list of DOMAIN §11. Reads only."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from core.connections.models import Connection
from core.patients.models import LinkProposal, LinkState, Patient, ProcessorContact


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient this contact probably is. evidence: what agreed ("name and e-mail")."""

    proposal_id: int
    patient_id: int
    patient: str
    birth_date: date | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A contact that no patient is joined to; what rests on it shows as NOT_LINKED."""

    contact_id: int
    connection: str
    name: str
    email: str | None
    mobile_phone: str | None
    birth_date: date | None
    candidates: tuple[Candidate, ...]


def unlinked(session: Session) -> list[Unlinked]:
    """Contacts waiting for a person, those with candidates first, then by name."""
    rows = session.exec(
        select(ProcessorContact, Connection.name)
        .join(Connection, col(Connection.id) == col(ProcessorContact.connection_id))
        .where(ProcessorContact.link_state != LinkState.LINKED, col(ProcessorContact.gone_at).is_(None))
    ).all()
    candidates = _candidates(session)
    waiting = [
        Unlinked(
            contact.id or 0,
            connection,
            f"{contact.first_name} {contact.last_name}".strip(),
            contact.email,
            contact.mobile_phone,
            contact.birth_date,
            tuple(candidates.get(contact.id or 0, ())),
        )
        for contact, connection in rows
    ]
    return sorted(waiting, key=lambda each: (not each.candidates, each.name.casefold(), each.contact_id))


def _candidates(session: Session) -> dict[int, list[Candidate]]:
    rows = session.exec(
        select(LinkProposal, Patient)
        .join(Patient, col(Patient.id) == col(LinkProposal.patient_id))
        .where(LinkProposal.state == "open")
        .order_by(col(LinkProposal.id))
    )
    found: dict[int, list[Candidate]] = {}
    for proposal, patient in rows:
        name = f"{patient.first_name} {patient.last_name}".strip()
        candidate = Candidate(
            proposal.id or 0, proposal.patient_id, name, patient.birth_date, proposal.evidence
        )
        found.setdefault(proposal.contact_id, []).append(candidate)
    return found
