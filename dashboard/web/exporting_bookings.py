"""Online bookings to import into an EHR that cannot be called, as CSV, for signed-in people who may take them along."""

import csv
import io

from starlette.requests import Request
from starlette.responses import Response

from core.audit.commands import record
from core.booking.desk import CSV_COLUMNS, for_the_ehr
from core.permissions import Identity, Permission, require
from core.safe_csv import safe_cell
from core.store.engine import reader
from dashboard.web import sessions
from dashboard.web.exporting import ExportList


class ExportBookings(ExportList):
    """GET /export/bookings.csv: the columns of appointments.csv, and who it is."""

    def answer(self, request: Request, who: Identity) -> Response:
        require(who.role, Permission.COLLECT)
        with reader(sessions.engine()) as session:
            rows = for_the_ehr(session, practice_id=who.practice_id)
        with sessions.acting(who, proved=True) as session:
            record(
                session,
                who=who,
                action="exported bookings",
                subject_kind="report",
                subject_id="bookings",
                detail={"rows": len(rows)},
            )
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows([safe_cell(row[name]) for name in CSV_COLUMNS] for row in rows)
        return Response(
            "\ufeff" + text.getvalue(),  # the mark tells spreadsheets that it is UTF-8
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": 'attachment; filename="bookings.csv"'},
        )
