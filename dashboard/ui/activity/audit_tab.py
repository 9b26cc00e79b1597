"""The tab “Audit”: who did or saw what, about whom and when, searched, and taken along as a file."""

from datetime import timedelta
from urllib.parse import urlencode

import streamlit as st

from core import clock
from core.errors import HuddleError
from core.names import initials_of
from core.permissions import Identity, Permission, may
from core.reports.audit import MOST_PATIENTS, Asked, AuditLine, Trail, audit_trail
from core.staff.reports import time_zone
from dashboard.ui import page
from dashboard.ui.components.rows import draw_rows
from dashboard.ui.note import note
from dashboard.ui.privacy import sight_with_switch
from dashboard.wording.text import clock_time, count, day_words, plain

MOST = 200
DAYS = 7


def audit_tab() -> None:
    """Searched anew at every change of a field; the newest first."""
    who = page.identity()
    with page.open_reader() as session:
        zone = time_zone(session)
    asked, initials = _asked(who, zone)
    try:
        with page.open_reader() as session:
            found = audit_trail(session, who, asked, time_zone=zone, most=MOST)
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")
        return
    _said(found, asked, who, initials=initials)
    if found.lines:
        draw_rows(
            ["When", "Who", "What", "About", "Details"],
            [_row(line, zone, initials=initials) for line in found.lines],
            caption="Who did or saw what",
            key="audit",
            short=(0, 1),
        )


def _asked(who: Identity, zone: str) -> tuple[Asked, bool]:
    """The fields, and whether names are to be initials."""
    today = clock.today(zone)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        person = st.text_input("Who", key="audit who", placeholder="User name", max_chars=60, width=160)
        what = st.text_input(
            "What", key="audit what", placeholder="export, signed in", max_chars=60, width=200
        )
        patient = st.text_input("Patient", key="audit patient", placeholder="Name", max_chars=60, width=200)
        first = st.date_input(
            "From", today - timedelta(days=DAYS - 1), key="audit first", format="MM/DD/YYYY", width=150
        )
        last = st.date_input("To", today, key="audit last", format="MM/DD/YYYY", width=150)
        st.space("stretch")
        initials = sight_with_switch(who).initials
    return Asked(first, last, person or "", what or "", patient or ""), initials


def _said(found: Trail, asked: Asked, who: Identity, *, initials: bool) -> None:
    shown = f", the newest {MOST} are shown" if found.found > len(found.lines) else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.found:
            st.markdown(f"**{count(found.found, 'entry', 'entries')}**{shown}")
        else:
            note("Nothing of that kind in these days. Widen the days, or empty a field.")
        st.space("stretch")
        if len(found.patients) > MOST_PATIENTS:
            note(f"More than {MOST_PATIENTS} patients have this name. Type more of it to take their entries along.")  # fmt: skip
        elif may(who.role, Permission.EXPORT) and (found.patients or not asked.patient.strip()):
            st.link_button("Spreadsheet (CSV)", export_address(asked, found.patients, initials=initials), icon=":material/download:")  # fmt: skip


def export_address(asked: Asked, patients: tuple[int, ...], *, initials: bool) -> str:
    """Where the same search is taken along: patients by number, since no name stands in an address."""
    query = {"from": asked.first, "to": asked.last, "who": asked.who, "what": asked.what}
    query |= {"patients": ",".join(map(str, patients))} if patients else {}
    return f"/export/audit.csv?{urlencode(query | ({'initials': '1'} if initials else {}))}"


def _row(line: AuditLine, zone: str, *, initials: bool) -> list[str]:
    about = initials_of(line.about) if initials and line.patient_id is not None else line.about
    day = day_words(clock.local_date(line.at, zone))
    return [f"{day}, {clock_time(line.at, zone)}", line.who or "Huddle", line.action, about, line.detail]
