"""The life of a posting row in the store: claimed with everything its sending needs, then what became of it.

No call is made here; the job (core/jobs/post_payments.py) makes them between these transactions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from core.connections.clerk_keys import clerk_key_of
from core.connections.commands import settings_of
from core.connections.models import Connection
from core.integrations.genesis.records import PaymentOut
from core.outbox.commands import settle_window
from core.outbox.sender import Later, Outcome, Refused, Settled, Unknown
from core.payments.models import Payment
from core.postings.look import FILE
from core.postings.models import Hold, LedgerPosting, Part, State
from core.postings.reads import patient_refs
from core.staff.login_times import refusal
from core.staff.models import Staff
from core.store.version import touch

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=30)
LATER = timedelta(minutes=2)  # for a person's clerk key, or a payment before its refund
LEFT_BEHIND = "Huddle was interrupted while posting this; it may be in the ledger. It is looked up."
WORDS = {
    Part.PAYMENT: "Card or bank payment",
    Part.REFUND: "Refund",
    Part.REVERSAL: "Payment taken back",
}


@dataclass(frozen=True, slots=True)
class Claimed:
    """One row to send: its id, its key, and the payment as Genesis takes it."""

    id: int
    key: str
    record: PaymentOut


@dataclass(frozen=True, slots=True)
class Clerk:
    """In whose name something is posted. key: in clear, "" when none is needed; trouble: why they cannot, "" if they can."""

    key: str
    trouble: str


def clerk_of(session: Session, connection: Connection, staff_id: int | None, *, now: datetime) -> Clerk:
    """The clerk key of a person, or of the connection's own login (None); refused outside login times (MISSION row 6)."""
    saved = settings_of(connection)
    if saved.get("drop_folder"):
        return Clerk("", "")
    staff = session.get(Staff, staff_id) if staff_id is not None else _own_login(session, saved)
    if staff is None:
        return Clerk(
            "", f"Say whose clerk key posts by itself: set “acts as” of {connection.name} on Integrations."
        )
    if staff.disabled_at is not None:
        return Clerk("", f"The account {staff.username} is disabled, so nothing is posted in its name.")
    if (sentence := refusal(session, staff.id or 0, now=now)) is not None:
        return Clerk("", f"Nothing is posted in the name of {staff.username} now: {sentence}")
    key = clerk_key_of(session, staff.id or 0, connection.id or 0)
    if key is None:
        return Clerk("", f"{staff.username} has no clerk key for {connection.name}. Add it on the Team page.")
    return Clerk(key, "")


def _own_login(session: Session, saved: Mapping[str, str]) -> Staff | None:
    name = saved.get("acts_as", "").strip().casefold()
    return session.exec(select(Staff).where(Staff.username == name)).first() if name else None


def due(
    session: Session, connection_id: int, *, now: datetime, limit: int, by_hand_only: bool
) -> list[LedgerPosting]:
    """Rows that may go out now, oldest payment first, locked. by_hand_only: the connection's own login may not post."""
    query = select(LedgerPosting).where(
        LedgerPosting.connection_id == connection_id,
        LedgerPosting.state == State.WAITING,
        LedgerPosting.hold == Hold.NONE,
        LedgerPosting.not_before <= now,
    )
    if by_hand_only:
        query = query.where(col(LedgerPosting.acts_as).is_not(None))
    query = query.order_by(col(LedgerPosting.happened_at), col(LedgerPosting.id)).limit(limit)
    return list(session.exec(query.with_for_update(skip_locked=True)))


def ready(
    session: Session, connection: Connection, rows: Sequence[LedgerPosting], *, now: datetime
) -> list[tuple[LedgerPosting, PaymentOut]]:
    """Of due rows those that can be sent, each with its record; the others are let go, or wait with the reason."""
    people = patient_refs(session, {row.patient_id for row in rows if row.patient_id is not None})
    before = _payments_first(session, rows)
    clerks = {who: clerk_of(session, connection, who, now=now) for who in {row.acts_as for row in rows}}
    wanted = select(Payment).where(col(Payment.id).in_([row.payment_id for row in rows]))
    payments = {payment.id: payment for payment in session.exec(wanted)}
    found = []
    for row in rows:
        clerk, payment = clerks[row.acts_as], payments.get(row.payment_id)
        if payment is None or payment.gone_at is not None or _given_back(row, payment):
            row.state, row.finished_at = State.CLEARED, now
            row.reason = "The processor does not show this payment as accepted any more."
        elif (row.patient_id or 0) not in people:
            row.hold = Hold.NOT_LINKED
            row.reason = "The patient is not in the EHR's files any more. Link the payment anew."
        elif row.id in before:
            row.not_before, row.reason = (
                now + LATER,
                "It follows the payment it gives back, which is not posted yet.",
            )
        elif clerk.trouble:
            row.not_before, row.reason = now + LATER, clerk.trouble
        else:
            found.append((row, _record(row, people[row.patient_id or 0], clerk.key)))
        session.add(row)
    return found


def _given_back(row: LedgerPosting, payment: Payment) -> bool:
    return row.part != Part.REVERSAL and payment.status != "approved"


def _payments_first(session: Session, rows: Sequence[LedgerPosting]) -> set[int]:
    """Ids of refunds whose own payment waits here and is not posted yet."""
    refunds = {row.payment_id: row for row in rows if row.part == Part.REFUND}
    if not refunds:
        return set()
    found = session.exec(select(Payment).where(col(Payment.id).in_(list(refunds))))
    keys = {f"{each.connection_id}-{each.refund_ref}": refunds[each.id or 0].id for each in found}
    unfinished = select(LedgerPosting.key).where(
        col(LedgerPosting.key).in_(list(keys)),
        col(LedgerPosting.state).in_([State.WAITING, State.SENDING, State.FAILED, State.UNKNOWN]),
    )
    return {keys[key] or 0 for key in session.exec(unfinished)}


def _record(row: LedgerPosting, person: tuple[str, str, str], clerk_key: str) -> PaymentOut:
    ref, first, last = person
    return PaymentOut(
        patient_ref=ref,
        amount_cents=row.amount_cents,
        happened_at=row.happened_at,
        posted_on=row.posted_on,
        order_id=row.order_id,
        description=WORDS[Part(row.part)],
        clerk_key=clerk_key,
        last_name=last,
        first_name=first,
    )


def claim(
    session: Session, rows: Iterable[LedgerPosting], *, now: datetime, batch: str | None = None
) -> None:
    """Mark rows as being sent: the store knows of the attempt before it begins."""
    for row in rows:
        row.state, row.claimed_at, row.tries = State.SENDING, now, row.tries + 1
        row.batch, row.settle_after = batch, now + settle_window()
        session.add(row)


def record_outcomes(session: Session, outcomes: Mapping[int, Outcome], *, now: datetime) -> None:
    """What became of rows that were being sent or looked up; one that was finished meanwhile stays as it is."""
    for row in _held(session, outcomes):
        if row.state in {State.SENDING, State.UNKNOWN}:
            _apply(row, outcomes[row.id or 0], now)
            session.add(row)
    touch(session)  # open pages show it


def _apply(row: LedgerPosting, outcome: Outcome, now: datetime) -> None:
    match outcome:
        case Settled(result):
            row.state, row.reason, row.finished_at = State.POSTED, "", now
            row.entry_ref = str(result.get("entry", ""))
        case Refused(sentence):
            row.state, row.reason, row.finished_at = State.FAILED, sentence, now
        case Unknown(sentence):
            row.state, row.reason = State.UNKNOWN, sentence
            row.settle_after = now + settle_window()
        case Later(sentence, seconds):
            row.state, row.reason = State.WAITING, sentence
            row.tries -= 0 if outcome.begun else 1
            row.not_before = now + (timedelta(seconds=seconds) if seconds is not None else _wait(row.tries))


def _wait(tries: int) -> timedelta:
    return min(FIRST_WAIT * 2 ** max(0, tries - 1), LONGEST_WAIT)


def left_behind(session: Session, connection_id: int, *, now: datetime) -> list[str]:
    """Rows that a process was sending when it died become unknown; those of a file are the names of their batches."""
    rows = session.exec(
        select(LedgerPosting)
        .where(LedgerPosting.connection_id == connection_id, LedgerPosting.state == State.SENDING)
        .with_for_update()
    ).all()
    for row in rows:
        if row.batch is None:
            row.state, row.reason = State.UNKNOWN, LEFT_BEHIND
            row.settle_after = (row.claimed_at or now) + settle_window()
            session.add(row)
    return sorted({row.batch for row in rows if row.batch is not None})


def delivered(session: Session, connection_id: int, batch: str, *, now: datetime) -> int:
    """A file was handed over: how many rows it held."""
    rows = session.exec(
        select(LedgerPosting)
        .where(
            LedgerPosting.connection_id == connection_id,
            LedgerPosting.batch == batch,
            LedgerPosting.state == State.SENDING,
        )
        .with_for_update()
    ).all()
    for row in rows:
        row.state, row.reason, row.finished_at = State.POSTED, "", now
        row.entry_ref = f"{FILE}payments-{batch}.csv"
        session.add(row)
    touch(session)
    return len(rows)


def doubtful(session: Session, connection_id: int, *, now: datetime, limit: int) -> list[tuple[int, str]]:
    """Id and key of rows in doubt that may be looked up by now."""
    rows = session.exec(
        select(LedgerPosting.id, LedgerPosting.key)
        .where(
            LedgerPosting.connection_id == connection_id,
            LedgerPosting.state == State.UNKNOWN,
            col(LedgerPosting.settle_after) <= now,
        )
        .order_by(col(LedgerPosting.settle_after))
        .limit(limit)
    )
    return [(row[0] or 0, row[1]) for row in rows]


def _held(session: Session, ids: Iterable[int]) -> Sequence[LedgerPosting]:
    return session.exec(
        select(LedgerPosting)
        .where(col(LedgerPosting.id).in_(list(ids)))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
