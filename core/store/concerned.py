"""Whom a transaction concerns: noted where something changes, read once before it commits (core/tasks/at_once.py)."""

from sqlmodel import Session

_NOTED = "patients concerned"  # session.info


def concern(session: Session, *patient_ids: int | None) -> None:
    """This change is about these patients (store ids; None = nobody's)."""
    session.info.setdefault(_NOTED, set()).update(key for key in patient_ids if key is not None)


def take_concerned(session: Session) -> set[int]:
    """Everybody noted so far in this session; the list is empty afterwards."""
    return session.info.pop(_NOTED, set())
