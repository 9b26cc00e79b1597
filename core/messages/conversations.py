"""What patients wrote and what was written to them, as conversations: one a phone number.

A number belongs to whoever has it on file; several may (a family), or nobody. It is seen and worked on where at least
one of them is a patient; a number of nobody everywhere. What a machine has answered (STOP, START, HELP) waits for nobody;
everything else waits until somebody has read it, answered it, or left it.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import case, exists, func, or_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core.messages.consent import patients_at
from core.messages.models import Channel, InboundMessage, Message
from core.names import folded, initials_of
from core.patients.models import Patient
from core.permissions import Identity, Permission, require, works_at
from core.staff.models import Staff
from core.store.base import table_of

MOST = 100
_in, _patient, _staff = table_of(InboundMessage), table_of(Patient), table_of(Staff)


class Show(StrEnum):
    UNREAD = "unread"
    MINE = "mine"
    ALL = "all"


class Person(NamedTuple):
    """Somebody who has the number on file. key: the patient's store id. location_id: where they are a patient."""

    key: int
    name: str
    initials: str
    location_id: int | None


class Conversation(NamedTuple):
    """One number and the latest of it. unread: how many texts nobody has read. owner: who has taken it. left: somebody
    said that this number is nobody's."""

    number: str
    people: tuple[Person, ...]
    words: str
    at: datetime
    unread: int
    owner_id: int | None
    owner: str
    left: bool


class Line(NamedTuple):
    """One text. ours: we sent it. state: what became of ours. who: the staff name, "" for the patient or Huddle."""

    at: datetime
    ours: bool
    words: str
    state: str
    who: str


def unread_count(session: Session, who: Identity) -> int:
    """How many numbers wait for somebody, of this person's practice and location."""
    waiting = select(func.count(func.distinct(_in.c.from_address))).where(*_ours(who), *_waits())  # fmt: skip
    return int(session.execute(waiting).scalar_one())


def conversations(
    session: Session,
    who: Identity,
    show: Show = Show.ALL,
    *,
    search: str = "",
    numbers: Sequence[str] | None = None,
    limit: int = MOST,
) -> list[Conversation]:
    """The latest first. search: part of a name or of the number. numbers: only these. Raises NotAllowed."""
    require(who.role, Permission.ASK_FOR_CARDS)
    waits = case((_unseen(), 1), else_=0)
    query = (
        select(
            _in.c.from_address.label("number"),
            func.max(_in.c.id).label("last"),
            func.sum(waits).label("unread"),
            func.max(_in.c.owner_id).label("owner_id"),
            func.max(case((_in.c.left_at.is_not(None), 1), else_=0)).label("left"),
        )
        .where(*_ours(who))
        .group_by(_in.c.from_address)
        .order_by(func.max(_in.c.id).desc())
        .limit(limit if not search else 1_000)
    )
    if numbers is not None:
        query = query.where(_in.c.from_address.in_(list(numbers)))
    if show is Show.UNREAD:
        query = query.having(func.sum(waits) > 0)
    if show is Show.MINE:
        query = query.having(func.max(_in.c.owner_id) == who.staff_id)
    rows = session.execute(query).all()
    made = _filled(session, rows)
    words = folded(search).split()
    if words:
        made = [one for one in made if all(word in _searched(one) for word in words)]
    return made[:limit]


def _searched(one: Conversation) -> str:
    return folded(" ".join([one.number, *(person.name for person in one.people)]))


def _filled(session: Session, rows: Sequence[Any]) -> list[Conversation]:
    last = {
        row.id: row
        for row in session.exec(
            select_rows(InboundMessage).where(col(InboundMessage.id).in_([row.last for row in rows]))
        )
    }
    owners = {row.owner_id for row in rows if row.owner_id}
    names = dict(session.execute(select(_staff.c.id, _staff.c.display_name).where(_staff.c.id.in_(owners))).all()) if owners else {}  # type: ignore[arg-type]  # fmt: skip
    return [
        Conversation(
            row.number, people_of(session, row.number), last[row.last].body, last[row.last].received_at,
            int(row.unread or 0), row.owner_id, names.get(row.owner_id, ""), bool(row.left),
        )
        for row in rows
    ]  # fmt: skip


def people_of(session: Session, number: str) -> tuple[Person, ...]:
    """Who has this number on file, and whom a person said it belongs to."""
    known = {one.id: one for one in patients_at(session, Channel.TEXT, number)}
    said = select_rows(Patient).join(InboundMessage, col(InboundMessage.patient_id) == Patient.id)
    for one in session.exec(said.where(InboundMessage.from_address == number).distinct()):
        known.setdefault(one.id, one)
    return tuple(_person(one) for one in known.values())


def _person(one: Patient) -> Person:
    name = f"{one.first_name} {one.last_name}".strip() or "No name"
    return Person(one.id or 0, name, initials_of(name), one.location_id)


def may_work_on(people: Sequence[Person], who: Identity) -> bool:
    """Whether a number of these people is this person's to see: of one of their own place, or of nobody."""
    return not people or any(works_at(who, one.location_id) for one in people)


def lines(session: Session, who: Identity, number: str, *, limit: int = MOST) -> list[Line]:
    """Both sides of a conversation, the oldest first, the latest `limit` of them. Raises NotAllowed."""
    require(who.role, Permission.ASK_FOR_CARDS)
    if not may_work_on(people_of(session, number), who):
        return []
    received = session.exec(
        select_rows(InboundMessage)
        .where(InboundMessage.from_address == number)
        .order_by(col(InboundMessage.id).desc())
        .limit(limit)
    )
    told = [Line(one.received_at, False, one.body, one.read_as, "") for one in received]
    sent = session.execute(
        select_rows(Message, Staff.display_name)
        .outerjoin(Staff, col(Staff.id) == Message.created_by)
        .where(Message.to_address == number, Message.channel == Channel.TEXT)
        .order_by(col(Message.id).desc())
        .limit(limit)
    ).all()
    told += [Line(one.sent_at or one.created_at, True, one.body, one.state, name or "") for one, name in sent]
    return sorted(told, key=lambda line: line.at)[-limit:]


def of_patient(session: Session, who: Identity, patient_id: int) -> list[Conversation]:
    """The conversations of one patient's numbers: the one on file, and those a person said are theirs."""
    mobile = session.exec(select_rows(Patient.mobile_phone).where(Patient.id == patient_id)).first()
    mine = (_in.c.patient_id == patient_id) | (_in.c.from_address == (mobile or ""))
    numbers = session.execute(select(_in.c.from_address).where(mine).distinct()).scalars().all()
    return conversations(session, who, numbers=numbers) if numbers else []


def last_text_id(session: Session, number: str) -> str:
    """The gateway's id of the latest text from a number; "" when nothing came."""
    query = select_rows(InboundMessage.provider_id).where(InboundMessage.from_address == number)
    return session.exec(query.order_by(col(InboundMessage.id).desc())).first() or ""


def _ours(who: Identity) -> tuple[Any, ...]:
    """What came for this person's practice and place (`may_work_on`, asked of the store)."""
    here = (_in.c.practice_id == who.practice_id, _in.c.channel == Channel.TEXT)
    if who.location_id is None:
        return here
    place = or_(_patient.c.location_id.is_(None), _patient.c.location_id == who.location_id)
    return (*here, or_(_has(place), ~_has()))


def _has(*place: Any) -> Any:
    """Whether somebody has the number of a text (`people_of`, asked of the store). place: only people of there."""
    last_four = func.substr(_in.c.from_address, func.length(_in.c.from_address) - 3)
    on_file = exists().where(
        _patient.c.mobile_last_four == last_four,
        _patient.c.mobile_phone == _in.c.from_address,
        _patient.c.gone_at.is_(None),
        *place,
    )
    other = _in.alias()
    said = exists().where(
        other.c.from_address == _in.c.from_address, _patient.c.id == other.c.patient_id, *place
    )
    return or_(on_file.correlate(_in), said.correlate(_in))


def _unseen() -> Any:
    return (_in.c.seen_at.is_(None)) & (_in.c.read_as == "") & (_in.c.left_at.is_(None))


def _waits() -> tuple[Any, ...]:
    return (_unseen(),)
