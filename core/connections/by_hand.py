"""What a person begins by hand at a connection: allowed or not, and written down."""

from collections.abc import Sequence

from sqlmodel import Session

from core.audit.commands import record
from core.connections.commands import connection_of
from core.permissions import Identity, Permission, require


def ask_for_sync(session: Session, actor: Identity, connection_id: int, *, full: bool = False) -> None:
    """A sync is to begin now. full: everything is read anew. Raises NotAllowed, NotFound."""
    require(actor.role, Permission.MANAGE_CONNECTIONS)
    found = connection_of(session, connection_id)
    record(
        session,
        who=actor,
        action="sync begun",
        subject_kind="connection",
        subject_id=connection_id,
        detail={"kind": found.kind, "full": full},
    )


def ask_for_files(session: Session, actor: Identity, names: Sequence[str]) -> None:
    """Practice files were handed over at the screen. names: of our own files, without folder. Raises NotAllowed."""
    require(actor.role, Permission.MANAGE_CONNECTIONS)
    record(session, who=actor, action="files loaded", detail={"files": sorted(names)})
