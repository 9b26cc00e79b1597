"""The numbers of one chart of the overview as CSV, for signed-in people who may take them along."""

from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.overview.charts import Key, Overview
from core.overview.export import chart_csv
from core.overview.periods import Period, Span
from core.overview.reports import overview
from core.permissions import Identity, Permission, require
from core.practice.reports import places
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.web.exporting import ExportList


class ExportOverview(ExportList):
    """GET /export/overview.csv with ?chart=, ?period=, ?location= (the EHR's id), and ?from=, ?to= of other days."""

    def answer(self, request: Request, who: Identity) -> Response:
        """Raises NotAllowed, ProveAgain, BadInput, NotFound."""
        return _answer(request, who)


def _answer(request: Request, who: Identity) -> Response:
    for permission in (Permission.EXPORT, Permission.SEE_OVERVIEW):
        require(who.role, permission)
    asked = request.query_params
    try:
        key = Key(asked.get("chart", ""))
    except ValueError as error:
        raise NotFound(f"There is no such chart. There are: {', '.join(Key)}.") from error
    found = _report(
        who,
        asked.get("location", ""),
        asked.get("period", Period.DAYS_30),
        _custom(asked.get("from"), asked.get("to")),
    )
    with sessions.acting(who, proved=True) as session:
        detail = {"first": found.span.first.isoformat(), "last": found.span.last.isoformat()}
        record(
            session,
            who=who,
            action="exported a chart",
            subject_kind="chart",
            subject_id=key.value,
            detail=detail,
        )
    name = f"{key}-{found.span.first.isoformat()}-to-{found.span.last.isoformat()}.csv"
    return Response(
        "\ufeff" + chart_csv(found.chart(key)),  # the mark tells spreadsheets that it is UTF-8
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _report(who: Identity, location: str, period: str, custom: Span | None) -> Overview:
    """Raises NotFound for a location that is not there or not the person's, BadInput for a time nobody knows."""
    try:
        wanted = Period(period)
    except ValueError as error:
        raise BadInput(f"There is no such time. There are: {', '.join(Period)}.") from error
    with reader(sessions.engine()) as session:
        offered = {one.external_id: one.key for one in places(session, who.location_id)}
        if location and location not in offered:
            raise NotFound("There is no such location, or it is not yours.")
        return overview(
            session,
            location_id=offered[location] if location else None,
            period=wanted,
            custom=custom,
            as_of=clock.now(),
            only=who.location_id,
        )


def _custom(first: str | None, last: str | None) -> Span | None:
    if not first or not last:
        return None
    try:
        return Span(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError as error:
        raise BadInput("The dates in this address are not dates, such as 2026-11-23.") from error
