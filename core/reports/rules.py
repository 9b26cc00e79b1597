"""The line to say, the order of rows, and which findings become flags (DOMAIN §10)."""

from collections.abc import Iterable, Sequence

from core.money import short_dollars
from core.severity import RANK, Flag, Severity

SENTENCES = 2  # what the desk can say in one breath
_SAID_BY = {"BEHIND": {"MISSING_PAYMENT", "RETRY_SCHEDULED"}}  # the same money, in other words


def speaks(flag: Flag) -> bool:
    """A flag that asks for something: everything but a quiet note."""
    return flag.severity is not Severity.NOTE


def in_order(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Worst first, then the most money; one flag a kind (the worst of them)."""
    best: dict[str, Flag] = {}
    for flag in sorted(flags, key=_order):
        best.setdefault(flag.kind, flag)
    return tuple(best.values())


def _order(flag: Flag) -> tuple[int, int]:
    return RANK[flag.severity], -flag.cents


def worst_of(flags: Sequence[Flag]) -> Severity | None:
    """The severity of a row: that of its worst speaking flag, None when it has nothing to say."""
    return next((flag.severity for flag in flags if speaks(flag)), None)


def say(flags: Sequence[Flag], collect_cents: int) -> str:
    """One or two plain sentences for the desk, worst first, with the amount to collect. Empty = nothing to say.

    flags: in order (see in_order).
    """
    kinds = {flag.kind for flag in flags}
    told = [flag for flag in flags if speaks(flag) and not _SAID_BY.get(flag.kind, set()) & kinds]
    line = " ".join(dict.fromkeys(flag.reason for flag in told[:SENTENCES]))
    amount = short_dollars(collect_cents)
    if collect_cents > 0 and amount not in line:
        line = f"{line} Collect {amount}."
    return line.strip()


def row_order(severity: Severity | None, at_risk_cents: int, start: object) -> tuple[int, int, object]:
    """Sort key of the morning: severity, then money at risk, then arrival time (DOMAIN §10)."""
    return (RANK[severity] if severity is not None else len(RANK), -at_risk_cents, start)
