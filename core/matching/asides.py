"""Setting a processor record aside for good, and taking the last decision about one back (DOMAIN §11)."""

from sqlalchemy import delete
from sqlmodel import Session, col, select

from core import clock
from core.errors import BadInput
from core.matching.commands import audit_link, contact_of, give_patient, link_contacts
from core.patients.models import LinkProposal, LinkState
from core.permissions import Identity, Permission, require
from core.store.version import touch


def set_aside(session: Session, actor: Identity, *, contact_id: int) -> None:
    """Not a patient of ours: off the work list for good; what rests on the contact stays nobody's.

    Raises NotAllowed, NotFound; BadInput when it is linked meanwhile.
    """
    require(actor.role, Permission.LINK_RECORDS)
    contact = contact_of(session, actor, contact_id)
    if contact.link_state == LinkState.LINKED:
        raise BadInput("This record has been linked to a patient meanwhile. Unlink it first.")
    session.execute(
        delete(LinkProposal).where(
            col(LinkProposal.contact_id) == contact_id, col(LinkProposal.state) == "open"
        )
    )
    contact.link_state, contact.linked_by = LinkState.NOT_OURS, actor.display_name or actor.username
    contact.linked_at = clock.now()
    session.add(contact)
    audit_link(session, actor, "contact set aside", contact_id)
    touch(session)


def undo_decision(session: Session, actor: Identity, *, contact_id: int) -> None:
    """As if the last decision about a contact had not been taken: it waits again, with its proposals.

    Raises NotAllowed, NotFound; BadInput when nothing was decided.
    """
    require(actor.role, Permission.LINK_RECORDS)
    contact = contact_of(session, actor, contact_id)
    last = session.exec(
        select(LinkProposal)
        .where(LinkProposal.contact_id == contact_id, col(LinkProposal.decided_at).is_not(None))
        .order_by(col(LinkProposal.decided_at).desc(), col(LinkProposal.id).desc())
    ).first()
    if contact.link_state != LinkState.NOT_OURS and last is None:
        raise BadInput("Nothing was decided about this record.")
    if contact.link_state != LinkState.NOT_OURS and last is not None:
        session.delete(last)
    give_patient(session, contact, None, "")
    link_contacts(session, contact.connection_id)
    audit_link(session, actor, "link decision undone", contact_id)
