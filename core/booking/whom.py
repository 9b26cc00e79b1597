"""Who somebody is that books (DOMAIN §11): a sure patient, one to be confirmed by a person, or somebody new.

The page never says which. Sure is a name and one more fact that agree with exactly one patient, and no fact that differs.
"""

from datetime import date
from typing import NamedTuple

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from core.booking.costs import Person
from core.booking.models import Known, PrepayByName
from core.connections.models import Connection
from core.matching.rules import PersonFacts, Verdict, compare, propose
from core.patients.models import Patient
from core.schedule.models import Appointment, AppointmentStatus


class Whom(NamedTuple):
    """patient_id: the sure one; proposed_id: the likeliest one for a person to confirm. evidence: what agreed."""

    known: Known
    patient_id: int | None = None
    proposed_id: int | None = None
    evidence: str = ""


def whom(
    session: Session,
    *,
    first_name: str,
    last_name: str,
    birth_date: date | None,
    email: str | None,
    mobile_phone: str | None,
    practice_id: int = 1,
) -> Whom:
    """Who this is among the practice's patients."""
    asked = PersonFacts(0, first_name, last_name, email, mobile_phone, birth_date)
    rows = session.exec(
        select(Patient)
        .join(Connection, col(Connection.id) == Patient.connection_id)
        .where(
            Connection.practice_id == practice_id,
            col(Patient.gone_at).is_(None),
            or_(
                func.lower(Patient.email) == (email or "").lower(),
                col(Patient.mobile_phone) == mobile_phone,
                col(Patient.birth_date) == birth_date,
            ),
        )
    )
    people = {
        row.id or 0: PersonFacts(
            row.id or 0, row.first_name, row.last_name, row.email, row.mobile_phone, row.birth_date
        )
        for row in rows
    }
    found = propose(asked, people.values())
    if not found:
        return Whom(Known.NEW)
    first = max(found, key=lambda each: (each.evidence.count(" and "), -each.patient_id))
    if len(found) == 1 and not _birth_date_differs(asked, people[first.patient_id]):
        return Whom(Known.MATCHED, first.patient_id, None, first.evidence)
    return Whom(Known.PROPOSED, None, first.patient_id, first.evidence)


def _birth_date_differs(asked: PersonFacts, patient: PersonFacts) -> bool:
    """A father and a son may share name and phone: the birth date tells them apart."""
    found = {each.what: each.verdict for each in compare(asked, patient)}
    return found["birth date"] is Verdict.DIFFERS


def person_of(session: Session, patient_id: int | None) -> Person:
    """What decides whether this patient prepays. A stranger is looked up just the same: the time an answer takes must not
    tell who is a patient."""
    missed = session.exec(
        select(func.count())
        .select_from(Appointment)
        .where(
            Appointment.patient_id == (patient_id or 0),
            Appointment.status == AppointmentStatus.NO_SHOW,
            col(Appointment.gone_at).is_(None),
        )
    ).one()
    by_name = session.get(PrepayByName, patient_id or 0)
    return Person(missed, by_name.must_prepay if by_name else None)
