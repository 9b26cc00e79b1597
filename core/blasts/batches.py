"""Blasts: one batch a form, undo, pause, stop (DOMAIN §12, RELIABILITY 19)."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.blasts.audience import Audience, Blast, check
from core.blasts.progress import OPEN_BATCH
from core.card_numbers import mask_card_numbers
from core.connections.models import Connection
from core.errors import BadInput, NotFound
from core.messages.commands import Letter, check_words, queue, sending_connection, written, zones
from core.messages.models import Batch, BatchState, Message, MessageState
from core.messages.recipients import patients_by_id
from core.messages.rules import COUNT_ABOVE, UNDO
from core.messages.templates import Words, letterhead
from core.outbox import commands as outbox
from core.outbox.models import OutboxRow, OutboxState
from core.patients.models import Patient
from core.permissions import Identity, Permission, require

_UNDONE = "Undone before it went out."
_FAR = timedelta(days=3650)  # a paused blast's rows are due then, unless it is resumed


def make_batch(
    session: Session,
    who: Identity,
    blast: Blast,
    *,
    form: str,
    at: datetime | None = None,
    typed_count: int | None = None,
    undo: timedelta = UNDO,
) -> Batch:
    """Send a blast now or at a time (UTC), after the time to undo. A second press of the same form finds the first.

    typed_count: needed above 50 people. Raises NotAllowed; BadInput: nobody to write to, wrong count, a time that is
    past, words that may not go out.
    """
    require(who.role, Permission.SEND_BLASTS)
    if found := _of_form(session, who, form):
        return found
    for words in (*blast.ways, *blast.own.values()):
        check_words(session, words)
    now = clock.now()
    if at is not None and at < now - timedelta(minutes=1):
        raise BadInput("That time is past. Choose a later one, or send now.")
    audience = check(
        session,
        blast.wanted,
        channel=blast.words.channel,
        purpose=blast.words.purpose,
        otherwise=blast.otherwise.channel if blast.otherwise else "",
        now=now,
    )
    audience = Audience(audience.goes, (*blast.left_out, *audience.left_out))
    _require_count(len(audience.goes), typed_count)
    connections = {one.channel: sending_connection(session, one.channel) for one in blast.ways}
    batch = _batch(who, blast, audience, form=form, now=now, at=at, undo=undo)
    session.add(batch)
    session.flush()
    _queue_all(session, who, batch, blast, audience, connections)
    detail = {"count": batch.count, "left_out": batch.left_out, "channel": batch.channel}
    _audit(session, who, batch, "made a blast", **detail, condition=blast.condition)
    return batch


def _batch(
    who: Identity,
    blast: Blast,
    audience: Audience,
    *,
    form: str,
    now: datetime,
    at: datetime | None,
    undo: timedelta,
) -> Batch:
    return Batch(
        practice_id=who.practice_id,
        location_id=who.location_id,
        token=form,
        name=mask_card_numbers(" ".join(blast.name.split())[:80]) or blast.words.name,
        channel=blast.way,
        purpose=blast.words.purpose,
        template_version_id=blast.words.version_id,
        condition=blast.condition,
        who=json.dumps(dict(blast.chosen), sort_keys=True, default=str),
        state=BatchState.SCHEDULED,
        count=len(audience.goes),
        left_out=len(audience.left_out),
        created_at=now,
        created_by=who.staff_id,
        scheduled_at=at or now,
        undo_until=now + undo,
    )


def _queue_all(
    session: Session,
    who: Identity,
    batch: Batch,
    blast: Blast,
    audience: Audience,
    connections: Mapping[str, Connection],
) -> None:
    """A message for each who gets it, and a skipped one with its reason for each who does not."""
    people = patients_by_id(session, (each.patient_id for each in (*audience.goes, *audience.left_out)))
    heads = {place: letterhead(session, place) for place in {p.location_id for p in people.values()}}
    places = zones(session, heads)
    for each in audience.goes:
        patient = people[each.patient_id]
        words = blast.words_for(each.patient_id, each.channel)
        link = blast.make_link(session, patient, each.channel) if blast.make_link else None
        text = written(patient, words, each.fields, link, heads[patient.location_id])
        letter = Letter(
            words, text, each.address, connections[each.channel], patient, link, places[patient.location_id]
        )
        start = max(batch.undo_until or batch.created_at, batch.scheduled_at or batch.created_at)
        queue(session, who, letter, batch_id=batch.id, not_before=start)
    for each in audience.left_out:
        session.add(_skipped(batch, blast.words, people[each.patient_id], each.reason, batch.created_at))


def undo_batch(session: Session, who: Identity, *, batch_id: int) -> None:
    """Take a blast back before anything went out; one that is taken back stays so. Raises NotAllowed, NotFound; BadInput
    when it is too late."""
    if _ended(session, who, batch_id) == (BatchState.STOPPED, _UNDONE):
        return
    batch = _open(session, who, batch_id)
    if clock.now() > (batch.undo_until or batch.created_at) and batch.state == BatchState.RUNNING:
        raise BadInput("It is too late to undo: messages are going out. Stop it to keep back the rest.")
    _end(session, who, batch, BatchState.STOPPED, _UNDONE, "undid a blast")


def stop_batch(session: Session, who: Identity, *, batch_id: int) -> int:
    """Keep back everything of a blast that has not gone out yet: how many; none of one that is stopped already.

    Raises NotAllowed, NotFound, BadInput.
    """
    if _ended(session, who, batch_id)[0] == BatchState.STOPPED:
        return 0
    batch = _open(session, who, batch_id)
    return _end(
        session,
        who,
        batch,
        BatchState.STOPPED,
        "The blast was stopped before this went out.",
        "stopped a blast",
    )


def pause_batch(session: Session, who: Identity, *, batch_id: int) -> None:
    """Hold a blast where it is. Raises NotAllowed, NotFound; BadInput when it is over."""
    batch = _open(session, who, batch_id)
    if batch.state != BatchState.PAUSED:
        batch.state = BatchState.PAUSED
        _due(session, batch, clock.now() + _FAR)
        _audit(session, who, batch, "paused a blast")


def resume_batch(session: Session, who: Identity, *, batch_id: int) -> None:
    """Go on with a paused blast. Raises NotAllowed, NotFound; BadInput when it is over."""
    batch = _open(session, who, batch_id)
    if batch.state == BatchState.PAUSED:
        batch.state = BatchState.RUNNING if batch.started_at else BatchState.SCHEDULED
        _due(session, batch, max(clock.now(), batch.scheduled_at or clock.now()))
        _audit(session, who, batch, "resumed a blast")


def _require_count(count: int, typed: int | None) -> None:
    if count == 0:
        raise BadInput("Nobody is left to write to. The list says why for each person.")
    if count > COUNT_ABOVE and typed != count:
        raise BadInput(f"This goes to {count:,} people. Type {count} to confirm.")


def _of_form(session: Session, who: Identity, form: str) -> Batch | None:
    if not form:
        raise BadInput("This form is out of date. Open it again.")
    return session.exec(
        select(Batch).where(Batch.practice_id == who.practice_id, Batch.token == form)
    ).first()


def _skipped(batch: Batch, words: Words, patient: Patient, reason: str, now: datetime) -> Message:
    return Message(
        practice_id=batch.practice_id,
        location_id=patient.location_id,
        patient_id=patient.id,
        batch_id=batch.id,
        channel=words.channel,
        purpose=words.purpose,
        template_version_id=words.version_id,
        state=MessageState.SKIPPED,
        reason=reason,
        created_at=now,
        created_by=batch.created_by,
    )


def _ended(session: Session, who: Identity, batch_id: int) -> tuple[str, str]:
    """State and reason, as they are committed by now. Raises NotAllowed."""
    require(who.role, Permission.SEND_BLASTS)
    batch = session.get(Batch, batch_id, populate_existing=True)
    if batch is not None:
        require_theirs(who, batch)
    return (batch.state, batch.reason) if batch else ("", "")


def require_theirs(who: Identity, batch: Batch) -> None:
    """Somebody of one location works on its blasts. Raises NotFound."""
    if batch.practice_id != who.practice_id or who.location_id not in (None, batch.location_id):
        raise NotFound("This blast is not there, or it is not yours.")


def _open(session: Session, who: Identity, batch_id: int) -> Batch:
    require(who.role, Permission.SEND_BLASTS)
    batch = session.exec(select(Batch).where(Batch.id == batch_id).with_for_update()).first()
    if batch is None:
        raise NotFound(f"There is no blast {batch_id}.")
    require_theirs(who, batch)
    if batch.state not in OPEN_BATCH:
        raise BadInput(f"This blast is {batch.state} already.")
    return batch


def _due(session: Session, batch: Batch, at: datetime) -> None:
    waiting = (col(OutboxRow.batch_id) == batch.id, col(OutboxRow.state) == OutboxState.WAITING)
    session.execute(update(OutboxRow).where(*waiting).values(not_before=at))  # type: ignore[arg-type]
    session.add(batch)


def _end(session: Session, who: Identity, batch: Batch, state: BatchState, reason: str, action: str) -> int:
    rows = outbox.cancel_batch(session, batch.id or 0, reason)
    keys = {row.id for row in rows}
    for message in session.exec(select(Message).where(Message.batch_id == batch.id)):
        if message.outbox_id in keys:
            message.state, message.reason = MessageState.SKIPPED, reason
            session.add(message)
    batch.state, batch.reason, batch.ended_at = state, reason, clock.now()
    session.add(batch)
    _audit(session, who, batch, action, kept_back=len(keys))
    return len(keys)


def _audit(session: Session, who: Identity, batch: Batch, action: str, **detail: object) -> None:
    record(session, who=who, action=action, subject_kind="batch", subject_id=batch.id or 0, detail=detail)
