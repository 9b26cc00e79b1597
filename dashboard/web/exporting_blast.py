"""What became of each person of a blast, as CSV, for signed-in people who may take it along."""

from starlette.requests import Request
from starlette.responses import Response

from core.blasts.results import export_results
from core.errors import NotFound
from core.permissions import Identity
from dashboard.web import sessions
from dashboard.web.exporting import ExportList


class ExportBlast(ExportList):
    """GET /export/blast.csv with ?batch=, the blast's number."""

    def answer(self, request: Request, who: Identity) -> Response:
        """Raises NotAllowed; NotFound for a blast that is not there, or of others."""
        asked = request.query_params.get("batch", "")
        if not asked.isdecimal() or len(asked) > 12:
            raise NotFound("This address names no blast. Open it from the card updates page.")
        with sessions.acting(who, proved=True) as session:
            written = export_results(session, who, int(asked))
        return Response(
            "\ufeff" + written,  # the mark tells spreadsheets that it is UTF-8
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="blast-{asked}.csv"'},
        )
