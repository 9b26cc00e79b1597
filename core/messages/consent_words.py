"""What a patient last said about texts and e-mails, in words for the desk (DOMAIN §12). Reads only."""

from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from core import clock
from core.dates import short_day
from core.messages.consent import CANNOT_GET_TEXTS, last_word, suppressions
from core.messages.models import Channel
from core.patients.models import Patient

_CALLED = {Channel.TEXT: "texts", Channel.EMAIL: "e-mails"}


class LastWord(NamedTuple):
    """stopped: this phone or mailbox gets nothing at all now. words: "" where nobody here was ever told anything."""

    stopped: bool
    words: str


def last_words(session: Session, patient: Patient, time_zone: str, today: date) -> dict[Channel, LastWord]:
    """The latest word by channel, with its day on the wall of the location: a STOP first, then what the desk was told."""
    return {channel: _of(session, patient, channel, time_zone, today) for channel in Channel}


def _of(session: Session, patient: Patient, channel: Channel, time_zone: str, today: date) -> LastWord:
    address = patient.mobile_phone if channel == Channel.TEXT else patient.email
    stop = suppressions(session, channel, [address]).get(address) if address else None
    if stop is not None:
        day = short_day(clock.local_date(stop.since, time_zone), today)
        if stop.source == CANNOT_GET_TEXTS:
            return LastWord(True, f"cannot get texts, since {day}")
        return LastWord(True, f"said stop on {day} ({stop.source})")
    told = [word for word in last_word(session, patient.id or 0) if word[0] == channel]
    if not told:
        return LastWord(False, "")
    _, purpose, given, at, how = max(told, key=lambda word: word[3])
    day = short_day(clock.local_date(at, time_zone), today)
    return LastWord(False, f"{'yes' if given else 'no'} to {purpose} {_CALLED[channel]} on {day} ({how})")
