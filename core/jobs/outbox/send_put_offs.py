"""Putting a declined payment off, and the “Payment Request”, at Cash Practice: under the clerk key of who asked for it.

Whether it takes one request twice is not known (core/integrations/cash_practice/client.py): what a call left behind tells.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlmodel import Session, select

from core import errors
from core.connections.clerk_keys import clerk_key_of
from core.connections.clerk_permission import TAKE_PAYMENTS, clerk_key_for
from core.connections.models import Connection, Kind
from core.integrations.cash_practice.client import CashPractice
from core.jobs.outbox.send_reruns import still_askable
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
from core.payments.models import DeclinedDraft, Recurring
from core.store.version import touch

NO_ADDRESS = "Cash Practice has no e-mail of this payer to send it to."


def _put_off(client: CashPractice, row: Outgoing) -> Outcome:
    theirs = client.acting_as(row.clerk_key)
    try:
        theirs.reschedule(row.payload["order_ref"], _day(row), row.key)
    except errors.HuddleError as error:
        return outcome_of(error)
    finally:
        theirs.close()
    return Settled({"on": row.payload["on"]})


def _look_up_put_off(client: CashPractice, row: Outgoing) -> Outcome:
    try:
        found = client.standing(row.payload["order_ref"])
    except errors.TransportError as error:
        return Unknown(f"It may have been put off, and asking did not work: {error.sentence}")
    if found.Status.casefold() == "rescheduled" and found.RescheduledFor == _day(row):
        return Settled({"on": row.payload["on"]})
    return Later("It was not put off.", None)


def _day(row: Outgoing) -> date:
    return date.fromisoformat(row.payload["on"])


def _request(client: CashPractice, row: Outgoing) -> Outcome:
    theirs = client.acting_as(row.clerk_key)
    try:
        sent = theirs.email_request(row.payload["order_ref"], row.key)
    except errors.HuddleError as error:
        return outcome_of(error)
    finally:
        theirs.close()
    return Settled({}) if sent else Refused(NO_ADDRESS)


def _look_up_request(client: CashPractice, row: Outgoing) -> Outcome:
    try:
        found = client.standing(row.payload["order_ref"])
    except errors.TransportError as error:
        return Unknown(f"The e-mail may have gone out, and asking did not work: {error.sentence}")
    return Settled({}) if row.key in found.EmailRequests else Later("It did not go out.", None)


def _still_allowed(
    session: Session, rows: Sequence[OutboxRow], now: datetime
) -> Mapping[str, Cancel | Postpone]:
    """Asked again as it goes: a key taken away, a privilege lost or hours that ended refuse it before the call."""
    found = dict(still_askable(session, rows, now))
    for row in rows:
        connection = session.get_one(Connection, row.connection_id)
        try:
            clerk_key_for(session, row.created_by or 0, connection, privilege=TAKE_PAYMENTS, now=now)
        except errors.NotAllowed as error:
            found[row.id] = Cancel(error.sentence)
    return found


def _clerk_key(session: Session, row: OutboxRow) -> str:
    return clerk_key_of(session, row.created_by or 0, row.connection_id or 0) or ""


def _carry_over(session: Session, rows: Sequence[OutboxRow]) -> None:
    """The new day at once, not at the next sync, so that nobody asks for the money meanwhile."""
    for row in rows:
        if row.subject_kind != SUBJECT:
            continue
        draft = session.get(DeclinedDraft, int(row.subject_id))
        if row.kind == OutboxKind.DECLINED_PUT_OFF and row.state == OutboxState.SETTLED and draft is not None:
            _note_day(session, draft, date.fromisoformat(result_of(row)["on"]))
        touch(session)


def _note_day(session: Session, draft: DeclinedDraft, on: date) -> None:
    """The next sync writes what the processor says in any case: hence the empty hashes."""
    draft.retry_on, draft.content_hash = on, ""
    session.add(draft)
    debit = session.exec(
        select(Recurring).where(
            Recurring.connection_id == draft.connection_id, Recurring.external_id == draft.recurring_ref
        )
    ).first()
    if debit is not None and (debit.next_run_on is None or on < debit.next_run_on):
        debit.next_run_on, debit.content_hash = on, ""
        session.add(debit)


PUT_OFF_SENDERS: dict[str, Sender] = {
    OutboxKind.DECLINED_PUT_OFF: Sender(
        Kind.CASH_PRACTICE,
        _put_off,
        _carry_over,
        _look_up_put_off,
        still_wanted=_still_allowed,
        at_a_time=1,
        clerk_key=_clerk_key,
    ),
    OutboxKind.DECLINED_REQUEST: Sender(
        Kind.CASH_PRACTICE,
        _request,
        _carry_over,
        _look_up_request,
        still_wanted=_still_allowed,
        at_a_time=1,
        clerk_key=_clerk_key,
    ),
}
