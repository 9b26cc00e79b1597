"""A promise to pay: who said they would pay how much by when, and what became of it. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from core.dates import short_day
from core.money import short_dollars
from core.payments.facts import PaymentFacts, net_by_payment
from core.severity import Severity


class PromiseFacts(NamedTuple):
    """One promise. due_on is local; recorded_at and withdrawn_at are aware UTC; said_by: who, in the desk's words."""

    id: int
    plan_id: int
    amount_cents: int
    due_on: date
    said_by: str
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawn_why: str = ""


class PromiseState(StrEnum):
    OPEN = "OPEN"
    DUE_TODAY = "DUE_TODAY"
    KEPT = "KEPT"
    BROKEN = "BROKEN"
    WITHDRAWN = "WITHDRAWN"


class PromiseFinding(NamedTuple):
    """came_cents: net payments on the plan since it was recorded. sentence: one for the desk."""

    promise: PromiseFacts
    state: PromiseState
    came_cents: int
    sentence: str


def judge_promise(
    promise: PromiseFacts, payments: Sequence[PaymentFacts], today: date, *, recorded_on: date
) -> PromiseFinding:
    """Kept when the net payments since it was recorded reach the amount; broken from the day after it was due.

    payments: all of the plan, with the refunds of them; those after `today` (local) are left out. What was given back
    since counts against it. recorded_on: the local day of recording.
    """
    rows = [p for p in payments if p.happened_on <= today]
    before = [p for p in rows if p.happened_at < promise.recorded_at]
    came = sum(net_by_payment(rows).values()) - sum(net_by_payment(before).values())
    if promise.withdrawn_at is not None:
        state = PromiseState.WITHDRAWN
    elif came >= promise.amount_cents:
        state = PromiseState.KEPT
    elif today > promise.due_on:
        state = PromiseState.BROKEN
    else:
        state = PromiseState.DUE_TODAY if today == promise.due_on else PromiseState.OPEN
    return PromiseFinding(promise, state, came, _sentence(promise, state, came, today, recorded_on))


def standing_promise(promises: Iterable[PromiseFacts]) -> PromiseFacts | None:
    """The latest one that was not withdrawn; a new promise takes the place of the one before."""
    stand = [one for one in promises if one.withdrawn_at is None]
    return max(stand, key=lambda one: (one.recorded_at, one.id), default=None)


def calms(finding: PromiseFinding | None) -> bool:
    """Nobody asks for the money while a promise is open; on its day and after, they do."""
    return finding is not None and finding.state is PromiseState.OPEN


def calmed(severity: Severity | None, finding: PromiseFinding | None) -> Severity | None:
    """An open promise makes a plan's severity a note: said, not hidden."""
    return Severity.NOTE if severity is not None and calms(finding) else severity


def _sentence(promise: PromiseFacts, state: PromiseState, came: int, today: date, recorded_on: date) -> str:
    amount, day = short_dollars(promise.amount_cents), short_day(promise.due_on, today)
    who = promise.said_by
    if state is PromiseState.WITHDRAWN:
        why = f": {promise.withdrawn_why}" if promise.withdrawn_why else ""
        return f"{who} promised {amount} by {day}; withdrawn{why}."
    if state is PromiseState.KEPT:
        return f"{who} promised {amount} by {day} and paid it."
    so_far = f" {short_dollars(came)} of it came." if came > 0 else ""
    if state is PromiseState.BROKEN:
        return f"{who} promised {amount} by {day}, and it did not come.{so_far}"
    by = "today" if state is PromiseState.DUE_TODAY else f"by {day}"
    return f"{who} promised {amount} {by} (said on {short_day(recorded_on, today)}).{so_far}"
