"""What the patient gets in writing: a copy of what they allowed, and a receipt of each charge (billing consent applies)."""

from collections.abc import Mapping

from sqlmodel import Session

from core import clock
from core.errors import HuddleError
from core.messages.commands import Letter, queue, sending_connection, written
from core.messages.default_templates import Use
from core.messages.models import Channel
from core.messages.recipients import reach
from core.messages.rules import why_left_out
from core.messages.templates import letterhead, template_for
from core.money import dollars
from core.patients.models import Patient
from core.payments.card_on_file import CardAuthorization, CardCharge
from core.permissions import Identity

_NAMES = {Channel.TEXT: "by text", Channel.EMAIL: "by e-mail"}


def send_copy(
    session: Session, actor: Identity | None, patient: Patient, made: CardAuthorization, channel: str
) -> str:
    """Put a copy of the authorization on its way: how, or why not, in words."""
    return _write(
        session,
        actor,
        patient,
        Use.AUTHORIZATION,
        channel,
        {"terms": made.wording, "last_four": made.last_four},
    )


def send_receipt(session: Session, charge: CardCharge) -> str:
    """Put the receipt of a charge on its way; what kept it from going stands in the charge."""
    patient = session.get_one(Patient, charge.patient_id)
    under = session.get_one(CardAuthorization, charge.authorization_id)
    fields = {"amount": dollars(charge.amount_cents), "last_four": under.last_four}
    said = _write(session, None, patient, Use.RECEIPT, charge.receipt, fields)
    charge.reason = f"Receipt {said}."
    session.add(charge)
    return said


def _write(
    session: Session,
    actor: Identity | None,
    patient: Patient,
    use: Use,
    channel: str,
    fields: Mapping[str, str],
) -> str:
    try:
        words = template_for(session, use, channel)
        known = reach(session, [patient], channel, words.purpose, now=clock.now())[0]
        if reason := why_left_out(known, channel, words.purpose):
            return f"not sent: {reason}".rstrip(".")
        head = letterhead(session, patient.location_id)
        text = written(patient, words, fields, None, head)
        letter = Letter(words, text, known.address or "", sending_connection(session, channel), patient)
        queue(session, actor, letter)
    except HuddleError as error:
        return f"not sent: {error.sentence}".rstrip(".")
    return _NAMES[Channel(channel)]
