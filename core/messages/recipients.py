"""What is known of people as recipients: where to, what they agreed to, what they got lately. Read only."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from core.errors import BadInput
from core.messages.addresses import address_for, shown
from core.messages.consent import CANNOT_GET_TEXTS, consents, in_parts, suppressions
from core.messages.models import Message, MessageState
from core.messages.rules import CAP_WINDOW, Reach
from core.patients.models import Patient

_COUNTED = (
    MessageState.QUEUED,
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.OPENED,
    MessageState.UNKNOWN,
)


def reach(
    session: Session, patients: Sequence[Patient], channel: str, purpose: str, *, now: datetime
) -> list[Reach]:
    """What the rules need to know of each, in their order."""
    addresses = {patient.id: _where(patient, channel) for patient in patients}
    usable = [address for address, _ in addresses.values() if address]
    stopped = suppressions(session, channel, usable)
    agreed = consents(session, patients, channel, purpose)
    recent = recently(session, usable, since=now - CAP_WINDOW)
    found = []
    for patient in patients:
        address, why_not = addresses[patient.id]
        suppressed = stopped.get(address or "")
        if address and suppressed is not None and suppressed.source == CANNOT_GET_TEXTS:
            why_not = f"{shown(address)} cannot get texts, says the gateway. Ask for a mobile number."
            address, suppressed = None, None
        consent = agreed[patient.id or 0]
        found.append(
            Reach(
                patient.id or 0,
                address,
                why_not,
                consent,
                suppressed is not None,
                recent.get(address or "", 0),
            )
        )
    return found


def _where(patient: Patient, channel: str) -> tuple[str | None, str]:
    try:
        return address_for(channel, patient.mobile_phone, patient.email), ""
    except BadInput as error:
        return None, error.sentence


def recently(session: Session, addresses: Iterable[str], *, since: datetime) -> dict[str, int]:
    """How many messages by blasts and reminders each phone or mailbox got, or is about to get, since then."""
    wanted = sorted(set(addresses))
    counts: dict[str, int] = {}
    automatic = col(Message.batch_id).is_not(None) | col(Message.created_by).is_(None)
    for start in range(0, len(wanted), 5_000):
        rows = session.exec(
            select(Message.to_address, func.count())
            .where(
                col(Message.to_address).in_(wanted[start : start + 5_000]),
                Message.created_at >= since,
                col(Message.state).in_(_COUNTED),
                automatic,
            )
            .group_by(col(Message.to_address))
        )
        counts.update((row[0], row[1]) for row in rows)
    return counts


def patients_by_id(session: Session, ids: Iterable[int]) -> dict[int, Patient]:
    """Patients that are still there, by id."""
    found: dict[int, Patient] = {}
    for part in in_parts(set(ids)):
        rows = session.exec(select(Patient).where(col(Patient.id).in_(part), col(Patient.gone_at).is_(None)))
        found.update((row.id or 0, row) for row in rows)
    return found
