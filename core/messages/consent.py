"""What people agreed to, and phones and mailboxes that want nothing more (DOMAIN §12)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import BadInput
from core.messages.models import Channel, ConsentEvent, Message, MessageState, Purpose, Suppression
from core.outbox import commands as outbox
from core.patients.models import Patient
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require
from core.store.version import touch

BY_TEXT, BY_LINK, BY_GATEWAY = "STOP by text", "unsubscribe link", "the text gateway says so"
CANNOT_GET_TEXTS = "cannot get texts"  # no opt-out, but nothing can be sent there either
BY_THEMSELVES = (BY_TEXT, BY_LINK, BY_GATEWAY)
_AT_ONCE = 5_000  # values in one query


def in_parts(values: Iterable[int]) -> Iterator[list[int]]:
    """Ids in lists short enough for one query."""
    every = list(values)
    for start in range(0, len(every), _AT_ONCE):
        yield every[start : start + _AT_ONCE]


def consents(
    session: Session, patients: Sequence[Patient], channel: str, purpose: str
) -> dict[int, bool | None]:
    """Whether each agreed, by patient id; None = never asked.

    The last word given here counts; where none was, what the EHR says about care and billing.
    """
    told: dict[int, bool] = {}
    for ids in in_parts(patient.id or 0 for patient in patients):
        events = session.exec(
            select(ConsentEvent.patient_id, ConsentEvent.given)
            .where(
                col(ConsentEvent.patient_id).in_(ids),
                ConsentEvent.channel == channel,
                ConsentEvent.purpose == purpose,
            )
            .order_by(col(ConsentEvent.at), col(ConsentEvent.id))
        )
        told.update((row[0], row[1]) for row in events)
    return {p.id or 0: told.get(p.id or 0, _from_ehr(p, channel, purpose)) for p in patients}


def _from_ehr(patient: Patient, channel: str, purpose: str) -> bool | None:
    if purpose == Purpose.MARKETING:
        return None
    return patient.text_consent if channel == Channel.TEXT else patient.email_consent


def note_consent(
    session: Session,
    who: Identity,
    *,
    patient_id: int,
    channel: str,
    purpose: str,
    given: bool,
    source: str,
) -> ConsentEvent:
    """A person said yes or no to the staff. source: how ("intake form", "by phone").

    Raises NotAllowed, NotFound; BadInput when their own STOP stands against a yes: only their START lifts it.
    """
    require(who.role, Permission.ASK_FOR_CARDS)
    patient = patient_of(session, who, patient_id)
    if channel not in set(Channel) or purpose not in set(Purpose) or not source.strip():
        raise BadInput("Say by which channel, for what, and how they said so.")
    if given and (address := _address(patient, channel)):
        stopped = suppressions(session, channel, [address]).get(address)
        if stopped is not None and stopped.source in BY_THEMSELVES:
            way = "texting START" if channel == Channel.TEXT else "writing to the practice"
            raise BadInput(f"They opted out themselves. Only they can come back, by {way}.")
    event = _add(session, patient_id, channel, purpose, given, source.strip()[:80], who)
    if not given:
        take_back(
            session,
            f"Said no to {purpose} messages.",
            patient_id=patient_id,
            channel=channel,
            purpose=purpose,
        )
    detail = {"channel": channel, "purpose": purpose, "given": given}
    record(
        session, who=who, action="consent noted", subject_kind="patient", subject_id=patient_id, detail=detail
    )
    return event


def opt_out(session: Session, who: Identity, *, patient_id: int, channel: str, source: str) -> None:
    """A person told the staff that they want no more texts or e-mails, of any purpose. Raises NotAllowed, NotFound."""
    for purpose in Purpose:
        note_consent(
            session, who, patient_id=patient_id, channel=channel, purpose=purpose, given=False, source=source
        )


def stop_address(session: Session, channel: str, address: str, source: str) -> bool:
    """A phone or mailbox wants nothing more: all texts or all e-mails end at once, queued ones too.

    True when that is new, so that one confirmation is due. source: BY_TEXT, BY_LINK, BY_GATEWAY, CANNOT_GET_TEXTS.
    """
    found = session.exec(
        select(Suppression)
        .where(Suppression.channel == channel, Suppression.address == address)
        .with_for_update()
    ).first()
    if found is not None and found.lifted_at is None:
        return False
    found = found or Suppression(channel=channel, address=address, since=clock.now(), source=source)
    found.since, found.source, found.lifted_at = clock.now(), source, None
    session.add(found)
    touch(session)  # open cards show it
    if source != CANNOT_GET_TEXTS:
        for patient in patients_at(session, channel, address):
            for purpose in Purpose:
                if consents(session, [patient], channel, purpose)[patient.id or 0]:
                    _add(session, patient.id or 0, channel, purpose, False, source, None)
    words = "Cannot get texts." if source == CANNOT_GET_TEXTS else "Opted out before it went out."
    take_back(session, words, channel=channel, address=address)
    detail = {"channel": channel, "source": source}
    record(session, who=None, action="opted out", subject_kind="suppression", subject_id=0, detail=detail)
    return True


def start_address(session: Session, channel: str, address: str, how: str = "START by text") -> bool:
    """They want to hear from us again: what they had agreed to before their stop counts again. False: nothing to lift."""
    found = suppressions(session, channel, [address]).get(address)
    if found is None or found.source == CANNOT_GET_TEXTS:
        return False
    for patient in patients_at(session, channel, address):
        for purpose in Purpose:
            last = _last(session, patient.id or 0, channel, purpose)
            if last is not None and not last.given and last.source in BY_THEMSELVES:
                _add(session, patient.id or 0, channel, purpose, True, how, None)
    found.lifted_at = clock.now()
    session.add(found)
    touch(session)
    record(session, who=None, action="opted in again", subject_kind="suppression", subject_id=found.id or 0)
    return True


def suppressions(session: Session, channel: str, addresses: Iterable[str]) -> dict[str, Suppression]:
    """Which of these phones or mailboxes want nothing more (or cannot get any), by address."""
    wanted, found = list(set(addresses)), {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = session.exec(
            select(Suppression).where(
                Suppression.channel == channel,
                col(Suppression.address).in_(wanted[start : start + _AT_ONCE]),
                col(Suppression.lifted_at).is_(None),
            )
        )
        found.update((row.address, row) for row in rows)
    return found


def patients_at(session: Session, channel: str, address: str) -> list[Patient]:
    """Everybody who shares a phone or mailbox."""
    query = select(Patient).where(col(Patient.gone_at).is_(None))
    if channel == Channel.TEXT:
        query = query.where(Patient.mobile_last_four == address[-4:], Patient.mobile_phone == address)
    else:
        query = query.where(
            col(Patient.email).ilike(address.replace("%", r"\%").replace("_", r"\_"), escape="\\")
        )
    return list(session.exec(query.order_by(col(Patient.id))))


def take_back(
    session: Session,
    reason: str,
    *,
    channel: str,
    patient_id: int | None = None,
    address: str | None = None,
    purpose: str | None = None,
) -> int:
    """Skip what is queued for a person or an address and not being sent yet: how many."""
    query = select(Message).where(Message.state == MessageState.QUEUED, Message.channel == channel)
    query = query.where(Message.patient_id == patient_id) if patient_id is not None else query
    query = query.where(Message.to_address == address) if address is not None else query
    query = query.where(Message.purpose == purpose) if purpose is not None else query
    taken = 0
    for message in session.exec(query).all():
        row = outbox.held(session, [message.outbox_id or ""]).get(message.outbox_id or "")
        if row is not None and outbox.cancel(session, row, reason):
            message.state, message.reason = MessageState.SKIPPED, reason
            session.add(message)
            taken += 1
    return taken


def _address(patient: Patient, channel: str) -> str | None:
    return patient.mobile_phone if channel == Channel.TEXT else (patient.email or "").casefold() or None


def _add(
    session: Session,
    patient_id: int,
    channel: str,
    purpose: str,
    given: bool,
    source: str,
    who: Identity | None,
) -> ConsentEvent:
    event = ConsentEvent(
        patient_id=patient_id,
        channel=channel,
        purpose=purpose,
        given=given,
        at=clock.now(),
        source=source,
        staff_id=who.staff_id if who else None,
    )
    session.add(event)
    session.flush()
    touch(session)  # open cards show it
    return event


def _last(session: Session, patient_id: int, channel: str, purpose: str) -> ConsentEvent | None:
    return session.exec(
        select(ConsentEvent)
        .where(
            ConsentEvent.patient_id == patient_id,
            ConsentEvent.channel == channel,
            ConsentEvent.purpose == purpose,
        )
        .order_by(col(ConsentEvent.at).desc(), col(ConsentEvent.id).desc())
    ).first()


def last_word(session: Session, patient_id: int) -> list[tuple[str, str, bool, datetime, str]]:
    """What a person agreed to or not: (channel, purpose, given, when, how), the latest word of each."""
    found = []
    for channel in Channel:
        for purpose in Purpose:
            if (event := _last(session, patient_id, channel, purpose)) is not None:
                found.append((event.channel, event.purpose, event.given, event.at, event.source))
    return found
