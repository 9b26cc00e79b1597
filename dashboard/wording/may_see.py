"""What one person may see of a row: without amounts for a role without SEE_MONEY, initials when the switch is on."""

import re
from dataclasses import dataclass, replace

from core.findings.flags import CHIPS, Chip, Group, Kind
from core.permissions import Permission, may
from core.reports.head import Report
from core.reports.rows import MorningRow, PatientRow
from core.reports.say import speaks
from core.severity import Flag, worst

_AMOUNT = re.compile(r"-?\$\s?\d+(?:,\d{3})*(?:\.\d\d)?")
NOT_MONEY = {Group.MEMBERSHIP, Group.INSURANCE}


@dataclass(frozen=True, slots=True)
class MaySee:
    """money: the role may see amounts. collect: it may decide what a patient pays; settle: also about plans that were
    ended early. ask: it may ask for a new card. initials: the privacy switch of a shared screen is on."""

    money: bool = True
    initials: bool = False
    collect: bool = True
    settle: bool = True
    ask: bool = True

    def row(self, row: PatientRow) -> PatientRow:
        """The row as this person may see it; amounts are gone from it, not just hidden by the page."""
        row = row if self.money else without_money(row)
        return with_initials(row) if self.initials else row

    def visit(self, visit: MorningRow) -> MorningRow:
        return replace(visit, about=self.row(visit.about))

    def report(self, report: Report) -> Report:
        """The whole report as this person may see it."""
        see = self.visit if report.report == "morning" else self.row
        return replace(report, rows=tuple(see(row) for row in report.rows))


def may_see_of(role: str, *, initials: bool = False) -> MaySee:
    """What a role of core.permissions may see."""
    return MaySee(
        money=may(role, Permission.SEE_MONEY),
        initials=initials,
        collect=may(role, Permission.COLLECT),
        settle=may(role, Permission.SETTLE_PLANS),
        ask=may(role, Permission.ASK_FOR_CARDS),
    )


def chip_of(flag: Flag) -> Chip:
    """The chip of a flag. A kind this version does not know shows as itself, under Unknown."""
    try:
        return CHIPS[Kind(flag.kind)]
    except ValueError:
        return Chip(flag.kind.replace("_", " ").capitalize(), "help", Group.UNKNOWN)


def no_amounts(sentence: str) -> str:
    """A sentence with every amount of dollars taken out."""
    return _AMOUNT.sub("(amount)", sentence)


def without_money(row: PatientRow) -> PatientRow:
    """The row for someone who may see visits, membership and insurance, but no amounts."""
    flags = tuple(
        flag._replace(cents=0, reason=no_amounts(flag.reason))
        for flag in row.flags
        if chip_of(flag).group in NOT_MONEY
    )
    loud = [flag for flag in flags if speaks(flag)]
    return replace(
        row,
        card=replace(row.card, at_risk_cents=0, reason="", brand=None, last_four=None, expires_on=None),
        missing_payments=(),
        missing_cents=0,
        arrears_cents=0,
        days_past_due=0,
        prepaid_cents=0,
        held_cents=0,
        membership=row.membership and replace(row.membership, sentence=no_amounts(row.membership.sentence)),
        insurance=replace(
            row.insurance,
            copay_cents=None,
            estimate_cents=None,
            sentence=no_amounts(row.insurance.sentence),
        ),
        balance=replace(
            row.balance,
            patient_owes_cents=0,
            due_now_cents=0,
            insurance_pending_cents=0,
            credit_cents=0,
            pending_cents=0,
            what="",
            since_when="",
            why_not_yet="",
        ),
        flags=flags,
        severity=worst([flag.severity for flag in flags]),
        at_risk_cents=0,
        collect_now_cents=0,
        say=loud[0].reason if loud else "",
    )


def with_initials(row: PatientRow) -> PatientRow:
    """The row with initials for the name, in its sentences too."""
    return replace(
        row,
        patient=row.initials,
        mobile_last_four=None,
        say=row.say.replace(row.patient, row.initials) if row.patient else row.say,
    )
