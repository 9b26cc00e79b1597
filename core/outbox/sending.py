"""What a sender is given and what it may answer: settled, refused, later (surely not acted) or unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed row as its sender sees it. key: the row's id, the same at every attempt. claimed_at: UTC."""

    key: str
    kind: str
    payload: Mapping[str, Any]
    attempts: int
    claimed_at: datetime
    connection_id: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The other system has done it. result: its own id and whatever is worth keeping, as JSON."""

    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """The other system will not do it, now or later; nothing happened. code: its own code for that, if any."""

    sentence: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """It surely did not happen, and may be tried again after `seconds` (None: the worker picks the wait)."""

    sentence: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened: the time ran out, or the answer broke off."""

    sentence: str


Outcome = Settled | Refused | Later | Unknown


@dataclass(frozen=True, slots=True)
class Cancel:
    """Asked in the claiming transaction: it is no longer wanted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Postpone:
    """Asked in the claiming transaction: not now, but from `until` (UTC) on."""

    until: datetime
    reason: str
