"""The order of rows, and which findings become flags (DOMAIN §10). The line to say: say.py."""

from collections.abc import Iterable, Sequence

from core.reports.say import speaks
from core.severity import RANK, Flag, Severity


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


def row_order(severity: Severity | None, at_risk_cents: int, start: object) -> tuple[int, int, object]:
    """Sort key of the morning: severity, then money at risk, then arrival time (DOMAIN §10)."""
    return (RANK[severity] if severity is not None else len(RANK), -at_risk_cents, start)
