"""The books of some days as CSV, for signed-in people who may take them along."""

from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.names import initials_of
from core.permissions import Identity, Permission, require
from core.postings.export import books_csv
from core.postings.reconcile import reconcile
from core.practice.reports import places
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.web.exporting import ExportList

MOST_DAYS = 366


class ExportBooks(ExportList):
    """GET /export/books.csv with ?from= and ?to= (days), ?location= (the EHR's id) and ?initials=1."""

    def answer(self, request: Request, who: Identity) -> Response:
        for permission in (Permission.EXPORT, Permission.SEE_ACTIVITY):
            require(who.role, permission)
        asked = request.query_params
        first, last = _day(asked.get("from", "")), _day(asked.get("to", ""))
        if not 0 <= (last - first).days < MOST_DAYS:
            raise BadInput("Choose up to a year of days, the first before the last.")
        with reader(sessions.engine()) as session:
            location_id = _location(asked.get("location", ""), who, places(session, who.location_id))
            books = reconcile(
                session,
                practice_id=who.practice_id,
                first=first,
                last=last,
                as_of=clock.now(),
                location_id=location_id,
            )
        with sessions.acting(who, proved=True) as session:
            detail = {"first": first, "last": last, "rows": len(books.lines)}
            record(
                session,
                who=who,
                action="exported books",
                subject_kind="report",
                subject_id="books",
                detail=detail,
            )
        name = f"books-{first.isoformat()}-to-{last.isoformat()}.csv"
        if asked.get("initials", "") == "1":
            text = books_csv(books, lambda line: initials_of(line.patient) if line.patient else "")
        else:
            text = books_csv(books)
        return Response(
            "\ufeff" + text,  # the mark tells spreadsheets that it is UTF-8
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )


def _location(wanted: str, who: Identity, offered: list) -> int | None:
    if not wanted:
        return who.location_id
    found = next((one.key for one in offered if one.external_id == wanted), None)
    if found is None:
        raise NotFound("There is no such location, or it is not yours.")
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("The dates in this address are not dates, such as 2026-11-23.") from error
