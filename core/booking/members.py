"""A member's own visits are free up to the limit. Who has a membership is told only after a one-time code that went to
the e-mail or phone on file; until then everybody reads the same words.
"""

import secrets
from datetime import timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from core import clock
from core.booking.booked import book
from core.booking.costs import Charge
from core.booking.details import BookingOver, held_booking
from core.booking.holding import note
from core.booking.models import Booking, BookingCode, BookingState, Known
from core.booking.pricing import offered_of
from core.booking.whom import whom
from core.errors import BadInput, NotFound
from core.memberships.facts import Cover
from core.memberships.members import MemberPatient, findings_of, member_patient
from core.messages.addresses import address_for
from core.messages.commands import Letter, Text, queue, sending_connection
from core.messages.default_templates import Use
from core.messages.models import Channel, Purpose
from core.messages.sms_segments import measure
from core.messages.templates import Words, letterhead
from core.patients.models import Patient
from core.schedule.models import AppointmentStatus, AppointmentType
from core.schedule.rules import VisitFacts
from core.secrets import sign, signed_by_us

CODE_LASTS, AGAIN_AFTER = timedelta(minutes=10), timedelta(seconds=30)
MOST_CODES, MOST_TRIES = 3, 5
WRONG = "This code is not the one we sent, or it is too old. Check it, or ask for a new one."
_HASH_BYTES = 16


class Covered(NamedTuple):
    """Whether a membership covers the visit of a booking. words: `visit 3 of 4`, "" where there is no count."""

    covered: bool
    words: str = ""


def ask_for_code(session: Session, token: str) -> None:
    """Send a code to the e-mail or phone on file, where the details are those of a member. The answer is the same for all.

    Raises BookingOver, TimeTaken, NotFound.
    """
    booking = held_booking(session, token)
    if not booking.last_name or not offered_of(session, booking).members_free:
        raise BookingOver("There is no code to ask for here.")
    now = clock.now()
    row = session.get(BookingCode, booking.id) or BookingCode(
        booking_id=booking.id or 0, sent_at=now, sent_count=0
    )
    if row.sent_count >= MOST_CODES or (row.sent_count and now - row.sent_at < AGAIN_AFTER):
        return
    code = f"{secrets.randbelow(1_000_000):06d}"
    patient = _member(session, booking)
    row.code_hash = sign(_signed(booking, code), _HASH_BYTES).hex() if patient else ""
    row.sent_at, row.sent_count, row.tries = now, row.sent_count + 1, 0
    session.add(row)
    if patient is not None:
        _send(session, booking, patient, code)


def show_code(session: Session, token: str, code: str) -> Covered:
    """The code that was sent: a visit within the membership is booked by this, one beyond it keeps its price.

    Raises BadInput with WRONG, the same for a wrong code and for nobody's. BookingOver, TimeTaken, NotFound.
    """
    booking = held_booking(session, token)
    row = session.get(BookingCode, booking.id, with_for_update=True)
    code = "".join(c for c in code if c in "0123456789")
    if row is None or row.tries >= MOST_TRIES or clock.now() > row.sent_at + CODE_LASTS:
        raise BadInput(WRONG)
    row.tries += 1
    session.add(row)
    right = bool(row.code_hash) and signed_by_us(_signed(booking, code), bytes.fromhex(row.code_hash))
    patient = _member(session, booking) if right else None
    if patient is None:
        raise WrongCode(WRONG)
    row.code_hash = ""
    booking.member_checked, booking.patient_id = True, patient.id
    booking.known, booking.proposed_id = Known.MATCHED, None
    found = cover_of(session, booking, patient)
    if found.covered:
        booking.charge, booking.amount_cents = Charge.NOTHING, 0
        booking.prepaid_why = f"A member's visit{f': {found.words}' if found.words else ''}."
        session.add(booking)
        book(session, booking)
    else:
        beyond = f"Beyond the membership{f': {found.words}' if found.words else ''}."
        booking.prepaid_why = beyond
        session.add(booking)
        note(session, booking, beyond)
    return found


class WrongCode(BadInput):
    """The try counts: what was written down about it is kept."""


def cover_of(session: Session, booking: Booking, patient: Patient) -> Covered:
    """How the patient's memberships stand to the visit of a booking, beside what they have and have booked."""
    try:
        one = member_patient(session, patient.id or 0, clock.now())
    except NotFound:
        return Covered(False)
    visit = _visit(session, booking, patient)
    one.visits = [*one.visits, *_other_bookings(session, booking, patient), visit]
    stands = [finding.covers(visit) for finding in findings_of(one, clock.now())]
    covering = next((each for each in stands if each.cover is Cover.COVERED), None)
    if covering is not None:
        return Covered(True, covering.words)
    return Covered(False, next((each.words for each in stands if each.words), ""))


def _visit(session: Session, booking: Booking, patient: Patient) -> VisitFacts:
    kind = session.get_one(AppointmentType, offered_of(session, booking).appointment_type_id)
    return VisitFacts(
        -(booking.id or 0),
        booking.key,
        patient.id or 0,
        booking.provider_id,
        kind.id,
        kind.service_class,
        booking.starts_at,
        booking.minutes,
        AppointmentStatus.SCHEDULED,
        kind.price_cents,
    )


def _other_bookings(session: Session, booking: Booking, patient: Patient) -> list[VisitFacts]:
    """Booked online and not yet among the EHR's visits: they use the membership as well."""
    rows = session.exec(
        select(Booking).where(
            Booking.patient_id == patient.id,
            Booking.state == BookingState.BOOKED,
            col(Booking.appointment_id).is_(None),
            Booking.id != booking.id,
        )
    )
    return [_visit(session, row, patient) for row in rows]


def _member(session: Session, booking: Booking) -> Patient | None:
    """The sure patient of a booking's details, when they have a membership."""
    found = whom(
        session,
        first_name=booking.first_name,
        last_name=booking.last_name,
        birth_date=booking.birth_date,
        email=booking.email,
        mobile_phone=booking.mobile_phone,
        practice_id=booking.practice_id,
    )
    if found.patient_id is None:
        return None
    try:
        one: MemberPatient = member_patient(session, found.patient_id, clock.now())
    except NotFound:
        return None
    return session.get(Patient, one.key) if one.members else None


def _send(session: Session, booking: Booking, patient: Patient, code: str) -> None:
    """To the mailbox on file, else to the phone on file; never to what was typed just now."""
    head = letterhead(session, booking.location_id)
    sentence = f"your code for booking at {head['practice']} is {code}. It is good for 10 minutes; tell it to nobody."
    for channel in (Channel.EMAIL, Channel.TEXT):
        try:
            to = address_for(channel, patient.mobile_phone, patient.email)
            connection = sending_connection(session, channel)
        except BadInput as error:
            note(session, booking, f"No code by {channel}: {error.sentence}")
            continue
        subject = f"Your code – {head['practice']}"[:150] if channel == Channel.EMAIL else ""
        body = sentence[0].upper() + sentence[1:]
        text = Text(subject, body, 0 if subject else measure(body).segments)
        words = Words(0, 0, 0, "Booking code", Use.OTHER, channel, Purpose.CARE, subject, body)
        queue(session, None, Letter(words, text, to, connection))
        return


def _signed(booking: Booking, code: str) -> bytes:
    return f"booking code:{booking.key}:{code}".encode()
