"""The audit, searched: who did or saw what, about whom, when. Reads only; what is read is written down by who exports it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, cast, func, or_
from sqlalchemy import String as Text
from sqlmodel import Session, col, select

from core import clock
from core.audit.models import AuditEntry
from core.errors import BadInput
from core.names import folded
from core.patients.models import Patient
from core.patients.reports import AT_ONCE
from core.permissions import Identity, Permission, require
from core.staff.models import Staff

MOST_DAYS = 3_660
MOST_ROWS = 50_000
MOST_PATIENTS = 50  # whose entries are taken along at once


@dataclass(frozen=True, slots=True)
class Asked:
    """first and last: days on the practice's wall, both included. Words are looked for anywhere, in any case.

    patient: words of a name. patients: store ids, for where a name must not stand (an address).
    """

    first: date
    last: date
    who: str = ""
    what: str = ""
    patient: str = ""
    patients: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditLine:
    """at: aware UTC. who "": the system, or nobody signed in. about: the patient's or person's name, else kind and number."""

    at: datetime
    who: str
    action: str
    about: str
    patient_id: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Trail:
    """lines: the newest first, at most as many as were asked for. found: how many there are.

    patients: whom they are about, by store id, when a patient's name was asked for: at most one more than MOST_PATIENTS.
    """

    lines: tuple[AuditLine, ...]
    found: int
    patients: tuple[int, ...] = ()


def audit_trail(session: Session, actor: Identity, asked: Asked, *, time_zone: str, most: int = 200) -> Trail:
    """What the actor may see: of the practice, or of the people of their own location. Raises NotAllowed, BadInput."""
    require(actor.role, Permission.SEE_ACTIVITY)
    where = _where(actor, asked, time_zone)
    found = session.exec(select(func.count()).select_from(AuditEntry).where(*where)).one()
    rows = session.exec(
        select(AuditEntry)
        .where(*where)
        .order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc())
        .limit(min(most, MOST_ROWS))
    ).all()
    names = _names(session, rows)
    about = select(AuditEntry.subject_id).where(*where).distinct().limit(MOST_PATIENTS + 1)
    patients = sorted(int(one) for one in session.exec(about)) if asked.patient.strip() else []
    return Trail(tuple(_line(row, names) for row in rows), found, tuple(patients))


def _where(actor: Identity, asked: Asked, time_zone: str) -> list[ColumnElement[bool]]:
    if not 0 <= (asked.last - asked.first).days < MOST_DAYS:
        raise BadInput("Choose the first day before the last, at most ten years.")
    where = [
        col(AuditEntry.practice_id) == actor.practice_id,
        col(AuditEntry.at) >= clock.day_bounds(asked.first, time_zone)[0],
        col(AuditEntry.at) < clock.day_bounds(asked.last, time_zone)[1],
    ]
    if actor.location_id is not None:
        here = select(Staff.id).where(Staff.location_id == actor.location_id)
        where.append(col(AuditEntry.staff_id).in_(here))
    if asked.who.strip():
        where.append(col(AuditEntry.who).icontains(asked.who.strip(), autoescape=True))
    if asked.what.strip():
        words = asked.what.strip()
        where.append(
            or_(
                col(AuditEntry.action).icontains(words, autoescape=True),
                col(AuditEntry.subject_kind).icontains(words, autoescape=True),
            )
        )
    if asked.patient.strip():
        where.append(_about(asked.patient))
    if asked.patients:
        ids = [str(one) for one in asked.patients]
        where += [col(AuditEntry.subject_kind) == "patient", col(AuditEntry.subject_id).in_(ids)]
    return where


def _about(words: str) -> ColumnElement[bool]:
    """Entries about patients whose name holds every word."""
    named = [col(Patient.search_name).contains(word, autoescape=True) for word in folded(words).split()]
    ids = select(cast(col(Patient.id), Text)).where(*named)
    return and_(col(AuditEntry.subject_kind) == "patient", col(AuditEntry.subject_id).in_(ids))


def _names(session: Session, rows: Sequence[AuditEntry]) -> dict[tuple[str, str], str]:
    """Of the patients and people the entries are about: (kind, id) → name. Who is not there any more has none."""

    def ids(kind: str) -> list[int]:
        return sorted(
            {int(row.subject_id) for row in rows if row.subject_kind == kind and row.subject_id.isdecimal()}
        )

    names = {}
    for start in range(0, len(patients := ids("patient")), AT_ONCE):
        some = patients[start : start + AT_ONCE]
        query = select(Patient.id, Patient.first_name, Patient.last_name).where(col(Patient.id).in_(some))
        names |= {
            ("patient", str(key)): f"{first} {last}".strip() for key, first, last in session.exec(query)
        }
    people = select(Staff.id, Staff.display_name, Staff.username).where(col(Staff.id).in_(ids("staff")))
    return names | {("staff", str(key)): name or user for key, name, user in session.exec(people)}


def _line(row: AuditEntry, names: Mapping[tuple[str, str], str]) -> AuditLine:
    about = names.get((row.subject_kind, row.subject_id)) or f"{row.subject_kind} {row.subject_id}".strip()
    of_patient = row.subject_kind == "patient" and row.subject_id.isdecimal()
    return AuditLine(
        row.at, row.who, row.action, about, int(row.subject_id) if of_patient else None, "; ".join(_words(row.detail))
    )  # fmt: skip


def _words(detail: str) -> Iterator[str]:
    """The detail in words: ids, counts and states, as they were written down."""
    try:
        said = json.loads(detail)
    except ValueError:
        return
    if isinstance(said, dict):
        for key, value in said.items():
            yield f"{key.replace('_', ' ')}: {value}"
