"""Getting the day onto paper or into a file: print view, PDF by provider, and the export; a list into a file."""

from urllib.parse import urlencode

import streamlit as st

from core.permissions import Identity, Permission, may
from core.practice.reports import LocationChoice
from dashboard.wording.may_see import MaySee


def list_menu(
    report: str, place: LocationChoice | None, who: Identity, may_see: MaySee, *, print_view: str = ""
) -> None:
    """The export of a list of patients (`report`: its name in /export/NAME.csv), for those who may take it along.

    print_view: the address of the list on paper, where there is one.
    """
    asked = ({"location": place.external_id} if place else {}) | (
        {"initials": "1"} if may_see.initials else {}
    )
    if print_view:
        with st.popover("Print", icon=":material/print:"):
            address = f"{print_view}?{urlencode(asked)}"
            st.link_button("Print view", address, icon=":material/print:", width="stretch")
    if not may(who.role, Permission.EXPORT):
        return
    with st.popover("Export", icon=":material/download:"):
        st.link_button(
            "Spreadsheet (CSV)",
            f"/export/{report}.csv?{urlencode(asked)}",
            icon=":material/download:",
            width="stretch",
        )
