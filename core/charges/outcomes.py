"""A charge of a card on file as it goes out, asked once more whether it may, and what came of it."""

from datetime import datetime

from sqlmodel import Session, select

from core import clock
from core.charges.receipts import send_receipt
from core.charges.rules import next_step, why_not_under
from core.charges.standing import changed, terms_of, usable_card
from core.errors import HuddleError
from core.links.pay_links import missing_of
from core.links.under_way import under_way_for
from core.outbox.models import OutboxRow, OutboxState
from core.patients.reports import patient_of, place_of
from core.payments.card_on_file import UNDER_WAY, CardAuthorization, CardCharge, ChargeState, Scope
from core.payments.reasons import reason_of


def no_longer_wanted(session: Session, row: OutboxRow, now: datetime) -> str:
    """Why a charge must not go out any more, a sentence; "" when it may."""
    charge = _under_way(session, row)
    if charge is None:
        return "This charge was taken back."
    under = session.get_one(CardAuthorization, charge.authorization_id, populate_existing=True)
    if under.ended_at is not None:
        return "The authorization was ended."
    try:
        if why := _not_under(session, charge, under, now) or under_way_for(session, charge.patient_id):
            return f"{why} Nothing was charged."
        rows = missing_of(session, None, charge.patient_id, now, besides=-(charge.id or 0))
    except HuddleError as error:
        # the patient or the card is gone: it is taken back, and what else waits goes on
        return f"{error.sentence} Nothing was charged."
    one = next((each for each in rows if (each.kind, each.ref) == (charge.due_kind, charge.due_ref)), None)
    if one is None:
        return "It was paid before the charge went out. Nothing was charged."
    if one.hold or one.cents < charge.amount_cents:
        return one.hold or (one.left_out[0].sentence if one.left_out else "Less is open by now.")
    return ""


def _not_under(session: Session, charge: CardCharge, under: CardAuthorization, now: datetime) -> str:
    """What of the authorization or the card no longer holds, however long the charge has waited. Raises HuddleError."""
    patient = patient_of(session, None, charge.patient_id)
    card = usable_card(session, patient, charge.card_ref)
    return why_not_under(
        terms_of(under),
        due=(charge.due_kind, charge.due_ref),
        card_ref=card.external_id,
        cents=charge.amount_cents,
        today=clock.today(place_of(session, patient).time_zone, now),
    )


def _used_up(session: Session, charge: CardCharge) -> None:
    """What the patient allowed for one debt was allowed once: it ends with its charge, however that went."""
    under = session.get_one(CardAuthorization, charge.authorization_id)
    if under.scope == Scope.ONE_DEBT and under.ended_at is None:
        under.ended_at, under.ended_why = clock.now(), "It was for one charge."
        session.add(under)


def charge_of(session: Session, row: OutboxRow) -> CardCharge | None:
    """The charge an outbox row is about, held until the transaction ends."""
    found = select(CardCharge).where(CardCharge.key == row.id).with_for_update()
    return session.exec(found.execution_options(populate_existing=True)).first()


def _under_way(session: Session, row: OutboxRow) -> CardCharge | None:
    """The charge an outbox row is about, where nothing has come of it yet."""
    charge = charge_of(session, row)
    return charge if charge is not None and charge.state in UNDER_WAY else None


def charge_accepted(session: Session, row: OutboxRow, payment_ref: str) -> None:
    """The processor took it: the debt is paid at once, and the receipt goes out."""
    charge = charge_of(session, row)
    if charge is None or charge.state == ChargeState.ACCEPTED:
        return
    charge.state, charge.payment_ref = ChargeState.ACCEPTED, payment_ref
    charge.done_at, charge.reason = clock.now(), ""
    session.add(charge)
    _used_up(session, charge)
    session.flush()
    if charge.receipt:
        send_receipt(session, charge)
    changed(session, charge)


def charge_declined(session: Session, row: OutboxRow, code: str) -> None:
    """The bank said no: the reason and the next step by its class. code "": the processor refused the call itself."""
    charge = _under_way(session, row)
    if charge is None:
        return
    why = reason_of(code)
    charge.state, charge.done_at, charge.reason_code = ChargeState.DECLINED, clock.now(), code
    charge.reason = f"Declined: {why.words}. {next_step(code)}" if code else row.reason
    session.add(charge)
    _used_up(session, charge)
    changed(session, charge)


def charge_not_made(session: Session, row: OutboxRow) -> None:
    """It was taken back before it went out."""
    charge = _under_way(session, row)
    if charge is None:
        return
    charge.state, charge.done_at, charge.reason = ChargeState.NOT_MADE, clock.now(), row.reason
    session.add(charge)
    _used_up(session, charge)
    changed(session, charge)


def charge_in_doubt(session: Session, row: OutboxRow) -> None:
    """Nobody knows yet whether it was taken; it is looked up by its key."""
    charge = _under_way(session, row)
    if charge is None:
        return
    charge.state = ChargeState.UNKNOWN if row.state == OutboxState.UNKNOWN else ChargeState.WAITING
    charge.reason = row.reason
    session.add(charge)
    changed(session, charge)
