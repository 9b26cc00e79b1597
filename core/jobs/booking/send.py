"""How bookings go out: charges, money back and holds to Fortis, the appointment to the EHR; and what comes of them.

A charge is looked up by its order id before anything is repeated, and at once when no answer came: most that seemed
lost did arrive.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core import errors
from core.booking import paying
from core.booking.models import AtEhr, Booking
from core.cards.models import Card
from core.connections.models import Kind
from core.integrations.fortis.records import Contact, Token, Transaction
from core.integrations.fortis.till import AUTHORIZED, VOIDED, FortisTill, refusal_of
from core.integrations.fortis.writes import KeyTaken
from core.integrations.genesis.records import AppointmentOut
from core.jobs.records.contacts import keep_contact
from core.jobs.records.references import refer_cards, refer_payments
from core.outbox.commands import payload_of, result_of
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.outbox.sender import (
    Cancel,
    Later,
    Outcome,
    Outgoing,
    Postpone,
    Refused,
    Sender,
    Settled,
    Unknown,
    outcome_of,
)
from core.patients.models import Patient
from core.payments.models import Payment
from core.store.upsert import upsert
from core.store.version import touch

NOT_THERE = "It did not arrive; it is asked for again under the same order id."
DESCRIPTION = "Online booking"

# Charges.


def _charge(client: FortisTill, row: Outgoing) -> Outcome:
    asked = row.payload
    try:
        contact = None if asked["contact_ref"] else client.contact_for(asked)
        contact_id = asked["contact_ref"] or (contact.id if contact else None)
    except errors.OutcomeUnknown:
        return Later("The payer could not be written down at the processor yet.", 3.0)  # no card was touched
    except errors.HuddleError as error:
        return outcome_of(error)
    try:
        if asked["kind"] == "card":
            kept = client.token_from_ticket(key=row.key, ticket=asked["ticket"], contact_id=contact_id or "")
            return _kept(kept, contact)
        made = client.charge_ticket(
            key=row.key,
            ticket=asked["ticket"],
            cents=asked["cents"],
            contact_id=contact_id,
            product_id=asked["product_ref"],
            hold=asked["kind"] == "auth",
            description=DESCRIPTION,
        )
    except (KeyTaken, errors.OutcomeUnknown) as error:
        return _in_doubt(client, row, error)
    except errors.Refused as error:
        if row.attempts > 1:  # an earlier try may have used the ticket up: that is no word about the card
            return _in_doubt(client, row, error)
        return outcome_of(error)
    except errors.HuddleError as error:
        return outcome_of(error)
    return _made(made, contact)


def _in_doubt(client: FortisTill, row: Outgoing, error: errors.TransportError) -> Outcome:
    """Look at once: most that seemed lost did arrive. What is not to be seen yet is asked for again later."""
    found = _find_charge(client, row)
    return Unknown(error.sentence) if isinstance(found, Later) else found


def _find_charge(client: FortisTill, row: Outgoing) -> Outcome:
    try:
        if row.payload["kind"] == "card":
            kept = client.token_by_key(row.key)
            return Later(NOT_THERE, 0.0) if kept is None else _kept(kept, None)
        made = client.transaction_by_key(row.key)
    except errors.TransportError as error:
        return Unknown(f"It may have been charged, and asking did not work: {error.sentence}")
    return Later(NOT_THERE, 0.0) if made is None else _made(made, None)


def _made(made: Transaction, contact: Contact | None) -> Outcome:
    if (refusal := refusal_of(made)) is not None:
        return Refused(refusal.sentence, refusal.code)
    return Settled({"transaction": made.model_dump(mode="json"), **_said_of(contact)})


def _kept(card: Token, contact: Contact | None) -> Outcome:
    if not card.active:
        return Refused("The card was not accepted.")
    return Settled({"card": card.model_dump(mode="json"), **_said_of(contact)})


def _said_of(contact: Contact | None) -> dict[str, Any]:
    return {"contact": contact.model_dump(mode="json")} if contact else {}


def _carry_charges(session: Session, rows: Sequence[OutboxRow]) -> None:
    for row in rows:
        match row.state:
            case OutboxState.SETTLED:
                _accepted(session, row)
            case OutboxState.REFUSED:
                paying.charge_declined(session, row)
            case OutboxState.CANCELLED:
                paying.charge_not_made(session, row)
            case OutboxState.UNKNOWN:
                paying.charge_in_doubt(session, row)


def _accepted(session: Session, row: OutboxRow) -> None:
    """The payment (or the card) is here at once, not at the next sync, and with it whose it is."""
    result, connection_id = result_of(row), row.connection_id or 0
    if "contact" in result:
        _keep_contact(session, row, Contact.model_validate(result["contact"]))
    if "card" in result:
        card = Token.model_validate(result["card"])
        upsert(session, Card, connection_id, [card.row()])
        refer_cards(session, connection_id)
        paying.charge_accepted(
            session, row, payment_ref=None, card_ref=card.id, contact_ref=card.contact_id, cents=0
        )
        return
    made = Transaction.model_validate(result["transaction"])
    _keep_payment(session, connection_id, made)
    paying.charge_accepted(
        session,
        row,
        payment_ref=made.id,
        card_ref=None,
        contact_ref=made.contact_id,
        cents=made.amount(),
    )


def _keep_contact(session: Session, row: OutboxRow, contact: Contact) -> None:
    booking = session.get_one(Booking, int(row.subject_id))
    patient = session.get(Patient, booking.patient_id) if booking.patient_id else None
    keep_contact(session, row.connection_id or 0, contact, patient, by="online booking")


def _keep_payment(session: Session, connection_id: int, made: Transaction) -> None:
    upsert(session, Payment, connection_id, [made.row()])
    refer_payments(session, connection_id, [made.id])


# Money back, and holds.


def _give_back(client: FortisTill, row: Outgoing) -> Outcome:
    asked = row.payload
    try:
        if asked["kind"] == "card":
            client.delete_token(asked["card_ref"])
            return Settled({})
        found = _gone_back(client, row)
        if found is not None:
            return found
        if asked["whole"]:
            try:
                return _back(client.void_transaction(asked["payment_ref"]))
            except errors.Refused:
                if client.transaction(asked["payment_ref"]).status_code == VOIDED:
                    return Settled({})  # settled payments cannot be voided: they are refunded
        return _back(client.refund_transaction(asked["payment_ref"], key=row.key, cents=asked["cents"]))
    except KeyTaken as error:
        return _gone_back(client, row) or Unknown(error.sentence)
    except errors.HuddleError as error:
        return outcome_of(error)


def _find_back(client: FortisTill, row: Outgoing) -> Outcome:
    try:
        if row.payload["kind"] == "card":
            gone = client.token(row.payload["card_ref"]) is None
            return Settled({}) if gone else Later(NOT_THERE, 0.0)
        return _gone_back(client, row) or Later(NOT_THERE, 0.0)
    except errors.TransportError as error:
        return Unknown(f"It may have gone back, and asking did not work: {error.sentence}")


def _gone_back(client: FortisTill, row: Outgoing) -> Settled | None:
    """Whether it went back already: the payment is void, or there is a refund under our key."""
    refund = client.transaction_by_key(row.key)
    if refund is not None:
        return _back(refund)
    paid = client.transaction(row.payload["payment_ref"])
    return _back(paid) if paid.status_code == VOIDED or paid.void_date else None


def _back(made: Transaction) -> Settled:
    return Settled({"transaction": made.model_dump(mode="json")})


def _take(client: FortisTill, row: Outgoing) -> Outcome:
    try:
        found = _taken(client, row)
        if found is not None:
            return found
        return _back(client.complete_hold(row.payload["payment_ref"], cents=row.payload["cents"]))
    except errors.HuddleError as error:
        return outcome_of(error)


def _find_taken(client: FortisTill, row: Outgoing) -> Outcome:
    try:
        return _taken(client, row) or Later(NOT_THERE, 0.0)
    except errors.TransportError as error:
        return Unknown(f"It may have been taken, and asking did not work: {error.sentence}")


def _taken(client: FortisTill, row: Outgoing) -> Settled | Refused | None:
    held = client.transaction(row.payload["payment_ref"])
    if held.status_code == AUTHORIZED:
        return None
    if (refusal := refusal_of(held)) is not None:
        return Refused(f"The hold is not there any more. {refusal.sentence}", refusal.code)
    return _back(held)


def _carry_back(session: Session, rows: Sequence[OutboxRow]) -> None:
    for row in rows:
        _keep_what_it_left(session, row)
        paying.went_back(session, row)


def _carry_taken(session: Session, rows: Sequence[OutboxRow]) -> None:
    for row in rows:
        _keep_what_it_left(session, row)
        paying.was_taken(session, row)


def _keep_what_it_left(session: Session, row: OutboxRow) -> None:
    if row.state == OutboxState.SETTLED and (made := result_of(row).get("transaction")):
        record = Transaction.model_validate(made)
        values = record.row()
        if values["refund_ref"] is not None:  # which payment it gives back is ours to know
            values["refund_ref"] = payload_of(row)["payment_ref"]
        upsert(session, Payment, row.connection_id or 0, [values])
        refer_payments(session, row.connection_id or 0, [record.id])


# The appointment to the EHR.


def _to_ehr(client: Any, row: Outgoing) -> Outcome:
    try:
        return Settled({"appointment_id": client.post_appointment(AppointmentOut(**row.payload))})
    except errors.HuddleError as error:
        return outcome_of(error)


def _ehr_wanted(
    session: Session, rows: Sequence[OutboxRow], now: datetime
) -> Mapping[str, Cancel | Postpone]:
    """Only the latest word on a booking goes out: each says all of it."""
    verdicts: dict[str, Cancel | Postpone] = {}
    for row in rows:
        booking = session.get(Booking, int(row.subject_id))
        if booking is None or payload_of(row)["version"] < booking.ehr_version:
            verdicts[row.id] = Cancel("A newer word on this booking goes out instead.")
    return verdicts


def _carry_ehr(session: Session, rows: Sequence[OutboxRow]) -> None:
    for row in rows:
        booking = session.get(Booking, int(row.subject_id), with_for_update=True)
        if booking is None or payload_of(row)["version"] < booking.ehr_version:
            continue
        if row.state == OutboxState.SETTLED:
            booking.ehr_ref = str(result_of(row).get("appointment_id") or booking.ehr_ref)
            if booking.at_ehr != AtEhr.MATCHED:
                booking.at_ehr = AtEhr.SENT
        elif row.state == OutboxState.REFUSED and booking.at_ehr != AtEhr.MATCHED:
            booking.at_ehr = AtEhr.REFUSED
            touch(session)
        session.add(booking)


BOOKING_SENDERS: dict[str, Sender] = {
    OutboxKind.BOOKING_CHARGE: Sender(
        Kind.FORTIS, _charge, _carry_charges, _find_charge, still_wanted=paying.charges_wanted, at_a_time=1
    ),
    OutboxKind.BOOKING_BACK: Sender(Kind.FORTIS, _give_back, _carry_back, _find_back, at_a_time=1),
    OutboxKind.BOOKING_TAKE: Sender(Kind.FORTIS, _take, _carry_taken, _find_taken, at_a_time=1),
    OutboxKind.BOOKING_EHR: Sender(
        Kind.GENESIS, _to_ehr, _carry_ehr, still_wanted=_ehr_wanted, repeats_safely=lambda _client: True
    ),
}
