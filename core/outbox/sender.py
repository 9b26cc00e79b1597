"""What a sender is given and what it may answer: settled, refused, later (surely not acted) or unknown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core import errors
from core.outbox.models import OutboxRow


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed row as its sender sees it. key: the row's id, the same at every attempt. claimed_at: UTC.

    fence: which taking of the row this is; what came of it is written down only while nobody has taken it since.
    clerk_key: of the person it is done for, where the other system wants one (see Sender.clerk_key); never kept.
    """

    key: str
    kind: str
    payload: Mapping[str, Any]
    attempts: int
    claimed_at: datetime
    connection_id: int | None = None
    fence: int = 0
    clerk_key: str = field(default="", repr=False)


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
    """It surely did not happen, and may be tried again after `seconds` (None: the worker picks the wait).

    gateway: the other system itself is in trouble or asks for fewer calls, so nothing else is tried meanwhile.
    begun: False when there was no attempt at all, so none is counted.
    """

    sentence: str
    seconds: float | None = None
    gateway: bool = False
    begun: bool = True


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


def outcome_of(error: errors.HuddleError) -> Later | Refused | Unknown:
    """What an error of core.integrations says of a change that was asked for."""
    match error:
        case errors.OutcomeUnknown():
            return Unknown(error.sentence)
        case errors.WrongCredentials():
            # a person mends the keys; nothing is lost meanwhile
            return Later(error.sentence, 60.0, gateway=True)
        case errors.NotNow():
            return Later(error.sentence, error.retry_after)
        case errors.Refused():
            return Refused(error.sentence, error.code)
        case errors.TransportError(permanent=False):
            return Later(error.sentence, error.retry_after, gateway=True)
    return Refused(error.sentence)


# asked in the claiming transaction, of several rows at once: what is not to go out now, by key
StillWanted = Callable[[Session, Sequence[OutboxRow], datetime], Mapping[str, Cancel | Postpone]]


def always_wanted(
    session: Session, rows: Sequence[OutboxRow], now: datetime
) -> Mapping[str, Cancel | Postpone]:
    """For what nothing can overtake."""
    return {}


def no_clerk_key(session: Session, row: OutboxRow) -> str:
    """For systems that do not ask who acts."""
    return ""


@dataclass(frozen=True, slots=True)
class Sender:
    """How one kind of row goes out, by connections of kind `goes_by`.

    send(client, row) is called with no transaction open and must not raise for what the other system says.
    look_up(client, row): what became of a row in doubt, by its key; Unknown when that cannot be told, Later when it
    surely did not arrive. None: the other system cannot be asked.
    carry_over(session, rows): writes the new state of rows into what they are about, in the same transaction. It is
    called at every change: settled, refused, unknown, cancelled, and waiting again.
    repeats_safely(client): whether the other system recognises the key, so that a doubtful row may simply be repeated.
    at_a_time: rows marked as being sent by one commit; all of these are in doubt after a crash.
    clerk_key(session, row): the key of who acts, read as the row is claimed and handed to `send` alone.
    """

    goes_by: str
    send: Callable[[Any, Outgoing], Outcome]
    carry_over: Callable[[Session, Sequence[OutboxRow]], None]
    look_up: Callable[[Any, Outgoing], Outcome] | None = None
    still_wanted: StillWanted = always_wanted
    repeats_safely: Callable[[Any], bool] = lambda _client: False
    at_a_time: int = 5
    clerk_key: Callable[[Session, OutboxRow], str] = no_clerk_key
