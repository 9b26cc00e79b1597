"""A practice moved to another processor: whose record there is whose, by the list of old and new ids (DOMAIN §11).

The list is kept: what the new processor has not sent yet is linked once a sync brings it. A person's word stands above it.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from core import clock
from core.audit.commands import record
from core.card_numbers import has_card_number
from core.cards.models import Card
from core.connections.models import Connection
from core.errors import BadInput, NotFound
from core.matching.commands import spread_patients
from core.patients.models import LinkProposal, LinkState, MovedId, Patient, ProcessorContact
from core.permissions import Identity, Permission, require, require_whole
from core.store.base import table_of
from core.store.version import touch

BY_LIST = "the list of the move"
_AT_ONCE = 500
_CONTACT, _CARD, _PATIENT, _PROPOSAL, _MOVED = (
    table_of(model) for model in (ProcessorContact, Card, Patient, LinkProposal, MovedId)
)


class Outcome(StrEnum):
    """What became of a line of the list."""

    LINKED = "linked"
    OTHER_PATIENT = "linked to somebody else already: look at it on Linking"
    NOT_THERE = "the new processor has not sent this record; sync once more"
    NOBODY = "nobody here has this old id"
    SEVERAL = "several patients have this old id"
    TWICE = "the list names this new id for two patients"
    REJECTED = "somebody said that this is not that patient"


class MovedLine(NamedTuple):
    old_id: str
    new_id: str
    outcome: Outcome


class _Found(NamedTuple):
    """A line with who it is about. contact_id, patient_id None: not known."""

    line: MovedLine
    contact_id: int | None = None
    patient_id: int | None = None


def take_moved_ids(
    session: Session, actor: Identity, *, connection_id: int, pairs: Sequence[tuple[str, str]]
) -> tuple[MovedLine, ...]:
    """Keep the list and link what can be linked now. An old id that is there already gets its new one.

    Raises NotAllowed, NotFound; BadInput: no pair, card numbers among them.
    """
    require(actor.role, Permission.LINK_RECORDS)
    require_whole(actor, None)
    connection = session.get(Connection, connection_id)
    if connection is None or connection.practice_id != actor.practice_id:
        raise NotFound("That connection is not there any more.")
    if not pairs:
        raise BadInput("No line of this file has both an old id and a new one. Choose the two columns.")
    if any(has_card_number(old) or has_card_number(new) for old, new in pairs):
        raise BadInput(
            "One of these columns holds card numbers. Huddle never takes one: have the list made with ids or tokens only."
        )
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = [
        {"connection_id": connection_id, "old_id": old, "new_id": new} for old, new in dict(pairs).items()
    ]
    for start in range(0, len(values), _AT_ONCE):
        statement = insert(_MOVED).values(values[start : start + _AT_ONCE])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["connection_id", "old_id"], set_={"new_id": statement.excluded.new_id}
            )
        )
    lines = link_moved(session, connection_id)
    linked = sum(line.outcome == Outcome.LINKED for line in lines)
    record(session, who=actor, action="list of a move taken", subject_kind="connection", subject_id=connection_id,
           detail={"lines": len(values), "linked": linked})  # fmt: skip
    return lines


def link_moved(session: Session, connection_id: int) -> tuple[MovedLine, ...]:
    """Link every line of the list whose contact is nobody's yet; how each line stands afterwards."""
    found = _looked_up(session, connection_id)
    free = {
        contact_id: patient_id
        for line, contact_id, patient_id in found
        if contact_id and patient_id and line.outcome != Outcome.REJECTED
    }
    changes = [
        {"b_id": contact_id, "b_patient": free[contact_id]}
        for (contact_id,) in _pairs(
            session, [_CONTACT.c.id], _CONTACT.c.id, free,
            _CONTACT.c.patient_id.is_(None), _CONTACT.c.link_state != LinkState.NOT_OURS,
        )
    ]  # fmt: skip
    if changes:
        session.connection().execute(
            update(_CONTACT)
            .where(_CONTACT.c.id == bindparam("b_id"), _CONTACT.c.patient_id.is_(None))
            .values(
                patient_id=bindparam("b_patient"),
                link_state=LinkState.LINKED,
                linked_by=BY_LIST,
                linked_at=clock.now(),
            ),
            changes,
        )
        session.execute(
            delete(_PROPOSAL).where(
                _PROPOSAL.c.contact_id.in_([change["b_id"] for change in changes]),
                _PROPOSAL.c.state == "open",
            )
        )
        session.expire_all()
        spread_patients(session, connection_id)
        touch(session)
    return moved_lines(session, connection_id)


def moved_lines(session: Session, connection_id: int) -> tuple[MovedLine, ...]:
    """How each line of the list stands. Reads only."""
    found = _looked_up(session, connection_id)
    ids = {one.contact_id for one in found if one.contact_id}
    whose = dict(_pairs(session, [_CONTACT.c.id, _CONTACT.c.patient_id], _CONTACT.c.id, ids))
    return tuple(
        line._replace(outcome=Outcome.LINKED)
        if contact_id and patient_id and whose.get(contact_id) == patient_id
        else line._replace(outcome=Outcome.OTHER_PATIENT)
        if contact_id and patient_id and whose.get(contact_id)
        else line
        for line, contact_id, patient_id in found
    )


def has_moved(session: Session) -> bool:
    """Whether a list of a move was ever given."""
    return session.execute(select(_MOVED.c.id).limit(1)).first() is not None


def _looked_up(session: Session, connection_id: int) -> list[_Found]:
    lines = session.execute(
        select(_MOVED.c.old_id, _MOVED.c.new_id)
        .where(_MOVED.c.connection_id == connection_id)
        .order_by(_MOVED.c.id)
    ).all()
    contacts = _contacts(session, connection_id, [new for _old, new in lines])
    patients = _patients(session, connection_id, [old for old, _new in lines])
    rejected = _rejected(session, {contacts[new] for _old, new in lines if new in contacts})
    found = [_one(old, new, contacts, patients, rejected) for old, new in lines]
    named: dict[int, set[int]] = {}
    for one in found:
        if one.contact_id and one.patient_id:
            named.setdefault(one.contact_id, set()).add(one.patient_id)
    return [
        one._replace(line=one.line._replace(outcome=Outcome.TWICE), patient_id=None)
        if one.contact_id and len(named.get(one.contact_id, ())) > 1
        else one
        for one in found
    ]


def _one(
    old: str,
    new: str,
    contacts: dict[str, int],
    patients: dict[str, set[int]],
    rejected: set[tuple[int, int]],
) -> _Found:
    contact_id, whose = contacts.get(new), patients.get(old, set())
    patient_id = next(iter(whose)) if len(whose) == 1 else None
    if not whose:
        return _Found(MovedLine(old, new, Outcome.NOBODY), contact_id)
    if patient_id is None:
        return _Found(MovedLine(old, new, Outcome.SEVERAL), contact_id)
    if contact_id is None:
        return _Found(MovedLine(old, new, Outcome.NOT_THERE), None, patient_id)
    if (contact_id, patient_id) in rejected:
        return _Found(MovedLine(old, new, Outcome.REJECTED), contact_id, patient_id)
    return _Found(MovedLine(old, new, Outcome.NOT_THERE), contact_id, patient_id)


def _contacts(session: Session, connection_id: int, new_ids: Iterable[str]) -> dict[str, int]:
    """The new processor's records by the id the list has for them: their own, or that of a card of theirs."""
    wanted = set(new_ids)
    here = _CONTACT.c.connection_id == connection_id
    found = dict(
        _pairs(session, [_CONTACT.c.external_id, _CONTACT.c.id], _CONTACT.c.external_id, wanted, here)
    )
    cards = dict(
        _pairs(session, [_CARD.c.external_id, _CARD.c.contact_ref], _CARD.c.external_id, wanted - found.keys(),
               _CARD.c.connection_id == connection_id)
    )  # fmt: skip
    of = dict(
        _pairs(session, [_CONTACT.c.external_id, _CONTACT.c.id], _CONTACT.c.external_id,
               {ref for ref in cards.values() if ref}, here)
    )  # fmt: skip
    return found | {card: of[ref] for card, ref in cards.items() if ref in of}


def _patients(session: Session, connection_id: int, old_ids: Iterable[str]) -> dict[str, set[int]]:
    """Who an old id stands for: a record or card of another processor that is linked, or the patient's own number."""
    wanted, found = set(old_ids), dict[str, set[int]]()
    for table, column in ((_CONTACT, "patient_id"), (_CARD, "patient_id")):
        elsewhere = table.c.connection_id != connection_id
        for old, patient_id in _pairs(
            session, [table.c.external_id, table.c[column]], table.c.external_id, wanted, elsewhere
        ):
            if patient_id is not None:
                found.setdefault(old, set()).add(patient_id)
    left = wanted - found.keys()
    for column in (_PATIENT.c.external_id, _PATIENT.c.ehr_number):
        for old, patient_id in _pairs(
            session, [column, _PATIENT.c.id], column, left, _PATIENT.c.gone_at.is_(None)
        ):
            found.setdefault(old, set()).add(patient_id)
    return found


def _rejected(session: Session, contact_ids: set[int]) -> set[tuple[int, int]]:
    rows = _pairs(session, [_PROPOSAL.c.contact_id, _PROPOSAL.c.patient_id], _PROPOSAL.c.contact_id, contact_ids,
                  _PROPOSAL.c.state == "rejected")  # fmt: skip
    return {(contact_id, patient_id) for contact_id, patient_id in rows}


def _pairs(session: Session, columns: list, column: object, wanted: Iterable, *also: object) -> list[tuple]:
    values = sorted(wanted)
    found: list[tuple] = []
    for start in range(0, len(values), _AT_ONCE):
        some = column.in_(values[start : start + _AT_ONCE])  # type: ignore[attr-defined]
        found += [tuple(row) for row in session.execute(select(*columns).where(some, *also))]  # type: ignore[arg-type]
    return found
