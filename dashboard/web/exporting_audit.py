"""The audit of some days as CSV, for signed-in people who may take it along. Taking it along is an entry of its own."""

import csv
import io
from collections.abc import Mapping
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from core import clock
from core.audit.commands import record
from core.errors import BadInput
from core.names import initials_of
from core.permissions import Identity, Permission, require
from core.reports.audit import MOST_PATIENTS, MOST_ROWS, Asked, AuditLine, audit_trail
from core.safe_csv import safe_cell
from core.staff.reports import time_zone
from dashboard.web import sessions
from dashboard.web.exporting import ExportList

COLUMNS = ("at", "who", "action", "about", "patient_id", "detail")


class ExportAudit(ExportList):
    """GET /export/audit.csv with ?from= and ?to= (days), ?who=, ?what=, ?patients= (store ids) and ?initials=1."""

    def answer(self, request: Request, who: Identity) -> Response:
        """Raises NotAllowed, ProveAgain, BadInput."""
        require(who.role, Permission.EXPORT)
        given = request.query_params
        first, last = _day(given.get("from", "")), _day(given.get("to", ""))
        words = {name: given.get(name, "")[:60] for name in ("who", "what")}
        asked = Asked(first, last, **words, patients=_patients(given))
        with sessions.acting(who, proved=True) as session:
            zone = time_zone(session)
            found = audit_trail(session, who, asked, time_zone=zone, most=MOST_ROWS)
            detail = {"first": first, "last": last, "rows": len(found.lines)}
            detail |= {f"by_{name}": "yes" for name, typed in words.items() if typed.strip()}
            detail |= {"by_patient": "yes"} if asked.patients else {}
            record(session, who=who, action="exported the audit", subject_kind="report", subject_id="audit", detail=detail)  # fmt: skip
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(
            [safe_cell(cell) for cell in _cells(line, zone, initials=given.get("initials", "") == "1")]
            for line in found.lines
        )
        name = f"audit-{first.isoformat()}-to-{last.isoformat()}.csv"
        return Response(
            "\ufeff" + text.getvalue(),  # the mark tells spreadsheets that it is UTF-8
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )


def _cells(line: AuditLine, zone: str, *, initials: bool) -> list[object]:
    about = initials_of(line.about) if initials and line.patient_id is not None else line.about
    return [clock.iso(line.at, zone), line.who, line.action, about, line.patient_id, line.detail]


def _patients(given: Mapping[str, str]) -> tuple[int, ...]:
    """Never by name: an address is kept by browsers and logs."""
    ids = given["patients"].split(",") if "patients" in given else []
    if (
        "patient" in given
        or len(ids) > MOST_PATIENTS
        or not all(one.isdecimal() and len(one) < 19 for one in ids)
    ):
        raise BadInput(f"Name at most {MOST_PATIENTS} patients by their numbers, such as ?patients=7,12.")
    return tuple(int(one) for one in ids)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("Name both days, such as ?from=2026-12-01&to=2026-12-31.") from error
