"""Working on what patients wrote: reading, taking, answering, a task of it, and whose an unknown number is."""

from sqlalchemy import update
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import BadInput, MayNotSend, NotFound
from core.messages.commands import send_message
from core.messages.conversations import may_work_on, people_of
from core.messages.default_templates import Use
from core.messages.models import Channel, InboundMessage, Message, Purpose
from core.messages.render import fields_of, first_name, render
from core.messages.templates import Words, add_first_texts, letterhead, templates
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require

LONGEST = 480  # characters of an answer
OTHER_MOBILE = "Another mobile is on file for this patient. Change it in the EHR first, or call."


def opened(session: Session, who: Identity, *, number: str) -> None:
    """Somebody looks at what was written. Raises NotAllowed, NotFound."""
    _note(session, who, "opened texts", _last(session, who, number), {})


def read(session: Session, who: Identity, *, number: str) -> int:
    """Somebody has read what came from this number: how many texts were new. Raises NotAllowed, NotFound."""
    rows = _new(session, who, number)
    for row in rows:
        row.seen_at, row.seen_by = clock.now(), who.staff_id
        session.add(row)
    if rows:
        _note(session, who, "read texts", rows[-1], {"texts": len(rows)})
    return len(rows)


def unread(session: Session, who: Identity, *, number: str) -> None:
    """The latest text waits for somebody again."""
    row = _last(session, who, number)
    row.seen_at = row.seen_by = row.left_at = None
    session.add(row)
    _note(session, who, "marked a text unread", row, {})


def take(session: Session, who: Identity, *, number: str, staff_id: int | None) -> None:
    """Who works on it: oneself, or nobody (None)."""
    row = _last(session, who, number)
    session.execute(
        update(InboundMessage).where(col(InboundMessage.from_address) == number).values(owner_id=staff_id)
    )
    _note(session, who, "took a conversation" if staff_id else "gave a conversation back", row, {})


def answer(session: Session, who: Identity, *, number: str, patient_id: int, words: str) -> Message:
    """A text back, in a person's own words, to the number that wrote. It counts as read.

    Raises MayNotSend with the reason (opt-out, no consent, address, another mobile on file), BadInput with what to change,
    NotAllowed, NotFound.
    """
    _last(session, who, number)
    if patient_id not in [one.key for one in people_of(session, number)]:
        raise NotFound("This number is not that patient's. Say first whose it is.")
    said = words.strip()
    if not said:
        raise BadInput("Write what the patient is to read.")
    if len(said) > LONGEST:
        raise BadInput(f"The answer has {len(said):,} characters; at most {LONGEST} go out.")
    if "{" in said or "}" in said:
        raise BadInput("Take the braces out: an answer goes out as it stands.")
    on_file = patient_of(session, who, patient_id).mobile_phone
    if on_file and on_file != number:
        raise MayNotSend(OTHER_MOBILE)
    message = send_message(session, who, patient_id, words=_as_care(base_words(session), said))
    read(session, who, number=number)
    return message


def base_words(session: Session) -> Words:
    """The text an answer stands under in the history: the practice's "Answer", else its first one."""
    add_first_texts(session)
    offered = templates(session, channel=Channel.TEXT)
    return next((one for one in offered if one.use == Use.OTHER), offered[0])


def answers_offered(session: Session) -> list[Words]:
    """The practice's texts that can be an answer: those that ask for no amount, card or link."""
    may_hold = {"first_name", "practice", "phone", "signature"}
    return [one for one in templates(session, channel=Channel.TEXT) if fields_of(one.body) <= may_hold]


def answer_words(session: Session, words: Words, patient_id: int) -> str:
    """A text of the practice as this patient would read it, to be sent or changed. Raises BadInput, NotFound."""
    patient = patient_of(session, None, patient_id)
    known = {"first_name": first_name(patient.first_name), **letterhead(session, patient.location_id)}
    return render(words.body, known)


def _as_care(base: Words, said: str) -> Words:
    return Words(
        base.template_id, base.version_id, base.number, base.name, base.use, base.channel, Purpose.CARE, "", said
    )  # fmt: skip


def match(session: Session, who: Identity, *, number: str, patient_id: int) -> None:
    """An unknown number is this patient's: what came from it stands on their card. Raises NotAllowed, NotFound."""
    row = _last(session, who, number)
    patient = patient_of(session, who, patient_id)
    session.execute(
        update(InboundMessage)
        .where(col(InboundMessage.from_address) == number)
        .values(patient_id=patient.id, left_at=None)
    )
    _note(session, who, "said whose a number is", row, {"patient_id": patient.id})


def leave(session: Session, who: Identity, *, number: str) -> None:
    """Nobody we know: it waits no more. A new text from it waits again."""
    row = _last(session, who, number)
    session.execute(
        update(InboundMessage)
        .where(col(InboundMessage.from_address) == number, col(InboundMessage.left_at).is_(None))
        .values(left_at=clock.now())
    )
    _note(session, who, "left a number", row, {})


def _new(session: Session, who: Identity, number: str) -> list[InboundMessage]:
    _last(session, who, number)
    query = select(InboundMessage).where(
        InboundMessage.from_address == number, col(InboundMessage.seen_at).is_(None)
    )
    return list(session.exec(query.order_by(col(InboundMessage.id)).with_for_update()))


def _last(session: Session, who: Identity, number: str) -> InboundMessage:
    """The latest text from a number, when this person may work on it. Raises NotAllowed, NotFound."""
    require(who.role, Permission.ASK_FOR_CARDS)
    row = session.exec(
        select(InboundMessage)
        .where(InboundMessage.from_address == number, InboundMessage.practice_id == who.practice_id)
        .order_by(col(InboundMessage.id).desc())
    ).first()
    if row is None or not may_work_on(people_of(session, number), who):
        raise NotFound("Nothing came from this number.")
    return row


def _note(session: Session, who: Identity, did: str, row: InboundMessage, detail: dict[str, object]) -> None:
    record(session, who=who, action=did, subject_kind="text", subject_id=row.provider_id, detail=detail)
