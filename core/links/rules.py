"""The life of a link as a pure function of what happened to it, and when a reminder is due (issue: link ledger)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

CARD_LINK_DAYS = 7
PAY_LINK_DAYS = 30
UNDO_SECONDS = 10
REMIND_AFTER_DAYS = (3, 7)
REMIND_BEFORE_DUE_DAYS = 1


class LinkKind(StrEnum):
    INVOICE = "invoice"
    PAY = "pay"
    CARD = "card"


class LinkState(StrEnum):
    """created: made here; refused: the processor will not make it; unknown: whether it did is being looked up."""

    CREATED = "created"
    SENT = "sent"
    OPENED = "opened"
    PART_PAID = "part-paid"
    PAID = "paid"
    UPDATED = "card updated"
    EXPIRED = "expired"
    REPLACED = "replaced"
    VOID = "void"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Step(StrEnum):
    """What can happen to a link."""

    CREATED = "created"
    MADE = "made at the processor"
    REFUSED = "refused"
    UNKNOWN = "outcome unknown"
    SENT = "sent"
    NOT_SENT = "not sent"
    COPIED = "copied"
    OPENED = "opened"
    SEEN = "seen by the processor"
    PAYMENT = "payment"
    DECLINED = "declined"
    TAKEN_BACK = "payment taken back"
    DETACHED = "payment detached"
    CARD_SAVED = "new card saved"
    CARD_FAILED = "new card failed"
    POINTED = "draft moved to the new card"
    RETIRED = "old card removed"
    REMINDED = "reminder"
    REMINDERS_STOPPED = "reminders stopped"
    EXPIRED = "expired"
    REPLACED = "replaced"
    VOIDED = "void"
    REOPENED = "reopened"
    CHANGED = "changed at the processor"
    NOT_DONE = "not done"


LIVE = frozenset(
    {LinkState.CREATED, LinkState.SENT, LinkState.OPENED, LinkState.PART_PAID, LinkState.UNKNOWN}
)
_ENDINGS = {
    Step.EXPIRED: LinkState.EXPIRED,
    Step.REPLACED: LinkState.REPLACED,
    Step.VOIDED: LinkState.VOID,
    Step.REOPENED: None,
}
_MAKING = {
    Step.CREATED: None,
    Step.MADE: None,
    Step.REFUSED: LinkState.REFUSED,
    Step.UNKNOWN: LinkState.UNKNOWN,
}
_RANK = {step: place for place, step in enumerate(Step)}  # decides between two steps of one instant


class Happened(NamedTuple):
    """One step. at: aware UTC. cents: of payments."""

    kind: Step
    at: datetime
    ref: str = ""
    cents: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """What the steps come to. open: it can still be used. remaining_cents: amount − paid, never below 0."""

    state: LinkState
    since: datetime | None
    reason: str
    paid_cents: int
    remaining_cents: int
    sent_at: datetime | None
    opened_at: datetime | None
    ended_at: datetime | None
    open: bool


def life(steps: Collection[Happened], *, amount_cents: int, paid_cents: int) -> Life:
    """The state of a link; the same for the same steps in any order. paid_cents: net of its payments.

    Paid in full outranks everything: money that came for a voided or replaced link is still money. Then an ending,
    then part-paid, then what the processor said, then how far the patient got.
    """
    told = sorted(steps, key=lambda one: (one.at, _RANK[one.kind], one.ref))
    ending = _last(told, _ENDINGS)
    # what was made once is there, whatever was in doubt
    making = _last(told, {Step.MADE}) or _last(told, _MAKING)
    card = _last(told, {Step.CARD_SAVED})
    sent, opened = _first(told, {Step.SENT, Step.COPIED}), _first(told, {Step.OPENED})
    paid = _last(told, {Step.PAYMENT})
    if amount_cents > 0 and paid_cents >= amount_cents:
        state, decided = LinkState.PAID, paid or _last(told, Step)
    elif card is not None:
        state, decided = LinkState.UPDATED, card
    elif ending is not None and (ended := _ENDINGS[ending.kind]) is not None:
        state, decided = ended, ending
    elif paid_cents > 0:
        state, decided = LinkState.PART_PAID, paid or _last(told, Step)
    elif making is not None and (made := _MAKING[making.kind]) is not None:
        state, decided = made, making
    elif opened is not None:
        state, decided = LinkState.OPENED, opened
    elif sent is not None:
        state, decided = LinkState.SENT, sent
    else:
        state, decided = LinkState.CREATED, _first(told, {Step.CREATED})
    since = decided.at if decided else None
    return Life(
        state=state,
        since=since,
        reason=decided.words if decided else "",
        paid_cents=paid_cents,
        remaining_cents=max(0, amount_cents - paid_cents),
        sent_at=sent.at if sent else None,
        opened_at=opened.at if opened else None,
        ended_at=None if state in LIVE else since,
        open=state in LIVE,
    )


def _last(told: Sequence[Happened], kinds: Collection[Step]) -> Happened | None:
    return next((one for one in reversed(told) if one.kind in kinds), None)


def _first(told: Sequence[Happened], kinds: Collection[Step]) -> Happened | None:
    return next((one for one in told if one.kind in kinds), None)


class Remindable(NamedTuple):
    """What decides about reminders. Days are local to the patient; due_on None: no due date.

    stop: why nobody may be reminded (chargeback, opt-out), a sentence; "" when they may.
    """

    state: LinkState
    sent_on: date | None
    due_on: date | None
    reminded: frozenset[str]
    last_reminded_on: date | None
    stop: str = ""


class Reminder(NamedTuple):
    """The next reminder. label: which one, kept so that it is sent once."""

    label: str


class Stop(NamedTuple):
    """No reminder any more, and why."""

    reason: str


_WHY_OVER = {
    LinkState.PAID: "It is paid.",
    LinkState.UPDATED: "The card was updated.",
    LinkState.VOID: "It was voided.",
    LinkState.REPLACED: "Another link took its place.",
    LinkState.EXPIRED: "It has expired.",
    LinkState.REFUSED: "The processor did not make it.",
}


def reminder(facts: Remindable, today: date) -> Reminder | Stop | None:
    """What to do about reminding on `today` (local): the latest rule whose day has come, at most one a day.

    A rule that was slept through is not made up for when a later one has come: two at once would be rude.
    """
    if facts.state in _WHY_OVER:
        return Stop(_WHY_OVER[facts.state])
    if facts.stop:
        return Stop(facts.stop)
    if facts.sent_on is None or facts.last_reminded_on == today or facts.state is LinkState.UNKNOWN:
        return None
    due = [(facts.sent_on + timedelta(days=days), f"day {days}") for days in REMIND_AFTER_DAYS]
    if facts.due_on is not None:
        before = facts.due_on - timedelta(days=REMIND_BEFORE_DUE_DAYS)
        if before > facts.sent_on:
            due.append((before, "before due"))
    come = [(day, label) for day, label in sorted(due) if day <= today]
    if not come or come[-1][1] in facts.reminded:
        return None
    return Reminder(come[-1][1])
