"""Who is behind, on paper: the rows of the plans page, worst first. For signed-in people who see money."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from core import clock
from core.audit.commands import record
from core.money import short_dollars, whole_dollars
from core.permissions import Identity, Permission, require
from core.reports.arrears_rows import ArrearsRow
from core.reports.head import Report
from dashboard.web import sessions
from dashboard.web.exporting import ExportList, report_for
from dashboard.web.templates import plain_page
from dashboard.wording.columns import LocalDay
from dashboard.wording.may_see import MaySee, may_see_of
from dashboard.wording.plan_row import drawn, seen_by
from dashboard.wording.text import ago, clock_time, day_words, shown


class PlanLine(NamedTuple):
    """One plan on paper."""

    patient: str
    about: str
    behind: str
    aging: str
    state: str
    say: str
    contact: str
    next_visit: str


class Paper(NamedTuple):
    """The print-out. total: dollars behind, in words; made: when, and how fresh its sources are."""

    place: str
    day: str
    total: str
    made: str
    lines: list[PlanLine]


def paper(report: Report, may_see: MaySee) -> Paper:
    """The plans that are behind, as this person may see them."""
    place = LocalDay(report.time_zone, report.day)
    fresh = ", ".join(f"{shown(one.name, 40)} {ago(one.synced_at, report.as_of)}" for one in report.sources)
    made_on = day_words(clock.local_date(report.as_of, report.time_zone))
    return Paper(
        place=shown(report.location_name, 60),
        day=day_words(report.day),
        total=whole_dollars(sum(row.arrears_cents or 0 for row in report.rows)),
        made=f"Made at {clock_time(report.as_of, report.time_zone)} on {made_on}. {fresh}".strip(),
        lines=[_line(seen_by(row, may_see), place) for row in report.rows],
    )


def _line(row: ArrearsRow, place: LocalDay) -> PlanLine:
    cells = drawn(row, place, place.time_zone)["cells"]
    return PlanLine(
        patient=cells["who"]["name"],
        about=cells["who"]["sub"],
        behind=short_dollars(row.arrears_cents) if row.arrears_cents is not None else "unknown",
        aging=f"{row.days_past_due} days: {cells['aging']['why']}" if cells["aging"] else "–",
        state=", ".join(chip["words"] for chip in cells["chips"]),
        say=cells["say"]["words"],
        contact=cells["contact"],
        next_visit=cells["next"],
    )


class PrintPlans(ExportList):
    """GET /print/plans with ?location= (the EHR's id, empty = all that are the person's) and ?initials=1."""

    def answer(self, request: Request, who: Identity) -> Response:
        require(who.role, Permission.SEE_MONEY)
        report = report_for("arrears", request.query_params.get("location", ""), who)
        may_see = may_see_of(who.role, initials=request.query_params.get("initials", "") == "1")
        with sessions.acting(who) as session:
            record(session, who=who, action="opened the print view of plans", subject_kind="report", subject_id="arrears")  # fmt: skip
        return plain_page("plans.html", sheet="day.css", paper=paper(report, may_see))
