"""Charging a booking: never an appointment without its payment, never a payment without its appointment.

The order id is made and kept before the first call. What the processor says arrives through the outbox, in the
transaction that books: settled = accepted, refused = declined, unknown = looked up by the order id, never asked again
blindly. Money that has no appointment goes back by itself, by an outbox row written in the same transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from core import clock
from core.booking.addresses import booking_of
from core.booking.booked import SUBJECT, book, fail
from core.booking.costs import Charge
from core.booking.details import BookingOver, held_booking
from core.booking.holding import TAKEN, lock_providers, note, still_free
from core.booking.missing import processor_of
from core.booking.models import Back, Booking, BookingCharge, BookingState, ChargeState, OnlineType
from core.booking.offers import NotOffered, offer_of
from core.connections.commands import settings_of
from core.connections.models import Connection, MerchantAccount
from core.errors import BadInput
from core.money import short_dollars
from core.outbox import commands as outbox
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.outbox.sender import Cancel, Postpone
from core.patients.models import Patient, ProcessorContact

LONGEST_TICKET = 36  # Fortis, appendix A
PATIENCE = timedelta(minutes=10)
"""After the hold is over a charge that surely did not arrive is not begun any more: nobody waits for it."""
ANOTHER_TRY = timedelta(minutes=5)
KINDS = {Charge.FULL: "sale", Charge.DEPOSIT: "sale", Charge.HOLD: "auth", Charge.CARD: "card"}
_OPEN = (ChargeState.WAITING, ChargeState.UNKNOWN)
NO_ANSWER = "The card processor could not be reached. Nothing was charged."


def pay_for(session: Session, token: str, ticket: str) -> Booking:
    """The frame took a card: have it charged. Once: a second press, tab or ticket while one is under way changes nothing.

    ticket: the one-use id that the frame gave. Raises BadInput for what cannot be a ticket, BookingOver, TimeTaken
    (the hold ran out while the frame was open, and somebody else was quicker; nothing was charged), NotFound.
    """
    plain = ticket.replace("-", "")
    if not 1 <= len(ticket) <= LONGEST_TICKET or not plain.isascii() or not plain.isalnum():
        raise BadInput("The card page did not finish. Please type the card again.")
    booking = booking_of(session, token, alone=True)
    if booking.state in (BookingState.PAYING, BookingState.BOOKED):
        return booking
    booking = held_booking(session, token)
    if not booking.last_name or booking.charge == Charge.NOTHING:
        raise BookingOver("There is nothing to pay for this appointment yet.")
    connection = processor_of(session, booking.practice_id)
    if connection is None:
        raise NotOffered("Cards cannot be taken at the moment. Please call us.")
    charge = BookingCharge(
        booking_id=booking.id or 0,
        connection_id=connection.id or 0,
        order_id=outbox.new_key(),
        kind=KINDS[Charge(booking.charge)],
        amount_cents=booking.amount_cents,
        made_at=clock.now(),
    )
    session.add(charge)
    booking.state, booking.refused = BookingState.PAYING, ""
    session.add(booking)
    outbox.put(
        session,
        kind=OutboxKind.BOOKING_CHARGE,
        payload={
            "ticket": ticket,
            "kind": charge.kind,
            "cents": charge.amount_cents,
            **_payer(session, booking, connection),
        },
        connection_id=connection.id,
        location_id=booking.location_id,
        subject_kind=SUBJECT,
        subject_id=booking.id or 0,
        key=charge.order_id,
    )
    session.flush()
    return booking


def _payer(session: Session, booking: Booking, connection: Connection) -> dict[str, Any]:
    """Who pays, as the processor is to know them: their contact there, or what makes one (DOMAIN §11).

    A patient's contact carries the EHR's id, somebody new's the booking's key, which is unique as well.
    """
    patient = session.get(Patient, booking.patient_id) if booking.patient_id else None
    contact = None
    if patient is not None:
        contact = session.exec(
            select(ProcessorContact)
            .where(
                ProcessorContact.connection_id == connection.id,
                ProcessorContact.patient_id == patient.id,
                col(ProcessorContact.gone_at).is_(None),
            )
            .order_by(col(ProcessorContact.active).desc(), col(ProcessorContact.id))
        ).first()
    ehr_id = patient.external_id if patient else ""
    known = bool(ehr_id) and ehr_id.isascii() and ehr_id.isalnum() and len(ehr_id) <= 64
    phone = booking.mobile_phone or ""
    return {
        "contact_ref": contact.external_id if contact else None,
        "contact_key": ehr_id if known else booking.key,
        "first_name": booking.first_name[:64],
        "last_name": booking.last_name[:64],
        "birth_date": booking.birth_date.isoformat() if booking.birth_date else None,
        "email": booking.email if booking.email and len(booking.email) <= 64 else None,
        "cell_phone": phone[2:] if phone.startswith("+1") and len(phone) == 12 else None,
        "product_ref": _account_for_cards(session, connection),
    }


def _account_for_cards(session: Session, connection: Connection) -> str | None:
    place = settings_of(connection).get("location_id", "")
    return session.exec(
        select(MerchantAccount.external_id)
        .where(
            MerchantAccount.connection_id == connection.id,
            MerchantAccount.payment_method == "cc",
            col(MerchantAccount.active),
            col(MerchantAccount.gone_at).is_(None),
        )
        .order_by((col(MerchantAccount.location_ref) == place).desc(), col(MerchantAccount.id))
    ).first()


# Asked as the charge is about to go, in the transaction that sends it.


def charges_wanted(
    session: Session, rows: Sequence[OutboxRow], now: datetime
) -> Mapping[str, Cancel | Postpone]:
    """A charge goes out only while somebody waits for it and its time is still free at the EHR."""
    verdicts: dict[str, Cancel | Postpone] = {}
    for row in rows:
        charge = charge_by_order(session, row.id)
        booking = locked(session, charge.booking_id) if charge else None
        if charge is None or booking is None or booking.state != BookingState.PAYING:
            verdicts[row.id] = Cancel("Nobody waits for this charge any more. Nothing was charged.")
        elif now > booking.hold_until + PATIENCE:
            verdicts[row.id] = Cancel(NO_ANSWER)
        elif not still_free(session, booking, offer_of(session.get_one(OnlineType, booking.online_type_id))):
            verdicts[row.id] = Cancel(f"{TAKEN} Nothing was charged.")
    return verdicts


# What came of it, in the same transaction.


def charge_accepted(
    session: Session,
    row: OutboxRow,
    *,
    payment_ref: str | None,
    card_ref: str | None,
    contact_ref: str | None,
    cents: int,
) -> None:
    """The processor has the money (or holds it, or keeps the card): book, or give it back."""
    charge, booking = _both(session, row.id)
    if charge is None or booking is None or charge.state in (ChargeState.ACCEPTED, ChargeState.UNDONE):
        return
    asked = charge.amount_cents
    charge.state, charge.done_at, charge.amount_cents = ChargeState.ACCEPTED, clock.now(), cents
    charge.payment_ref, charge.card_ref, charge.contact_ref = payment_ref, card_ref, contact_ref
    charge.reason = ""
    session.add(charge)
    session.flush()
    lock_providers(session, [booking.provider_id])
    if booking.state != BookingState.PAYING:
        give_back(session, booking, charge, cents, "The appointment was over when the payment came through.")
        return
    if cents < asked:
        give_back(session, booking, charge, cents, "The bank approved only a part of the amount.")
        _try_another_card(
            session, booking, f"Your bank approved only {short_dollars(cents)}, which goes back to your card."
        )
        return
    if not still_free(session, booking, offer_of(session.get_one(OnlineType, booking.online_type_id))):
        give_back(session, booking, charge, cents, "The time was taken meanwhile.")
        back = f" Your payment of {short_dollars(cents)} goes back to your card." if cents else ""
        fail(session, booking, f"This time was taken at the practice meanwhile.{back}")
        return
    book(session, booking)


def charge_declined(session: Session, row: OutboxRow) -> None:
    """Nothing was charged, and the same card would meet the same answer: the patient may try another one."""
    charge, booking = _both(session, row.id)
    if charge is None or booking is None or charge.state not in _OPEN:
        return
    charge.state, charge.reason, charge.done_at = ChargeState.DECLINED, row.reason, clock.now()
    session.add(charge)
    if booking.state == BookingState.PAYING:
        note(session, booking, f"The card was not accepted: {row.reason}")
        _try_another_card(
            session, booking, "That card was not accepted, and nothing was charged. Please use another card."
        )


def charge_not_made(session: Session, row: OutboxRow) -> None:
    """It surely did not arrive and is not begun any more: neither an appointment nor a payment."""
    charge, booking = _both(session, row.id)
    if charge is None or booking is None or charge.state not in _OPEN:
        return
    charge.state, charge.reason, charge.done_at = ChargeState.NOT_MADE, row.reason, clock.now()
    session.add(charge)
    if booking.state == BookingState.PAYING:
        fail(session, booking, row.reason)


def stuck_charges(session: Session, now: datetime) -> list[str]:
    """Order ids of charges that nobody sends (the processor is paused, its keys are wrong) and nobody waits for any more."""
    return list(
        session.exec(
            select(BookingCharge.order_id)
            .join(Booking, col(Booking.id) == BookingCharge.booking_id)
            .where(
                BookingCharge.state == ChargeState.WAITING,
                Booking.state == BookingState.PAYING,
                Booking.hold_until < now - PATIENCE,
            )
        )
    )


def give_up_charge(session: Session, order_id: str) -> None:
    """Take back a charge that was surely not begun; one that is under way or in doubt is left to be looked up."""
    row = session.get(OutboxRow, order_id, with_for_update=True)
    if row is not None and outbox.cancel(session, row, NO_ANSWER):
        charge_not_made(session, row)


def charge_in_doubt(session: Session, row: OutboxRow) -> None:
    """Nobody knows yet. The time stays kept, and the page says so."""
    charge, _ = _both(session, row.id)
    if charge is not None and charge.state == ChargeState.WAITING:
        charge.state, charge.reason = ChargeState.UNKNOWN, row.reason
        session.add(charge)


def _try_another_card(session: Session, booking: Booking, sentence: str) -> None:
    booking.state, booking.refused = BookingState.HELD, sentence
    booking.hold_until = max(booking.hold_until, clock.now() + ANOTHER_TRY)
    session.add(booking)


# Money that goes back, or a hold that is taken.


def give_back(session: Session, booking: Booking, charge: BookingCharge, cents: int, why: str) -> None:
    """Void or refund `cents` of an accepted charge by itself; of a card on file, forget the card. Once a charge."""
    if charge.back != Back.NOTHING or charge.state != ChargeState.ACCEPTED:
        return
    whole = cents >= charge.amount_cents
    if cents <= 0 and not (whole and charge.kind == "card"):
        return
    charge.back, charge.back_cents, charge.back_why = Back.WAITING, cents, why
    if whole:
        charge.state = ChargeState.UNDONE
    session.add(charge)
    _put_out(
        session, OutboxKind.BOOKING_BACK, booking, charge, cents=cents, whole=whole,
        taken=charge.taken_at is not None, card_ref=charge.card_ref,
    )  # fmt: skip
    note(session, booking, f"{short_dollars(cents)} goes back: {why}" if cents else why)


def take_hold(session: Session, booking: Booking, charge: BookingCharge, cents: int, why: str) -> None:
    """Take `cents` of what is held and let go of the rest. Once a charge."""
    if charge.kind != "auth" or charge.taken_at is not None or charge.back != Back.NOTHING or cents <= 0:
        return
    charge.taken_at, charge.taken_cents = clock.now(), cents
    charge.back_cents = charge.amount_cents - cents  # let go of by the same call
    session.add(charge)
    _put_out(session, OutboxKind.BOOKING_TAKE, booking, charge, cents=cents)
    note(session, booking, f"{short_dollars(cents)} of the hold is taken: {why}")


def went_back(session: Session, row: OutboxRow) -> None:
    """What became of money on its way back: done, or refused by the processor, which a person has to settle."""
    charge = session.get(BookingCharge, int(outbox.payload_of(row)["charge_id"]), with_for_update=True)
    if charge is None:
        return
    if row.state == OutboxState.SETTLED and charge.back != Back.DONE:
        charge.back = Back.DONE
    elif row.state == OutboxState.REFUSED and charge.back != Back.REFUSED:
        charge.back = Back.REFUSED
        booking = session.get_one(Booking, charge.booking_id)
        note(session, booking, f"The money could not be given back: {row.reason} Do it at the processor.")
    session.add(charge)


def was_taken(session: Session, row: OutboxRow) -> None:
    """What became of a hold that was to be taken."""
    charge = session.get(BookingCharge, int(outbox.payload_of(row)["charge_id"]), with_for_update=True)
    if charge is not None and row.state == OutboxState.REFUSED:
        charge.reason = row.reason
        session.add(charge)
        booking = session.get_one(Booking, charge.booking_id)
        note(session, booking, f"The hold could not be taken: {row.reason} Ask for the amount another way.")


def _put_out(
    session: Session, kind: OutboxKind, booking: Booking, charge: BookingCharge, **payload: Any
) -> None:
    outbox.put(
        session,
        kind=kind,
        payload={
            "charge_id": charge.id,
            "kind": charge.kind,
            "payment_ref": charge.payment_ref,
            **payload,
        },
        connection_id=charge.connection_id,
        location_id=booking.location_id,
        subject_kind=SUBJECT,
        subject_id=booking.id or 0,
    )


def charge_by_order(session: Session, order_id: str, *, alone: bool = False) -> BookingCharge | None:
    """The try to charge under an order id of ours."""
    query = select(BookingCharge).where(BookingCharge.order_id == order_id)
    if alone:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def _both(session: Session, order_id: str) -> tuple[BookingCharge | None, Booking | None]:
    """The charge and its booking, both locked: the booking first, as everywhere."""
    found = charge_by_order(session, order_id)
    if found is None:
        return None, None
    booking = locked(session, found.booking_id)
    return charge_by_order(session, order_id, alone=True), booking


def locked(session: Session, booking_id: int) -> Booking:
    """A booking as it stands now, locked until the transaction ends."""
    query = select(Booking).where(Booking.id == booking_id)
    return session.exec(query.with_for_update().execution_options(populate_existing=True)).one()
