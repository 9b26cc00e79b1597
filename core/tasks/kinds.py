"""What a task is about, and which findings of the rules become tasks (docs/decisions/0016)."""

from enum import StrEnum
from typing import NamedTuple

from core.findings.flags import Kind
from core.severity import RANK, Severity


class TaskKind(StrEnum):
    """The word in the store is the word on the screen."""

    CARD = "card"
    PAYMENT = "payment"
    SETTLEMENT = "plan to settle"
    BALANCE = "balance"
    POSTING = "posting"
    OVERBOOKED = "overbooked"
    TO_BOOK = "to book"
    INSURANCE = "insurance"
    AUTHORISATION = "authorisation"
    BOOKING = "online booking"
    TEXT = "text to answer"  # made by a person: no rule opens or closes it


class Matter(NamedTuple):
    """kind: what is to be done. tables: of the finding's evidence the first row of these is what the task hangs on;
    none of them, or no tables: the patient."""

    kind: TaskKind
    tables: tuple[str, ...] = ()


# a card is one matter a patient, whichever card it is: expiring, expired, removed is one errand
_MATTERS: dict[str, Matter] = {
    Kind.CARD_EXPIRED: Matter(TaskKind.CARD),
    Kind.CARD_EXPIRING: Matter(TaskKind.CARD),
    Kind.CARD_INVALID: Matter(TaskKind.CARD),
    Kind.NO_CARD: Matter(TaskKind.CARD),
    Kind.MISSING_PAYMENT: Matter(TaskKind.PAYMENT, ("plan", "membership")),
    Kind.BEHIND: Matter(TaskKind.PAYMENT, ("plan",)),
    "PROVISIONAL": Matter(TaskKind.PAYMENT, ("membership",)),
    Kind.SETTLEMENT: Matter(TaskKind.SETTLEMENT, ("plan",)),
    Kind.BALANCE_DUE: Matter(TaskKind.BALANCE),
    Kind.ACCEPTED_NOT_POSTED: Matter(TaskKind.POSTING, ("payment", "ledger_entry")),
    Kind.POSTED_TWICE: Matter(TaskKind.POSTING, ("payment", "ledger_entry")),
    Kind.OVER_SCHEDULED: Matter(TaskKind.OVERBOOKED, ("membership",)),
    Kind.BOOKED_WHILE_FROZEN: Matter(TaskKind.OVERBOOKED, ("membership",)),
    Kind.OUTSIDE_TERM: Matter(TaskKind.OVERBOOKED, ("membership",)),
    Kind.NOT_SCHEDULED: Matter(TaskKind.TO_BOOK, ("membership",)),
    Kind.UNDER_BOOKED: Matter(TaskKind.TO_BOOK, ("membership",)),
    Kind.INSURANCE_INACTIVE: Matter(TaskKind.INSURANCE, ("coverage",)),
    Kind.INSURANCE_REFUSED: Matter(TaskKind.INSURANCE, ("coverage",)),
    Kind.INSURANCE_STALE: Matter(TaskKind.INSURANCE, ("coverage",)),
    Kind.INSURANCE_NOT_CHECKED: Matter(TaskKind.INSURANCE, ("coverage",)),
    Kind.VISITS_EXHAUSTED: Matter(TaskKind.INSURANCE, ("coverage",)),
    Kind.AUTHORISATION_MISSING: Matter(TaskKind.AUTHORISATION, ("coverage",)),
    Kind.AUTHORISATION_EXPIRED: Matter(TaskKind.AUTHORISATION, ("coverage",)),
    Kind.AUTHORISATION_UNITS_SHORT: Matter(TaskKind.AUTHORISATION, ("coverage",)),
    Kind.BOOKING_CONFLICT: Matter(TaskKind.BOOKING, ("booking",)),
}
# no amounts in these
NOT_MONEY = (
    TaskKind.OVERBOOKED,
    TaskKind.TO_BOOK,
    TaskKind.INSURANCE,
    TaskKind.AUTHORISATION,
    TaskKind.TEXT,
)
AT_VISITS = frozenset({TaskKind.INSURANCE, TaskKind.AUTHORISATION})
# while one of these is found, nobody can say that the matter is settled: its task stays
_UNSURE: dict[str, frozenset[TaskKind]] = {
    Kind.CARD_UNKNOWN: frozenset({TaskKind.CARD}),
    Kind.NOT_LINKED: frozenset({TaskKind.CARD}),
    Kind.PLAN_UNKNOWN: frozenset({TaskKind.PAYMENT, TaskKind.SETTLEMENT}),
    Kind.MEMBERSHIP_UNKNOWN: frozenset({TaskKind.OVERBOOKED, TaskKind.TO_BOOK, TaskKind.PAYMENT}),
    Kind.INSURANCE_UNKNOWN: AT_VISITS,
}


def matter_of(flag: str, severity: Severity) -> Matter | None:
    """What kind of task a finding asks for; None for one that asks for none: a note, or unknown."""
    return _MATTERS.get(flag) if RANK[severity] <= RANK[Severity.MEDIUM] else None


def left_open_by(flag: str, severity: Severity) -> frozenset[TaskKind]:
    """The kinds of task that must not close by themselves while this is found."""
    return _UNSURE.get(flag, frozenset()) if severity is Severity.UNKNOWN else frozenset()
