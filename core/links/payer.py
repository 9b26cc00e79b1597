"""Whom a link is for, who pays, and by which account at which processor."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from core.connections.commands import settings_of
from core.connections.models import Connection, ConnectionState, Kind, MerchantAccount
from core.errors import BadInput
from core.memberships.models import Membership
from core.patients.models import LinkProposal, Patient, ProcessorContact
from core.plans.models import Plan
from core.secrets import has_card_number

NO_PROCESSOR = "No card processor is connected. Connect Fortis under Integrations first."
_USABLE = (ConnectionState.CONNECTED, ConnectionState.FAILING)


class Account(NamedTuple):
    """Where a payment goes: the processor's connection, the payer's contact there, the merchant account for cards.

    email, cell_phone (ten digits): the payer's, for the processor's own messages; None where there is none.
    contact: where the processor does not know the payer yet, what their record there is made of (DOMAIN §11); None where
    it does, or where a record of its may be theirs and a person has to say so first.
    """

    connection_id: int
    contact_ref: str | None
    product_ref: str | None
    email: str | None = None
    cell_phone: str | None = None
    contact: dict[str, Any] | None = None

    def payload(self) -> dict[str, Any]:
        """What the making of a link tells the processor about the payer."""
        return {name: value for name, value in self._asdict().items() if name != "connection_id"}


def payer_of(session: Session, patient: Patient, plan_id: int | None, membership_id: int | None) -> list[int]:
    """Store ids of who may pay, the likeliest first: the plan's payer, the patient, who pays for the patient."""
    plan = session.get(Plan, plan_id) if plan_id else None
    member = session.get(Membership, membership_id) if membership_id else None
    likely = [
        plan.payer_id if plan else None,
        member.patient_id if member else None,
        patient.id,
        patient.guarantor_id,
    ]
    return list(dict.fromkeys(key for key in likely if key is not None))


def account_of(
    session: Session, patient: Patient, *, plan_id: int | None = None, membership_id: int | None = None
) -> Account:
    """Where this patient's money goes: the processor that knows the payer, else the first one connected.

    Raises BadInput when no processor is connected.
    """
    connections = session.exec(
        select(Connection)
        .where(Connection.kind == Kind.FORTIS, col(Connection.state).in_(_USABLE))
        .order_by(col(Connection.id))
    ).all()
    if not connections:
        raise BadInput(NO_PROCESSOR)
    usable = {connection.id: connection for connection in connections}
    for payer in payer_of(session, patient, plan_id, membership_id):
        contact = session.exec(
            select(ProcessorContact)
            .where(
                ProcessorContact.patient_id == payer,
                col(ProcessorContact.gone_at).is_(None),
                col(ProcessorContact.connection_id).in_(list(usable)),
            )
            .order_by(col(ProcessorContact.active).desc(), col(ProcessorContact.id))
        ).first()
        if contact is not None:
            account = _account(session, usable[contact.connection_id], contact.external_id)
            return _with_addresses(account, contact)
    account = _with_addresses(_account(session, connections[0], None), patient)
    payer = session.get_one(Patient, payer_of(session, patient, plan_id, membership_id)[0])
    if payer.id in maybe_known(session, [payer]):
        return account
    return account._replace(contact=_as_contact(payer, account))


def _as_contact(payer: Patient, account: Account) -> dict[str, Any]:
    """What the processor is told of somebody it does not know: the EHR's id is the key, so that asking twice makes one."""
    ref = payer.external_id
    usable = ref.isascii() and ref.isalnum() and len(ref) <= 64 and not has_card_number(ref)
    mine = _with_addresses(account, payer)
    return {
        "contact_key": ref if usable else f"huddle{payer.id}",
        "patient_id": payer.id,
        "first_name": payer.first_name[:64],
        "last_name": payer.last_name[:64] or payer.first_name[:64] or "Patient",
        "birth_date": payer.birth_date.isoformat() if payer.birth_date else None,
        "email": mine.email if mine.email and len(mine.email) <= 64 else None,
        "cell_phone": mine.cell_phone,
    }


def maybe_known(session: Session, patients: Collection[Patient]) -> frozenset[int]:
    """Of these patients, those of whom the processor may have a record that nobody has said yes or no to, and none that is
    theirs or of who pays for them: making another would make two of one person.

    Raises BadInput when no processor is connected.
    """
    working = session.exec(
        select(Connection.id).where(Connection.kind == Kind.FORTIS, col(Connection.state).in_(_USABLE))
    ).all()
    if not working:
        raise BadInput(NO_PROCESSOR)
    here = [
        col(ProcessorContact.connection_id).in_(working),
        col(ProcessorContact.gone_at).is_(None),
    ]
    known = set(
        session.exec(
            select(ProcessorContact.patient_id).where(*here, col(ProcessorContact.patient_id).is_not(None))
        )
    )
    proposed = set(
        session.exec(
            select(LinkProposal.patient_id)
            .join(ProcessorContact, col(ProcessorContact.id) == LinkProposal.contact_id)
            .where(*here, LinkProposal.state == "open", col(ProcessorContact.patient_id).is_(None))
        )
    )
    return frozenset(
        one.id or 0
        for one in patients
        if one.id in proposed and one.id not in known and one.guarantor_id not in known
    )


MAYBE_KNOWN = "A record at the processor may be theirs already. Say yes or no under Linking first."


def _with_addresses(account: Account, person: Patient | ProcessorContact) -> Account:
    phone = person.mobile_phone or ""
    american = phone.startswith("+1") and len(phone) == 12
    email = person.email if person.email and "@" in person.email and len(person.email) <= 128 else None
    return account._replace(email=email, cell_phone=phone[2:] if american else None)


def _account(session: Session, connection: Connection, contact_ref: str | None) -> Account:
    location = settings_of(connection).get("location_id", "")
    product = session.exec(
        select(MerchantAccount.external_id)
        .where(
            MerchantAccount.connection_id == connection.id,
            MerchantAccount.payment_method == "cc",
            col(MerchantAccount.active),
            col(MerchantAccount.gone_at).is_(None),
        )
        .order_by((col(MerchantAccount.location_ref) == location).desc(), col(MerchantAccount.id))
    ).first()
    return Account(connection.id or 0, contact_ref, product)
