"""Rows as the reports make them, for tests of how they are shown."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.reports.head import Report, SourceCell
from core.reports.rows import (
    BalanceCell,
    CardCell,
    InsuranceCell,
    MembershipCell,
    MissingCell,
    MorningRow,
    PatientRow,
)
from core.severity import Flag, Severity, worst

DAY = date(2026, 11, 23)
NINE = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 9:00 am in New York
ZONE = "America/New_York"
OVER = Flag("OVER_SCHEDULED", Severity.MEDIUM, "Visit 5 of 4 this month: charge $55 or move it.", 5500)
MISSING = Flag("MISSING_PAYMENT", Severity.HIGH, "Declined on Nov 15, not enough funds.", 14900)
NO_CARD = Flag("NO_CARD", Severity.CRITICAL, "No card on file.")
NOTE = Flag("USED_UP", Severity.NOTE, "Nothing left this month.")


def patient(key: int = 1, *flags: Flag, name: str = "Ana Ruiz", **changed: Any) -> PatientRow:
    """A patient with these flags; the sentence to say is the first flag's reason."""
    loud = [flag for flag in flags if flag.severity is not Severity.NOTE]
    row = PatientRow(
        key=key,
        patient_id=f"p-{key}",
        patient=name,
        initials="A.R.",
        mobile_last_four="0199",
        card=CardCell("EXPIRING", Severity.HIGH, "Visa", "4242", date(2026, 11, 30), "ends", "HAS_CARD", "c-1", None, 0),
        missing_payments=(),
        missing_cents=0,
        arrears_cents=0,
        days_past_due=0,
        membership=None,
        insurance=InsuranceCell("ACTIVE", "Blue Cross", 3000, 8, None, 4500, DAY, "Copay $30, estimate $45."),
        balance=BalanceCell(0, 0, 0, 0, 0, "", "", ""),
        last_visit=None,
        next_visit=None,
        flags=flags,
        severity=worst([flag.severity for flag in loud]),
        at_risk_cents=0,
        collect_now_cents=0,
        say=loud[0].reason if loud else "",
    )  # fmt: skip
    return replace(row, **changed)


def missing(cents: int = 14900) -> MissingCell:
    return MissingCell(
        "draft", "m-1", date(2026, 11, 15), cents, "DECLINED_SOFT", "Declined.", Severity.HIGH, None, False
    )


def membership(used: int, booked: int, allowance: int | None, over: int = 0) -> MembershipCell:
    return MembershipCell(
        "OVER_SCHEDULED", "m-1", "Wellness 4", "adjustment", allowance, used, booked, over, (),
        date(2026, 11, 1), date(2026, 11, 30), 3, Severity.MEDIUM, "Visit 5 of 4: charge $55.",
    )  # fmt: skip


def visit(
    about: PatientRow, *, minutes_later: int = 0, provider: str = "Dr Lee", number: int = 1
) -> MorningRow:
    """A visit at nine, or so many minutes later."""
    at = NINE + timedelta(minutes=minutes_later)
    return MorningRow(
        f"v-{about.key}-{number}", at, 20, provider, provider.lower(), "Adjustment", "scheduled", about
    )


def report(*visits: MorningRow, sources: tuple[SourceCell, ...] = ()) -> Report:
    return Report("morning", NINE, DAY, "loc-1", "Maple Street", ZONE, sources, tuple(visits))
