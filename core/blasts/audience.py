"""Who a blast is to, who of them it reaches and who not and why (DOMAIN §12). Reads only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from core import clock
from core.messages.commands import Carried
from core.messages.recipients import patients_by_id, reach
from core.messages.rules import why_left_out
from core.messages.templates import Words
from core.patients.models import Patient
from core.settings import settings

MakeLink = Callable[[Session, Patient, str], Carried]  # channel last
TEXT_ELSE_EMAIL = "text, else e-mail"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One person of the audience. fields: amount, last_four, expiry as they are to be read."""

    patient_id: int
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blast:
    """What is to be sent to whom. otherwise: the words for whom the way of `words` does not reach (by text, else by e-mail).
    own: words of one person's message, changed by hand, by patient id. condition: the word of the live condition, asked again when each message goes.

    chosen: what was ticked, to be read later. make_link: the link for one person, made in the transaction of the blast.
    left_out: people who cannot be asked at all, with the reason; they are kept with the others left out.
    """

    name: str
    words: Words
    wanted: Sequence[Wanted]
    condition: str = ""
    chosen: Mapping[str, object] = field(default_factory=dict)
    make_link: MakeLink | None = None
    left_out: Sequence["LeftOut"] = ()
    otherwise: Words | None = None
    own: Mapping[int, Words] = field(default_factory=dict)

    @property
    def ways(self) -> tuple[Words, ...]:
        """The words by their ways, the one tried first in front."""
        return (self.words, self.otherwise) if self.otherwise else (self.words,)

    @property
    def way(self) -> str:
        """The word kept with the blast."""
        return TEXT_ELSE_EMAIL if self.otherwise else self.words.channel

    def words_for(self, patient_id: int, channel: str) -> Words:
        """What this person gets by that way."""
        mine = self.own.get(patient_id)
        if mine is not None and mine.channel == channel:
            return mine
        return next(one for one in self.ways if one.channel == channel)


@dataclass(frozen=True, slots=True)
class Goes:
    """Someone the blast goes to, by which channel."""

    patient_id: int
    first_name: str
    last_name: str
    address: str
    fields: Mapping[str, str]
    channel: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Someone it does not go to, and why, in a sentence."""

    patient_id: int
    first_name: str
    last_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Audience:
    """The check of a blast before it is made."""

    goes: tuple[Goes, ...]
    left_out: tuple[LeftOut, ...]

    def reasons(self) -> dict[str, int]:
        """How many are left out for each reason, the most frequent first."""
        counts: dict[str, int] = {}
        for person in self.left_out:
            counts[person.reason] = counts.get(person.reason, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))


def check(
    session: Session,
    wanted: Sequence[Wanted],
    *,
    channel: str,
    purpose: str,
    otherwise: str = "",
    now: datetime | None = None,
) -> Audience:
    """Who of these would get it, and why each other one would not. One message a phone or mailbox (families). Reads only.

    otherwise: the channel for whom the first one does not reach (no address, no consent, stopped). Somebody who got enough
    messages, or whose family gets this already, is not written to another way instead.
    """
    people = patients_by_id(session, (each.patient_id for each in wanted))
    once = {each.patient_id: each for each in wanted if each.patient_id in people}
    patients = [people[patient_id] for patient_id in once]
    goes: list[Goes] = []
    left: list[LeftOut] = []
    taken: set[str] = set()
    cap = settings().messages_per_week
    ways = [channel, *([otherwise] if otherwise else [])]
    known = [reach(session, patients, way, purpose, now=now or clock.now()) for way in ways]
    for patient, *each in zip(patients, *known, strict=True):
        name = (patient.id or 0, patient.first_name, patient.last_name)
        unreached = [why_left_out(found, way, purpose) for way, found in zip(ways, each, strict=True)]
        if "" not in unreached:
            left.append(LeftOut(*name, " ".join(dict.fromkeys(unreached))))
            continue
        way, found = next((way, one) for way, one, why in zip(ways, each, unreached, strict=True) if not why)
        if reason := why_left_out(found, way, purpose, taken=taken, cap=cap):
            left.append(LeftOut(*name, reason))
        else:
            taken.add(found.address or "")
            fields = once[patient.id or 0].fields
            goes.append(Goes(*name, found.address or "", fields, way))
    return Audience(tuple(goes), tuple(left))
