"""What one person chose on one screen: columns, order, privacy. Kept per person, not per browser."""

import json
from typing import Any

from sqlmodel import Session, select

from core.card_numbers import mask_card_numbers
from core.staff.models import Preference


def preference(session: Session, staff_id: int, name: str) -> dict[str, Any]:
    """The choices under `name`; empty when nothing was chosen or what is stored cannot be read."""
    kept = session.exec(select(Preference.value).where(*_of(staff_id, name))).first()
    try:
        chosen = json.loads(kept or "{}")
    except ValueError:
        return {}
    return chosen if isinstance(chosen, dict) else {}


def keep_preference(session: Session, staff_id: int, name: str, **chosen: Any) -> None:
    """Keep choices under `name`, beside those already there. Values are plain JSON."""
    said = {key: mask_card_numbers(each) if isinstance(each, str) else each for key, each in chosen.items()}
    value = json.dumps({**preference(session, staff_id, name), **said}, sort_keys=True)
    row = session.exec(select(Preference).where(*_of(staff_id, name))).first()
    if row is None:
        row = Preference(staff_id=staff_id, name=name)
    row.value = value
    session.add(row)
    session.flush()


def _of(staff_id: int, name: str) -> tuple[Any, Any]:
    return Preference.staff_id == staff_id, Preference.name == name
