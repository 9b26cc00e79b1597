"""One line about tomorrow, so that nobody is surprised by it."""

from core.findings.flags import Kind
from core.reports.head import Report
from core.severity import Severity
from dashboard.wording.text import count

_ENDS = {Kind.CARD_EXPIRED, Kind.CARD_EXPIRING}
_BEFORE_A_DRAFT = {Severity.CRITICAL, Severity.HIGH}


def tomorrow_words(report: Report) -> str:
    """`Tomorrow: 38 visits, 4 cards end before the next draft ›`."""
    if not report.rows:
        return "Tomorrow: no visits ›"
    patients = {visit.about.key: visit.about for visit in report.rows}.values()
    ending = sum(
        any(flag.kind in _ENDS and flag.severity in _BEFORE_A_DRAFT for flag in row.flags) for row in patients
    )
    cards = f", {count(ending, 'card ends', 'cards end')} before the next draft" if ending else ""
    return f"Tomorrow: {count(len(report.rows), 'visit')}{cards} ›"
