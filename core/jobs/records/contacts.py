"""A contact that was made at the processor for a patient: here at once, not at the next sync (DOMAIN §11)."""

from sqlmodel import Session, select

from core.integrations.fortis.records import Contact
from core.matching.commands import SAME_EHR_ID, give_patient
from core.patients.models import LinkState, Patient, ProcessorContact
from core.store.upsert import upsert


def keep_contact(
    session: Session, connection_id: int, contact: Contact, patient: Patient | None, *, by: str
) -> None:
    """Store the contact, and join it to the patient unless it is somebody's already. by: how, where it does not carry
    the EHR's id."""
    upsert(session, ProcessorContact, connection_id, [contact.row()])
    kept = session.exec(
        select(ProcessorContact).where(
            ProcessorContact.connection_id == connection_id, ProcessorContact.external_id == contact.id
        )
    ).one()
    if patient is None or kept.link_state == LinkState.LINKED:
        return
    how = SAME_EHR_ID if kept.ehr_id == patient.external_id else by
    give_patient(session, kept, patient.id or 0, how)
