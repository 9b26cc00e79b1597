"""The day on paper: one page a provider."""

from typing import NamedTuple

from core import clock
from core.money import short_dollars
from core.reports.head import Report
from core.reports.rows import MorningRow
from dashboard.wording.chips import chips
from dashboard.wording.columns import say_line
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import ago, clock_time, day_words, shown, visit_day


class VisitLine(NamedTuple):
    """One visit on paper."""

    time: str
    patient: str
    visit: str
    flags: str
    say: str
    collect: str
    next_visit: str


class Sheet(NamedTuple):
    """One provider's page."""

    provider: str
    lines: list[VisitLine]


class Paper(NamedTuple):
    """The whole print-out. money: whether amounts are on it. made: when, and how fresh its sources are."""

    place: str
    day: str
    made: str
    money: bool
    sheets: list[Sheet]


def paper(report: Report, may_see: MaySee) -> Paper:
    """The day by provider and time, as this person may see it."""
    seen = may_see.report(report)
    providers = sorted({visit.provider or "No provider" for visit in seen.rows})
    fresh = ", ".join(f"{shown(one.name, 40)} {ago(one.synced_at, report.as_of)}" for one in report.sources)
    at = clock_time(report.as_of, report.time_zone)
    return Paper(
        place=shown(report.location_name, 60),
        day=day_words(report.day),
        made=f"Made at {at} on {day_words(clock.local_date(report.as_of, report.time_zone))}. {fresh}".strip(),
        money=may_see.money,
        sheets=[
            Sheet(shown(name, 60), [_line(visit, seen) for visit in _of(seen, name)]) for name in providers
        ],
    )


def _of(report: Report, provider: str) -> list[MorningRow]:
    found = [visit for visit in report.rows if (visit.provider or "No provider") == provider]
    return sorted(found, key=lambda visit: visit.starts_at)


def _line(visit: MorningRow, report: Report) -> VisitLine:
    row = visit.about
    return VisitLine(
        time=clock_time(visit.starts_at, report.time_zone),
        patient=shown(row.patient, 60),
        visit=shown(visit.appointment_type, 60),
        flags=", ".join(one["words"] for one in chips(row, most=8)),
        say=say_line(row)["words"],
        collect=short_dollars(row.collect_now_cents) if row.collect_now_cents else "",
        next_visit=visit_day(row.next_visit, report.time_zone, report.day),
    )
