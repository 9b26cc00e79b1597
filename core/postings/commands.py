"""Turning posting on after its dry run, and what a person does about a single row: again, or let go with a reason."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.connections.clerk_keys import clerk_key_of
from core.connections.commands import connection_of, settings_of
from core.connections.models import Connection, ConnectionState
from core.errors import BadInput, NotFound
from core.patients.models import Patient
from core.payments.models import Payment
from core.permissions import Identity, Permission, require, works_at
from core.postings.dry_run import Plan, plan_postings
from core.postings.gathering import held_row
from core.postings.models import Hold, LedgerPosting, PostingSwitch, State
from core.secrets import has_card_number
from core.staff.login_times import refusal
from core.store.version import touch

LONGEST_REASON = 200


def turn_on(
    session: Session,
    actor: Identity,
    *,
    connection_id: int,
    date_start: date,
    seen: str,
    acknowledged: bool = False,
    now: datetime | None = None,
) -> Plan:
    """Post accepted payments from `date_start` (local day) on, by themselves: what was shown as `seen`, and what comes.

    seen: Plan.seen of the dry run the person looked at. acknowledged: the person accepts a start in the past. Where it
    is on from that day already, nothing changes.
    Raises NotAllowed, NotFound; BadInput when the plan is another one by now, or a start in the past is not accepted.
    """
    require(actor.role, Permission.POST_PAYMENTS)
    connection = connection_of(session, connection_id)
    if connection.state in {ConnectionState.PAUSED, ConnectionState.DISCONNECTED}:
        raise BadInput(
            f"{connection.name} is {connection.state}; connect it again before payments are posted."
        )
    plan = plan_postings(session, connection_id, date_start=date_start, now=now)
    row = session.get(PostingSwitch, connection_id)
    if row is not None and row.is_on and row.date_start == date_start:
        return plan
    if plan.seen != seen:
        raise BadInput(
            "What would be posted has changed since you looked at it. Look again, then turn posting on."
        )
    if plan.must_acknowledge and not acknowledged:
        raise BadInput(
            "Date Start is in the past: payments could be posted twice. Look at what would be posted and confirm it."
        )
    if row is None:
        row = PostingSwitch(
            connection_id=connection_id,
            practice_id=connection.practice_id,
            date_start=date_start,
            changed_at=clock.now(),
        )
    row.is_on, row.date_start, row.acknowledged = True, date_start, acknowledged
    row.changed_at, row.changed_by, row.looked_at, row.trouble = clock.now(), actor.staff_id, -1, ""
    session.add(row)
    session.flush()
    detail = {
        "date_start": date_start,
        "count": plan.count,
        "cents": plan.cents,
        "acknowledged": acknowledged,
    }
    record(
        session,
        who=actor,
        action="posting turned on",
        subject_kind="connection",
        subject_id=connection_id,
        detail=detail,
    )
    return plan


def start_from(session: Session, actor: Identity, *, connection_id: int, date_start: date) -> None:
    """Keep the day from which payments are to be posted, before posting is turned on: the first day on a new processor.

    Raises NotAllowed, NotFound; BadInput when posting is on already.
    """
    require(actor.role, Permission.POST_PAYMENTS)
    connection = connection_of(session, connection_id)
    row = session.get(PostingSwitch, connection_id)
    if row is not None and row.is_on:
        raise BadInput("Payments are being posted already. Stop posting first, then choose another day.")
    row = row or PostingSwitch(
        connection_id=connection_id,
        practice_id=connection.practice_id,
        date_start=date_start,
        changed_at=clock.now(),
    )
    row.date_start, row.changed_at, row.changed_by = date_start, clock.now(), actor.staff_id
    session.add(row)
    record(session, who=actor, action="posting start kept", subject_kind="connection", subject_id=connection_id,
           detail={"date_start": date_start})  # fmt: skip


def turn_off(session: Session, actor: Identity, *, connection_id: int) -> None:
    """Post nothing more; what waits keeps waiting. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.POST_PAYMENTS)
    row = session.get(PostingSwitch, connection_id)
    if row is None:
        raise NotFound("Posting was never turned on here.")
    if not row.is_on:
        return
    row.is_on, row.changed_at, row.changed_by = False, clock.now(), actor.staff_id
    session.add(row)
    record(
        session, who=actor, action="posting turned off", subject_kind="connection", subject_id=connection_id
    )


def retry(session: Session, actor: Identity, *, posting_id: int) -> LedgerPosting:
    """Post it (again) under this person's clerk key. What is in doubt is looked up first, never sent again blindly.

    Also for what is held or was cleared. Raises NotAllowed, NotFound; BadInput: it is posted or on its way, linked to
    nobody, or the person has no clerk key or works outside their login times.
    """
    row = _mine(session, actor, posting_id)
    if row.state in {State.POSTED, State.SENDING}:
        raise BadInput(
            "It is posted already." if row.state == State.POSTED else "It is being posted right now."
        )
    if row.patient_id is None:
        raise BadInput("Nobody knows whose payment this is. Link it to a patient first.")
    require_clerk(session, actor, row.connection_id)
    now = clock.now()
    before = row.state
    if row.state == State.UNKNOWN:
        row.settle_after = now
    else:
        row.state, row.hold, row.not_before, row.finished_at = State.WAITING, Hold.NONE, now, None
        row.reason, row.cleared_by = "", None
    row.acts_as = actor.staff_id
    _keep(session, actor, row, "posting retried", before)
    return row


class Pressed(NamedTuple):
    """What a press on several rows did. refused: one sentence for each row that could not be, without repeats."""

    done: int
    refused: tuple[str, ...]


def retry_many(session: Session, actor: Identity, *, payment_ids: Sequence[int]) -> Pressed:
    """Post these payments (again) under this person's clerk key; rows that cannot be are told. Raises NotAllowed."""
    return _each(session, actor, payment_ids, lambda row_id: retry(session, actor, posting_id=row_id))


def clear_many(session: Session, actor: Identity, *, payment_ids: Sequence[int], reason: str) -> Pressed:
    """Let these payments go, with one reason. Raises NotAllowed; BadInput without a reason."""
    if not reason.strip():
        raise BadInput("Say why they are cleared, for example: typed into the ledger by hand.")
    return _each(
        session, actor, payment_ids, lambda row_id: clear(session, actor, posting_id=row_id, reason=reason)
    )


def _each(
    session: Session, actor: Identity, payment_ids: Sequence[int], act: Callable[[int], object]
) -> Pressed:
    require(actor.role, Permission.POST_PAYMENTS)
    done, refused = 0, []
    for payment_id in payment_ids:
        try:
            act(take_up(session, actor, payment_id=payment_id))
            done += 1
        except BadInput as error:
            refused.append(error.sentence)
    return Pressed(done, tuple(dict.fromkeys(refused)))


def take_up(session: Session, actor: Identity, *, payment_id: int) -> int:
    """The id of a payment's posting row; made now, held, for one that has none (it came before Date Start).

    Of several rows (the payment and its taking back) the one that is not finished. Raises NotAllowed, NotFound; BadInput
    when posting is off, the ledger has it already, or it is no accepted card or bank payment.
    """
    require(actor.role, Permission.POST_PAYMENTS)
    _require_place(session, actor, payment_id)
    rows = session.exec(
        select(LedgerPosting)
        .where(LedgerPosting.payment_id == payment_id, LedgerPosting.practice_id == actor.practice_id)
        .order_by(col(LedgerPosting.state).in_([State.POSTED, State.CLEARED]), col(LedgerPosting.id))
    ).all()
    if rows:
        return rows[0].id or 0
    switch = session.exec(
        select(PostingSwitch).where(PostingSwitch.practice_id == actor.practice_id, col(PostingSwitch.is_on))
    ).first()
    if switch is None:
        raise BadInput("Posting is off. Turn it on first, on the tab Posting.")
    row = held_row(session, switch, payment_id, now=clock.now())
    session.add(row)
    session.flush()
    return row.id or 0


def clear(session: Session, actor: Identity, *, posting_id: int, reason: str) -> LedgerPosting:
    """Let a row go: it is not posted by Huddle, because … Raises NotAllowed, NotFound; BadInput: no reason, or too late."""
    row = _mine(session, actor, posting_id)
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason:
        raise BadInput("Say why it is cleared, for example: typed into the ledger by hand.")
    if has_card_number(reason):
        raise BadInput("This holds a card number. Huddle never keeps one; take it out.")
    if row.state in {State.POSTED, State.SENDING, State.CLEARED}:
        raise BadInput(f"It is {row.state}; there is nothing to clear.")
    before = row.state
    row.state, row.reason, row.cleared_by, row.finished_at = (
        State.CLEARED,
        reason,
        actor.staff_id,
        clock.now(),
    )
    _keep(session, actor, row, "posting cleared", before)
    return row


def require_clerk(session: Session, actor: Identity, connection_id: int) -> None:
    """Raises BadInput, before anything is called, for a person without a clerk key or outside their login times."""
    connection = connection_of(session, connection_id)
    if (sentence := refusal(session, actor.staff_id, now=clock.now())) is not None:
        raise BadInput(sentence)
    by_file = bool(settings_of(connection).get("drop_folder"))
    if not by_file and clerk_key_of(session, actor.staff_id, connection_id) is None:
        raise BadInput(
            f"You have no clerk key for {connection.name}, so nothing can be posted in your name. "
            "The owner adds it on the Team page."
        )


def _mine(session: Session, actor: Identity, posting_id: int) -> LedgerPosting:
    require(actor.role, Permission.POST_PAYMENTS)
    row = session.get(LedgerPosting, posting_id, with_for_update=True)
    if row is None or row.practice_id != actor.practice_id:
        raise NotFound(f"There is no posting {posting_id}.")
    _require_place(session, actor, row.payment_id)
    return row


def _require_place(session: Session, actor: Identity, payment_id: int) -> None:
    """Somebody of one location posts the payments of its patients. Raises NotFound."""
    query = (
        select(Patient.location_id, Connection.practice_id)
        .join(Connection, col(Connection.id) == Patient.connection_id)
        .join(Payment, col(Payment.patient_id) == Patient.id)
        .where(Payment.id == payment_id)
    )
    found = session.exec(query).first()
    if found and not (works_at(actor, found[0]) and found[1] == actor.practice_id):
        raise NotFound("This payment belongs to another location.")


def _keep(session: Session, actor: Identity, row: LedgerPosting, action: str, before: str) -> None:
    session.add(row)
    session.flush()
    touch(session)
    record(
        session,
        who=actor,
        action=action,
        subject_kind="ledger_posting",
        subject_id=row.id or 0,
        detail={"before": before, "cents": row.amount_cents},
    )
