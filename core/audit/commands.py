"""Writing down who did or saw what. Rows are only ever added."""

import json
from collections.abc import Mapping

from sqlmodel import Session

from core import clock
from core.audit.models import AuditEntry
from core.permissions import Identity


def record(
    session: Session,
    *,
    who: Identity | None,
    action: str,
    subject_kind: str = "",
    subject_id: str | int = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add one entry, in the same transaction as what it tells of. `who` None: the system, or nobody signed in.

    detail must hold no secret, no clinical word and no text from outside: ids, counts and states.
    """
    session.add(
        AuditEntry(
            practice_id=who.practice_id if who else 1,
            at=clock.now(),
            staff_id=who.staff_id if who else None,
            who=who.username if who else "",
            action=action,
            subject_kind=subject_kind,
            subject_id=str(subject_id),
            detail=json.dumps(dict(detail or {}), default=str, sort_keys=True),
        )
    )
