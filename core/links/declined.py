"""A draft that was declined: charge it again, or have the processor write to the payer, by the reason (Fortis §6).

Cash Practice charges nothing again by itself: there a person puts the payment off to a day, or has it send its
“Payment Request” (field-notes §2.1–2.2), as the clerk whose key it is.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.connections.clerk_permission import TAKE_PAYMENTS, clerk_key_for
from core.connections.models import Connection, Kind
from core.dates import short_day
from core.errors import BadInput, NotFound
from core.links.may_try import require_may_try
from core.links.under_way import SUBJECT, under_way_of
from core.outbox import commands as outbox
from core.outbox.commands import result_of
from core.outbox.models import OPEN_STATES, OutboxKind, OutboxRow, OutboxState
from core.patients.models import Patient
from core.patients.reports import patient_of, place_of
from core.payments.models import DeclinedDraft, Payment, Recurring
from core.payments.reasons import reason_of
from core.permissions import Identity, Permission, require

LATEST = timedelta(days=60)
GONE = "This declined payment is not in the store any more. Go back and refresh the list."


@dataclass(frozen=True, slots=True)
class DeclinedLine:
    """A declined draft that is still unpaid. may_rerun: charging the card on the draft again could help. under_way: "" or what
    is being done about it right now, in words. happened_at: UTC. by_clerk: at a processor where a person acts under their
    clerk key (put off, payment request), and not by charging again. earliest: the first day it may be put off to (local), None
    where it cannot be. processor: the connection's name."""

    declined_id: int
    patient_id: int | None
    amount_cents: int
    happened_at: datetime | None
    reason: str
    advice: str
    may_rerun: bool
    under_way: str
    processor: str = ""
    by_clerk: bool = False
    earliest: date | None = None


def declined_of(session: Session, actor: Identity | None, patient_id: int) -> list[DeclinedLine]:
    """The patient's declined drafts that are still unpaid, latest first. Raises NotFound."""
    patient = patient_of(session, actor, patient_id)
    rows = session.exec(
        select(DeclinedDraft, Payment, Connection)
        .join(Connection, col(Connection.id) == DeclinedDraft.connection_id)
        .join(
            Payment,
            (col(Payment.connection_id) == DeclinedDraft.connection_id)
            & (col(Payment.external_id) == DeclinedDraft.declined_payment_ref),
        )
        .where(
            Payment.patient_id == patient.id,
            DeclinedDraft.status == "unpaid",
            col(DeclinedDraft.gone_at).is_(None),
        )
        .order_by(col(DeclinedDraft.happened_at).desc(), col(DeclinedDraft.id).desc())
    )
    return [_line(session, draft, payment, at) for draft, payment, at in rows]


def rerun(session: Session, actor: Identity, *, declined_id: int, form: str) -> OutboxRow:
    """Charge the card on file again for a declined draft. The same form again does nothing new.

    Raises BadInput when it is paid, is being charged already, or trying again cannot help (expired, lost, closed …);
    NotFound, NotAllowed.
    """
    draft, payment = _held(session, actor, declined_id)
    if (already := _same_press(session, draft, OutboxKind.DECLINED_RERUN, form)) is not None:
        return already
    _require_at(session, draft, Kind.FORTIS, "Put it off to a day instead.")
    _require_unpaid(session, draft)
    why = reason_of(payment.reason_code)
    if why.hard and not _other_card(session, draft, payment):
        raise BadInput(f"The bank said no for good ({why.words}). {why.advice}")
    require_may_try(session, payment, charges=True)
    row = _put(session, actor, OutboxKind.DECLINED_RERUN, draft, key=_key(form))
    _audit(session, actor, draft, "declined payment charged again")
    return row


def resend(session: Session, actor: Identity, *, declined_id: int, form: str) -> OutboxRow:
    """Have the processor send its own e-mail about a declined draft to the payer again.

    Raises BadInput when it is paid or something is under way for it, NotFound, NotAllowed.
    """
    draft, payment = _held(session, actor, declined_id)
    if (already := _same_press(session, draft, OutboxKind.DECLINED_RESEND, form)) is not None:
        return already
    _require_at(session, draft, Kind.FORTIS, "Send its payment request instead.")
    _require_unpaid(session, draft)
    require_may_try(session, payment, charges=False)
    row = _put(session, actor, OutboxKind.DECLINED_RESEND, draft, key=_key(form))
    _audit(session, actor, draft, "processor's e-mail about a decline sent again")
    return row


def put_off(session: Session, actor: Identity, *, declined_id: int, on: date, form: str) -> OutboxRow:
    """Have Cash Practice try a declined payment again on a day (local), tomorrow at the earliest. The same form again does
    nothing new.

    Raises BadInput when it is paid, something is under way, trying again cannot help, or the day does not do; NotAllowed
    without the permission, clerk key, privilege there, or outside the login times; NotFound.
    """
    draft, payment = _held(session, actor, declined_id)
    if (already := _same_press(session, draft, OutboxKind.DECLINED_PUT_OFF, form)) is not None:
        return already
    connection = _require_at(session, draft, Kind.CASH_PRACTICE, "Charge it again instead.")
    clerk_key_for(session, actor.staff_id, connection, privilege=TAKE_PAYMENTS, now=clock.now())
    _require_unpaid(session, draft)
    why = reason_of(payment.reason_code)
    if why.hard and not _other_card(session, draft, payment):
        raise BadInput(f"The bank said no for good ({why.words}). {why.advice}")
    require_may_try(session, payment, charges=True, moves_the_try=True)
    today = _today(session, payment)
    if not today < on <= today + LATEST:
        raise BadInput(f"Choose a day from tomorrow on, {short_day(today + LATEST, today)} at the latest.")
    row = _put(session, actor, OutboxKind.DECLINED_PUT_OFF, draft, key=_key(form), on=on)
    _audit(session, actor, draft, "declined payment put off")
    return row


def request_payment(session: Session, actor: Identity, *, declined_id: int, form: str) -> OutboxRow:
    """Have Cash Practice send its “Payment Request” e-mail about a declined payment. Raises as `put_off`."""
    draft, payment = _held(session, actor, declined_id)
    if (already := _same_press(session, draft, OutboxKind.DECLINED_REQUEST, form)) is not None:
        return already
    connection = _require_at(session, draft, Kind.CASH_PRACTICE, "Have its own e-mail sent again instead.")
    clerk_key_for(session, actor.staff_id, connection, privilege=TAKE_PAYMENTS, now=clock.now())
    _require_unpaid(session, draft)
    require_may_try(session, payment, charges=False)
    row = _put(session, actor, OutboxKind.DECLINED_REQUEST, draft, key=_key(form))
    _audit(session, actor, draft, "payment request sent")
    return row


def _today(session: Session, payment: Payment) -> date:
    patient = session.get(Patient, payment.patient_id) if payment.patient_id else None
    return clock.today(place_of(session, patient or Patient(connection_id=0, external_id="")).time_zone)


def _require_at(session: Session, draft: DeclinedDraft, kind: Kind, instead: str) -> Connection:
    connection = session.get_one(Connection, draft.connection_id)
    if connection.kind != kind:
        raise BadInput(f"{connection.name} cannot do that. {instead}")
    return connection


def _held(session: Session, actor: Identity, declined_id: int) -> tuple[DeclinedDraft, Payment]:
    """The draft, held until the transaction ends, with the payment that was declined."""
    require(actor.role, Permission.COLLECT)
    draft = session.exec(
        select(DeclinedDraft)
        .join(Connection, col(Connection.id) == DeclinedDraft.connection_id)
        .where(DeclinedDraft.id == declined_id, Connection.practice_id == actor.practice_id)
        .with_for_update(of=DeclinedDraft)  # type: ignore[arg-type]  # a mapped class is what it takes
        .execution_options(populate_existing=True)
    ).first()
    payment = None if draft is None else declined_payment(session, draft)
    if draft is None or payment is None:
        raise NotFound(GONE)
    if payment.patient_id is not None:
        patient_of(session, actor, payment.patient_id)
    return draft, payment


def no_longer_askable(session: Session, declined_id: int, *, kind: OutboxKind) -> str:
    """Asked as it goes out: why the money must not be asked for any more, a sentence; "" when it may."""
    draft = session.get(DeclinedDraft, declined_id)
    payment = declined_payment(session, draft) if draft is not None else None
    if payment is None:
        return ""
    putting_off = kind is OutboxKind.DECLINED_PUT_OFF
    charges = putting_off or kind is OutboxKind.DECLINED_RERUN
    try:
        require_may_try(session, payment, charges=charges, moves_the_try=putting_off)
    except BadInput as error:
        return error.sentence
    return ""


def declined_payment(session: Session, draft: DeclinedDraft) -> Payment | None:
    """The payment that was declined; None when the store does not have it."""
    return session.exec(
        select(Payment).where(
            Payment.connection_id == draft.connection_id, Payment.external_id == draft.declined_payment_ref
        )
    ).first()


def _require_unpaid(session: Session, draft: DeclinedDraft) -> None:
    if draft.status == "closed":
        raise BadInput(
            "The alert was removed at the processor: somebody has settled this. Nothing is left to charge."
        )
    if draft.status == "paid":
        raise BadInput("This was paid meanwhile. Nothing is left to charge.")
    if under_way := under_way_of(session, draft):
        raise BadInput(f"{under_way} Wait until that is done.")


def _key(form: str) -> str:
    if not form.strip():
        raise BadInput("This form has no mark of its own. Open it again.")
    return f"form {form}"


def _same_press(session: Session, draft: DeclinedDraft, kind: OutboxKind, form: str) -> OutboxRow | None:
    """What this form did already, or another one a moment ago: a form is drawn anew as soon as the first press is done."""
    return session.get(OutboxRow, _key(form)) or outbox.same_press(session, SUBJECT, draft.id or 0, kind)


def _put(
    session: Session,
    actor: Identity,
    kind: OutboxKind,
    draft: DeclinedDraft,
    *,
    key: str,
    on: date | None = None,
) -> OutboxRow:
    payload = {"declined_ref": draft.external_id, "draft_ref": draft.recurring_ref}
    if kind in (OutboxKind.DECLINED_PUT_OFF, OutboxKind.DECLINED_REQUEST):
        payload |= {"order_ref": draft.declined_payment_ref}
    return outbox.put(
        session,
        kind=kind,
        payload=payload | ({"on": on.isoformat()} if on else {}),
        connection_id=draft.connection_id,
        who=actor,
        subject_kind=SUBJECT,
        subject_id=draft.id or 0,
        key=key,
    )


def _other_card(session: Session, draft: DeclinedDraft, payment: Payment) -> bool:
    """Whether the draft charges another card by now than the one that was declined."""
    now = session.exec(
        select(Recurring.card_ref).where(
            Recurring.connection_id == draft.connection_id, Recurring.external_id == draft.recurring_ref
        )
    ).first()
    return now is not None and payment.card_ref is not None and now != payment.card_ref


def _put_off_to(session: Session, draft: DeclinedDraft, payment: Payment, at: Connection) -> str:
    today = _today(session, payment)
    if draft.retry_on is None or draft.retry_on < today:
        return ""
    return f"{at.name} tries again on {short_day(draft.retry_on, today)}."


def _line(session: Session, draft: DeclinedDraft, payment: Payment, at: Connection) -> DeclinedLine:
    why = reason_of(payment.reason_code)
    other_card = _other_card(session, draft, payment)
    by_clerk = at.kind == Kind.CASH_PRACTICE
    return DeclinedLine(
        declined_id=draft.id or 0,
        patient_id=payment.patient_id,
        amount_cents=payment.amount_cents,
        happened_at=draft.happened_at or payment.happened_at,
        reason=why.words,
        advice="Another card is on the plan by now: charge that one." if other_card else why.advice,
        may_rerun=other_card or not why.hard,
        under_way=under_way_of(session, draft) or _put_off_to(session, draft, payment, at),
        processor=at.name,
        by_clerk=by_clerk,
        earliest=_today(session, payment) + timedelta(days=1) if by_clerk else None,
    )


def _audit(session: Session, actor: Identity, draft: DeclinedDraft, action: str) -> None:
    record(session, who=actor, action=action, subject_kind="declined_draft", subject_id=draft.id or 0)


class LastTry(NamedTuple):
    """words: a sentence without its time. at: UTC, None where it was never begun."""

    words: str
    at: datetime | None


def last_try(session: Session, declined_id: int) -> LastTry | None:
    """The latest thing that was done about it and is over; None when nothing was."""
    row = session.exec(
        select(OutboxRow)
        .where(
            OutboxRow.subject_kind == SUBJECT,
            OutboxRow.subject_id == str(declined_id),
            col(OutboxRow.state).not_in(list(OPEN_STATES)),
        )
        .order_by(col(OutboxRow.created_at).desc())
        .limit(1)
    ).first()
    return None if row is None else LastTry(_words(row), row.claimed_at)


def _words(row: OutboxRow) -> str:
    if row.state != OutboxState.SETTLED:
        return f"The last try did not happen. {row.reason}".strip()
    match row.kind:
        case OutboxKind.DECLINED_RERUN:
            told = result_of(row)
            if told.get("status") == "declined":
                return f"Charged again, and declined again: {reason_of(told.get('reason_code')).words}."
            return "The card was charged again."
        case OutboxKind.DECLINED_PUT_OFF:
            return "It was put off."
        case _:
            return "The processor wrote to the payer."
