"""How bad a finding is. The same words in rules, store, exports and chips."""

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    UNKNOWN = "unknown"  # a source is missing, old or not linked: never shown as fine
    NOTE = "note"  # worth knowing, nothing to do


RANK = {severity: place for place, severity in enumerate(Severity)}


def worst(severities: list[Severity]) -> Severity | None:
    """The worst of several, or None when there are none."""
    return min(severities, key=RANK.__getitem__, default=None)


class Ask(IntEnum):
    """What a finding has the desk ask for beside money, the most pressing first. OTHER_CARD: instead of the money;
    CHARGE: the money is taken from the card that is on file by now."""

    NEW_CARD = 1
    FIRST_CARD = 2
    OTHER_CARD = 3
    CHARGE = 4


class Flag(NamedTuple):
    """One finding on a visit or a patient: what, how bad, why in a sentence, and the rows it rests on.

    kind is one of the words of core/findings/flags.py; evidence holds (table, external id) pairs. fact: the reason without
    what to ask for, which the line to say puts at its end once ("": the reason as it is); ask: what that is.
    """

    kind: str
    severity: Severity
    reason: str
    cents: int = 0
    evidence: tuple[tuple[str, str], ...] = ()
    fact: str = ""
    ask: Ask | None = None
