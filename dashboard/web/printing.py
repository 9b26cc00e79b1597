"""The day on paper: a print view and a PDF, one page a provider, and the export as CSV. For signed-in people."""

from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.permissions import Identity, Permission, require
from core.practice.reports import LocationChoice, places
from core.reports.as_file import as_csv
from core.reports.head import Report
from core.reports.morning import morning
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.web.day_pdf import day_pdf
from dashboard.web.day_sheet import paper
from dashboard.web.exporting import ExportList
from dashboard.web.templates import plain_page
from dashboard.wording.may_see import MaySee, may_see_of


class _OfTheDay(ExportList):
    """GET only: ?date=, ?location= (the EHR's id) and ?initials=1."""

    permission = Permission.SEE_DAY
    action = ""

    def answer(self, request: Request, who: Identity) -> Response:
        """Raises NotAllowed, ProveAgain (of a file to take along), BadInput, NotFound."""
        require(who.role, self.permission)
        asked = request.query_params
        may_see = may_see_of(who.role, initials=asked.get("initials", "") == "1")
        report = _report(asked.get("date", ""), asked.get("location", ""), who)
        made = self.made(report, may_see)
        with sessions.acting(who, proved=self.permission == Permission.EXPORT) as session:
            record(
                session,
                who=who,
                action=self.action,
                subject_kind="day",
                subject_id=report.day.isoformat(),
                detail={"location": asked.get("location", ""), "rows": len(report.rows)},
            )
        return made

    def made(self, report: Report, may_see: MaySee) -> Response:
        raise NotImplementedError


class PrintDay(_OfTheDay):
    action = "opened the print view"

    def made(self, report: Report, may_see: MaySee) -> Response:
        return plain_page("day.html", sheet="day.css", paper=paper(report, may_see))


class PrintDayPdf(_OfTheDay):
    action = "printed the day"

    def made(self, report: Report, may_see: MaySee) -> Response:
        body = day_pdf(paper(report, may_see))
        return Response(body, media_type="application/pdf", headers=_file(report, "pdf", "inline"))


class ExportDay(_OfTheDay):
    permission = Permission.EXPORT
    action = "exported the day"

    def made(self, report: Report, may_see: MaySee) -> Response:
        body = "\ufeff" + as_csv(may_see.report(report))  # the mark tells spreadsheets that it is UTF-8
        return Response(
            body, media_type="text/csv; charset=utf-8", headers=_file(report, "csv", "attachment")
        )


def _file(report: Report, ending: str, how: str) -> dict[str, str]:
    return {"content-disposition": f'{how}; filename="day-{report.day.isoformat()}.{ending}"'}


def _report(day: str, location: str, who: Identity) -> Report:
    """Raises BadInput for a date that is none, NotFound for a location that is not there or not the person's."""
    with reader(sessions.engine()) as session:
        place = _place(places(session, who.location_id), location)
        return morning(session, location_id=place and place.key, day=_date(day), as_of=clock.now())


def _place(offered: list[LocationChoice], location: str) -> LocationChoice | None:
    if not location:
        return offered[0] if offered else None
    found = next((one for one in offered if one.external_id == location), None)
    if found is None:
        raise NotFound("There is no such location, or it is not yours.")
    return found


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput("The date in this address is not a date, such as 2026-11-23.") from error
