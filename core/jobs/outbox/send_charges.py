"""Charging cards on file at Fortis: once by its key, looked up by it before anything is repeated."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from core import errors
from core.charges import outcomes as charges
from core.connections.models import Kind
from core.integrations.fortis.records import Transaction
from core.integrations.fortis.till import FortisTill, refusal_of
from core.integrations.fortis.writes import KeyTaken
from core.jobs.records.references import refer_payments
from core.outbox.commands import result_of
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.outbox.sender import (
    Cancel,
    Later,
    Outcome,
    Outgoing,
    Postpone,
    Sender,
    Settled,
    Unknown,
    outcome_of,
)
from core.payments.models import Payment
from core.store.upsert import upsert

NOT_THERE = "It did not arrive; it is asked for again under the same key."
DESCRIPTION = "Card on file"


def _charge(client: FortisTill, row: Outgoing) -> Outcome:
    asked = row.payload
    try:
        made = client.charge_token(
            key=row.key,
            token_id=asked["token"],
            cents=asked["cents"],
            contact_id=asked["contact_ref"],
            product_id=asked["product_ref"],
            initiation=asked["initiation"],
            description=DESCRIPTION,
        )
    except (KeyTaken, errors.OutcomeUnknown) as error:
        found = _find(client, row)  # at once: most that seemed lost did arrive
        return Unknown(error.sentence) if isinstance(found, Later) else found
    except errors.HuddleError as error:
        return outcome_of(error)
    return _made(made)


def _find(client: FortisTill, row: Outgoing) -> Outcome:
    try:
        made = client.transaction_by_key(row.key)
    except errors.TransportError as error:
        return Unknown(f"It may have been charged, and asking did not work: {error.sentence}")
    return Later(NOT_THERE, 0.0) if made is None else _made(made)


def _made(made: Transaction) -> Outcome:
    """A decline is settled too: the bank answered, and its row is kept like any other payment that failed."""
    refusal = refusal_of(made)
    return Settled(
        {"transaction": made.model_dump(mode="json"), "declined": refusal.code if refusal else None}
    )


def _wanted(session: Session, rows: Sequence[OutboxRow], now: datetime) -> Mapping[str, Cancel | Postpone]:
    """The authorization, and what stands against the debt, are asked about once more in the transaction that sends it."""
    found: dict[str, Cancel | Postpone] = {}
    for row in rows:
        if why := charges.no_longer_wanted(session, row, now):
            found[row.id] = Cancel(why)
    return found


def _carry_over(session: Session, rows: Sequence[OutboxRow]) -> None:
    for row in rows:
        match row.state:
            case OutboxState.SETTLED:
                _keep(session, row)
            case OutboxState.REFUSED:
                charges.charge_declined(session, row, str(result_of(row).get("code", "")))
            case OutboxState.CANCELLED:
                charges.charge_not_made(session, row)
            case OutboxState.UNKNOWN | OutboxState.WAITING:
                charges.charge_in_doubt(session, row)


def _keep(session: Session, row: OutboxRow) -> None:
    """The payment is here at once, not at the next sync, and pays what it was for."""
    result = result_of(row)
    made = Transaction.model_validate(result["transaction"])
    upsert(session, Payment, row.connection_id or 0, [made.row()])
    charge = charges.charge_of(session, row)
    if charge is not None:
        charge.payment_ref = made.id
        session.add(charge)
        session.flush()
    refer_payments(session, row.connection_id or 0, [made.id])
    if result.get("declined") is None:
        charges.charge_accepted(session, row, made.id)
    else:
        charges.charge_declined(session, row, str(result["declined"]))


CHARGE_SENDERS: dict[str, Sender] = {
    OutboxKind.CARD_CHARGE: Sender(
        Kind.FORTIS, _charge, _carry_over, _find, still_wanted=_wanted, at_a_time=1
    ),
}
