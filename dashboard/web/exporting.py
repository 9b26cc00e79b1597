"""A list of patients as CSV, for signed-in people who may take it along. The same rows as the page and `huddle report`."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from core.audit.commands import record
from core.errors import HuddleError, NotAllowed, NotFound, ProveAgain
from core.permissions import Identity, Permission, require
from core.practice.reports import places
from core.reports.arrears_rows import ArrearsRow
from core.reports.as_file import as_csv
from core.reports.by_name import report_by_name
from core.reports.head import Report
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.wording.may_see import MaySee
from dashboard.wording.plan_row import seen_by

# which lists may be taken along, and the permission of the page they stand on
LISTS = {
    "arrears": Permission.SEE_MONEY,
    "cards": Permission.ASK_FOR_CARDS,
    "credits": Permission.SEE_MONEY,
    "links": Permission.COLLECT,
    "memberships": Permission.SEE_PATIENTS,
    "prepaid": Permission.SEE_MONEY,
    "tasks": Permission.WORK_TASKS,
}


class ExportList(HTTPEndpoint):
    """GET /export/NAME.csv with ?location= (the EHR's id, empty = all that are the person's) and ?initials=1."""

    async def get(self, request: Request) -> Response:
        who = await run_in_threadpool(sessions.who, sessions.token_of(request))
        if who is None:
            return PlainTextResponse("Sign in first.\n", status_code=401)
        try:
            return await run_in_threadpool(self.answer, request, who)
        except ProveAgain:
            here = f"{request.url.path}?{request.url.query}"
            return RedirectResponse(f"/confirm?next={quote(here, safe='')}", status_code=303)
        except NotAllowed as error:
            return PlainTextResponse(f"{error.sentence}\n", status_code=403)
        except HuddleError as error:
            status = 404 if isinstance(error, NotFound) else 400
            return PlainTextResponse(f"{error.sentence}\n", status_code=status)

    def answer(self, request: Request, who: Identity) -> Response:
        """What a signed-in person gets. Raises NotAllowed, NotFound."""
        return _exported(request, who)


def _exported(request: Request, who: Identity) -> Response:
    name = request.path_params["name"]
    if name not in LISTS:
        raise NotFound(f"There is no such list. There are: {', '.join(LISTS)}.")
    for permission in (Permission.EXPORT, Permission.SEE_MONEY, LISTS[name]):
        require(who.role, permission)
    report = report_for(name, request.query_params.get("location", ""), who)
    if request.query_params.get("initials", "") == "1":
        report = replace(report, rows=tuple(_with_initials(row) for row in report.rows))
    with sessions.acting(who, proved=True) as session:
        detail = {"location": request.query_params.get("location", ""), "rows": len(report.rows)}
        record(
            session, who=who, action=f"exported {name}", subject_kind="report", subject_id=name, detail=detail
        )
    ending = f'attachment; filename="{name}-{report.day.isoformat()}.csv"'
    return Response(
        "\ufeff" + as_csv(report),  # the mark tells spreadsheets that it is UTF-8
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": ending},
    )


def report_for(name: str, location: str, who: Identity) -> Report:
    """A report of the locations that are the person's. Raises NotFound for a location that is not there or not the person's."""
    with reader(sessions.engine()) as session:
        offered = places(session, who.location_id)
        if who.location_id is not None and not location:
            location = next((one.external_id for one in offered), "")
        if location and location not in [one.external_id for one in offered]:
            raise NotFound("There is no such location, or it is not yours.")
        return report_by_name(session, name, location=location)


def _with_initials(row: Any) -> Any:
    if isinstance(row, ArrearsRow):
        return seen_by(row, MaySee(initials=True))
    hidden = {"patient": row.initials}
    if hasattr(row, "mobile_last_four"):
        hidden["mobile_last_four"] = None
    return row._replace(**hidden) if isinstance(row, tuple) else replace(row, **hidden)  # type: ignore[attr-defined]  # a NamedTuple
