"""Writing down what is to be posted, and letting go of what is not any more: called by the job, in its transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from core import clock
from core.dates import short_day
from core.errors import BadInput, NotFound
from core.payments.facts import GIVEN_BACK
from core.payments.models import Payment
from core.postings.look import Looked, look, part_of, why_held
from core.postings.models import Hold, LedgerPosting, Part, PostingSwitch, State
from core.postings.reads import first_zone
from core.postings.rules import LOOKS_ALIKE_WITHIN, Judged, Verdict, reversal_cents

HOLDS = {Verdict.NOT_LINKED: Hold.NOT_LINKED, Verdict.SUSPECTED: Hold.SUSPECTED}
_MAY_BE_LET_GO = (State.WAITING, State.FAILED)


def gather(session: Session, switch: PostingSwitch, looked: Looked, *, now: datetime) -> int:
    """Rows for what is to be posted from Date Start on: how many rows are new. now: aware UTC.

    looked: as `look` saw it a moment ago, outside this transaction: looking takes longer than others may be kept waiting.
    """
    today = clock.today(first_zone(session, switch.practice_id), now)
    wanted = [
        each for each in looked.judged if each.verdict != Verdict.THERE and each.line.key not in looked.known
    ]
    there = _already(session, switch, [each.line.key for each in wanted])
    fresh = [each for each in wanted if each.line.key not in there]
    session.add_all([_row(switch, each, now, why_held(each, today)) for each in fresh])
    for judged in looked.judged:
        known = looked.known.get(judged.line.key)
        if known is not None and known.state in _MAY_BE_LET_GO:
            _look_again(session, known.id, judged, looked, now)
    session.flush()
    return len(fresh) + _take_back(session, switch, now)


def _already(session: Session, switch: PostingSwitch, keys: Sequence[str]) -> set[str]:
    """Of these keys those that a person has taken up meanwhile."""
    found: set[str] = set()
    for start in range(0, len(keys), 500):
        rows = select(LedgerPosting.key).where(
            LedgerPosting.practice_id == switch.practice_id,
            col(LedgerPosting.key).in_(keys[start : start + 500]),
        )
        found |= set(session.exec(rows))
    return found


def _row(switch: PostingSwitch, judged: Judged, now: datetime, why: str) -> LedgerPosting:
    payment = judged.line.payment
    return LedgerPosting(
        practice_id=switch.practice_id,
        connection_id=switch.connection_id,
        payment_id=payment.id,
        part=part_of(judged),
        key=judged.line.key,
        patient_id=payment.patient_id,
        amount_cents=judged.line.cents,
        happened_at=payment.happened_at,
        posted_on=payment.happened_on,
        order_id=payment.order_id or payment.external_id,
        hold=HOLDS.get(judged.verdict, Hold.NONE),
        reason=why,
        created_at=now,
        not_before=now,
    )


def held_row(session: Session, switch: PostingSwitch, payment_id: int, *, now: datetime) -> LedgerPosting:
    """A row for one payment that a person picked, held until they say. Raises BadInput when it is not to be posted."""
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise NotFound("This payment is not in the store any more.")
    zone = first_zone(session, switch.practice_id)
    day = clock.local_date(payment.happened_at, zone) - LOOKS_ALIKE_WITHIN
    looked = look(session, switch.practice_id, start=day, now=now)
    judged = next((each for each in looked.judged if each.line.payment.id == payment_id), None)
    if judged is None:
        raise BadInput("It is no accepted card or bank payment of the last 90 days, so it cannot be posted.")
    if judged.verdict == Verdict.THERE:
        raise BadInput("It is in the ledger already.")
    row = _row(switch, judged, now, why_held(judged, clock.today(zone, now)))
    row.hold = Hold.NOT_LINKED if judged.verdict == Verdict.NOT_LINKED else Hold.SUSPECTED
    return row


def _look_again(session: Session, posting_id: int, judged: Judged, looked: Looked, now: datetime) -> None:
    """A row that waits or failed: in the ledger by now, linked by now, or linked to somebody else."""
    row = session.get_one(LedgerPosting, posting_id)
    if row.state not in _MAY_BE_LET_GO:
        return
    if judged.verdict == Verdict.THERE:
        entry = looked.pairs.rows[row.key][0]
        row.state, row.finished_at = State.CLEARED, now
        row.reason = f"It is in the ledger already, on {short_day(entry.posted_on, now.date())}."
    elif row.state == State.WAITING and row.patient_id != judged.line.payment.patient_id:
        row.patient_id = judged.line.payment.patient_id
        row.hold = HOLDS.get(judged.verdict, Hold.NONE)
        row.reason = why_held(judged, now.date())
    session.add(row)


def _take_back(session: Session, switch: PostingSwitch, now: datetime) -> int:
    """Payments that their status gave back: what was not posted is let go, what was posted is taken back, once."""
    rows = session.exec(
        select(LedgerPosting, Payment)
        .join(Payment, col(Payment.id) == col(LedgerPosting.payment_id))
        .where(
            LedgerPosting.practice_id == switch.practice_id,
            LedgerPosting.part == Part.PAYMENT,
            col(LedgerPosting.state).in_([*_MAY_BE_LET_GO, State.POSTED]),
            col(Payment.status).in_(GIVEN_BACK),
        )
    ).all()
    new = 0
    for row, payment in rows:
        if row.state != State.POSTED:
            row.state, row.finished_at = State.CLEARED, now
            row.reason = f"It was {payment.status.replace('_', ' ')} before it was posted."
            session.add(row)
        elif (reversal := _reversal(session, switch, row, payment, now)) is not None:
            session.add(reversal)
            new += 1
    session.flush()
    return new


def _reversal(
    session: Session, switch: PostingSwitch, row: LedgerPosting, payment: Payment, now: datetime
) -> LedgerPosting | None:
    """When the money went back is not known, only that it did: it is posted on the day we learnt of it."""
    key = f"{row.key}-back"
    if session.exec(select(LedgerPosting.id).where(LedgerPosting.key == key)).first() is not None:
        return None
    cents = reversal_cents(row.amount_cents, _refunded(session, payment))
    if not cents:
        return None
    return LedgerPosting(
        practice_id=switch.practice_id,
        connection_id=switch.connection_id,
        payment_id=row.payment_id,
        part=Part.REVERSAL,
        key=key,
        patient_id=row.patient_id,
        amount_cents=cents,
        happened_at=now,
        posted_on=clock.today(first_zone(session, switch.practice_id), now),
        order_id=row.order_id,
        created_at=now,
        not_before=now,
    )


def _refunded(session: Session, payment: Payment) -> int:
    """What refunds of their own took back of it, above 0 and without their share of its surcharge."""
    found = session.exec(
        select(Payment.amount_cents).where(
            Payment.connection_id == payment.connection_id,
            Payment.refund_ref == payment.external_id,
            Payment.status == "approved",
            col(Payment.gone_at).is_(None),
        )
    )
    back = sum(found)
    if payment.surcharge_cents:
        back = (2 * back * (payment.amount_cents - payment.surcharge_cents) // payment.amount_cents + 1) // 2
    return back
