"""What follows from practice files once they are stored: who pays for whom, and the practice's own row."""

from sqlalchemy import Table, and_, or_, select, update
from sqlmodel import Session

from core import clock
from core.connections.models import Connection, ConnectionState, Kind
from core.patients.models import Patient
from core.practice.models import Location, Practice
from core.store.version import touch

CONNECTION_NAME = "practice files"
_PATIENT: Table = Patient.__table__  # type: ignore[attr-defined]  # SQLModel sets it


def practice_files_connection(session: Session) -> int:
    """The connection that imported files belong to: the one of that name, else the only one of its kind, else a
    new one without a folder, which nothing watches. Makes the practice's row when there is none yet."""
    if session.get(Practice, 1) is None:
        session.add(Practice(id=1))
        session.flush()
    table: Table = Connection.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    rows = session.execute(
        select(table.c.id, table.c.name).where(table.c.kind == Kind.PRACTICE_FILES).order_by(table.c.id)
    ).all()
    named = [row for row in rows if row[1] == CONNECTION_NAME]
    if chosen := named or (rows if len(rows) == 1 else []):
        return chosen[0][0]
    made = Connection(
        kind=Kind.PRACTICE_FILES,
        name=CONNECTION_NAME,
        created_at=clock.now(),
        state=ConnectionState.PAUSED,  # nothing to watch until `huddle connect` gives it a folder
    )
    session.add(made)
    session.flush()
    assert made.id is not None  # flushed: it has one
    return made.id


def name_practice(session: Session, connection_id: int) -> None:
    """A practice without a name is called like its first location."""
    table: Table = Location.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    practice = session.get(Practice, 1)
    first = session.execute(
        select(table.c.name).where(table.c.connection_id == connection_id).order_by(table.c.id).limit(1)
    ).scalar()
    if practice is not None and not practice.name and first:
        practice.name = first
        session.add(practice)


def link_guarantors(session: Session, connection_id: int) -> int:
    """Point each patient at the patient who pays for them, once that one is known. Returns how many changed."""
    payer = _PATIENT.alias()
    paying = (
        select(payer.c.id)
        .where(
            and_(
                payer.c.connection_id == connection_id,
                payer.c.external_id == _PATIENT.c.guarantor_ref,
            )
        )
        .scalar_subquery()
    )
    changed = session.execute(
        update(_PATIENT)
        .where(
            _PATIENT.c.connection_id == connection_id,
            or_(_PATIENT.c.guarantor_ref.is_not(None), _PATIENT.c.guarantor_id.is_not(None)),
            _PATIENT.c.guarantor_id.is_distinct_from(paying),
        )
        .values(guarantor_id=paying)
    ).rowcount  # type: ignore[attr-defined]  # an UPDATE's result has one
    if changed:
        touch(session)
    return changed
