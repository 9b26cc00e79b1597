"""Charging a declined draft again at Fortis, which knows no key for it: what it left behind tells what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core import errors
from core.connections.models import Kind
from core.integrations.fortis.asked_records import Charged
from core.integrations.fortis.writes import FortisDesk
from core.links.declined import declined_payment, no_longer_askable
from core.links.under_way import SUBJECT
from core.outbox.commands import result_of
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
from core.payments.models import DeclinedDraft
from core.store.concerned import concern
from core.store.version import touch

EARLIER_SECONDS = 120  # their clock may be behind ours
NOT_SAID = "The processor took it and did not say what came of it; that is being looked up."
CANNOT_TELL = "The processor cannot say whether its e-mail went out. Ask the patient before it is sent again."


def _rerun(client: FortisDesk, row: Outgoing) -> Outcome:
    try:
        found = client.rerun_declined(row.payload["declined_ref"])
    except errors.HuddleError as error:
        return outcome_of(error)
    if found is not None:
        return Settled(_result(found))
    looked_up = _look_up_rerun(client, row)
    return Unknown(NOT_SAID) if isinstance(looked_up, Later) else looked_up


def _look_up_rerun(client: FortisDesk, row: Outgoing) -> Outcome:
    """Paid, or charged and declined again since; else it surely never arrived."""
    try:
        draft = client.declined_recurring(row.payload["declined_ref"])
        if draft.status == "paid":
            return Settled({"status": "approved", "transaction_id": draft.payment_transaction_id})
        since = int(row.claimed_at.timestamp()) - EARLIER_SECONDS
        tries = client.transactions_of_recurring(row.payload["draft_ref"], since)
    except errors.TransportError as error:
        return Unknown(f"It may have been charged, and asking did not work: {error.sentence}")
    tries = [each for each in tries if each.transaction_id != draft.declined_transaction_id]
    return Settled(_result(tries[-1])) if tries else Later("It was not charged.", None)


def _result(found: Charged) -> dict[str, Any]:
    """A second decline is an answer: it is settled, and the ledger of declines goes on."""
    return {
        "status": found.status,
        "transaction_id": found.transaction_id,
        "reason_code": found.reason_code,
        "accepted": found.accepted,
    }


def _resend(client: FortisDesk, row: Outgoing) -> Outcome:
    try:
        sent = client.resend_declined(row.payload["declined_ref"])
    except errors.HuddleError as error:
        return outcome_of(error)
    if not sent.success:
        return Refused("Fortis has no e-mail of this payer to send it to.")
    return Settled({})


def _carry_over(session: Session, rows: Sequence[OutboxRow]) -> None:
    """Paid at once, not at the next sync; the payment itself comes with that."""
    for row in rows:
        if row.kind != OutboxKind.DECLINED_RERUN or row.state != OutboxState.SETTLED:
            continue
        result = result_of(row)
        draft = session.get(DeclinedDraft, int(row.subject_id)) if row.subject_kind == SUBJECT else None
        if draft is not None and result.get("status") in ("approved", "pending"):
            draft.status, draft.payment_ref = "paid", result.get("transaction_id")
            draft.content_hash = ""  # the next sync writes what the processor says in any case
            session.add(draft)
            payment = declined_payment(session, draft)
            concern(session, payment.patient_id if payment else None)
        touch(session)


def still_askable(
    session: Session, rows: Sequence[OutboxRow], now: datetime
) -> Mapping[str, Cancel | Postpone]:
    """What was promised, paid, disputed or is on its way since it was pressed is neither charged nor asked for."""
    found: dict[str, Cancel | Postpone] = {}
    for row in rows:
        why = no_longer_askable(session, int(row.subject_id), kind=OutboxKind(row.kind))
        if row.subject_kind == SUBJECT and why:
            found[row.id] = Cancel(why)
    return found


DECLINED_SENDERS: dict[str, Sender] = {
    OutboxKind.DECLINED_RERUN: Sender(
        Kind.FORTIS, _rerun, _carry_over, _look_up_rerun, still_wanted=still_askable, at_a_time=1
    ),
    OutboxKind.DECLINED_RESEND: Sender(
        Kind.FORTIS,
        _resend,
        _carry_over,
        lambda _client, _row: Unknown(CANNOT_TELL),
        still_wanted=still_askable,
        at_a_time=1,
    ),
}
