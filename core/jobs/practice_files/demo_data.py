"""Invented people to look around with, and throwing them away again in one step."""

from pathlib import Path

from sqlalchemy import Engine, Table, delete, select, update
from sqlmodel import Session, SQLModel

import core.tables  # noqa: F401  # every table is to be known
from core import clock
from core.audit.commands import record
from core.connections.models import DEMO, EHRS, PROCESSORS, Connection, ConnectionState, Kind
from core.errors import BadInput
from core.jobs.practice_files.load import import_folder
from core.permissions import Identity, Permission, require
from core.store.base import table_of
from core.store.engine import transaction
from core.store.version import touch

NAME = "Demo data"
# what rests on these rests on the invented people …
_ABOUT = frozenset({"connection", "location", "patient"})
_KEPT = frozenset(  # … but for what is the practice's own
    {
        "audit_entry", "connection", "letterhead", "preference", "staff", "staff_clerk_key", "staff_login_time",
        "staff_session", "template_version",
    }
)  # fmt: skip
_CONNECTION = table_of(Connection)


def load_demo(engine: Engine, folder: Path) -> None:
    """Load the practice files of an invented practice. Raises BadInput when a real source is connected."""
    with transaction(engine) as session:
        real = select(_CONNECTION.c.id).where(_CONNECTION.c.kind.in_([*EHRS, *PROCESSORS]))
        if session.execute(real.limit(1)).first() is not None:
            raise BadInput(
                "A source is connected already. Demo data is only for a practice that has none yet."
            )
        made = Connection(
            kind=Kind.PRACTICE_FILES,
            name=NAME,
            settings=DEMO,
            created_at=clock.now(),
            state=ConnectionState.PAUSED,
        )
        session.add(made)
        session.flush()
        connection_id = made.id
    import_folder(engine, folder, connection_id=connection_id, invented=True)


def throw_demo_away(session: Session, actor: Identity) -> None:
    """Take out the invented people and everything that was done with them; accounts, templates, mail and texts stay.

    Raises NotAllowed; BadInput when there is no demo data (any more).
    """
    require(actor.role, Permission.MANAGE_CONNECTIONS)
    demo = _CONNECTION.c.settings == DEMO
    # holding the row: of two who press at once, the second finds nothing to throw away
    found = session.execute(select(_CONNECTION.c.id).where(demo).with_for_update()).scalar()
    if found is None:
        raise BadInput("There is no demo data here.")
    tables = SQLModel.metadata.sorted_tables
    gone = _resting(tables) - _KEPT
    for table in tables:
        for key in table.foreign_keys:
            to_gone = key.column.table.name in gone and (table.name in _KEPT or key.column.table is table)
            if to_gone and key.parent.nullable:
                session.execute(update(table).where(key.parent.is_not(None)).values({key.parent.name: None}))
    for table in reversed(tables):
        if table.name in gone:
            session.execute(delete(table))
    session.execute(delete(_CONNECTION).where(demo))
    record(session, who=actor, action="demo data thrown away", subject_kind="connection", subject_id=found)
    touch(session)


def _resting(tables: list[Table]) -> set[str]:
    """The tables whose rows refer, over however many others, to a connection, a location or a patient."""
    found = set(_ABOUT)
    for table in tables:  # sorted: what is referred to comes first
        if any(key.column.table.name in found for key in table.foreign_keys):
            found.add(table.name)
    return found
