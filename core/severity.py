"""How bad a finding is. The same words in rules, store, exports and chips."""

from enum import StrEnum
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


class Flag(NamedTuple):
    """One finding on a visit or a patient: what, how bad, why in a sentence, and the rows it rests on.

    kind is one of the words of core/findings/flags.py; evidence holds (table, external id) pairs.
    """

    kind: str
    severity: Severity
    reason: str
    cents: int = 0
    evidence: tuple[tuple[str, str], ...] = ()
