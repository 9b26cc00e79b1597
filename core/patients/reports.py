"""Which patients a report is about, and who one of them is."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core.connections.models import Connection
from core.errors import NotFound
from core.names import folded
from core.patients.models import Patient
from core.permissions import Identity, Permission, require
from core.practice.models import Location
from core.store.base import table_of

AT_ONCE = 1_000  # patients judged in one go: bounds memory, keeps IN lists short


def active_patients(
    session: Session, place: Location, *, first: bool, keys: Sequence[int] | None = None
) -> Iterator[list[int]]:
    """Store ids of a location's active patients by name, in chunks. Patients of no location stand with the first one."""
    table = table_of(Patient)
    where = table.c.location_id == place.id
    if first:
        where = where | table.c.location_id.is_(None)
    query = select(table.c.id).where(where, table.c.active, table.c.gone_at.is_(None))
    if keys is not None:
        query = query.where(table.c.id.in_(list(keys)))
    ids = list(session.execute(query.order_by(table.c.last_name, table.c.first_name, table.c.id)).scalars())
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


MOST_FOUND = 6


def called(words: str) -> list[ColumnElement[bool]]:
    """What a patient is found by: every word in their name, or four digits as the last of their mobile. [] = no words."""
    parts = folded(words).split()
    if len(parts) == 1 and len(parts[0]) == 4 and parts[0].isdigit():
        return [col(Patient.mobile_last_four) == parts[0]]
    return [col(Patient.search_name).contains(part, autoescape=True) for part in parts]


class FoundPatient(NamedTuple):
    """A patient that a search found. key: the store's id."""

    key: int
    name: str
    mobile_last_four: str | None


def patients_called(session: Session, actor: Identity, words: str) -> list[FoundPatient]:
    """Patients found by `called`, active or not, of the actor's practice and place of work; at most six. Raises NotAllowed."""
    require(actor.role, Permission.SEE_PATIENTS)
    if not (fits := called(words)):
        return []
    found = (
        select_rows(Patient)
        .join(Connection, col(Connection.id) == Patient.connection_id)
        .where(Connection.practice_id == actor.practice_id, col(Patient.gone_at).is_(None), *fits)
    )
    if actor.location_id is not None:
        found = found.where(
            or_(col(Patient.location_id).is_(None), col(Patient.location_id) == actor.location_id)
        )
    rows = session.exec(found.order_by(Patient.last_name, Patient.first_name).limit(MOST_FOUND))
    return [
        FoundPatient(row.id or 0, f"{row.first_name} {row.last_name}".strip(), row.mobile_last_four)
        for row in rows
    ]


NO_PATIENT = "This patient is not in the store any more. Go back and refresh the list."


def patient_of(session: Session, actor: Identity | None, patient_id: int, *, alone: bool = False) -> Patient:
    """The patient, when they are of the actor's practice and place of work (actor None: the system). Raises NotFound.

    alone: nobody else changes what this patient is asked for until the transaction ends (two tabs at once).
    """
    if alone:
        session.exec(select_rows(Patient.id).where(Patient.id == patient_id).with_for_update()).first()
    found = session.exec(
        select_rows(Patient, Connection.practice_id)
        .join(Connection, col(Connection.id) == Patient.connection_id)
        .where(Patient.id == patient_id, col(Patient.gone_at).is_(None))
    ).first()
    if found is None:
        raise NotFound(NO_PATIENT)
    patient, practice_id = found
    if actor is not None:
        elsewhere = actor.location_id is not None and patient.location_id not in (None, actor.location_id)
        if practice_id != actor.practice_id or elsewhere:
            raise NotFound(NO_PATIENT)
    return patient


def place_of(session: Session, patient: Patient) -> Location:
    """The patient's location, else the practice's first. Raises NotFound when there is none at all."""
    place = session.get(Location, patient.location_id) if patient.location_id else None
    place = place or session.exec(select_rows(Location).order_by(col(Location.id)).limit(1)).first()
    if place is None:
        raise NotFound("This practice has no location yet. Import locations.csv first.")
    return place
