"""What must not go back in time with a restore: opt-outs, what was sent or charged since, and who may no longer come in.

A STOP said after the backup still stands. What waited in the outbox when the backup was made may have gone out since:
where the store that is replaced knows, its word is taken; where there is none, such rows are in doubt, looked up and
never sent blindly. Accounts disabled since stay disabled, and nobody is signed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, Row, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from core import clock
from core.errors import HuddleError
from core.messages.models import Channel, ConsentEvent, Message, Suppression
from core.outbox.models import OPEN_STATES, OutboxRow, OutboxState
from core.patients.models import Patient
from core.postings.models import Hold, LedgerPosting, State
from core.staff.models import Invitation, Staff, StaffSession
from core.store.engine import reader

SOURCE = "said before the store was restored"
IN_DOUBT = "The store was restored from a backup; this may have gone out since. It is looked up."

_STOPS = "SELECT channel, address, since, source FROM suppression WHERE lifted_at IS NULL"
_NOES = """
    SELECT e.channel, e.purpose, e.at, e.given, p.connection_id, p.external_id, p.mobile_phone, p.email
    FROM consent_event e JOIN patient p ON p.id = e.patient_id ORDER BY e.at, e.id
"""
_SENT = "SELECT id, state, result, reason, finished_at, claimed_at, attempts, settle_after, not_before FROM outbox_row"
_MESSAGES = "SELECT outbox_id, state, reason, sent_at, delivered_at, provider_id FROM message WHERE outbox_id IS NOT NULL"
_POSTED = (
    "SELECT key, state, reason, entry_ref, finished_at, claimed_at, tries, settle_after FROM ledger_posting"
)
_STAFF = "SELECT username, role, location_id, password_hash, password_changed_at, disabled_at FROM staff"


@dataclass(slots=True)
class Present:
    """What the store that is replaced knows. Instants are microseconds since 1970, as the store keeps them."""

    stops: Sequence[Row[Any]] = ()
    answers: Mapping[tuple[int, str, str, str], Row[Any]] = field(default_factory=dict)
    sent: Mapping[str, Row[Any]] = field(default_factory=dict)
    messages: Mapping[str, Row[Any]] = field(default_factory=dict)
    posted: Mapping[str, Row[Any]] = field(default_factory=dict)
    staff: Mapping[str, Row[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Carried:
    """stops: opt-outs that were added. doubtful: rows that may have gone out since."""

    stops: int
    doubtful: int


def read_present(engine: Engine) -> Present | None:
    """What the store that is there knows; None when it cannot be read: then nothing of it can be carried over."""
    try:
        with reader(engine) as session:

            def rows(statement: str) -> Sequence[Row[Any]]:
                return session.connection().execute(text(statement)).all()

            return Present(
                stops=rows(_STOPS),
                answers={(r.connection_id, r.external_id, r.channel, r.purpose): r for r in rows(_NOES)},
                sent={r.id: r for r in rows(_SENT)},
                messages={r.outbox_id: r for r in rows(_MESSAGES)},
                posted={r.key: r for r in rows(_POSTED)},
                staff={r.username: r for r in rows(_STAFF)},
            )
    except (DBAPIError, HuddleError):
        return None


def carry_over(session: Session, present: Present | None) -> Carried:
    """Into a restored store, before anybody opens it."""
    stops = _stops(session, present) if present else 0
    doubtful = _outbox(session, present) + _postings(session, present)
    _accounts(session, present)
    session.flush()
    return Carried(stops, doubtful)


def _stops(session: Session, present: Present) -> int:
    known = {(row.channel, row.address): row for row in session.exec(select(Suppression).with_for_update())}
    added = 0
    for stop in present.stops:
        added += _suppress(session, known, stop.channel, stop.address, stop.source)
    patients = {
        (patient.connection_id, patient.external_id): patient
        for patient in session.exec(select(Patient).where(col(Patient.external_id).in_(
            [key[1] for key, row in present.answers.items() if not row.given]
        )))
    }  # fmt: skip
    for (connection_id, external_id, channel, purpose), row in present.answers.items():
        if row.given:
            continue
        patient = patients.get((connection_id, external_id))
        if patient is None:  # they come with the next sync, with the consent the EHR has
            address = row.mobile_phone if channel == Channel.TEXT else row.email
            added += _suppress(session, known, channel, address, SOURCE) if address else 0
        else:
            added += _say_no(session, patient.id or 0, channel, purpose, row.at)
    return added


def _suppress(
    session: Session, known: dict[tuple[str, str], Suppression], channel: str, address: str, source: str
) -> int:
    row = known.get((channel, address))
    if row is not None and row.lifted_at is None:
        return 0
    row = row or Suppression(channel=channel, address=address, since=clock.now(), source=source)
    row.since, row.source, row.lifted_at = clock.now(), source, None
    known[channel, address] = row
    session.add(row)
    return 1


def _say_no(session: Session, patient_id: int, channel: str, purpose: str, at: int) -> int:
    last = session.exec(
        select(ConsentEvent)
        .where(
            ConsentEvent.patient_id == patient_id,
            ConsentEvent.channel == channel,
            ConsentEvent.purpose == purpose,
        )
        .order_by(col(ConsentEvent.at).desc(), col(ConsentEvent.id).desc())
        .limit(1)
    ).first()
    if last is not None and not last.given:
        return 0
    session.add(
        ConsentEvent(
            patient_id=patient_id,
            channel=channel,
            purpose=purpose,
            given=False,
            at=clock.now(),
            source=SOURCE,
        )
    )
    return 1


def _outbox(session: Session, present: Present | None) -> int:
    now, doubtful = clock.now(), 0
    for row in session.exec(select(OutboxRow).where(col(OutboxRow.state).in_(OPEN_STATES))).all():
        then = present.sent.get(row.id) if present else None
        if then is not None:
            row.state, row.result, row.reason, row.attempts = (
                then.state,
                then.result,
                then.reason,
                then.attempts,
            )
            row.claimed_at, row.finished_at = _instant(then.claimed_at), _instant(then.finished_at)
            row.settle_after, row.not_before = _instant(then.settle_after), _instant(then.not_before) or now
            row.held_until = None
            _message(session, present, row.id)
        else:
            row.state, row.reason, row.settle_after, row.held_until = OutboxState.UNKNOWN, IN_DOUBT, now, None
            row.claimed_at = row.claimed_at or row.created_at
            doubtful += 1
        session.add(row)
    return doubtful


def _message(session: Session, present: Present | None, key: str) -> None:
    message = session.exec(select(Message).where(Message.outbox_id == key)).first()
    then = present.messages.get(key) if present else None
    if message is not None and then is not None:
        message.state, message.reason, message.provider_id = then.state, then.reason, then.provider_id
        message.sent_at, message.delivered_at = _instant(then.sent_at), _instant(then.delivered_at)
        session.add(message)


def _postings(session: Session, present: Present | None) -> int:
    now, doubtful = clock.now(), 0
    open_states = (State.WAITING, State.SENDING, State.UNKNOWN)
    for row in session.exec(select(LedgerPosting).where(col(LedgerPosting.state).in_(open_states))).all():
        then = present.posted.get(row.key) if present else None
        if then is not None:
            row.state, row.reason, row.entry_ref, row.tries = (
                then.state,
                then.reason,
                then.entry_ref,
                then.tries,
            )
            row.claimed_at, row.finished_at = _instant(then.claimed_at), _instant(then.finished_at)
            row.settle_after = _instant(then.settle_after)
        elif row.hold == Hold.NONE:
            row.state, row.reason, row.settle_after = State.UNKNOWN, IN_DOUBT, now
            doubtful += 1
        session.add(row)
    return doubtful


def _accounts(session: Session, present: Present | None) -> None:
    for person in session.exec(select(Staff)).all():
        then = present.staff.get(person.username) if present else None
        if then is not None:
            person.role, person.location_id = then.role, then.location_id
            person.password_hash = then.password_hash
            person.password_changed_at = _instant(then.password_changed_at)
            person.disabled_at = _instant(then.disabled_at)
            session.add(person)
    for invitation in session.exec(select(Invitation).where(col(Invitation.used_at).is_(None))).all():
        invitation.used_at = clock.now()  # it may have been used since
        session.add(invitation)
    for one in session.exec(select(StaffSession).where(col(StaffSession.ended_at).is_(None))).all():
        one.ended_at, one.ended_why = clock.now(), "the store was restored"
        session.add(one)


def _instant(microseconds: int | None) -> Any:
    return None if microseconds is None else clock.EPOCH + timedelta(microseconds=microseconds)
